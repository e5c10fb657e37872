#!/usr/bin/python3
"""The command `postrider` against real servers, beside swaks and msmtp: who takes what, with which exit code; what probe says of a
server and what swaks hears there; a load, counted in the store.

Usage: test/server/command_test.py PATH-TO-POSTRIDER [unittest options]        Needs root, or sudo, for the servers.
"""
import concurrent.futures
import importlib.machinery
import importlib.util
import json
import pathlib
import re
import secrets
import subprocess
import sys
import tempfile
import time
import unittest

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parent.parent
SECONDS = 60
SERVERS = ["postfix", "exim", "opensmtpd"]
PASSWORD = "tanstaaf-t4nst44f"   # swaks and msmtp would need quoting for more
EX_UNAVAILABLE, EX_TEMPFAIL, EX_PROTOCOL, EX_NOPERM = 69, 75, 76, 77

loader = importlib.machinery.SourceFileLoader("run", str(HERE / "run"))
run = importlib.util.module_from_spec(importlib.util.spec_from_loader("run", loader))
loader.exec_module(run)

DOMAIN, SENDER = run.DOMAIN, run.SENDER
command = work = None
running = {}   # {name: the server's ready.json}


def start(name, number):
    started = subprocess.run(["env", f"PORTS_FROM={20000 + 1000 * number}", HERE / name, "start", work / name, "user", work / "password"],
                             stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, check=True)
    running[name] = json.loads(started.stdout)


def stop(name):
    subprocess.run([HERE / name, "stop", work / name], stdin=subprocess.DEVNULL, check=True)


def side_by_side(*calls):
    with concurrent.futures.ThreadPoolExecutor(4) as threads:
        for done in [threads.submit(*call) for call in calls]:
            done.result()


def setUpModule():
    global work
    folder = tempfile.TemporaryDirectory(prefix="postrider-command.")
    unittest.addModuleCleanup(folder.cleanup)
    work = pathlib.Path(folder.name)
    work.chmod(0o755)   # the servers' own users pass through it
    (work / "password").write_text(PASSWORD + "\n")
    unittest.addModuleCleanup(side_by_side, *([stop, name] for name in SERVERS))
    side_by_side(*([start, name, number] for number, name in enumerate(SERVERS)))


