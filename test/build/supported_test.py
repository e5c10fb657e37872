"""tools/supported-check: a row without a verdict, or with a test that is not there, fails."""
import unittest

from tree import ToolTest

HEAD = "| Clause | Binds a client to | Verdict | Test |\n|---|---|---|---|\n"
FILES = {
    "test/dialog/hello.md": "# Hello\n\nText.\n\n## EHLO, as it is meant\n\n```dialog\nS: 220 a\n# no heading\n```\n\n"
                            "## Only text\n\n## Other code\n\n```\nS: 220 a\n```\n",
    "test/unit/core/session_test.cpp": "TEST(Session, Starts) {}\nTEST_F(authentication, is_final) {}\n"
                                       "// TEST(Session, Commented) {}\n",
    "test/io/deep/waits_test.cpp": "TEST_P(Waits, Few) {}\n",
    "test/server/real_test.py": "import unittest\n\nclass Flights:\n    def test_one(self):\n        pass\n\n"
                                "class Server(unittest.TestCase):\n    def help(self):\n        pass\n\n"
                                "class Exim(Server, Flights):\n    def test_two(self):\n        pass\n    # def test_three(self):\n",
}


class Supported(ToolTest):
    def page(self, rows, head=HEAD):
        return {**FILES, "doc/supported-smtp.md": f"# What is supported\n\n{head}{rows}\n"}

    def refused(self, row, why):
        self.assert_fails(f"doc/supported-smtp.md:6: {why}", "supported-check", self.page(f"| §1 | x | caller's | |\n{row}\n"))

    def test_every_verdict_and_every_kind_of_test(self):
        self.assert_passes("supported-check", self.page(
            "| §1 | EHLO | yes | `hello.md: EHLO, as it is meant`, `Session.Starts` |\n"
            "| §2 | a \\| b | yes | `authentication.is_final` `Waits.Few` |\n"
            "| §3 | x | refused: nobody asked | |\n| §4 | x | refused: or did they? | `Session.Starts` |\n"
            "| §5 | x | not yet | |\n| §6 | x | caller's | |\n"
            "| §7 | x | yes | `real_test.py: Exim.test_one`, `real_test.py: Exim.test_two` |\n"
            "\n| Extension | Debian's servers | Test |\n|---|---|---|\n| SIZE | `whatever`: all | `real_test.py: Exim.test_two` |\n"
            "| BURL | none | |\n"))

    def test_the_table_of_servers(self):
        head = "| §1 | x | caller's | |\n\n| Extension | Debian's servers | Test |\n|---|---|---|\n"
        for row, why in (("| SIZE | all | `Session.Gone` |", "SIZE: no such test: Session.Gone"),
                         ("| SIZE | all | whatever |", "SIZE: not the name of a test"),
                         ("| SIZE | all |", "has 2 cells, and not 3"), ("| | all | |", "names no clause")):
            with self.subTest(row):
                self.assert_fails(why, "supported-check", self.page(head + row))

    def test_tests_that_are_not_there(self):
        for name in ("hello.md: EHLO", "hello.md: Only text", "hello.md: Other code", "hello.md: no heading", "hello.md: Hello",
                     "hello.md", "gone.md: EHLO, as it is meant", "Session.Gone", "Session", "Waits.Starts",
                     "Session.Commented", "real_test.py: Exim.test_three", "real_test.py: Exim.help", "real_test.py: Flights.test_one",
                     "real_test.py: Server.test_one", "real_test.py: Exim", "gone_test.py: Exim.test_two", "Exim.test_two"):
            with self.subTest(name):
                self.refused(f"| §2 | x | yes | `Session.Starts`, `{name}` |", f"§2: no such test: {name}")
        for verdict in ("refused: why", "not yet", "caller's"):
            self.refused(f"| §2 | x | {verdict} | `Session.Gone` |", "§2: no such test: Session.Gone")

    def test_yes_without_a_test(self):
        self.refused("| §2 | x | yes | |", "§2: a `yes` without a test")

    def test_a_name_without_backticks(self):
        self.refused("| §2 | x | yes | `Session.Starts`, Waits.Few |", "§2: not the name of a test")

    SECURITY = {
        "doc/supported-smtp.md": HEAD + "| §1 | x | caller's | |\n",
        "src/core/session.cpp": "void turn() {}\n",
        "test/security/tls_test.cpp": "TYPED_TEST(security, starttls_stripped) {\n",
        "test/security/mutations": 'Mutation("starttls_stripped", "the policy", [])\n',
    }

    def attacks(self, row, **more):
        head = "| Attack | Defence | Tests | Mutations |\n|---|---|---|---|\n"
        return {**FILES, **self.SECURITY, "doc/security.md": f"# Security\n\n{head}{row}\n", **more}

    def test_the_table_of_attacks(self):
        good = "| A | `turn` | `security.starttls_stripped`, `hello.md: EHLO, as it is meant` | `the policy` |"
        self.assert_passes("supported-check", self.attacks(good))
        for row, why in ((good.replace("`turn`", "`return_to`"), "A: nowhere in include, src, netxduo or cli: return_to"),
                         (good.replace("EHLO, as", "EHLO as"), "A: no such test: hello.md: EHLO as it is meant"),
                         (good.replace("`the policy`", "`the`"), "A: no such mutation: the"),
                         (good.replace("`the policy`", ""), "a mutation without a row: the policy"),
                         (good.replace("`security.starttls_stripped`, ", ""), "a test without a row: security.starttls_stripped"),
                         ("| A | `turn` | | `the policy` |", "A: no test"), ("| A | x | y |", "has 3 cells, and not 4")):
            with self.subTest(row):
                self.assert_fails(why, "supported-check", self.attacks(row))

    def test_the_table_of_defences(self):
        def page(tests):
            return {**FILES, **self.SECURITY, "test/security/mutations": "", "test/security/tls_test.cpp": "", "SECURITY.md":
                    f"| Attack | Defence | Tests |\n|---|---|---|\n| A | b | {tests} |\n"}
        self.assert_passes("supported-check", page('`Waits.*` `Session.Starts`, `test/io/deep/waits_test.cpp`, '
                                                   '"EHLO, as it is meant" in `test/dialog/hello.md`'))
        for tests, why in (("`Waits.Many`", "Waits.Many"), ("`Gone.*`", "Gone.*"), ("`test/io/gone.cpp`", "test/io/gone.cpp"),
                           ('"Gone" and "EHLO, as it is meant" in `test/dialog/hello.md`', "hello.md: Gone")):
            with self.subTest(tests):
                self.assert_fails(f"A: no such test: {why}", "supported-check", page(tests))

    def test_unknown_verdicts(self):
        for verdict in ("", "no", "Yes", "yes, mostly", "refused", "refused:", "not yet: soon", "callers"):
            with self.subTest(verdict):
                self.refused(f"| §2 | x | {verdict} | `Session.Starts` |", f"§2: unknown verdict: {verdict}")

    def test_rows_of_another_shape(self):
        self.refused("| §2 | x | yes |", "has 3 cells, and not 4")
        self.refused("| §2 | x | y | yes | `Session.Starts` |", "has 5 cells, and not 4")
        self.refused("| | x | yes | `Session.Starts` |", "names no clause")

    def test_a_table_that_would_be_overlooked(self):
        self.assert_fails("columns of no table that is known", "supported-check",
                          self.page("| §1 | x | caller's | |\n", HEAD.replace("Verdict", "Here")))

    def test_a_page_that_judges_nothing(self):
        self.assert_fails("nothing was checked", "supported-check", self.page("", ""))
        self.assert_fails("missing", "supported-check", FILES)


if __name__ == "__main__":
    unittest.main()
