#!/usr/bin/env python3
"""`postrider send`: what it composes, what it says, how it ends. Usage: send_test.py BUILD-FOLDER [unittest's arguments]"""
import email
import email.policy
import os
import re
import resource
import signal
import subprocess
import time
import unittest

import support
from support import *

HELLO = ["-f", "alice@a.example", "-s", "Hello", "--text", "Hi.\n"]


class SendCase(support.Case):
    def to(self, server, *more):
        return ["send", "--server", server.url(), "--tls", "none", *more]

    def send(self, *arguments, options=(), code=0, **named):
        """To a sink of its own, which stays for the questions behind it."""
        self.server = self.sink(*options)
        return self.assertEnds(code, *self.to(self.server), *arguments, **named)

    def stored(self, number=0):
        return email.message_from_bytes(self.server.contents()[number].replace(b"\r\n", b"\n"), policy=email.policy.default)


class Composed(SendCase):
    def test_golden(self):
        ended = self.send(*HELLO, "-v", "bob@b.example", "carol@c.example", options=["--bare"])
        self.assertGolden(ended.out, """
accepted       bob@b.example    250 Ok: queued as 1
accepted       carol@c.example  250 Ok: queued as 1
""")
        self.assertGolden(ended.err, """
<- 220 sink.example ESMTP postrider-sink
-> EHLO [127.0.0.1]
<- 250 sink.example
-> MAIL FROM:<alice@a.example>
<- 250 Ok
-> RCPT TO:<bob@b.example>
<- 250 Ok
-> RCPT TO:<carol@c.example>
<- 250 Ok
-> DATA
<- 354 End data with <CR><LF>.<CR><LF>
-> <277 octets of content>
<- 250 Ok: queued as 1
-> QUIT
<- 221 sink.example closing
""")

    def test_people_and_fields(self):
        self.send("--from", "Alice Ä <alice@a.example>", "--sender", "office@a.example", "--reply-to", "desk@a.example",
                  "--to", "Bob <bob@b.example>", "--cc", "carol@c.example", "--bcc", "dave@d.example", "--subject", "Grüße",
                  "--body", "Hi.", "--header", "X-Colour: blue", "--header", "X-Empty:", "--message-id", "<1@a.example>",
                  "--in-reply-to", "<0@b.example>", "--references", "<a@b.example>", "--references", "<0@b.example>",
                  "--priority", "high", "--list-unsubscribe", "https://a.example/u", "--one-click", "erin@e.example")
        m = self.stored()
        self.assertEqual([(name, str(m[name])) for name in ("From", "Sender", "Reply-To", "To", "Cc", "Bcc", "Subject")],
                         [("From", "Alice Ä <alice@a.example>"), ("Sender", "office@a.example"), ("Reply-To", "desk@a.example"),
                          ("To", "Bob <bob@b.example>, erin@e.example"), ("Cc", "carol@c.example"), ("Bcc", "None"), ("Subject", "Grüße")])
        self.assertEqual((m["X-Colour"], m["X-Empty"], m["Message-ID"], m["In-Reply-To"], m["References"]),
                         ("blue", "", "<1@a.example>", "<0@b.example>", "<a@b.example> <0@b.example>"))
        self.assertEqual((m["List-Unsubscribe"], m["List-Unsubscribe-Post"]), ("<https://a.example/u>", "List-Unsubscribe=One-Click"))
        self.assertIn("high", (m["Importance"] or m["X-Priority"] or "").lower())
        self.assertEqual([to["address"] for to in self.server.envelopes()[0]["recipients"]],
                         ["bob@b.example", "erin@e.example", "carol@c.example", "dave@d.example"])
        self.assertEqual(self.server.envelopes()[0]["from"], "office@a.example")

    def test_text_from_a_file_and_html_from_standard_input(self):
        self.send("-f", "alice@a.example", "--text-file", self.file("text", "Plain ä.\n"), "--html-file", "-", "bob@b.example",
                  stdin="<p>Rich ä.</p>\n")
        self.assertEqual([part.get_content() for part in self.stored().iter_parts()], ["Plain ä.\n", "<p>Rich ä.</p>\n"])

    def test_text_from_standard_input_without_a_word(self):
        self.send("-f", "alice@a.example", "bob@b.example", stdin=".\nfirst\n.\nlast")
        self.assertEqual(self.stored().get_content(), ".\nfirst\n.\nlast\n")

    def test_a_text_beside_an_attachment(self):
        report = self.file("report.txt", "numbers\n")
        calendar = self.file("i.ics", "BEGIN:VCALENDAR\r\nMETHOD:REQUEST\r\nEND:VCALENDAR\r\n")
        for option, file in (("-a", report), ("--calendar", calendar)):
            self.send("-f", "alice@a.example", option, file, "bob@b.example", stdin="As you asked.\n")
            leaves = [part for part in self.stored().walk() if not part.is_multipart()]
            self.assertEqual((len(leaves), leaves[0].get_content()), (2, "As you asked.\n"))
        self.send("-f", "alice@a.example", "-a", "-;name=n.txt", "bob@b.example", stdin="from a pipe\n")
        self.assertNotIn(b"from a pipe", self.server.contents()[0]) # in base64, and nowhere else
        self.send("-f", "alice@a.example", "-a", report, "bob@b.example", stdin_file=None, preexec_fn=lambda: os.close(0))
        screen = self.on_terminal(*self.to(self.sink()), "-f", "alice@a.example", "-a", report, "bob@b.example")
        self.assertEqual(screen.end(), 0, screen.seen) # does not wait for a text

    def test_html_alone_and_an_empty_text(self):
        self.send("-f", "alice@a.example", "--html", "<p>x</p>", "bob@b.example")
        self.assertEqual(self.stored().get_content_type(), "text/html")
        self.send("-f", "alice@a.example", "--text", "", "bob@b.example")
        self.assertEqual(self.stored().get_content(), "")

    def test_files(self):
        pdf = os.urandom(100_000)
        self.send(*HELLO, "--html", "<img src='cid:logo'>", "--attach", self.file("a;b.pdf", pdf), "--attach", "-;name=n.txt;type=text/x-log",
                  "--attach", f"{self.file('c', b'c')};name=Größe.bin", "--inline", f"logo={self.file('logo.png', b'PNG')}",
                  "--calendar", self.file("i.ics", "BEGIN:VCALENDAR\r\nMETHOD:REQUEST\r\nEND:VCALENDAR\r\n"), "bob@b.example", stdin="from a pipe\n")
        files = {part.get_filename(): part for part in self.stored().walk() if part.get_filename()}
        self.assertEqual(files["a;b.pdf"].get_payload(decode=True), pdf)
        self.assertEqual((files["n.txt"].get_content_type(), files["n.txt"].get_payload(decode=True)), ("text/x-log", b"from a pipe\n"))
        self.assertEqual(files["Größe.bin"].get_payload(decode=True), b"c")
        self.assertEqual(files["logo.png"]["Content-ID"], "<logo>")
        self.assertIn("text/calendar", [part.get_content_type() for part in self.stored().walk()])

    def test_what_the_server_does_not_offer_is_told(self):
        bare = ["--bare"]
        asked = [*HELLO, "--notify", "failure", "--mt-priority", "3", "bob@b.example"]
        told = "postrider: the server does not offer DSN, MT-PRIORITY: the mail went without\n"
        self.assertEqual(self.send(*asked, options=bare).err, told)
        self.assertEqual(self.send(*asked, "-q", options=bare).err, "")
        self.assertNotIn("does not offer", self.send(*asked, code=EX_UNAVAILABLE, options=[*bare, "--fault", 'on MAIL reply "550 no"']).err)
        each = self.send(*asked, "--each", "carol@c.example", options=bare)
        self.assertEqual(each.err, told) # once
        self.assertEqual(json.loads(self.send(*asked, "--json", options=bare).out)["mails"][0]["left_out"], ["DSN", "MT-PRIORITY"])

    def test_recipients_from_a_file(self):
        self.send(*HELLO, "--to-file", self.file("to", "# readers\nbob@b.example\r\n\nCarol <carol@c.example>  \n"))
        self.assertEqual(self.stored()["To"], "bob@b.example, Carol <carol@c.example>")

    def test_delivery(self):
        offers = ["REQUIRETLS=clear", "MT-PRIORITY", "DELIVERBY", "FUTURERELEASE=9999 2099-01-31T12:00:00Z"]
        options = [word for one in offers for word in ("--offer", one)]
        self.send(*HELLO, "--envelope-from", "bounces@a.example", "--notify", "success,delay", "--return", "hdrs", "--envelope-id", "e+1",
                  "--mt-priority", "-3", "--deliver-by", "3600;return;trace", "--hold-for", "60", "--all-or-nothing", "bob@b.example", options=options)
        self.assertIn("MAIL FROM:<bounces@a.example>", self.server.said())
        for wanted in ("RET=HDRS", "ENVID=e+2B1", "MT-PRIORITY=-3", "BY=3600;RT", "HOLDFOR=60", "NOTIFY=SUCCESS,DELAY"):
            self.assertIn(wanted, self.server.said())
        self.send(*HELLO, "--hold-until", "2098-01-31T12:00:00Z", "--deliver-by", "60", "--notify", "never", "--tls-optional", "bob@b.example", options=options)
        for wanted in ("HOLDUNTIL=2098-01-31T12:00:00Z", "BY=60;N", "NOTIFY=NEVER"):
            self.assertIn(wanted, self.server.said())
        self.assertEqual(self.stored()["TLS-Required"], "No")
        self.send(*HELLO, "--envelope-from", "<>", "bob@b.example")
        self.assertIn("MAIL FROM:<>", self.server.said())

    def test_requiretls_over_tls_and_without(self):
        server = self.secure_sink("--offer", "REQUIRETLS")
        options = ["send", "--server", server.url(host="localhost"), "--tls-ca", certificates() / "ca.pem", *HELLO, "--require-tls", "bob@b.example"]
        self.assertEnds(0, *options)
        self.assertIn("REQUIRETLS", server.said())
        self.send(*HELLO, "--require-tls", "bob@b.example", code=EX_UNAVAILABLE, err="REQUIRETLS")

    def test_what_is_to_be_held_is_not_delivered_at_once(self):
        for option, value in (("--hold-for", "60"), ("--hold-until", "2098-01-31T12:00:00Z")):
            self.send(*HELLO, option, value, "bob@b.example", code=EX_UNAVAILABLE, err="FUTURERELEASE")
            self.assertEqual(self.server.contents(), [])

    def test_dkim(self):
        key = self.path / "key.pem"
        subprocess.run(["openssl", "genpkey", "-algorithm", "ed25519", "-out", key], check=True, capture_output=True)
        self.send(*HELLO, "--dkim-key", key, "--dkim-selector", "s1", "bob@b.example")
        self.assertIn("d=a.example; s=s1;", re.sub(r"\s+", " ", self.server.contents()[0].decode()))
        encrypted = self.path / "encrypted.pem"
        subprocess.run(["openssl", "pkcs8", "-topk8", "-in", key, "-out", encrypted, "-passout", "pass:open"], check=True, capture_output=True)
        signing = [*HELLO, "--dkim-key", encrypted, "--dkim-selector", "s1", "--dkim-domain", "example", "bob@b.example"]
        self.send(*signing, "--dkim-key-password-file", self.file("open", "open\n"))
        self.assertIn("d=example;", self.server.contents()[0].decode())
        self.send(*signing, "--dkim-key-password-command", "echo open")
        self.send(*signing, "--dkim-key-password-env", "OPEN", env={**self.environment, "OPEN": "open"})
        self.send(*signing, code=EX_CONFIG, err="--dkim-key: ")
        self.send(*HELLO, "--dkim-key", key, "bob@b.example", code=EX_USAGE, err="--dkim-selector NAME")
        self.send(*HELLO, "--dkim-selector", "s1", "bob@b.example", code=EX_USAGE, err="--dkim-key FILE")
        self.send(*HELLO, "--dkim-domain", "a.example", "bob@b.example", code=EX_USAGE, err="--dkim-key FILE")


