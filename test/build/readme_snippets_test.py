"""tools/readme-snippets: a page that differs from its example fails, and --update mends it."""
import unittest

from tree import ToolTest

EXAMPLE = "#include <x>\n\nint main() {\n    // [send]\n    if (send()) {\n        // [inner]\n        done();\n        // [inner]\n    }\n    // [send]\n}\n"
PAGE = "# It\n\n<!-- from examples/01.cpp#send -->\n```cpp\nif (send()) {\n    done();\n}\n```\n\n```sh\n./demo\n```\n"


class Snippets(ToolTest):
    def files(self, page=PAGE, example=EXAMPLE):
        return {"README.md": page, "examples/01.cpp": example}

    def test_equal(self):
        self.assert_passes("readme-snippets", self.files())
        self.assert_passes("readme-snippets", self.files(PAGE.replace("01.cpp#send", "01.cpp#inner").replace(
            "if (send()) {\n    done();\n}\n", "done();\n")))

    def test_different(self):
        root = self.tree(self.files(example=EXAMPLE.replace("done()", "finished()")))
        self.assert_fails("README.md:3: differs from examples/01.cpp", "readme-snippets", root)
        self.assert_passes("readme-snippets", root, "--update")
        self.assertIn("    finished();\n", (root / "README.md").read_text())
        self.assert_passes("readme-snippets", root)

    def test_two_blocks_of_one_region(self):
        root = self.tree(self.files(PAGE + PAGE, EXAMPLE.replace("done()", "finished()")))
        self.assert_passes("readme-snippets", root, "--update")
        self.assertNotIn("done()", (root / "README.md").read_text())

    def test_an_example_or_region_that_is_gone(self):
        self.assert_fails("no compiled example `examples/02.cpp`", "readme-snippets", self.files(PAGE.replace("01.cpp", "02.cpp")))
        self.assert_fails("no compiled example `src/x.cpp`", "readme-snippets", self.files(PAGE.replace("examples/01.cpp", "src/x.cpp")))
        self.assert_fails("0 lines `// [gone]`", "readme-snippets", self.files(PAGE.replace("#send", "#gone")))

    def test_code_that_nobody_compiles(self):
        self.assert_fails("README.md:14: this code comes from no example", "readme-snippets",
                          self.files(PAGE + "\n```cpp\nint x;\n```\n"))

    def test_a_mark_without_a_block(self):
        self.assert_fails("without a block", "readme-snippets", self.files(PAGE + "\n<!-- from examples/01.cpp#send -->\ntext\n"))

    def test_a_page_without_examples(self):
        self.assert_fails("nothing was checked", "readme-snippets", self.files("# It\n"))
        self.assert_fails("README.md: missing", "readme-snippets", {"examples/01.cpp": EXAMPLE})


if __name__ == "__main__":
    unittest.main()
