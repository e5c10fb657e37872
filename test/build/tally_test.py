"""tools/tally: what failed or was skipped is counted, whoever reports it."""
import subprocess
import unittest

from tree import TOOLS, ToolTest

CTEST = """<testsuite name="x" tests="4" failures="1" disabled="1" skipped="1">
<testcase name="a" classname="a" status="run"/>
<testcase name="b" classname="b" status="fail"><failure message=""/></testcase>
<testcase name="c" classname="c" status="notrun"><skipped message="SKIP_REGULAR_EXPRESSION_MATCHED"/></testcase>
<testcase name="d" classname="d" status="disabled"/>
</testsuite>"""


PROGRAM = """<?xml version="1.0" encoding="UTF-8"?>
<testsuites><testsuite name="s">
<testcase name="x/0" value_param="\x01" status="run" result="completed" classname="s"/>
<testcase name="y" status="run" result="skipped" classname="s"><skipped message=""/></testcase>
<testcase name="z" status="run" result="completed" classname="s"></testcase>
</testsuite></testsuites>"""


class Tally(ToolTest):
    def tally(self, log, *xml, **named):
        root = self.tree({"log": log, **{f"{n}.xml": text for n, text in enumerate(xml)}, **{f"{n}.xml": text for n, text in named.items()}})
        done = subprocess.run([TOOLS / "tally", root / "log", *sorted(root.glob("*.xml"))], text=True, capture_output=True, check=True)
        return done.stdout.strip(), done.stderr

    def test_junit(self):
        numbers, names = self.tally("", CTEST, CTEST.replace('name="b"', 'name="e"'))
        self.assertEqual("8 2 4", numbers)
        for line in ("failed: b", "failed: ", "SKIPPED: c", "SKIPPED: d"):
            self.assertIn(line, names)

    def test_cases_instead_of_their_program(self):
        self.assertEqual("6 1 3", self.tally("", CTEST, a=PROGRAM)[0])

    def test_a_case_failed_and_so_its_program(self):
        numbers, names = self.tally("", CTEST, b=PROGRAM.replace('classname="s"></testcase>', 'classname="s"><failure message=""/></testcase>'))
        self.assertEqual("6 1 3", numbers)
        self.assertIn("failed: s.z", names)

    def test_a_program_failed_and_none_of_its_cases(self):
        numbers, names = self.tally("", CTEST, b=PROGRAM)
        self.assertEqual("7 1 3", numbers)
        self.assertIn("failed: b", names)

    def test_parameters_that_are_no_characters(self):
        root = self.tree({"log": ""})
        (root / "p.xml").write_bytes(PROGRAM.encode().replace(b"\x01", b"\xed\xa0\x80\xff\x00"))
        done = subprocess.run([TOOLS / "tally", root / "log", root / "p.xml"], text=True, capture_output=True, check=True)
        self.assertEqual("3 0 1", done.stdout.strip())

    def test_a_last_line(self):
        self.assertEqual("7 2 0", self.tally("1 passed, 9 failed\nmore\n5 passed, 2 failed\nLogs: x\n")[0])
        self.assertEqual("8 2 1", self.tally("5 passed, 2 failed, 1 skipped\n")[0])

    def test_unittest(self):
        self.assertEqual("13 0 0", self.tally("......\nRan 13 tests in 1.0s\n\nOK\n")[0])
        self.assertEqual("14 3 2", self.tally("Ran 1 test in 0.1s\n\nOK\nRan 13 tests in 1.0s\n\nFAILED (failures=1, errors=2, skipped=2)\n")[0])

    def test_nothing(self):
        self.assertEqual("0 0 0", self.tally("no test\n")[0])


if __name__ == "__main__":
    unittest.main()
