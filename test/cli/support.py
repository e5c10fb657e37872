"""What the tests of the command share: a folder and a home of their own, the sink as server, the command on a terminal.

A test file is run as FILE BUILD-FOLDER [unittest's arguments], and ends with `support.main()`.
"""
import contextlib
import json
import os
import pty
import re
import select
import signal
import socket
import subprocess
import sys
import tempfile
import time
import unittest
import xml.etree.ElementTree as ElementTree
from pathlib import Path

import jsonschema

ROOT = Path(__file__).resolve().parent.parent.parent
BUILD = Path(sys.argv[1]).resolve()
POSTRIDER = BUILD / "cli" / "postrider"
SINK = BUILD / "sink" / "postrider-sink"
SECONDS = 60
PASSWORD = "tanstaaftanstaaf"
EX_OK, EX_USAGE, EX_DATAERR, EX_NOINPUT, EX_NOUSER, EX_NOHOST, EX_UNAVAILABLE = 0, 64, 65, 66, 67, 68, 69
EX_SOFTWARE, EX_OSERR, EX_CANTCREAT, EX_IOERR, EX_TEMPFAIL, EX_PROTOCOL, EX_NOPERM, EX_CONFIG = 70, 71, 73, 74, 75, 76, 77, 78
UNKNOWN, INTERRUPTED = 80, 130


def certificates():
    """Made by test/support/certificates: once for a build by ctest, else for this run."""
    if not os.environ.get("POSTRIDER_CERTIFICATES"):
        folder = tempfile.mkdtemp()
        subprocess.run([ROOT / "test/support/certificates", folder], check=True, capture_output=True)
        os.environ["POSTRIDER_CERTIFICATES"] = folder
    return Path(os.environ["POSTRIDER_CERTIFICATES"])


class Sink:
    """A server for one test. `report()` ends it, and says what it counted."""

    def __init__(self, folder, *options):
        self.folder = Path(tempfile.mkdtemp(prefix="sink", dir=folder))
        self.transcript = open(self.folder / "transcript", "wb")
        self.process = subprocess.Popen([SINK, "--folder", self.folder / "mails", "--transcript", *options],
                                        stdout=subprocess.PIPE, stderr=self.transcript, text=True)
        line = self.process.stdout.readline()
        assert line.startswith("listening "), (line, (self.folder / "transcript").read_text())
        self.port = int(line.rpartition(":")[2])

    def url(self, scheme="smtp", host="127.0.0.1"):
        return f"{scheme}://{host}:{self.port}"

    def report(self):
        self.process.send_signal(signal.SIGTERM)
        return json.loads(self.process.communicate(timeout=SECONDS)[0])

    def contents(self):
        """What is stored by now, octet for octet."""
        return [file.read_bytes() for file in sorted((self.folder / "mails").glob("*.eml"))]

    def envelopes(self):
        return [json.loads(file.read_text()) for file in sorted((self.folder / "mails").glob("*.json"))]

    def said(self):
        """Its transcript so far."""
        return (self.folder / "transcript").read_text(errors="replace")

    def end(self):
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait()
        self.process.stdout.close()
        self.transcript.close()


class Terminal:
    """The command on a pseudo terminal, which is its controlling one. `seen` is all that it wrote there."""

    def __init__(self, arguments, columns=100, stdin_too=True, **options):
        self.master, slave = pty.openpty()
        import fcntl, struct, termios
        fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", 24, columns, 0, 0))

        def own_terminal():
            os.setsid()
            fcntl.ioctl(slave, termios.TIOCSCTTY, 0)

        options.setdefault("stdin", slave if stdin_too else subprocess.DEVNULL)
        self.process = subprocess.Popen(arguments, stdout=options.pop("stdout", slave), stderr=options.pop("stderr", slave),
                                        preexec_fn=own_terminal, **options)
        os.close(slave)
        self.seen = ""

    def read(self, until):
        """What comes until `until` (a pattern) has been seen, or the terminal is closed."""
        deadline = time.monotonic() + SECONDS
        while not re.search(until, self.seen):
            if not select.select([self.master], [], [], max(0, deadline - time.monotonic()))[0]:
                raise AssertionError(f"no {until!r} within {SECONDS} s in {self.seen!r}")
            try:
                octets = os.read(self.master, 65536)
            except OSError:  # everybody has closed the other end
                octets = b""
            if not octets:
                return self.seen
            self.seen += octets.decode(errors="replace")
        return self.seen

    def type(self, text):
        os.write(self.master, text.encode())

    def echoes(self):
        import termios
        return bool(termios.tcgetattr(self.master)[3] & termios.ECHO)

    def end(self):
        """The exit code, once all was read."""
        self.read("(?!)")
        code = self.process.wait(SECONDS)
        os.close(self.master)
        return code