class Raw(SendCase):
    MESSAGE = "From: Alice <alice@a.example>\nTo: bob@b.example,\n carol@c.example\nBcc: dave@d.example\nSubject: raw\n\n.\n..\nend\n"

    def recipients(self):
        return [one["address"] for one in self.server.envelopes()[0]["recipients"]]

    def test_from_its_header(self):
        self.send("--raw", self.file("m.eml", self.MESSAGE))
        self.assertEqual(self.recipients(), ["bob@b.example", "carol@c.example", "dave@d.example"])
        self.assertNotIn(b"Bcc", self.server.contents()[0])
        self.assertTrue(self.server.contents()[0].endswith(b"\r\n\r\n.\r\n..\r\nend\r\n"))
        self.assertEqual(self.server.envelopes()[0]["from"], "alice@a.example")

    def test_to_those_that_are_said(self):
        self.send("--raw", "-", "--keep-bcc", "--to", "Erin <erin@e.example>", "--bcc", "frank@f.example", stdin=self.MESSAGE)
        self.assertEqual(self.recipients(), ["erin@e.example", "frank@f.example"])
        self.assertIn(b"Bcc: dave@d.example", self.server.contents()[0])
        self.assertEqual(self.server.envelopes()[0]["from"], "alice@a.example")
        self.send("--data", "-", "--from", "office@a.example", "bob@b.example", stdin="Subject: x\n\nx\n")
        self.assertEqual(self.server.envelopes()[0]["from"], "office@a.example")

    def test_what_does_not_go_with_it(self):
        for option in (["--attach", "x"], ["--inline", "a=b"], ["--text", "x"], ["--text-file", "x"], ["--html", "x"], ["--subject", "x"],
                       ["--header", "a: b"], ["--cc", "a@b.example"], ["--calendar", "x"], ["--one-click"], ["--message-id", "<a@b.example>"],
                       ["--in-reply-to", "<a@b.example>"], ["--references", "<a@b.example>"], ["--priority", "high"], ["--tls-optional"]):
            self.assertUsage("send", "--server", "smtp://127.0.0.1:1", "--raw", self.file("m.eml", self.MESSAGE), *option, err=[option[0].removesuffix("-file"), "--raw"])

    def test_a_message_that_is_none(self):
        self.assertUsage("send", "--server", "smtp://127.0.0.1:1", "--raw", "-", stdin="this is no header\nTo: b@b.example\n", code=EX_DATAERR,
                         err="line 1 of the message is of no header field")
        self.assertUsage("send", "--server", "smtp://127.0.0.1:1", "--raw", "-", stdin="From: a@a.example\n\nx\n", err="--to ADDRESS")


