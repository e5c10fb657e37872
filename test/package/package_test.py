"""Others build with Postrider: by find_package and by pkg-config from an installed tree, and as a subproject.

Usage: package_test.py BUILD-FOLDER LIBRARY...        each LIBRARY has a program in consumer/; CXX says what compiles it
"""
import os
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

HERE = Path(__file__).resolve().parent
CONSUMER = HERE / "consumer"
SOURCES = HERE.parents[1]
BUILT = Path(sys.argv.pop(1)).resolve()
LIBRARIES, sys.argv[1:] = sys.argv[1:], []
CXX = os.environ.get("CXX", "g++")


def run(*command, **options):
    """What the command says; fails with all that it said."""
    done = subprocess.run([str(word) for word in command], stdin=subprocess.DEVNULL, text=True, stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, **options)
    if done.returncode:
        raise AssertionError(f"{' '.join(map(str, command))}: status {done.returncode}\n{done.stdout}")
    return done.stdout


class Package(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        folder = tempfile.TemporaryDirectory()
        cls.addClassCleanup(folder.cleanup)
        cls.folder = Path(folder.name)
        configured = cls.folder / "configured"
        run("cmake", "--install", BUILT, "--prefix", configured)
        cls.prefix = cls.folder / "moved"  # an installed tree may be moved
        configured.rename(cls.prefix)

    def build(self, name, *options):
        """Configures and builds the consumer with all LIBRARIES."""
        build = self.folder / name
        run("cmake", "-S", CONSUMER, "-B", build, "-G", "Ninja", f"-DCMAKE_CXX_COMPILER={CXX}",
            f"-DLIBRARIES={';'.join(LIBRARIES)}", *options)
        run("cmake", "--build", build)
        return build

    def run_programs(self, build, environment=None):
        for library in LIBRARIES:
            run(build / f"uses_{library}", env={**os.environ, **(environment or {})})

    def test_find_package(self):
        self.run_programs(self.build("found", f"-DCMAKE_PREFIX_PATH={self.prefix}"))

    def test_programs(self):
        self.assertRegex(run(self.prefix / "bin" / "postrider", "--version"), r"^postrider \d+\.\d+\.\d+\n$")
        self.assertIn("--listen", run(self.prefix / "bin" / "postrider-sink", "--help"))

    def test_find_package_says_what_is_missing(self):
        with self.assertRaises(AssertionError) as raised:
            self.build("missing", f"-DCMAKE_PREFIX_PATH={self.prefix}", "-DLIBRARIES=core;nonesuch")
        self.assertIn("it was built without nonesuch", " ".join(str(raised.exception).split()))

    def test_subproject_with_shared_libraries(self):
        build = self.build("subproject", f"-DSUBPROJECT={SOURCES}", "-DBUILD_SHARED_LIBS=ON",
                           "-DCMAKE_SHARED_LINKER_FLAGS=-Wl,--no-undefined")
        self.run_programs(build)
        self.assertEqual([], list(build.rglob("*.a")))
        self.assertTrue(list(build.rglob("libpostrider_core.so.*.*.*")))

    def test_pkg_config(self):
        files = next(self.prefix.rglob("pkgconfig"))
        environment = {**os.environ, "PKG_CONFIG_PATH": str(files)}
        for library in LIBRARIES:
            for package in (f"postrider-{library}", "postrider"):
                flags = run("pkg-config", "--cflags", "--libs", "--static", package, env=environment).split()
                program = self.folder / f"uses_{library}"
                run(CXX, "-std=c++20", CONSUMER / f"{library}.cpp", "-o", program, *flags)
                run(program, env={**os.environ, "LD_LIBRARY_PATH": str(files.parent)})

    def test_nothing_names_the_folders_of_the_build(self):
        texts = [file for file in self.prefix.rglob("*") if file.suffix in (".cmake", ".pc", ".hpp")]
        self.assertGreater(len(texts), 10)
        for file in texts:
            text = file.read_text(encoding="utf-8")
            for folder in (SOURCES, BUILT, self.folder):
                self.assertNotIn(str(folder), text, file)


if __name__ == "__main__":
    unittest.main(verbosity=2)