class Case(unittest.TestCase):
    maxDiff = None

    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.path = Path(folder.name)
        (self.path / "home").mkdir()
        self.environment = {**{k: v for k, v in os.environ.items() if not k.startswith(("POSTRIDER_", "XDG_"))},
                            "HOME": str(self.path / "home"), "TERM": "xterm", "LC_ALL": "C.UTF-8", "TZ": "UTC"}
        self.environment.pop("NO_COLOR", None)

    def sink(self, *options):
        server = Sink(self.path, *options)
        self.addCleanup(server.end)
        return server

    def secure_sink(self, *options, certificate="good"):
        made = certificates()
        return self.sink("--tls-certificate", made / f"{certificate}.pem", "--tls-key", made / f"{certificate}.key", *options)

    def file(self, name, text):
        path = self.path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(text.encode() if isinstance(text, str) else text)
        return path

    def config(self, text):
        """The configuration file of the test's own home."""
        return self.file("home/.config/postrider/config.toml", text)

    def nobody(self):
        """A port that nobody listens on: taken, so that nobody else takes it, and never listened to."""
        taken = socket.socket()
        self.addCleanup(taken.close)
        taken.bind(("127.0.0.1", 0))
        return taken.getsockname()[1]

    def run_command(self, *arguments, stdin=b"", **options):
        """`postrider ARGUMENTS`: code, out and err, as texts."""
        options.setdefault("env", self.environment)
        options.setdefault("cwd", self.path)
        if "stdin_file" in options:
            options["stdin"] = options.pop("stdin_file")
        else:
            options["input"] = stdin.encode() if isinstance(stdin, str) else stdin
        options.setdefault("stdout", subprocess.PIPE)
        ended = subprocess.run([options.pop("program", POSTRIDER), *map(str, arguments)], stderr=subprocess.PIPE,
                               timeout=SECONDS * 2, **options)
        ended.code = ended.returncode
        ended.out = (ended.stdout or b"").decode()
        ended.err = ended.stderr.decode()
        return ended

    def on_terminal(self, *arguments, **options):
        options.setdefault("env", self.environment)
        options.setdefault("cwd", self.path)
        return Terminal([POSTRIDER, *map(str, arguments)], **options)

    def assertEnds(self, code, *arguments, out=None, err=None, **options):
        """That the command ends so; `out` and `err`, if given, are found in what it wrote."""
        ended = self.run_command(*arguments, **options)
        words = f"\npostrider {' '.join(map(str, arguments))}\ncode {ended.code}\nout: {ended.out}\nerr: {ended.err}"
        self.assertEqual(ended.code, code, words)
        for wanted, text in ((out, ended.out), (err, ended.err)):
            for one in [wanted] if isinstance(wanted, str) else wanted or []:
                self.assertIn(one, text, words)
        return ended

    def assertUsage(self, *arguments, err, code=EX_USAGE, **options):
        """That it is refused with these words, and nothing on standard output but, with `--json`, the same in a document."""
        ended = self.assertEnds(code, *arguments, err=err, **options)
        if "--json" in arguments:
            self.assertEqual(self.assertDocument(ended.out, "error")["exit_code"], code)
        else:
            self.assertEqual(ended.out, "")
        return ended

    def assertGolden(self, text, golden):
        """That a text is `golden`, once what changes from run to run has been replaced (see `stable`)."""
        self.assertEqual(stable(text), golden.lstrip("\n"))

    def assertDocument(self, text, schema):
        """The document in `text`, which the schema doc/json/SCHEMA.schema.json describes."""
        document = json.loads(text)
        validator(schema).validate(document)
        return document


def validator(schema):
    read = json.loads((ROOT / "doc" / "json" / f"{schema}.schema.json").read_text())
    jsonschema.Draft202012Validator.check_schema(read)
    return jsonschema.Draft202012Validator(read)


def stable(text):
    """Without ports, times, message ids and boundaries."""
    text = re.sub(r"(127\.0\.0\.1|\[::1\]|localhost):\d+", r"\1:PORT", text)
    text = re.sub(r"<[0-9a-f.]{20,}@", "<ID@", text)
    text = re.sub(r"\b(Mon|Tue|Wed|Thu|Fri|Sat|Sun), +\d+ \w+ \d{4} \d\d:\d\d:\d\d [+-]\d{4}", "DATE", text)
    return re.sub(r"\d+(\.\d+)? (us|ms|s)\b", "TIME", text)


class Outcomes(unittest.TextTestResult):
    """Keeps what became of each test, for tools/tally."""

    def __init__(self, *arguments, **named):
        super().__init__(*arguments, **named)
        self.cases = []

    def stopTest(self, test):
        bad = [why for one, why in self.failures + self.errors if one is test or getattr(one, "test_case", None) is test]
        skipped = [why for one, why in self.skipped if one is test]
        self.cases.append((test.id().removeprefix("__main__."), bad, skipped))
        super().stopTest(test)

    def write(self, file):
        suite = ElementTree.Element("testsuite")
        for name, bad, skipped in self.cases:
            case = ElementTree.SubElement(suite, "testcase", name=name)
            if bad:
                ElementTree.SubElement(case, "failure").text = "\n".join(bad)
            elif skipped:
                ElementTree.SubElement(case, "skipped").text = "\n".join(skipped)
        Path(file).parent.mkdir(parents=True, exist_ok=True)
        ElementTree.ElementTree(suite).write(file)


def main():
    runner = unittest.TextTestRunner(resultclass=Outcomes, verbosity=1)
    program = unittest.main(argv=[sys.argv[0], *sys.argv[2:]], testRunner=runner, exit=False)
    with contextlib.suppress(KeyError):
        program.result.write(os.environ["POSTRIDER_CASES"])
    sys.exit(0 if program.result.wasSuccessful() and program.result.testsRun else 1)