class Each(SendCase):
    READERS = [f"reader{n}@b.example" for n in range(300)]

    def test_one_mail_a_recipient(self):
        readers = self.file("readers", "\n".join(self.READERS))
        ended = self.send(*HELLO, "--each", "--connections", "3", "--to-file", readers, "--cc", "carol@c.example", "--bcc", "dave@d.example")
        everyone = [*self.READERS, "carol@c.example", "dave@d.example"]
        self.assertEqual([line.split()[:2] for line in ended.out.splitlines()], [["accepted", one] for one in everyone])
        messages = [email.message_from_bytes(one, policy=email.policy.default) for one in self.server.contents()]
        self.assertEqual(sorted(m["To"] for m in messages), sorted(everyone))
        self.assertEqual({(m["Cc"], m["Bcc"]) for m in messages}, {(None, None)})
        self.assertEqual(len({m["Message-ID"] for m in messages}), len(everyone))
        report = self.server.report()
        self.assertLessEqual(report["connections"], 3)

    def test_with_a_written_message_and_look_ahead(self):
        self.send("--raw", self.file("m.eml", Raw.MESSAGE), "--each", "--look-ahead", "8", "--mails-per-connection", "2")
        self.assertEqual(sorted(one["recipients"][0]["address"] for one in self.server.envelopes()),
                         ["bob@b.example", "carol@c.example", "dave@d.example"])
        self.assertEqual(len(set(self.server.contents())), 1)
        self.assertEqual(self.server.report()["connections"], 2)

    def test_who_is_named_twice_gets_one(self):
        ended = self.send(*HELLO, "--each", "bob@b.example", "Carol <carol@c.example>", "Bob <bob@B.example>", "--cc", "carol@c.example", "--bcc", "dave@d.example")
        self.assertEqual([line.split()[1] for line in ended.out.splitlines()], ["bob@b.example", "carol@c.example", "dave@d.example"])
        self.assertEqual([email.message_from_bytes(one)["To"] for one in self.server.contents()], ["bob@b.example", "Carol <carol@c.example>", "dave@d.example"])

    def test_a_key_is_read_once_and_before_any_mail(self):
        key = self.path / "encrypted.pem"
        subprocess.run(["openssl", "genpkey", "-algorithm", "ed25519", "-aes256", "-pass", "pass:open", "-out", key], check=True, capture_output=True)
        signing = [*HELLO, "--each", "--dkim-key", key, "--dkim-selector", "s1", "bob@b.example", "carol@c.example", "--dkim-key-password-command"]
        self.send(*signing, "echo >>asked; echo open")
        self.assertEqual((self.path / "asked").read_text(), "\n")
        self.assertEqual([b"s=s1;" in one for one in self.server.contents()], [True, True])
        self.send(*signing, "echo wrong", code=EX_CONFIG, err="--dkim-key: ")
        self.assertEqual(self.server.contents(), [])

    def test_a_slow_server_takes_longer_than_one_mail_may(self):
        ended = self.send(*HELLO, "--each", "--timeout", "3", *self.READERS[:70], options=["--fault", "on content delay 50ms"])
        self.assertEqual(ended.out.count("accepted "), 70)

    def test_a_server_that_is_down_is_not_asked_for_each(self):
        many = self.file("many", "".join(f"r{i}@b.example\n" for i in range(3000)))
        ended = self.assertEnds(EX_TEMPFAIL, "send", "--server", f"smtp://127.0.0.1:{self.nobody()}", *HELLO, "--each", "--to-file", many)
        self.assertEqual(ended.out.count("not attempted  r"), 3000)
        self.assertEqual(ended.err.count("connection refused"), 1)

    def test_a_wrong_password_is_not_said_for_each(self):
        server = self.secure_sink("--user", f"alice:{PASSWORD}", "--require-auth")
        ended = self.assertEnds(EX_NOPERM, "send", "--server", server.url(host="localhost"), "--tls-ca", certificates() / "ca.pem", "--user", "alice", "--password-command", "echo wrong",
                                *HELLO, "--each", "--to-file", self.file("many", "".join(f"r{i}@b.example\n" for i in range(100))))
        self.assertEqual(ended.out.count("AUTH: 535"), 100)
        self.assertLess(server.report()["connections"], 25)

    def test_nothing_leaves_where_one_address_is_wrong(self):
        ended = self.send(*HELLO, "--each", "bob@b.example", "two words@c.example", code=EX_DATAERR)
        self.assertEqual((ended.out, self.server.contents()), ("", []))

    def test_one_message_id_is_not_for_many(self):
        self.assertUsage("send", *HELLO, "--each", "--message-id", "<1@a.example>", "--server", "x", "bob@b.example", err="--message-id")

    def test_not_with_dry_run(self):
        self.assertUsage("send", *HELLO, "--each", "--dry-run", "--server", "x", "bob@b.example", err="leave --each out")


class Outcomes(SendCase):
    def outcome(self, code, fault, *words, recipients=("bob@b.example",), err=None):
        ended = self.send(*HELLO, *recipients, options=[option for rule in fault for option in ("--fault", rule)], code=code, err=err)
        self.assertEqual([line.split("  ")[0] for line in ended.out.splitlines()], list(words), ended.out)
        return ended

    def test_deferred(self):
        self.outcome(EX_TEMPFAIL, ['on RCPT reply "451 4.3.0 later"'], "deferred")

    def test_rejected(self):
        ended = self.outcome(EX_UNAVAILABLE, ['on RCPT reply "550 5.1.1 no such user"'], "rejected")
        self.assertIn("RCPT: 550 5.1.1 no such user", ended.out)

    def test_all_or_nothing(self):
        for reply, code in (("550 5.1.1 no", EX_UNAVAILABLE), ("451 4.3.0 later", EX_TEMPFAIL)):
            self.send(*HELLO, "--all-or-nothing", "bob@b.example", "carol@c.example", options=["--fault", f'on RCPT 2 reply "{reply}"'], code=code, out="deferred       bob")

    def test_unknown(self):
        self.outcome(UNKNOWN, ["on content close-before-reply"], "unknown", err="may")
        self.assertEqual(len(self.server.contents()), 1)

    def test_protocol(self):
        self.outcome(EX_PROTOCOL, ['on greeting garbage 40'], "not attempted")

    def test_protocol_amid_a_session(self):
        self.send(*HELLO, "bob@b.example", code=EX_PROTOCOL, options=["--no", "CHUNKING", "--fault", 'on DATA reply "250 ok"'])

    def test_each_recipient_has_its_own_reply(self):
        ended = self.send(*HELLO, "bob@b.example", "carol@c.example", options=["--max-recipients", "1"])
        self.assertNotIn("queued as 2", ended.out.splitlines()[0])

    def test_precedence(self):
        three = ("bob@b.example", "carol@c.example", "dave@d.example")
        self.outcome(EX_TEMPFAIL, ['on RCPT 1 reply "451 4.3.0 later"', 'on RCPT 2 reply "550 5.1.1 no"'], "deferred", "rejected", "accepted", recipients=three)
        self.outcome(EX_UNAVAILABLE, ['on RCPT 2 reply "550 5.1.1 no"'], "accepted", "rejected", "accepted", recipients=three)
        self.outcome(UNKNOWN, ['on RCPT 2 reply "451 4.3.0 no"', "on content close"], "unknown", "deferred", "unknown", recipients=three)

    def test_nobody_there_and_no_such_host(self):
        self.assertEnds(EX_TEMPFAIL, "send", "--server", f"smtp://127.0.0.1:{self.nobody()}", *HELLO, "bob@b.example", err="connection refused")
        self.assertEnds(EX_NOHOST, "send", "--server", "nowhere.invalid", *HELLO, "bob@b.example", err="nowhere.invalid")

    def test_host_found_by_the_dns_that_was_said(self):
        ended = self.assertEnds(EX_TEMPFAIL, "send", "--server", "smtp://mail.example", "--dns", f"127.0.0.1:{self.nobody()}", "--timeout", "20", *HELLO, "bob@b.example")
        self.assertIn("not attempted", ended.out)

    def test_time_limit(self):
        ended = self.send(*HELLO, "--timeout", "1", "bob@b.example", options=["--fault", "on greeting silence"], code=EX_TEMPFAIL)
        self.assertIn("no greeting", ended.err)

    def test_quiet_shows_who_has_not_got_it(self):
        fault = ["--fault", 'on RCPT 1 reply "550 5.1.1 no"']
        ended = self.send(*HELLO, "--quiet", "bob@b.example", "carol@c.example", options=fault, code=EX_UNAVAILABLE)
        self.assertEqual(ended.out, "rejected       bob@b.example    RCPT: 550 5.1.1 no\n")

    def test_what_a_server_says_cannot_move_the_cursor(self):
        ended = self.send(*HELLO, "bob@b.example", options=["--fault", 'on RCPT reply "550 5.1.1 \\x1b[2Jno"'], code=EX_UNAVAILABLE)
        self.assertNotIn("\x1b", ended.out + ended.err)