class Server(unittest.TestCase):
    name = None
    maxDiff = None

    def setUp(self):
        self.ready = running[self.name]
        self.port, self.store = self.ready["ports"], pathlib.Path(self.ready["store"])
        for file in self.store.iterdir():
            file.unlink()

    def run(self, *arguments):   # unittest's own
        return super().run(*arguments) if self.name else None

    def call(self, *words, stdin=""):
        return subprocess.run(list(map(str, words)), input=stdin, capture_output=True, text=True, timeout=SECONDS)

    def postrider(self, *words, code=0, stdin=""):
        ended = self.call(command, *words, stdin=stdin)
        self.assertEqual(ended.returncode, code, f"{words}\n{ended.stdout}\n{ended.stderr}")
        return ended

    def secure(self, *more, password=None):
        return ["--server", f"submission://localhost:{self.port['starttls']}", "--tls-ca", self.ready["ca"], "--user", "user",
                "--password-file", password or work / "password", *more]

    def stored(self, number):
        """The mails in the store, once there are so many."""
        deadline = time.monotonic() + 20
        while len(list(self.store.iterdir())) < number and time.monotonic() < deadline:
            time.sleep(0.02)
        mails = [file.read_bytes() for file in self.store.iterdir()]
        self.assertEqual(len(mails), number)
        return mails

    # The three commands do the same, each in its own words. Each returns the exit code.

    def by_postrider(self, to, message, password):
        return self.call(command, "send", *self.secure(password=password), "--raw", "-", "-f", SENDER, *to, stdin=message).returncode

    def by_swaks(self, to, message, password):
        return self.call("swaks", "--server", "localhost", "--port", self.port["starttls"], "--tls", "--tls-verify", "--tls-ca-path", self.ready["ca"],
                         "--auth", "PLAIN", "--auth-user", "user", "--auth-password", password.read_text().strip(), "--from", SENDER,
                         "--to", ",".join(to), "--data", "-", "--suppress-data", stdin=message).returncode

    def by_msmtp(self, to, message, password):
        return self.call("msmtp", "-C", "/dev/null", "--host=localhost", f"--port={self.port['starttls']}", "--tls=on", f"--tls-trust-file={self.ready['ca']}",
                         "--auth=plain", "--user=user", f"--passwordeval=cat {password}", f"--from={SENDER}", "--", *to, stdin=message).returncode

    def by_all(self, *to, password=None):
        message = f"From: {SENDER}\nTo: somebody@{DOMAIN}\nDate: Mon, 30 Nov 2026 00:00:00 +0000\nSubject: {secrets.token_hex(8)}\n\nHello.\n.\n..\n"
        to = [f"{one}@{DOMAIN}" for one in to]
        return [by(to, message, password or work / "password") for by in (self.by_postrider, self.by_swaks, self.by_msmtp)]

    def test_accepted_by_all_three(self):
        self.assertEqual(self.by_all("bob"), [0, 0, 0])
        bodies = {re.split(rb"\r?\n\r?\n", mail, maxsplit=1)[1].replace(b"\r\n", b"\n").strip() for mail in self.stored(3)}
        self.assertEqual(bodies, {b"Hello.\n.\n.."})

    def test_refused_by_all_three(self):
        ours, swaks, msmtp = self.by_all("refused")
        self.assertEqual(ours, EX_UNAVAILABLE)
        self.assertNotEqual(swaks, 0)
        self.assertNotEqual(msmtp, 0)
        self.stored(0)

    def test_one_bad_recipient_does_not_keep_the_mail_from_the_others(self):
        # msmtp sends to none of them (msmtp 20), swaks to those that are taken, and says 0
        ours, swaks, msmtp = self.by_all("alice", "refused", "bob")
        self.assertEqual((ours, swaks), (EX_UNAVAILABLE, 0))
        self.assertNotEqual(msmtp, 0)
        self.stored(4)

    def test_each_recipient_is_told_of(self):
        ended = self.postrider("send", *self.secure("-f", SENDER, "-s", "x", "--text", "x", "--json"), f"alice@{DOMAIN}", f"refused@{DOMAIN}", f"defer@{DOMAIN}", code=EX_TEMPFAIL)
        mail, = json.loads(ended.stdout)["mails"]
        self.assertEqual([(one["outcome"], one["code"]) for one in mail["recipients"]], [("accepted", 250), ("rejected", 550), ("deferred", 451)])
        self.assertTrue(mail["tls"]["verified"])
        self.assertRegex(mail["queue_id"], r"^[\w.+/=:-]{6,}$")
        self.stored(1)

    def test_wrong_password(self):
        wrong = work / "wrong"
        wrong.write_text("wrong\n")
        ours, swaks, msmtp = self.by_all("bob", password=wrong)
        self.assertEqual(ours, EX_NOPERM)
        self.assertEqual(msmtp, EX_NOPERM)
        self.assertNotEqual(swaks, 0)
        self.stored(0)

    def test_a_server_that_nobody_vouches_for(self):
        ended = self.postrider("send", "--server", f"submission://localhost:{self.port['starttls']}", "--user", "user", "--password-file", work / "password",
                               "-f", SENDER, "--text", "x", f"bob@{DOMAIN}", code=EX_PROTOCOL)
        self.assertIn("--tls-ca", ended.stderr)
        self.stored(0)

    def test_probe_hears_what_swaks_hears(self):
        arguments = ["probe", f"submission://localhost:{self.port['starttls']}", "--tls-ca", self.ready["ca"], "--user", "user", "--password-file", work / "password"]
        document = json.loads(self.postrider(*arguments, "--json").stdout)
        heard = self.call("swaks", "--server", "localhost", "--port", self.port["starttls"], "--tls", "--quit-after", "EHLO", "--ehlo", document["client_name"]).stdout
        inside = re.findall(r"^<~  250[- ](.*)$", heard, re.M)[1:]
        self.assertCountEqual([one["line"] for one in document["offers"] if one["in_tls"]], inside, heard)
        self.assertIn("VERIFIED: it is localhost", self.postrider(*arguments).stdout)
        self.assertIn("NOT VERIFIED", self.postrider(*arguments[:2], code=EX_PROTOCOL).stdout)

    def test_load_is_counted_in_the_store(self):
        ended = self.postrider("load", f"smtp://127.0.0.1:{self.port['open']}", "--tls", "none", "--messages", 60, "--connections", 3, "--size", "1k,5k",
                               "--from", SENDER, "--to", f"reader%@{DOMAIN}", "--addresses", 20, "--json")
        self.assertEqual(json.loads(ended.stdout)["outcomes"]["accepted"], 60)
        self.stored(60)

    def test_one_mail_for_each(self):
        readers = work / "readers"
        readers.write_text("".join(f"reader{n}@{DOMAIN}\n" for n in range(20)))
        ended = self.postrider("send", *self.secure("--each", "--connections", 2, "--to-file", readers, "-f", SENDER, "-s", "x", "--text", "x"))
        self.assertEqual(len(re.findall("^accepted ", ended.stdout, re.M)), 20)
        self.stored(20)


class Postfix(Server):
    name = "postfix"


class Exim(Server):
    name = "exim"


class OpenSmtpd(Server):
    name = "opensmtpd"


def main():
    global command
    if len(sys.argv) < 2:
        sys.exit(__doc__)
    command = pathlib.Path(sys.argv.pop(1)).resolve()
    subprocess.run([ROOT / "tools" / "install", "server"], check=True)
    unittest.main(verbosity=2)


if __name__ == "__main__":
    main()
