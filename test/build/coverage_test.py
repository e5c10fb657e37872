"""tools/coverage: a line or a branch that no test reached fails; an excuse with a reason is counted apart."""
import subprocess
import unittest

from tree import TOOLS, ToolTest

CORE = """int sign(int n);
int sign(int n) {
    if (n < 0) return -1;
    return 1;
}
"""
MAIN = "int sign(int n);\nint main() { return sign(CALLS); }\n"


class Coverage(ToolTest):
    def coverage(self, main, core=CORE, compiled=("core", "main"), *arguments):
        root = self.tree({"src/core/sign.cpp": core, "test/main.cpp": main, "build/.keep": ""}).resolve()
        sources = {"core": root / "src/core/sign.cpp", "main": root / "test/main.cpp"}
        subprocess.run(["g++", "--coverage", "-O0", "-o", "program", *(sources[s] for s in compiled)], cwd=root / "build", check=True)
        subprocess.run(["./program"], cwd=root / "build", check=False)
        done = subprocess.run([TOOLS / "coverage", "--root", root, *arguments, "build"], cwd=root, text=True,
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        return done.returncode, done.stdout

    def test_all_reached(self):
        status, said = self.coverage(MAIN.replace("CALLS", "1) + sign(-1"))
        self.assertEqual(0, status, said)

    def test_a_branch_not_taken(self):
        status, said = self.coverage(MAIN.replace("CALLS", "1"))
        self.assertEqual(1, status, said)
        self.assertIn("src/core/sign.cpp:3: 1 of 2 branches never taken: if (n < 0)", said)

    def test_a_line_not_run(self):
        status, said = self.coverage(MAIN.replace("CALLS", "-1"))
        self.assertEqual(1, status, said)
        self.assertIn("src/core/sign.cpp:4: never run: return 1;", said)

    def test_an_excuse_needs_a_reason(self):
        main = MAIN.replace("CALLS", "-1) + sign(-2")
        excused = CORE.replace("return -1;", "return -1; // not covered: a test of the test").replace(
            "return 1;", "return 1; // not covered: a test of the test")
        status, said = self.coverage(main, excused)
        self.assertEqual(0, status, said)
        self.assertIn("left out as not to be covered: 2 lines", said)
        self.assertEqual(1, self.coverage(main, excused.replace("a test of the test", ""))[0])

    def test_the_threshold_is_a_choice(self):
        self.assertEqual(0, self.coverage(MAIN.replace("CALLS", "-1"), CORE, ("core", "main"), "--lines", "50", "--branches", "50")[0])

    def test_an_engine_that_no_test_touched(self):
        status, said = self.coverage("int main() { return 0; }\n", CORE, ("main",))
        self.assertEqual(1, status, said)
        self.assertIn("src/core/sign.cpp: no test ran anything of it", said)


if __name__ == "__main__":
    unittest.main()