class Json(SendCase):
    def test_mails(self):
        fault = ["--fault", 'on RCPT 2 reply "550 5.1.1 no\\r\\n"']
        ended = self.send(*HELLO, "--json", "bob@b.example", "carol@c.example", options=fault, code=EX_UNAVAILABLE)
        document = self.assertDocument(ended.out, "send")
        self.assertEqual(document["exit_code"], EX_UNAVAILABLE)
        mail = document["mails"][0]
        self.assertEqual([(one["address"], one["outcome"], one.get("code"), one["again"]) for one in mail["recipients"]],
                         [("bob@b.example", "accepted", 250, "no"), ("carol@c.example", "rejected", 550, "no")])
        self.assertEqual((mail["queue_id"], mail["server"]), ("1", f"127.0.0.1:{self.server.port}"))

    def test_golden(self):
        document = self.assertDocument(self.send(*HELLO, "--json", "--message-id", "<1@a.example>", "bob@b.example").out, "send")
        mail = document["mails"][0]
        for varies in ("timings", "octets_sent", "octets_received", "waits"):
            del mail[varies]
        mail["server"] = mail["attempts"][0]["address"] = "HERE"
        self.assertEqual(document, {"exit_code": 0, "mails": [{
            "outcome": "accepted", "reply": "Ok: queued as 1", "queue_id": "1", "message_id": "<1@a.example>", "server": "HERE",
            "attempts": [{"address": "HERE", "result": "ok"}], "content_octets": 226,
            "recipients": [{"address": "bob@b.example", "outcome": "accepted", "phase": "content", "code": 250, "enhanced": "2.0.0",
                            "text": "Ok: queued as 1", "again": "no"}]}]})

    def test_tls_and_auth(self):
        server = self.secure_sink("--user", f"alice:{PASSWORD}", "--offer", "AUTH=SCRAM-SHA-256 PLAIN")
        ended = self.assertEnds(0, "send", "--server", server.url(host="localhost"), "--tls-ca", certificates() / "ca.pem", "--user", "alice",
                                "--password-command", f"echo {PASSWORD}", *HELLO, "--json", "bob@b.example")
        mail = self.assertDocument(ended.out, "send")["mails"][0]
        self.assertEqual((mail["tls"]["verified"], mail["authenticated_by"]), (True, "SCRAM-SHA-256"))

    def test_what_ended_before_anything_was_attempted(self):
        for code, wrong in ((EX_USAGE, ["--timeout", "x"]), (EX_DATAERR, ["nobody"]), (EX_NOINPUT, ["--attach", "gone"]), (EX_USAGE, ["--bogus"])):
            ended = self.assertEnds(code, "send", "--server", "smtp://127.0.0.1:1", *HELLO, "--json", "bob@b.example", *wrong)
            document = self.assertDocument(ended.out, "error")
            self.assertEqual(document["exit_code"], code)
            self.assertIn(document["error"], ended.err)

    def test_dry_run_and_each(self):
        self.assertDocument(self.assertEnds(0, "send", "-n", *HELLO, "--json", "bob@b.example").out, "send")
        ended = self.send(*HELLO, "--each", "--json", "bob@b.example", "carol@c.example")
        self.assertEqual(len(self.assertDocument(ended.out, "send")["mails"]), 2)


class DryRun(support.Case):
    def test_writes_the_message_and_sends_nothing(self):
        ended = self.assertEnds(0, "send", "--dry-run", "-f", "alice@a.example", "-s", "Hello", "-t", "bob@b.example", "-b", "carol@c.example", stdin="Hi,\r\nBob.\n")
        self.assertEqual(ended.err, "MAIL FROM:<alice@a.example>\nRCPT TO:<bob@b.example>\nRCPT TO:<carol@c.example>\n")
        self.assertGolden(ended.out, """
Date: DATE
From: alice@a.example
To: bob@b.example
Message-ID: <ID@a.example>
Subject: Hello
MIME-Version: 1.0
Content-Type: text/plain; charset="utf-8"
Content-Transfer-Encoding: 7bit

Hi,
Bob.
""")

    def test_what_it_writes_can_be_sent(self):
        message = self.assertEnds(0, "send", "-n", *HELLO, "-a", self.file("x.bin", os.urandom(5000)), "bob@b.example").out
        server = self.sink()
        self.assertEnds(0, "send", "--server", server.url(), "--tls", "none", "--raw", "-", stdin=message)
        self.assertEqual(server.contents()[0].replace(b"\r\n", b"\n").decode(), message)


class Inputs(SendCase):
    def test_files_that_are_not_there(self):
        gone = self.path / "gone"
        for option in (["--text-file", gone], ["--html-file", gone], ["--to-file", gone], ["--calendar", gone], ["--attach", gone], ["--inline", f"a={gone}"]):
            extra = {"--text-file": [], "--html-file": [], "--inline": ["--html", "x"]}.get(option[0], ["--text", "x"])
            self.assertUsage("send", "--server", "smtp://127.0.0.1:1", "-f", "a@a.example", *extra, *option, "bob@b.example", code=EX_NOINPUT, err="gone")
        self.assertUsage("send", "--server", "smtp://127.0.0.1:1", "--raw", gone, code=EX_NOINPUT, err="gone")
        self.assertUsage("send", "--server", "smtp://127.0.0.1:1", "--text-file", self.path, "-f", "a@a.example", "bob@b.example", code=EX_NOINPUT, err="Is a directory")

    def test_standard_input_for_two_things(self):
        for two in (["--text-file", "-", "--html-file", "-"], ["--to-file", "-", "--attach", "-;name=x"], ["--raw", "-", "--to-file", "-"]):
            self.assertUsage("send", "--server", "smtp://127.0.0.1:1", "-f", "a@a.example", *two, "bob@b.example", err="standard input")

    def test_standard_input_that_is_closed(self):
        for how in (["--text-file", "-", "-f", "a@a.example"], ["--raw", "-"]):
            ended = self.run_command("send", "--server", "smtp://127.0.0.1:1", *how, "bob@b.example", stdin_file=None, preexec_fn=lambda: os.close(0))
            self.assertEqual((ended.code, ended.out), (EX_NOINPUT, ""), ended.err)

    def test_a_file_that_vanishes_while_it_is_sent(self):
        server = self.sink("--fault", "on DATA delay 300ms", "--no", "CHUNKING")
        attached = self.file("big", os.urandom(3_000_000))
        reader = self.on_terminal(*self.to(server), *HELLO, "-v", "--attach", attached, "bob@b.example")
        reader.read("DATA")
        attached.write_bytes(b"short")
        self.assertEqual(reader.end(), EX_TEMPFAIL, reader.seen)
        self.assertEqual(server.contents(), [])
        self.assertIn("deferred", reader.seen)

    def test_addresses_that_are_none(self):
        for wrong in ("bob", "a b@c.example", "bob@b.example\nDATA", "a@b.example, bob", "a@b.example,,c@d.example", "-x@"):
            self.assertUsage("send", "--server", "smtp://127.0.0.1:1", *HELLO, f"--to={wrong}", code=EX_DATAERR, err="postrider: --to: ")

    def test_several_addresses_in_one(self):
        self.send(*HELLO, "-t", '"Bond, James" <bob@b.example>,carol@c.example', "--bcc", "dave@d.example, eve@e.example")
        self.assertEqual([one["address"] for one in self.server.envelopes()[0]["recipients"]], ["bob@b.example", "carol@c.example", "dave@d.example", "eve@e.example"])

    def test_an_address_of_a_list_is_told_by_its_line(self):
        wrong = self.file("list", "\ufeffbob@b.example\r\n  # readers\n\n carol@c.example\ntwo words@d.example\n")
        for more in ([], ["--each"]):
            self.assertUsage("send", "--server", "smtp://127.0.0.1:1", *HELLO, *more, "--to-file", wrong, code=EX_DATAERR, err=f"--to-file: {wrong}:5: `two words@d.example`")
        self.send(*HELLO, "--to-file", self.file("list", wrong.read_text().replace("two words", "dave")))
        self.assertEqual([one["address"] for one in self.server.envelopes()[0]["recipients"]], ["bob@b.example", "carol@c.example", "dave@d.example"])

    def test_an_empty_value_is_that(self):
        self.send("-f", "alice@a.example", "--text", "x", "--subject=", "bob@b.example", "carol@c.example")
        self.assertEqual(len(self.server.envelopes()[0]["recipients"]), 2)
        self.assertEqual(self.stored()["Subject"] or "", "")
        self.assertUsage("send", "--server", "smtp://127.0.0.1:1", *HELLO, "--timeout=", "bob@b.example", err="--timeout: ``")
        self.assertUsage("send", "--server", "smtp://127.0.0.1:1", *HELLO, "--bcc=", "bob@b.example", err="--bcc", code=EX_DATAERR)

    def test_standard_input_is_read_from_where_it_stands(self):
        message = self.file("m.eml", "first line\nFrom: alice@a.example\nTo: bob@b.example\nSubject: x\n\nHi.\n")
        sent = subprocess.run(["sh", "-c", 'read -r first; exec "$@"', "sh", POSTRIDER, "send", "-n", "--raw", "-"], stdin=message.open(), capture_output=True, text=True, env=self.environment)
        self.assertEqual((sent.returncode, sent.stdout.splitlines()[0]), (0, "From: alice@a.example"), sent.stderr)

    def test_a_pipe_is_attached(self):
        made = self.path / "made"
        os.mkfifo(made)
        writer = subprocess.Popen(["sh", "-c", f"echo from a command >{made}"])
        self.send(*HELLO, "-a", f"{made};name=n.txt", "bob@b.example")
        writer.wait()
        self.assertIn(b"n.txt", self.server.contents()[0])
        self.assertIn("from a command\n", [part.get_content() for part in self.stored().walk() if part.get_filename() == "n.txt"])
        self.assertUsage("send", "--server", "smtp://127.0.0.1:1", *HELLO, "-a", made, "bob@b.example", err=";name=")

    def test_header_values_with_line_ends(self):
        self.assertUsage("send", "--server", "smtp://127.0.0.1:1", "-f", "a@a.example", "-s", "x\nBcc: y@y.example", "--text", "x", "b@b.example", code=EX_DATAERR, err="subject")


