"""Small trees to try the tools on: {path: text}, written to a folder that goes away again."""
import subprocess
import tempfile
import unittest
from pathlib import Path

TOOLS = Path(__file__).resolve().parents[2] / "tools"


class ToolTest(unittest.TestCase):
    def run_tool(self, tool, files, *arguments):
        """Writes `files`, runs tools/`tool` on that tree and returns (exit status, all it said)."""
        with tempfile.TemporaryDirectory() as root:
            for path, text in files.items():
                file = Path(root, path)
                file.parent.mkdir(parents=True, exist_ok=True)
                file.write_text(text, encoding="utf-8")
            done = subprocess.run([TOOLS / tool, *arguments, root], stdin=subprocess.DEVNULL, text=True,
                                  stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
            self.after(Path(root))
            return done.returncode, done.stdout

    def after(self, root):
        """For a test that wants to see what the tool made of the tree."""

    def assert_passes(self, tool, files, *arguments):
        status, said = self.run_tool(tool, files, *arguments)
        self.assertEqual(0, status, said)
        return said

    def assert_fails(self, saying, tool, files, *arguments):
        """It fails, and says `saying`: a check that fails for another reason has not been tested."""
        status, said = self.run_tool(tool, files, *arguments)
        self.assertEqual(1, status, said)
        self.assertIn(saying, said)
