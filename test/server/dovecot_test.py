#!/usr/bin/python3
"""Dovecot's LMTP as it is: Python's smtplib delivers, and what it answers to content for nobody is what a client has to know."""
import json
import pathlib
import smtplib
import subprocess
import tempfile
import time
import unittest

SCRIPT = pathlib.Path(__file__).with_name("dovecot")


class Lmtp(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.work = tempfile.TemporaryDirectory(prefix="postrider-dovecot.")
        cls.addClassCleanup(cls.work.cleanup)
        work = pathlib.Path(cls.work.name)
        work.chmod(0o755)
        (work / "password").write_text("secret\n")
        cls.addClassCleanup(subprocess.run, [SCRIPT, "stop", work / "dovecot"], check=True)
        started = subprocess.run([SCRIPT, "start", work / "dovecot", "user", work / "password"], stdout=subprocess.PIPE, check=True)
        cls.ready = json.loads(started.stdout)

    def setUp(self):
        self.lmtp = smtplib.LMTP("::1", self.ready["ports"]["lmtp"])
        self.addCleanup(self.lmtp.close)
        self.lmtp.docmd("LHLO client.example")
        self.lmtp.docmd("MAIL FROM:<sender@postrider.example>")

    def rcpt(self, name):
        return self.lmtp.docmd(f"RCPT TO:<{name}@postrider.example>")[0]

    def test_delivers(self):
        self.assertEqual(self.rcpt("someone"), 250)
        self.assertEqual(self.lmtp.data("Subject: x\r\n\r\n.\r\n")[0], 250)
        deadline = time.monotonic() + 5
        while not (stored := list(pathlib.Path(self.ready["store"]).iterdir())) and time.monotonic() < deadline:
            time.sleep(0.02)
        self.assertTrue(stored[0].read_bytes().endswith(b"\nSubject: x\n\n.\n"))

    def test_refuses_and_defers(self):
        self.assertEqual(self.rcpt("refused"), 550)
        self.assertEqual(self.rcpt("defer"), 451)

    def test_content_for_nobody_has_one_reply(self):
        self.rcpt("refused")
        self.lmtp.send(b"BDAT 6 LAST\r\nA: b\r\n")
        self.assertEqual(self.lmtp.getreply()[0], 503)
        self.assertEqual(self.lmtp.docmd("RSET")[0], 250)
        self.lmtp.docmd("MAIL FROM:<sender@postrider.example>")
        self.rcpt("refused")
        self.assertEqual(self.lmtp.docmd("DATA")[0], 503)
        self.assertEqual(self.lmtp.docmd("NOOP")[0], 250)


if __name__ == "__main__":
    unittest.main()