class Usage(support.Case):
    def wrong(self, *arguments, err, code=EX_USAGE):
        self.assertUsage("send", "--server", "smtp://127.0.0.1:1", *HELLO, *arguments, "bob@b.example", err=err, code=code)

    def test_each_bad_value_is_named(self):
        self.assertUsage("sned", err=["there is no command `sned`", "postrider --help"])
        self.assertUsage("sned", "--help", err="there is no command `sned`")
        self.wrong("--bogus", err=["--bogus", "postrider send --help"])
        self.wrong("--header", "nothing", err=["--header", "NAME: VALUE"])
        self.wrong("--header", "Reply-To: x@x.example", err="--header: `Reply-To` has an option of its own: `--reply-to`", code=EX_DATAERR)
        self.wrong("--header", "X: \n", err="--header: ", code=EX_DATAERR)
        self.wrong("--notify", "sometimes", err=["--notify", "success, failure, delay"])
        self.wrong("--notify", "never,delay", err="never alone")
        self.wrong("--return", "half", err="--return")
        self.wrong("--priority", "urgent", err="--priority")
        self.wrong("--mt-priority", "10", err="--mt-priority")
        self.wrong("--deliver-by", "soon", err="--deliver-by")
        self.wrong("--hold-for", "0", err="--hold-for")
        self.wrong("--hold-until", "tomorrow", err="--hold-until: `tomorrow`")
        self.wrong("--return", "some", err="--return: `some` is neither full nor hdrs")
        self.wrong("--priority", "huge", err="--priority: `huge` is none of low, normal, high")
        self.wrong("--connections", "0", err="--connections")
        self.wrong("--inline", "x", err=["--inline", "ID=FILE"])
        self.wrong("--attach", "-", err="name=")
        self.wrong("--color", "blue", err="--color")
        self.wrong("--tls", "maybe", err=["--tls", "verified, opportunistic, none, outside"])
        self.wrong("--tls-min", "1.1", err=["--tls-min", "1.2, 1.3"])
        self.wrong("--no-use", "MAGIC", err=["--no-use", "MAGIC"])
        self.wrong("--timeout", "-1", err="--timeout")
        self.wrong("--timeout", "soon", err="--timeout")
        self.wrong("--connect-timeout", "x", err="--connect-timeout")
        self.wrong("--look-ahead", "70000", err="--look-ahead")
        self.wrong("--mails-per-connection", "x", err="--mails-per-connection")
        self.wrong("--auth", "MAGIC", "--user", "a", err=["--auth", "SCRAM-SHA-256"])
        self.wrong("--auth", "PLAIN", err="--user NAME")
        self.wrong("--token-command", "echo x", err="--user NAME")
        self.wrong("--text-file", "x", err="there is one text")

    def test_a_password_on_the_command_line_is_refused_and_not_repeated(self):
        for option in ("--password", "--auth-password", "--ap"):
            ended = self.assertUsage("send", option, PASSWORD, "--server", "smtp://127.0.0.1:1", *HELLO, "bob@b.example", err="--password-file")
            self.assertNotIn(PASSWORD, ended.err)

    def test_configuration(self):
        self.assertUsage("send", *HELLO, "bob@b.example", err=["--server URL", "config.toml"], code=EX_CONFIG)
        self.assertUsage("send", "--server", "http://x", *HELLO, "bob@b.example", err="http")
        self.assertUsage("send", "--server", "smtp://u:p@x", *HELLO, "bob@b.example", err="--user")
        self.wrong("--tls-ca", "/nowhere.pem", err="/nowhere.pem", code=EX_CONFIG)
        self.wrong("--tls-ca-folder", "/nowhere", err="/nowhere", code=EX_CONFIG)
        self.wrong("--tls-cert", "/nowhere.pem", err="/nowhere.pem", code=EX_CONFIG)
        self.wrong("--tls-pin", "abc", err="pin", code=EX_CONFIG)
        self.wrong("--ehlo", "two words", err="--ehlo")
        self.wrong("--proxy", "ftp://x", err="proxy")
        self.assertEnds(EX_USAGE, "send", "--server", "smtp://127.0.0.1:1", "--source-address", "nowhere", *HELLO, "bob@b.example", err="--source-address")

    def test_nobody_to_send_to_and_nobody_who_sends(self):
        self.assertUsage("send", "--server", "smtp://127.0.0.1:1", *HELLO, err="--to ADDRESS")
        self.assertUsage("send", "--server", "smtp://127.0.0.1:1", "--text", "x", "bob@b.example", err="--from ADDRESS")

    def test_help_and_version(self):
        for arguments in (["--help"], ["send", "--help"], ["--version"]):
            self.assertEnds(0, *arguments, out="postrider")
        self.assertEnds(EX_USAGE, err="--help")
        self.assertEnds(EX_USAGE, "nonsense", err="--help")


