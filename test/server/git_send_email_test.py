#!/usr/bin/python3
"""The command against a real Postfix: git send-email by `postrider sendmail`, over STARTTLS with AUTH. What git wrote is what was
stored; who is refused, and who is put off, git's caller sees.

Usage: test/server/git_send_email_test.py PATH-TO-POSTRIDER [unittest options]        Needs root, or sudo, for the server, and git send-email.
"""
import email
import email.policy
import json
import os
import pathlib
import subprocess
import sys
import tempfile
import time
import unittest

HERE = pathlib.Path(__file__).resolve().parent
DOMAIN = "postrider.example"
PASSWORD = 'c4 "bat" \\staple='
SECONDS = 60
postrider = work = ready = None


def setUpModule():
    global work, ready
    folder = tempfile.TemporaryDirectory(prefix="postrider-command.")
    unittest.addModuleCleanup(folder.cleanup)
    work = pathlib.Path(folder.name)
    work.chmod(0o755)   # the server's own user passes through it
    (work / "password").write_text(PASSWORD + "\n")
    unittest.addModuleCleanup(subprocess.run, [HERE / "postfix", "stop", work / "postfix"], stdin=subprocess.DEVNULL, check=True)
    started = subprocess.run([HERE / "postfix", "start", work / "postfix", "user", work / "password"],
                             stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, check=True)
    ready = json.loads(started.stdout)


class GitSendEmail(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.home = pathlib.Path(folder.name)
        (self.home / "sendmail").symlink_to(postrider)
        self.environment = {"HOME": str(self.home), "PATH": os.environ["PATH"], "GIT_CONFIG_NOSYSTEM": "1", "LC_ALL": "C.UTF-8"}
        self.config("starttls", "submission")
        (self.home / ".gitconfig").write_text(f"[user]\n\tname = Alice\n\temail = alice@{DOMAIN}\n[init]\n\tdefaultBranch = main\n[sendemail]\n"
                                              f"\tsendmailCmd = {self.home}/sendmail\n\tconfirm = never\n\tenvelopeSender = auto\n\tsuppresscc = all\n")
        self.repository = self.home / "repository"
        self.repository.mkdir()
        for number, text in enumerate(["ä\n.\n", "ä\n.\nFrom here\n..\n" + "long " * 300 + "\n"], 1):
            (self.repository / "file").write_text(text)
            for arguments in ["init", "-q"], ["add", "file"], ["commit", "-q", "-m", f"Patch {number}: Grüße"]:
                self.git(*arguments)

    def config(self, port, scheme, **changed):
        values = {"server": f"{scheme}://localhost:{ready['ports'][port]}", "tls-ca": ready["ca"], "user": "user",
                  "password-file": str(work / "password"), **changed}
        file = self.home / ".config/postrider/config.toml"
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(f'[account.test]\nfrom = ["@{DOMAIN}"]\n' + "".join(f"{name} = {json.dumps(value)}\n" for name, value in values.items()))

    def git(self, *arguments, check=True):
        return subprocess.run(["git", *arguments], cwd=self.repository, env=self.environment, check=check, stdin=subprocess.DEVNULL,
                              stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, timeout=SECONDS)

    def stored(self, count):
        """That many mails, by subject; Postfix delivers behind its 250."""
        store = pathlib.Path(ready["store"])
        deadline = time.monotonic() + SECONDS
        while len(files := list(store.iterdir())) < count and time.monotonic() < deadline:
            time.sleep(0.05)
        contents = [file.read_bytes() for file in files]
        for file in files:
            file.unlink()
        self.assertEqual(len(contents), count)
        mails = [email.message_from_bytes(content, policy=email.policy.default) for content in contents]
        return sorted(mails, key=lambda mail: (mail["Subject"], mail["Delivered-To"]))

    def test_a_series_arrives_and_can_be_applied(self):
        for port, scheme in ("starttls", "submission"), ("implicit", "submissions"):
            with self.subTest(port):
                self.config(port, scheme)
                self.git("send-email", "--to", f"bob@{DOMAIN}", "--cc", f"carol@{DOMAIN}", "--root", "HEAD")
                mails = self.stored(4)
                self.assertEqual([(mail["Subject"], mail["Delivered-To"]) for mail in mails],
                                 [(f"[PATCH {n}/2] Patch {n}: Grüße", f"{name}@{DOMAIN}") for n in (1, 2) for name in ("bob", "carol")])
                for mail in mails:
                    self.assertEqual(mail["Return-Path"], f"<alice@{DOMAIN}>")
                    self.assertIn("with ESMTPSA", mail["Received"])
                other = self.home / f"other-{port}"
                other.mkdir()
                subprocess.run(["git", "init", "-q"], cwd=other, env=self.environment, check=True)
                for mail in mails[0], mails[2]:
                    applied = subprocess.run(["git", "am"], cwd=other, env=self.environment, input=mail.as_bytes(), capture_output=True)
                    self.assertEqual(applied.returncode, 0, applied.stderr)
                self.assertEqual((other / "file").read_bytes(), (self.repository / "file").read_bytes())

    def test_who_is_refused_and_who_is_put_off(self):
        for name, words in [("refused", f"rejected       refused@{DOMAIN}  RCPT: 550 5.7.1"),
                            ("defer", "nothing was queued; the caller has to keep the mail, and try again for those that are deferred")]:
            with self.subTest(name):
                ended = self.git("send-email", "--to", f"bob@{DOMAIN}", "--cc", f"{name}@{DOMAIN}", "-1", check=False)
                self.assertNotEqual(ended.returncode, 0)
                self.assertIn(words, ended.stderr)
                self.assertEqual([mail["Delivered-To"] for mail in self.stored(1)], [f"bob@{DOMAIN}"])

    def test_a_wrong_password(self):
        (self.home / "wrong").write_text("correct horse\n")
        self.config("starttls", "submission", **{"password-file": str(self.home / "wrong")})
        ended = self.git("send-email", "--to", f"bob@{DOMAIN}", "-1", check=False)
        self.assertNotEqual(ended.returncode, 0)
        self.assertIn("535", ended.stderr)
        self.stored(0)


if __name__ == "__main__":
    if len(sys.argv) < 2:
        sys.exit(__doc__)
    postrider = pathlib.Path(sys.argv.pop(1)).resolve()
    unittest.main()
