#!/usr/bin/env python3
"""The manual pages: made from the options, whole, and without a word from man and mandoc. Usage: manual_test.py BUILD_DIR
Needs man-db, groff-base and mandoc (Debian)."""
import sys

from support import *

COMMANDS = ["send", "sendmail", "probe", "load", "sink", "check"]
PAGES = {"postrider": 1, **{f"postrider-{name}": 1 for name in COMMANDS}, "postrider-config": 5}
SECTIONS = ["NAME", "SYNOPSIS", "DESCRIPTION", "OPTIONS", "EXIT STATUS", "ENVIRONMENT", "EXAMPLES", "SEE ALSO"]


class Manual(Case):
    def page(self, name):
        return self.file(f"man/{name}.{PAGES[name]}", self.assertEnds(EX_OK, "manual", name).out)

    def shown(self, name):
        """As people read it, on a wide terminal."""
        file = self.page(name)
        shown = subprocess.run(["man", "--warnings", "-E", "UTF-8", "-l", "-Tutf8", "-Z", file], capture_output=True, text=True,
                               env={**self.environment, "MANWIDTH": "200"}, timeout=SECONDS)
        self.assertEqual(shown.stderr, "", name)
        plain = subprocess.run(["man", "-E", "ascii", "-l", file], capture_output=True, text=True, timeout=SECONDS,
                               env={**self.environment, "MANWIDTH": "200", "MAN_KEEP_FORMATTING": "", "MANPAGER": "cat"})
        self.assertEqual((plain.returncode, plain.stderr), (0, ""), name)
        return re.sub(r".\x08", "", plain.stdout)

    def test_man_and_mandoc_find_nothing_wrong(self):
        for name in PAGES:
            with self.subTest(name):
                file = self.page(name)
                for command in (["man", "--warnings", "-E", "UTF-8", "-l", file], ["mandoc", "-Tlint", "-W", "warning", file]):
                    looked = subprocess.run(command, capture_output=True, text=True, env={**self.environment, "MANPAGER": "cat"},
                                            timeout=SECONDS)
                    self.assertEqual((looked.returncode, looked.stderr), (0, ""), f"{command}: {looked.stdout[-2000:]}")

    def test_each_option_of_help_is_there_with_its_words(self):
        for name in COMMANDS:
            with self.subTest(name):
                shown = self.shown(f"postrider-{name}")
                for section in SECTIONS:
                    self.assertRegex(shown, f"(?m)^{section}$")
                helped = self.assertEnds(EX_OK, name, "--help").out.partition("Examples:")[0]
                options = re.findall(r"(?m)^  (-[^ ].*?)(?:  |$)", helped)
                self.assertGreater(len(options), 8)
                for option in options:
                    self.assertIn(option, shown)

    def test_the_page_of_all_names_each_command(self):
        shown = self.shown("postrider")
        for name in COMMANDS:
            self.assertRegex(shown, f"(?m)^ +{name}( |$)")
            self.assertIn(f"postrider-{name}(1)", shown)

    def test_the_configuration_has_each_setting(self):
        shown = self.shown("postrider-config")
        helped = self.assertEnds(EX_OK, "send", "--help").out
        for group in ("Server", "TLS", "Authentication", "DKIM"):
            options = re.search(rf"(?ms)^{group}:\n(.*?)(\n\n|\Z)", helped).group(1)
            for option in re.findall(r"(?m)^  --([a-z0-9-]+)", options):
                if option not in ("account", "config"):
                    self.assertRegex(shown, rf"(?m)^ +{option} = ")
        self.assertIn("[account.work]", shown)

    def test_no_page_refers_to_itself(self):
        for name, section in PAGES.items():
            self.assertNotIn(f"{name}({section})", self.shown(name).partition("\n")[2].rpartition("\n")[0], name)

    def test_the_example_of_the_configuration_is_one(self):
        shown = self.shown("postrider-config")
        example = re.search(r'(?ms)^ +default = "work".*?oama access alice@gmail.com"$', shown).group(0)
        self.config("\n".join(line.strip() for line in example.splitlines())).chmod(0o600)
        self.assertEqual(self.assertEnds(EX_OK, "completion", "accounts").out.split(), ["gmail", "work"])

    def test_exit_codes_are_those_of_help(self):
        for name in COMMANDS:
            with self.subTest(name):
                helped = re.sub(r"(?<!\n)\n(?!\n)", " ", self.assertEnds(EX_OK, name, "--help").out)
                footer = helped.partition("Exit codes:")[2].partition("\n\n")[0]
                codes = set(re.findall(r"\b(0|6\d|7\d|80|130)\b", footer))
                status = re.search(r"(?ms)^EXIT STATUS\n(.*?)^[A-Z]", self.shown(f"postrider-{name}")).group(1)
                self.assertLessEqual(codes, set(re.findall(r"(?m)^ +(\d+)\b", status)))
                self.assertGreater(len(codes), 4)

    def test_roff_takes_no_text_for_a_command(self):
        for name in PAGES:
            for line in self.page(name).read_text().splitlines():
                self.assertRegex(line, r"^(\.(\\\"|TH |SH |SS |TP$|PP$|RS 4$|RE$|nf$|fi$|nh$|ad l$|BR )|[^.'])|^$", name)

    def test_the_build_has_made_them(self):
        for name, section in PAGES.items():
            made = (BUILD / f"cli/man/{name}.{section}").read_text()
            self.assertEqual(made, self.assertEnds(EX_OK, "manual", name).out)

    def test_all_into_a_folder(self):
        (self.path / "pages").mkdir()
        self.assertEnds(EX_OK, "manual", "--folder", "pages")
        self.assertEqual({file.name for file in (self.path / "pages").iterdir()}, {f"{name}.{n}" for name, n in PAGES.items()})
        self.assertEnds(EX_CANTCREAT, "manual", "--folder", "/proc/nowhere", err="cannot be written")

    def test_usage(self):
        self.assertUsage("manual", "nonsense", err="there is no page `nonsense`: there are postrider, postrider-send")
        self.assertNotIn("manual", self.assertEnds(EX_OK, "--help").out)
        with open("/dev/full", "wb") as full:
            self.assertEnds(EX_IOERR, "manual", stdout=full)


if __name__ == "__main__":
    main()