class Output(SendCase):
    def test_a_full_disk_does_not_hide_what_became_of_the_mail(self):
        with open("/dev/full", "wb") as full:
            ended = self.send(*HELLO, "bob@b.example", stdout=full)
            self.assertIn("standard output", ended.err)
            self.assertEnds(EX_IOERR, "send", "-n", *HELLO, "bob@b.example", stdout=full, err="standard output")
            self.assertEnds(EX_IOERR, "send", "--help", stdout=full)

    def test_standard_output_that_is_closed(self):
        closed = {"stdout": None, "preexec_fn": lambda: os.close(1)}
        for closed_too in (0, 2):  # the connection would get the number that is free, and the report would be said to the server
            all_closed = {**closed, "preexec_fn": lambda: (os.close(1), os.close(closed_too))}
            self.send(*HELLO, "--each", "bob@b.example", "carol@c.example", **all_closed)
            self.assertEqual(len(self.server.contents()), 2)
            self.assertEqual(self.server.report()["errors"], 0)
        self.assertEnds(EX_IOERR, "send", "-n", *HELLO, "bob@b.example", **closed)

    def test_one_reason_where_both_outputs_are_one(self):
        refusing = self.sink("--fault", 'on RCPT matching "bob" reply "550 5.1.1 who?"')
        screen = self.on_terminal(*self.to(refusing), *HELLO, "--color", "never", "bob@b.example", "carol@c.example")
        self.assertEqual(screen.end(), EX_UNAVAILABLE)
        self.assertEqual(screen.seen.count("who?"), 1, screen.seen)
        self.assertNotIn("postrider:", screen.seen)
        asking = self.sink("--fault", 'on MAIL reply "530 5.7.0 no"')
        screen = self.on_terminal(*self.to(asking), *HELLO, "--color", "never", "bob@b.example")
        self.assertEqual(screen.end(), EX_UNAVAILABLE)
        self.assertEqual(screen.seen.splitlines()[1:], ["postrider: the server wants authentication: give --user"])
        apart = self.run_command(*self.to(refusing), *HELLO, "bob@b.example")
        self.assertEqual(apart.err, "postrider: bob@b.example rejected at RCPT: 550 5.1.1 who?\n")

    def test_what_is_named_moves_no_cursor(self):
        for name in ("\x1b[2J", "\u009b2J"):
            self.assertUsage("send", "--raw", name, "bob@b.example", code=EX_CONFIG, err="no server")
            ended = self.assertUsage("send", "--config", name, "--text", "x", "bob@b.example", code=EX_CONFIG, err="cannot be read")
            self.assertNotIn(name[0], ended.err)
            self.assertNotIn(name[0], self.assertEnds(EX_NOINPUT, "check", name).err)

    def test_colours(self):
        self.assertIn("\x1b[32m", self.send(*HELLO, "--color", "always", "bob@b.example").out)
        self.assertNotIn("\x1b", self.send(*HELLO, "bob@b.example").out)
        for more, coloured in (({}, True), ({"NO_COLOR": "1"}, False), ({"TERM": "dumb"}, False)):
            screen = self.on_terminal(*self.to(self.server), *HELLO, "bob@b.example", env={**self.environment, **more})
            self.assertEqual(screen.end(), 0)
            self.assertEqual("\x1b[32maccepted" in screen.seen, coloured, screen.seen)
        screen = self.on_terminal(*self.to(self.server), *HELLO, "bob@b.example", "--color", "never")
        self.assertEqual(screen.end(), 0)
        self.assertNotIn("\x1b[32m", screen.seen)


class Terminal(SendCase):
    def test_progress_of_a_large_file_in_little_memory(self):
        server = self.sink("--fault", "on content delay 200ms")
        big = self.path / "big"
        with open(big, "wb") as file:
            file.truncate(150_000_000)
        screen = self.on_terminal(*self.to(server), *HELLO, "--attach", big, "bob@b.example")
        screen.read(r"\[=+>? *\] \d+ %  \S+ MB of 20\d MB")
        self.assertEqual(screen.end(), 0)
        self.assertRegex(screen.seen.rpartition("\x1b[K")[2], r"^\S*accepted")
        quiet = self.on_terminal(*self.to(server), *HELLO, "--attach", big, "--no-progress", "bob@b.example")
        self.assertEqual(quiet.end(), 0)
        self.assertNotIn("%", quiet.seen)
        ended = self.assertEnds(0, *self.to(server), *HELLO, "--attach", big, "bob@b.example")
        self.assertEqual(ended.err, "")  # no terminal, no progress

    def secure(self, *more):
        return ["send", "--server", self.server.url(host="localhost"), "--tls-ca", certificates() / "ca.pem", "--user", "alice", *HELLO, "bob@b.example", *more]

    def test_password_is_asked_for_without_echo(self):
        self.server = self.secure_sink("--user", f"alice:{PASSWORD}")
        screen = self.on_terminal(*self.secure("--color", "never"))
        screen.read(r"Password for alice at localhost:\d+: $")
        self.assertFalse(screen.echoes())
        screen.type(PASSWORD + "\n")
        screen.read("accepted")
        self.assertTrue(screen.echoes())
        self.assertEqual(screen.end(), 0)
        self.assertNotIn(PASSWORD, screen.seen)

    def test_a_text_is_asked_for(self):
        server = self.sink()
        screen = self.on_terminal(*self.to(server), "-f", "alice@a.example", "bob@b.example")
        screen.read("Ctrl-D")
        screen.type("Hi.\n\x04")
        self.assertEqual(screen.end(), 0, screen.seen)
        self.assertTrue(server.contents()[0].endswith(b"\r\n\r\nHi.\r\n"))

    def test_interrupted_while_a_command_asks(self):
        self.server = self.secure_sink("--user", f"alice:{PASSWORD}")
        screen = self.on_terminal(*self.secure("--password-command", "echo asking >/dev/tty; exec sleep 60"))
        screen.read("asking")
        screen.type("\x03")
        self.assertEqual(screen.end(), INTERRUPTED, screen.seen)

    def test_wrong_password_then(self):
        self.server = self.secure_sink("--user", f"alice:{PASSWORD}")
        screen = self.on_terminal(*self.secure())
        screen.read("Password for")
        screen.type("guess\n")
        self.assertEqual(screen.end(), EX_NOPERM)

    def test_interrupted_at_the_question(self):
        self.server = self.secure_sink("--user", f"alice:{PASSWORD}")
        for typed, code in (("\x03", INTERRUPTED), ("\n", EX_NOINPUT), ("\x04", EX_NOINPUT)):
            screen = self.on_terminal(*self.secure())
            screen.read("Password for")
            screen.type(typed)
            screen.read(r"interrupted|nothing was typed")
            self.assertTrue(screen.echoes())
            self.assertEqual(screen.end(), code, screen.seen)

    def test_what_would_leave_the_terminal_silent_does_nothing(self):
        self.server = self.secure_sink("--user", f"alice:{PASSWORD}")
        screen = self.on_terminal(*self.secure("--color", "never"))
        screen.read("Password for")
        screen.type("\x1c\x1a\x15" + PASSWORD + "\n")  # quit, stop, and the line from its beginning
        screen.read("accepted")
        self.assertTrue(screen.echoes())
        self.assertEqual(screen.end(), 0)

    def test_a_command_for_a_secret_is_interrupted(self):
        self.server = self.secure_sink("--user", f"alice:{PASSWORD}")
        for option in ("--password-command", "--token-command"):
            process = subprocess.Popen([POSTRIDER, *map(str, self.secure(option, "touch asked; exec sleep 60"))], stderr=subprocess.PIPE, stdout=subprocess.DEVNULL, text=True, env=self.environment, cwd=self.path)
            while not (self.path / "asked").exists():
                self.assertIsNone(process.poll())
            (self.path / "asked").unlink()
            process.send_signal(signal.SIGTERM)
            _, err = process.communicate(timeout=SECONDS)
            self.assertEqual(process.returncode, INTERRUPTED, err)

    def test_no_terminal_to_ask_at(self):
        self.server = self.secure_sink("--user", f"alice:{PASSWORD}")
        self.assertEnds(EX_CONFIG, *self.secure(), err=["--user", "--password-file"], start_new_session=True)

    def interrupt(self, server, wait_for, *more, code, words):
        screen = self.on_terminal(*self.to(server), *HELLO, "-v", *more)
        screen.read(wait_for)
        screen.type("\x03")
        self.assertEqual(screen.end(), code, screen.seen)
        for one in words:
            self.assertIn(one, screen.seen)

    def test_interrupted_before_anything_was_decided(self):
        self.interrupt(self.sink("--fault", "on MAIL silence", "--no", "CHUNKING"), "MAIL", "bob@b.example", code=INTERRUPTED, words=["deferred", "interrupted"])

    def test_a_server_that_does_not_answer_quit(self):
        server = self.sink("--fault", "on QUIT silence")
        begin = time.monotonic()
        self.assertEnds(0, *self.to(server), *HELLO, "bob@b.example", out="accepted")
        self.assertLess(time.monotonic() - begin, 8)
        self.interrupt(server, "QUIT", "bob@b.example", code=0, words=["accepted"])

    def test_interrupted_when_the_content_is_on_its_way_is_unknown(self):
        self.interrupt(self.sink("--fault", "on content silence"), "octets of content", "bob@b.example", code=UNKNOWN, words=["unknown", "bob@b.example"])

    def test_interrupted_amid_many(self):
        server = self.sink("--fault", "on content 3 silence")
        self.interrupt(server, "(?s)(octets of content.*){3}", "--each", "a@b.example", "b@b.example", "c@b.example", "d@b.example", code=UNKNOWN,
                       words=["accepted", "unknown", "c@b.example", "d@b.example"])
        self.assertEqual(len(server.contents()), 2)

    def test_sigterm_is_an_interruption_too(self):
        server = self.sink("--fault", "on content silence")
        process = subprocess.Popen([POSTRIDER, *map(str, self.to(server)), *HELLO, "-v", "bob@b.example"], stderr=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=self.environment)
        for line in process.stderr:
            if "content>" in line:
                break
        process.send_signal(signal.SIGTERM)
        out, _ = process.communicate(timeout=SECONDS)
        self.assertIn("unknown", out)
        self.assertEqual(process.returncode, UNKNOWN)


