#!/usr/bin/python3
"""What one flight does to real servers: look-ahead, BDAT, each extension, LMTP, refusals at random, and waits from outside.

Usage: test/server/scenarios_test.py PATH-TO-CONVERSE [unittest options]        Needs root, or sudo, for the servers.

POSTRIDER_MAILS=N sets how many mails meet refusals at random; test/campaign raises it.
"""
import collections
import json
import os
import pathlib
import random
import re
import subprocess
import sys
import tempfile
import time
import unittest

HERE = pathlib.Path(__file__).resolve().parent
DOMAIN = "postrider.example"
SECONDS = 60
converse_program = None


def address(name):
    return name if "@" in name else f"{name}@{DOMAIN}"


def mail(sender, *recipients, content="Subject: Hi\r\n\r\nHello.\r\n", words=(), memory=True):
    """Recipients are names, or pairs of a name and its words."""
    to = [{"address": address(r), "is": []} if isinstance(r, str) else {"address": address(r[0]), "is": list(r[1])} for r in recipients]
    return {"from": address(sender), "to": to, "content": [content] if isinstance(content, str) else content,
            "is": list(words), "memory": memory}


class Server(unittest.TestCase):
    """The tests of one server, which runs while they do."""
    server = None
    start_in = {}

    @classmethod
    def setUpClass(cls):
        work = tempfile.TemporaryDirectory(prefix="postrider-scenarios.")
        cls.addClassCleanup(work.cleanup)
        cls.work = pathlib.Path(work.name)
        cls.work.chmod(0o755)
        (cls.work / "password").write_text("secret\n")
        cls.addClassCleanup(subprocess.run, [HERE / cls.server, "stop", cls.work / cls.server], stdin=subprocess.DEVNULL, check=True)
        started = subprocess.run([HERE / cls.server, "start", cls.work / cls.server, "user", cls.work / "password"],
                                 stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, check=True)
        cls.ready = json.loads(started.stdout)
        cls.store = pathlib.Path(cls.ready["store"])

    def setUp(self):
        self.empty()

    def empty(self):
        for file in self.store.iterdir():
            file.unlink()

    def converse(self, *mails, port="open", **more):
        scenario = {"server": "127.0.0.1", "port": more.pop("on", None) or self.ready["ports"][port], "mails": list(mails), **more}
        if port == "auth":
            scenario["auth"] = {"user": "user", "password": "secret"}
        done = subprocess.run([converse_program], input=json.dumps(scenario).encode(), capture_output=True, timeout=180)
        self.assertEqual(done.returncode, 0, done.stderr.decode(errors="replace"))
        self.said = json.loads(done.stdout)
        return self.said

    def outcomes(self):
        """{recipient: (outcome, where, code)}"""
        return {r["address"]: (r["outcome"], r["where"], r["code"]) for m in self.said["mails"] for r in m["recipients"]}

    def stored(self, number):
        """[(sender, recipient, octets)] of the store, as soon as there are so many; more are waited for shortly by nobody."""
        deadline = time.monotonic() + SECONDS
        while len(files := list(self.store.iterdir())) < number and time.monotonic() < deadline:
            time.sleep(0.02)
        found = []
        for file in files:
            octets = file.read_bytes()
            sender = re.search(rb"^Return-Path: ?<(.*)>\r?$", octets, re.M)
            recipient = re.search(rb"^Delivered-To: ?<?([^>\r\n]*)>?\r?$", octets, re.M)
            found.append((sender and sender[1].decode(), recipient and recipient[1].decode(), octets))
        self.assertEqual(len(found), number, [f[:2] for f in found])
        return found

    def accepted(self, *mails, **more):
        """All of it is accepted and stored; returns what was said."""
        said = self.converse(*mails, **more)
        recipients = [r for m in said["mails"] for r in m["recipients"]]
        self.assertEqual({(r["outcome"], r["code"] // 100) for r in recipients}, {("accepted", 2)}, said)
        self.stored(len(recipients))
        self.empty()
        return said

    def answers(self, verb, argument, codes):
        said = self.converse(ask=[[verb, argument]])
        self.assertEqual([a["verb"] for a in said["asked"]], [verb])
        self.assertIn(said["asked"][0]["code"], codes, said)
        return said

    def sent(self, pattern):
        self.assertTrue([line for line in self.said["sent"] if re.search(pattern, line)], f"{pattern} in {self.said['sent']}")


class Flights:
    """For every server. The first regression test: three mails, and all recipients of the middle one are refused."""
    in_one_flight = True

    def test_the_middle_mail_is_refused(self):
        mails = [mail("one", "first"), mail("two", "refused"), mail("three", "third", content="Subject: 3\r\n\r\nThird.\r\n")]
        said = self.converse(*mails, look_ahead=3)
        self.assertEqual({k: v[0] for k, v in self.outcomes().items()},
                         {address("first"): "accepted", address("refused"): "rejected", address("third"): "accepted"}, said)
        self.assertEqual({(s, r) for s, r, _ in self.stored(2)},
                         {(address("one"), address("first")), (address("three"), address("third"))})
        resets = self.said["sent"].count("RSET")
        self.assertEqual(resets, 2 if self.in_one_flight else 1)   # without PIPELINING only where it is known to be needed

    def test_the_middle_mail_is_refused_by_data(self):
        mails = [mail("one", "first"), mail("two", "refused", "defer"), mail("three", "third")]
        self.converse(*mails, look_ahead=3, unused=["CHUNKING"])
        self.assertEqual([v[0] for v in self.outcomes().values()], ["accepted", "rejected", "deferred", "accepted"], self.said)
        self.assertEqual({(s, r) for s, r, _ in self.stored(2)},
                         {(address("one"), address("first")), (address("three"), address("third"))})

    def test_some_of_many_recipients(self):
        names = [f"r{i}" for i in range(40)]
        self.converse(mail("one", *names[:20], "refused", *names[20:], "defer"), look_ahead=2)
        outcomes = self.outcomes()
        self.assertEqual(outcomes[address("refused")][:2], ("rejected", "RCPT"), self.said)
        self.assertEqual(outcomes[address("defer")][:2], ("deferred", "RCPT"), self.said)
        self.assertEqual([outcomes[address(n)][0] for n in names], ["accepted"] * 40, self.said)
        self.stored(40)

    def test_all_or_nothing(self):
        self.converse(mail("one", "good", "refused", words=["all-or-nothing"]), mail("two", "other"), look_ahead=2)
        self.assertEqual([v[0] for v in self.outcomes().values()], ["deferred", "rejected", "accepted"], self.said)
        self.assertEqual([r for _, r, _ in self.stored(1)], [address("other")])

    def test_refusals_at_random(self):
        """What is said of each recipient, beside what the server has stored: no difference."""
        chance, number = random.Random(42), int(os.environ.get("POSTRIDER_MAILS", 150))
        for look_ahead, unused in ((32, []), (1, []), (4, ["CHUNKING"])):
            mails = []
            for i in range(number):
                names = [f"m{i}r{r}" for r in range(chance.randint(1, 3))]
                kind = chance.random()
                if kind < 0.15:
                    names = ["refused"]
                elif kind < 0.3:
                    names.insert(chance.randint(0, len(names)), chance.choice(["refused", "defer", "someone@elsewhere.example"]))
                lines = "".join(f".{'x' * chance.randint(0, 70)}\r\n" for _ in range(chance.randint(1, 30)))
                mails.append(mail(f"m{i}", *names, content=f"Subject: {i}\r\n\r\n{lines}"))
            said = self.converse(*mails, look_ahead=look_ahead, unused=unused)
            wanted = collections.Counter((m["from"], r["address"]) for m, s in zip(mails, said["mails"])
                                         for r in s["recipients"] if r["outcome"] == "accepted")
            self.assertEqual({r["outcome"] for s in said["mails"] for r in s["recipients"]}, {"accepted", "rejected", "deferred"})
            found = self.stored(sum(wanted.values()))
            self.assertEqual(collections.Counter((s, r) for s, r, _ in found), wanted)
            for sender, _, octets in found:
                wanted_body = mails[int(sender[1:].split("@")[0])]["content"][0].split("\r\n\r\n", 1)[1].replace("\r\n", "\n")
                body = octets.replace(b"\r\n", b"\n").split(b"\n\n", 1)[1].decode()   # a server may add to the header block
                self.assertEqual(body, wanted_body, sender)
            self.empty()


class Extensions:
    """For every server: what it offers is used, and what it does not offer is not, or is said to be missing."""
    offers, lacks = [], []

    def test_offers(self):
        said = self.converse()
        self.assertLessEqual(set(self.offers), set(said["offered"]), said)
        self.assertFalse(set(self.lacks) & set(said["offered"]), said)

    def test_what_it_lacks_is_told(self):
        for keyword in self.lacks:
            with self.subTest(keyword):
                said = self.converse(mail("one", "someone", words=[f"required={keyword}"]))
                self.assertEqual(said["mails"][0]["missing"], [keyword])
                self.assertEqual(self.outcomes()[address("someone")][0], "not attempted")
                self.assertFalse([line for line in said["sent"] if line.startswith("MAIL")])


# No server in Debian 12 offers these without TLS, or at all: the client's side of them is shown by dialogs alone.
NOWHERE = ["BINARYMIME", "MT-PRIORITY", "FUTURERELEASE", "REQUIRETLS", "LIMITS"]


class Exim(Server, Flights, Extensions):
    server = "exim"
    offers = ["PIPELINING", "CHUNKING", "SIZE", "8BITMIME", "SMTPUTF8", "DSN", "ETRN", "EXPN", "VRFY", "HELP"]
    lacks = [*NOWHERE, "DELIVERBY", "BURL", "XCLIENT", "XFORWARD"]

    def test_many_refused_mails_on_speculation(self):
        """Exim counts RSET: at the eleventh behind a mail that it did not take it hangs up. Nothing may be in doubt then."""
        mails = [mail(f"s{i}", "refused" if i % 4 == 1 else f"r{i}") for i in range(200)]
        self.converse(*mails, look_ahead=32)
        self.assertEqual([m["recipients"][0]["outcome"] for m in self.said["mails"]],
                         ["rejected" if i % 4 == 1 else "accepted" for i in range(200)], self.said["error"])
        self.stored(150)

    def test_many_refused_mails_in_a_row(self):
        """The connection that Exim ends then costs no mail its certainty."""
        mails = [mail(f"s{i}", "refused" if i < 30 else f"r{i}") for i in range(40)]
        self.converse(*mails, look_ahead=32)
        outcomes = {m["recipients"][0]["outcome"] for m in self.said["mails"]}
        self.assertLessEqual(outcomes, {"rejected", "deferred", "not attempted"}, self.said["error"])
        self.stored(0)

    def test_size_8bitmime_smtputf8(self):
        self.accepted(mail("one", "someone", content="Subject: \u00e4\r\n\r\n\u00e4\r\n"))
        self.sent(r"^MAIL .* SIZE=19 BODY=8BITMIME SMTPUTF8$")
        self.sent(r"^BDAT 19 LAST$")

    def test_smtputf8_address(self):
        self.converse(mail("one", f"j\u00f6rg@{DOMAIN}"))
        self.sent(r"^MAIL .* SMTPUTF8$")
        self.assertEqual([v[0] for v in self.outcomes().values()], ["accepted"])

    def test_dsn(self):
        self.accepted(mail("one", ("someone", ["notify=failure,delay", "orcpt=some+one@elsewhere.example"]), words=["ret=headers", "envid=a+b"]))
        self.sent(r"^MAIL .* RET=HDRS ENVID=a\+2Bb$")
        self.sent(r"^RCPT .* NOTIFY=FAILURE,DELAY ORCPT=rfc822;some\+2Bone@elsewhere.example$")

    def test_commands(self):
        self.answers("VRFY", f"someone@{DOMAIN}", (250, 252))
        self.answers("EXPN", f"someone@{DOMAIN}", (250,))
        self.answers("ETRN", DOMAIN, (250, 251, 252))
        self.answers("HELP", "", (214,))
        self.answers("NOOP", "", (250,))
        self.answers("RSET", "", (250,))


class Postfix(Server, Flights, Extensions):
    server = "postfix"
    offers = ["PIPELINING", "CHUNKING", "SIZE", "8BITMIME", "SMTPUTF8", "DSN", "ETRN", "VRFY", "XCLIENT", "XFORWARD", "ENHANCEDSTATUSCODES"]
    lacks = [*NOWHERE, "DELIVERBY", "BURL", "EXPN", "HELP"]

    def test_size_8bitmime_smtputf8(self):
        self.accepted(mail("one", "someone", content="Subject: \u00e4\r\n\r\n\u00e4\r\n"))
        self.sent(r"^MAIL .* SIZE=19 BODY=8BITMIME SMTPUTF8$")

    def test_dsn(self):
        self.accepted(mail("one", ("someone", ["notify=never", "orcpt=some+one@elsewhere.example"]), words=["ret=full", "envid=a+b"]))
        self.sent(r"^MAIL .* RET=FULL ENVID=a\+2Bb$")
        self.sent(r"^RCPT .* NOTIFY=NEVER ORCPT=rfc822;some\+2Bone@elsewhere.example$")

    def test_auth_parameter(self):
        self.accepted(mail("one", "someone", words=["auth=<>"]), port="auth")
        self.accepted(mail("one", "someone", words=["auth=some+one@elsewhere.example"]), port="auth")
        self.sent(r"^MAIL .* AUTH=some\+2Bone@elsewhere.example$")

    def test_xclient_and_xforward(self):
        said = self.accepted(mail("one", "someone"), ask=[["XCLIENT", "ADDR=192.0.2.1 NAME=spike.example HELO=spike.example"]])
        self.assertEqual([(a["verb"], a["code"]) for a in said["asked"]], [("XCLIENT", 220)])
        self.assertEqual(sum(line.startswith("EHLO") for line in said["sent"]), 2)
        said = self.accepted(mail("one", "someone"), ask=[["XFORWARD", "ADDR=192.0.2.1 NAME=spike.example"]])
        self.assertEqual([(a["verb"], a["code"]) for a in said["asked"]], [("XFORWARD", 250)])

    def test_commands(self):
        self.answers("VRFY", f"someone@{DOMAIN}", (250, 252))
        self.answers("VRFY", "refused", (450, 550, 554, 252, 250))
        self.answers("ETRN", DOMAIN, (250, 251, 252, 253, 459))
        self.answers("EXPN", "someone", (500, 502))
        self.answers("HELP", "", (500, 502, 214))

    def test_more_recipients_than_it_takes(self):
        """smtpd_recipient_limit is 1000: the rest goes in a further transaction."""
        names = [f"r{i}" for i in range(1100)]
        said = self.converse(mail("one", *names))
        self.assertEqual({v[0] for v in self.outcomes().values()}, {"accepted"}, said["error"])
        self.assertEqual(said["mails"][0]["transactions"], 2)
        self.stored(1100)

    def test_a_long_wrong_password_is_told_before_the_mail_leaves(self):
        said = self.converse(mail("one", "someone"), port="open", auth={"user": "user", "password": "wrong"}, on=self.ready["ports"]["auth"])
        self.assertEqual(self.outcomes()[address("someone")], ("rejected", "AUTH", 535), said)
        self.assertFalse([line for line in said["sent"] if line.startswith(("BDAT", "DATA"))])
        said = self.converse(mail("one", "someone"), auth={"user": "user", "password": "wrong"}, on=self.ready["ports"]["auth"], auth_with="eager")
        self.assertEqual(self.outcomes()[address("someone")], ("rejected", "AUTH", 535), said)


class OpenSmtpd(Server, Flights, Extensions):
    server = "opensmtpd"
    in_one_flight = False
    offers = ["SIZE", "8BITMIME", "DSN", "HELP", "ENHANCEDSTATUSCODES"]
    lacks = [*NOWHERE, "PIPELINING", "CHUNKING", "SMTPUTF8", "DELIVERBY", "BURL", "VRFY", "EXPN", "ETRN", "XCLIENT", "XFORWARD"]

    def test_dsn_and_8bitmime(self):
        self.accepted(mail("one", ("someone", ["notify=failure"]), words=["ret=headers", "envid=x"], content="Subject: Hi\r\n\r\n\u00e4\r\n"))
        self.sent(r"^MAIL .* BODY=8BITMIME RET=HDRS ENVID=x$")

    def test_commands(self):
        self.answers("HELP", "", (214,))
        self.answers("VRFY", "someone", (500, 502))


class Sendmail(Server, Extensions):
    server = "sendmail"
    offers = ["PIPELINING", "SIZE", "8BITMIME", "DSN", "DELIVERBY", "ETRN", "EXPN", "ENHANCEDSTATUSCODES"]
    lacks = [*NOWHERE, "CHUNKING", "SMTPUTF8", "BURL", "XCLIENT", "XFORWARD"]

    def test_deliver_by(self):
        quiet = ("someone", ["notify=never"])   # or it says that it relays to a mailer that knows no DELIVERBY
        self.accepted(mail("one", quiet, words=["by=3600;N"]))
        self.sent(r"^MAIL .* BY=3600;N$")
        self.accepted(mail("one", quiet, words=["by=3600;NT", "ret=full"]))
        self.sent(r"^MAIL .* RET=FULL BY=3600;NT$")

    def test_the_next_envelope_behind_the_content(self):
        self.converse(mail("one", "first"), mail("two", "refused"), mail("three", "third"))
        self.assertEqual([v[0] for v in self.outcomes().values()], ["accepted", "rejected", "accepted"], self.said)
        self.assertEqual({(s, r) for s, r, _ in self.stored(2)},
                         {(address("one"), address("first")), (address("three"), address("third"))})

    def test_commands(self):
        self.answers("EXPN", "someone", (250, 550, 553))
        self.answers("ETRN", DOMAIN, (250, 251, 252, 253, 459))


class Aiosmtpd(Server, Extensions):
    server = "aiosmtpd"
    offers = ["SIZE", "8BITMIME", "HELP"]
    lacks = [*NOWHERE, "PIPELINING", "CHUNKING", "DSN", "DELIVERBY", "BURL", "EXPN", "ETRN", "XCLIENT", "XFORWARD"]

    def test_8bitmime(self):
        self.accepted(mail("one", "someone", content="Subject: Hi\r\n\r\n\u00e4\r\n"))
        self.sent(r"^MAIL .* SIZE=19 BODY=8BITMIME$")


class Lmtp(Server):
    server = "dovecot"

    def lmtp(self, *mails, **more):
        return self.converse(*mails, port="lmtp", lmtp=True, **more)

    def stored_senders(self, number):
        return sorted(s for s, _, _ in self.stored(number))

    def test_a_reply_for_each(self):
        for unused in ([], ["CHUNKING"]):
            with self.subTest(unused=unused):
                said = self.lmtp(mail("one", "a", "refused", "b", "defer"), unused=unused)
                self.assertEqual([v[0] for v in self.outcomes().values()], ["accepted", "rejected", "accepted", "deferred"], said)
                self.stored(2)
                self.empty()

    def test_many_mails(self):
        mails = [mail(f"s{i}", "refused" if i % 3 == 1 else f"r{i}") for i in range(30)]
        for unused in ([], ["CHUNKING"]):
            with self.subTest(unused=unused):
                said = self.lmtp(*mails, look_ahead=8, unused=unused)
                self.assertEqual([m["recipients"][0]["outcome"] for m in said["mails"]],
                                 ["rejected" if i % 3 == 1 else "accepted" for i in range(30)], said)
                self.assertEqual(self.stored_senders(20), sorted(address(f"s{i}") for i in range(30) if i % 3 != 1))
                self.empty()


class Waits(Server):
    """From outside: a proxy that delays, and counts."""
    server = "postfix"
    delay = 20   # ms, one way

    def waits_of(self, *mails, **more):
        proxy = subprocess.Popen([HERE / "delay-proxy", "--to", f"127.0.0.1:{self.ready['ports'][more.get('port', 'open')]}", "--delay-ms",
                                  str(self.delay)], stdout=subprocess.PIPE, text=True)
        try:
            port = int(proxy.stdout.readline().rsplit(":", 1)[1])
            self.converse(*mails, on=port, **more)
            self.assertEqual({v[0] for v in self.outcomes().values()}, {"accepted"}, self.said)
            seen = json.loads(proxy.stdout.readline())
        finally:
            proxy.terminate()
            proxy.wait()
            proxy.stdout.close()
        waits = seen["waits"] - 1   # QUIT
        trips = seen["seconds"] / (2 * self.delay / 1000) - 1
        self.assertGreaterEqual(trips, waits - 0.6)   # a server that is slow takes longer, none takes less
        return waits

    def test_fresh(self):
        one = mail("one", "someone")
        self.assertEqual(self.waits_of(one), 4)                                              # TCP, 220, EHLO, the rest
        self.assertEqual(self.waits_of(one, port="auth", auth_with="eager"), 4)
        self.assertEqual(self.waits_of(one, port="auth"), 5)
        self.assertEqual(self.waits_of(one, unused=["CHUNKING"]), 5)
        self.assertEqual(self.waits_of(one, port="auth", auth_with="eager", unused=["CHUNKING"]), 5)
        self.assertEqual(self.waits_of(one, port="auth", unused=["CHUNKING"]), 6)
        self.assertEqual(self.waits_of(mail("one", *(f"r{i}" for i in range(100)))), 4)
        self.assertEqual(self.waits_of(mail("one", "a", "b", "c", words=["all-or-nothing"])), 5)

    def test_next(self):
        mails = [mail(f"s{i}", f"r{i}") for i in range(10)]
        self.assertEqual(self.waits_of(*mails), 3 + 10)
        self.assertEqual(self.waits_of(*mails, unused=["CHUNKING"]), 3 + 11)
        self.assertLessEqual(self.waits_of(*mails, look_ahead=10), 3 + 4)   # Postfix answers some early


class EximWaits(Waits):
    server = "exim"

    def test_next(self):
        mails = [mail(f"s{i}", f"r{i}") for i in range(10)]
        self.assertLessEqual(self.waits_of(*mails, look_ahead=10), 3 + 10)   # Exim answers each mail as it has taken it


if __name__ == "__main__":
    if len(sys.argv) < 2:
        sys.exit(__doc__)
    converse_program = sys.argv.pop(1)
    subprocess.run([HERE.parent.parent / "tools" / "install", "server"], check=True)
    unittest.main(verbosity=2)
