"""Small trees to try the tools on: {path: text}, written to a folder that goes away again."""
import subprocess
import tempfile
import unittest
from pathlib import Path

TOOLS = Path(__file__).resolve().parents[2] / "tools"


class ToolTest(unittest.TestCase):
    def tree(self, files):
        """Writes `files` and returns the folder; it lives as long as the test."""
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        for path, text in files.items():
            file = Path(folder.name, path)
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(text, encoding="utf-8")
        return Path(folder.name)

    def run_tool(self, tool, root, *arguments):
        done = subprocess.run([TOOLS / tool, *arguments, root], stdin=subprocess.DEVNULL, text=True,
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        return done.returncode, done.stdout

    def assert_passes(self, tool, files, *arguments):
        root = files if isinstance(files, Path) else self.tree(files)
        status, said = self.run_tool(tool, root, *arguments)
        self.assertEqual(0, status, said)
        return said

    def assert_fails(self, saying, tool, files, *arguments):
        """It fails, and says `saying`: a check that fails for another reason has not been tested."""
        root = files if isinstance(files, Path) else self.tree(files)
        status, said = self.run_tool(tool, root, *arguments)
        self.assertEqual(1, status, said)
        self.assertIn(saying, said)