class Secrets(SendCase):
    """Each way to say a password; and none of them shows it."""

    def login(self, *options, code=0, user=True, **named):
        server = self.secure_sink("--user", f"alice:{PASSWORD}", "--token", "alice:t0ken", "--offer", "AUTH=SCRAM-SHA-256 PLAIN LOGIN CRAM-MD5 XOAUTH2")
        ended = self.assertEnds(code, "send", "--server", server.url(host="localhost"), "--tls-ca", certificates() / "ca.pem",
                                *(["--user", "alice"] if user else []), *HELLO, "-v", "bob@b.example", *options, start_new_session=True, **named)
        self.assertNotIn(PASSWORD, ended.out + ended.err)
        self.assertNotIn("t0ken", ended.out + ended.err)
        return ended

    def test_file_environment_command(self):
        self.login("--password-file", self.file("p", PASSWORD + "\r\n"))
        self.login("--password-env", "MAIL_PASSWORD", env={**self.environment, "MAIL_PASSWORD": PASSWORD})
        self.login("--password-command", f"printf '%s\\nuser: alice\\n' {PASSWORD}")

    def test_what_is_wrong_with_them(self):
        self.login("--password-file", self.path / "gone", code=EX_CONFIG, err=["--password-file", "gone", "No such file"])
        self.login("--password-file", self.file("empty", "\n"), code=EX_CONFIG, err="--password-file")
        self.login("--password-env", "UNSET_ONE", code=EX_CONFIG, err=["--password-env", "UNSET_ONE"])
        self.login("--password-command", f"exit 3 # {PASSWORD}", code=EX_CONFIG, err=["--password-command", "ended with 3"])
        self.login("--password-command", "kill -9 $$", code=EX_CONFIG, err="signal 9")
        self.login("--password-command", "true", code=EX_CONFIG, err="printed nothing")
        self.login("--password-command", "echo; echo x", code=EX_CONFIG, err="empty line")
        self.login("--password-file", "x", "--password-env", "y", code=EX_USAGE, err=["--password-file", "--password-env"])
        for source, value in (("--password-file", self.file("p", PASSWORD)), ("--password-env", "P"), ("--password-command", "echo x")):
            self.login(source, value, user=False, code=EX_USAGE, err=[source, "--user NAME"])
        self.login(code=EX_CONFIG, err="--password-file")
        self.login("--password-command", "echo wrong", code=EX_NOPERM, err="user name or password is wrong")

    def test_mechanisms(self):
        given = ["--password-command", f"echo {PASSWORD}"]
        self.assertIn("AUTH SCRAM-SHA-256", self.login(*given).err)
        self.assertIn("AUTH CRAM-MD5", self.login(*given, "--auth", "cram-md5").err)
        self.assertIn("AUTH PLAIN", self.login(*given, "--auth", "PLAIN", "--auth-as", "bob").err)
        self.login(*given, "--auth-least", "SCRAM-SHA-512", code=EX_NOPERM)
        only = self.login(*given, "--auth", "SCRAM-SHA-512", "--auth-least", "PLAIN", code=EX_NOPERM)
        self.assertNotIn("AUTH PLAIN\n", only.err)
        self.login(*given, "--auth", "PLAIN", "--auth-least", "SCRAM-SHA-256", code=EX_USAGE, err="weaker than")
        self.assertNotIn("AUTH ", self.login(*given, "--auth", "none").err.replace("250-AUTH ", "").replace("250 AUTH ", ""))

    def test_token(self):
        self.assertIn("AUTH XOAUTH2", self.login("--token-command", "echo t0ken").err)
        self.login("--token-command", "echo old", code=EX_NOPERM)
        self.login("--token-command", "exit 1", code=EX_NOPERM, err="ended with 1")

    def test_never_in_clear_text_unless_it_is_said(self):
        server = self.sink("--user", f"alice:{PASSWORD}")
        options = [*self.to(server), "--user", "alice", "--password-command", f"echo {PASSWORD}", *HELLO, "bob@b.example"]
        self.assertEnds(EX_CONFIG, *options, err="--auth-in-clear")
        self.assertEnds(0, *options, "--auth-in-clear")

    def test_certificate(self):
        made = certificates()
        server = self.secure_sink("--tls-client-ca", made / "ca.pem", "--user", "client.example:", "--offer", "AUTH=EXTERNAL")
        say = ["send", "--server", server.url(host="localhost"), "--tls-ca", made / "ca.pem", "--tls-cert", made / "client.pem", *HELLO, "bob@b.example"]
        self.assertEnds(0, *say, "--tls-key", made / "client.key")
        key = [*say, "--tls-key", made / "client-encrypted.key"]
        phrase = (made / "passphrase.txt").read_text().strip()
        self.assertEnds(0, *key, "--tls-key-password-file", made / "passphrase.txt")
        self.assertEnds(0, *key, "--tls-key-password-command", f"cat {made / 'passphrase.txt'}")
        self.assertEnds(0, *key, "--tls-key-password-env", "KEY", env={**self.environment, "KEY": phrase})
        self.assertEnds(EX_CONFIG, *key, err="client-encrypted.key")


class Tls(SendCase):
    def through(self, certificate, *options, code=0, host="localhost", **named):
        server = self.secure_sink(certificate=certificate)
        return self.assertEnds(code, "send", "--server", server.url(host=host), *HELLO, "bob@b.example", *options, **named)

    def test_verdicts(self):
        trust = ["--tls-ca", certificates() / "ca.pem"]
        self.through("good", *trust)
        self.through("good", "--tls-ca-folder", certificates() / "ca-folder")
        self.through("good", code=EX_PROTOCOL, err="--tls-ca")
        self.through("wrong-name", *trust, code=EX_PROTOCOL, err="--tls-sni")
        self.through("wrong-name", *trust, "--tls-sni", "other.example")
        self.through("expired", *trust, code=EX_PROTOCOL, err="no longer valid")
        self.through("good", *trust, "--tls-min", "1.3")
        pin = dict(line.split() for line in (certificates() / "pins").read_text().splitlines())["self-signed"]
        self.through("self-signed", "--tls-pin", pin, "--tls-pin-suffices")
        self.through("self-signed", "--tls-pin", pin, code=EX_PROTOCOL)
        self.through("self-signed", "--tls", "opportunistic")


class Ways(SendCase):
    def test_host_without_a_scheme(self):
        server = self.sink()
        self.assertEnds(0, "send", "--server", f"127.0.0.1:{server.port}", "--tls", "none", *HELLO, "bob@b.example")

    def test_source_address_ehlo_name_and_unused_extensions(self):
        self.send(*HELLO, "--source-address", "127.0.0.2", "--ehlo", "me.example", "--no-use", "chunking", "--no-use", "PIPELINING", "-v", "bob@b.example")
        self.assertIn("EHLO me.example", self.server.said())
        self.assertNotIn("BDAT", self.server.said())

    def test_local_socket_that_is_not_there(self):
        self.assertEnds(EX_TEMPFAIL, "send", "--server", f"{self.path}/socket", *HELLO, "bob@b.example", err="socket")

    def test_proxy(self):
        self.assertEnds(EX_TEMPFAIL, "send", "--server", "smtp://192.0.2.1", "--proxy", f"socks5://127.0.0.1:{self.nobody()}", *HELLO, "bob@b.example", err="the proxy")
        for how in (["--proxy-password-file", self.file("p", "x")], ["--proxy-password-env", "P"], ["--proxy-password-command", "echo x"]):
            self.assertUsage("send", "--server", "smtp://192.0.2.1", "--proxy", "socks5://127.0.0.1:1", *how, *HELLO, "bob@b.example",
                             err="--proxy socks5://USER@HOST:PORT", env={**self.environment, "P": "x"})
        refused = self.assertUsage("send", "--server", "smtp://192.0.2.1", "--proxy", f"socks5://u:{PASSWORD}@127.0.0.1:1", *HELLO, "bob@b.example",
                                   err="proxy-password-file")
        self.assertNotIn(PASSWORD, refused.err)


class Accounts(SendCase):
    def accounts(self, first, second):
        return self.config(f"""
default = "work"

[account.work]
from = ["alice@a.example", "@a.example"]
server = "{first.url()}"
tls = "none"
ehlo = "work.example"

[account.home]
from = ["alice@home.example"]
server = "{second.url()}"
tls = "none"
no-use = ["CHUNKING", "PIPELINING"]
look-ahead = 3
""")

    def setUp(self):
        super().setUp()
        self.work, self.home = self.sink(), self.sink()
        self.file_of_accounts = self.accounts(self.work, self.home)

    def counts(self):
        return len(self.work.contents()), len(self.home.contents())

    def test_picked_by_sender(self):
        for sender, counts in (("alice@home.example", (0, 1)), ("Alice <ALICE@HOME.example>", (0, 2)), ("bob@a.example", (1, 2)), ("x@elsewhere.example", (2, 2))):
            self.assertEnds(0, "send", "-f", sender, "-s", "x", "--text", "x", "bob@b.example")
            self.assertEqual(self.counts(), counts)
        self.assertEnds(0, "send", "-f", "bob@b.example", "--envelope-from", "alice@home.example", "--text", "x", "bob@b.example")
        self.assertEnds(0, "send", "--raw", self.file("m", "From: alice@home.example\nTo: b@b.example\n\nx\n"))
        self.assertEqual(self.counts(), (2, 4))
        self.assertEnds(0, "send", "--raw", "-", stdin="From: alice@home.example\nTo: b@b.example\n\nx\n")
        self.assertEqual(self.counts(), (2, 5))
        self.assertTrue(self.home.contents()[4].endswith(b"\r\n\r\nx\r\n"))

    def test_picked_by_name_and_the_sender_from_there(self):
        self.assertEnds(0, "send", "--account", "home", "--text", "x", "bob@b.example")
        self.assertIn(b"From: alice@home.example", self.home.contents()[0])
        self.assertEnds(0, "send", "--text", "x", "bob@b.example")
        self.assertIn("EHLO work.example", self.work.said())

    def test_file_elsewhere(self):
        elsewhere = self.file("elsewhere.toml", self.file_of_accounts.read_text())
        self.file_of_accounts.unlink()
        self.assertEnds(0, "send", "--config", elsewhere, "--text", "x", "bob@b.example")
        self.assertEnds(0, "send", "--text", "x", "bob@b.example", env={**self.environment, "POSTRIDER_CONFIG": str(elsewhere)})
        folder = self.file("xdg/postrider/config.toml", elsewhere.read_text()).parent.parent
        self.assertEnds(0, "send", "--text", "x", "bob@b.example", env={**self.environment, "XDG_CONFIG_HOME": str(folder)})

    def test_command_line_before_account(self):
        self.assertEnds(0, "send", "--account", "work", "--server", self.home.url(), "--ehlo", "me.example", "--text", "x", "bob@b.example")
        self.assertIn("EHLO me.example", self.home.said())

    def test_the_account_s_password_is_not_for_another_server(self):
        self.config(f'[account.work]\nfrom=["a@a.example"]\nserver="{self.work.url()}"\nuser="alice"\npassword-command="touch asked; echo x"\ntls="none"\n')
        self.assertEnds(0, "send", "--account", "work", "--server", self.home.url(), "--text", "x", "bob@b.example")
        self.assertFalse((self.path / "asked").exists())

    def test_a_file_that_is_none(self):
        said = ["send", "--text", "x", "bob@b.example"]
        self.assertUsage(*said, "--config", self.path / "none", code=EX_CONFIG, err="none: it cannot be read: No such file")
        self.assertUsage(*said, "--config", self.path, code=EX_CONFIG, err="it cannot be read: Is a directory")
        self.assertUsage(*said, "--config", "/dev/zero", code=EX_CONFIG, err="/dev/zero: it cannot be read: File too large")

    def test_a_file_that_everybody_can_write(self):
        self.file_of_accounts.chmod(0o666)
        self.assertUsage("send", "--text", "x", "bob@b.example", code=EX_CONFIG, err="chmod o-w")
        self.assertEqual(self.counts(), (0, 0))

    @unittest.skipUnless(os.getuid() == 0, "only root can give a file away")
    def test_a_file_of_another_user_has_to_be_named(self):
        os.chown(self.file_of_accounts, 65534, 65534)
        self.assertUsage("send", "--text", "x", "bob@b.example", code=EX_CONFIG, err="belongs to another user")
        self.assertEnds(0, "send", "--config", self.file_of_accounts, "--text", "x", "bob@b.example")

    def wrong(self, text, *words, arguments=("--text", "x", "-f", "a@a.example", "bob@b.example")):
        self.config(text)
        self.assertUsage("send", *arguments, code=EX_CONFIG, err=["config.toml", *words])

    def test_what_is_wrong_in_the_file(self):
        self.wrong('[account.x]\nserver = "y"\npassword = "z"\n', ":3:", "password-file")
        self.wrong('[account.x]\nservr = "y"\n', ":2:", "servr")
        self.wrong('[account.x\n', ":1:")
        self.wrong('colour = 1\n', ":1:", "colour")
        self.wrong('default = "y"\n[account.x]\nserver = "z"\n', "`y`", "x")
        self.wrong('default = 3\n', ":1:", "default")
        self.wrong('[account.x]\nserver = ["a", "b"]\n', ":2:", "one text")
        self.wrong('[account.x]\nauth-in-clear = "yes"\n', ":2:", "true or false")
        self.wrong('[account.x]\nserver = 1.5\n', ":2:", "text")
        self.wrong('[account]\nx = 1\n', "table")
        self.wrong('[account.x]\nfrom = ["a@a.example"]\n', "names no server")
        self.wrong('[account.x]\nserver="s"\n[account.y]\nserver="s"\n', "--account")
        self.wrong('[account.x]\nserver = "smtp://127.0.0.1"\ntls = "sometimes"\n', ":3:", "verified")
        self.wrong('[account.x]\nserver="s"\n', "no account `z`", arguments=("--account", "z", "--text", "x", "bob@b.example"))
        self.assertUsage("send", "--config", self.path / "gone", *HELLO, "bob@b.example", code=EX_CONFIG, err="gone")
        (self.path / "home/.config/postrider/config.toml").unlink()
        self.assertUsage("send", "--account", "z", *HELLO, "bob@b.example", code=EX_CONFIG, err="no configuration file")


if __name__ == "__main__":
    support.main()
