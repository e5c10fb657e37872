"""Runs an example against postrider-sink, as a newcomer would: what it prints, how it ends, what the sink has stored.

Usage: examples_test.py SINK FOLDER-OF-EXAMPLES EXAMPLE [unittest's arguments]        EXAMPLE: netxduo, many_mails, ...
"""
import email
import email.policy
import os
import signal
import socket
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

sink, examples, chosen = sys.argv[1], Path(sys.argv[2]), sys.argv[3]
MESSAGE = b"Subject: Hello\r\n\r\n.a dot\r\n..\r\n.\r\nlast line\r\n"
PASSWORD = "tanstaaftanstaaf"


class ExampleTest(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.TemporaryDirectory()
        self.addCleanup(self.folder.cleanup)
        self.path = Path(self.folder.name)

    def start_sink(self, *options):
        """The port of a sink that lives as long as the test."""
        process = subprocess.Popen([sink, "--folder", self.path / "mails", *options],
                                   stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
        self.addCleanup(process.stdout.close)
        self.addCleanup(process.wait, 20)
        self.addCleanup(process.send_signal, signal.SIGTERM)
        return process.stdout.readline().strip().rpartition(":")[2]

    def nobody(self):
        """A port that nobody listens on: taken, so that nobody else takes it, and never listened to."""
        taken = socket.socket()
        self.addCleanup(taken.close)
        taken.bind(("127.0.0.1", 0))
        return str(taken.getsockname()[1])

    def run_example(self, *arguments, stdin=b""):
        return subprocess.run([examples / self.name, *arguments], input=stdin, capture_output=True, timeout=60,
                              env={**os.environ, "SMTP_PASSWORD": PASSWORD})

    def assert_ended(self, ended, status, out="", err=""):
        words = f"status {ended.returncode}\nstdout: {ended.stdout}\nstderr: {ended.stderr}"
        self.assertEqual(ended.returncode, status, words)
        self.assertIn(out, ended.stdout.decode(), words)
        self.assertIn(err, ended.stderr.decode(), words)

    def assert_usage(self, *arguments):
        self.assert_ended(self.run_example(*arguments), 64, err="usage: ")

    def assert_stored(self, *contents):
        stored = [file.read_bytes() for file in sorted((self.path / "mails").glob("*.eml"))]
        self.assertEqual(stored, list(contents))


class Tls(ExampleTest):
    name = "07_tls"
    certificates = Path(os.environ.get("POSTRIDER_CERTIFICATES", "."))

    def start(self, *options, certificate="good"):
        return self.start_sink("--tls-certificate", self.certificates / (certificate + ".pem"),
                               "--tls-key", self.certificates / (certificate + ".key"),
                               "--user", "alice:" + PASSWORD, *options)

    def send(self, port, ca="ca.pem", password=PASSWORD, tls="", to="bob@b.example"):
        file = self.path / "password"
        file.write_text(password + "\n")
        return subprocess.run([examples / self.name, "localhost", port, "alice", file, "alice@a.example", to],
                              input=MESSAGE, capture_output=True, timeout=60,
                              env={**os.environ, "CA_FILE": str(self.certificates / ca), "TLS": tls})

    def test_usage(self):
        self.assert_usage()

    def test_starttls(self):
        port = self.start("--offer", "AUTH=PLAIN SCRAM-SHA-256 SCRAM-SHA-256-PLUS")
        self.assert_ended(self.send(port), 0, out="TLS 1.3, SCRAM-SHA-256-PLUS: accepted (250)")
        self.assert_stored(MESSAGE)

    def test_implicit_tls(self):
        self.assert_ended(self.send(self.start("--implicit-tls", "--offer", "AUTH=PLAIN"), tls="implicit"), 0, out="TLS 1.3, PLAIN: accepted (250)")

    def test_what_is_wrong_is_said(self):
        port = self.start()
        self.assert_ended(self.send(port, password="wrong"), 1, err="localhost: refused by the server")
        self.assert_ended(self.send(port, ca="other-ca.pem"), 1, err="localhost: ")
        self.assert_ended(self.send(port, ca="not-a-certificate.pem"), 1, err="not-a-certificate.pem")
        self.assert_ended(self.send(port, ca="none.pem"), 1, err="none.pem")
        self.assert_ended(self.send(port, password=""), 1, err="password")
        self.assert_ended(self.send(port, to="bob"), 1, err="bob: not a mailbox")
        self.assert_ended(self.send(self.start(certificate="wrong-name")), 1, err="localhost: ")
        self.assert_ended(self.send(self.start("--no", "STARTTLS")), 1, err="does not offer STARTTLS")
        self.assert_stored()


class Client(ExampleTest):
    name = "09_client"
    certificates = Tls.certificates

    def start(self, *options):
        return self.start_sink("--tls-certificate", self.certificates / "good.pem", "--tls-key",
                               self.certificates / "good.key", "--user", "alice:" + PASSWORD, *options)

    def send(self, url, password=PASSWORD, ca="ca.pem", to="bob@b.example"):
        file = self.path / "password"
        file.write_text(password + "\n")
        return subprocess.run([examples / self.name, url, "alice", file, "alice@a.example", to], capture_output=True,
                              timeout=60, env={**os.environ, "CA_FILE": str(self.certificates / ca)})

    def test_usage(self):
        self.assert_usage()

    def test_sent(self):
        self.assert_ended(self.send("submission://localhost:" + self.start()), 0, out="accepted 1")
        mail, = (self.path / "mails").glob("*.eml")
        self.assertIn(b"\r\nsubject: =?utf-8?", mail.read_bytes().lower())

    def test_what_is_wrong_is_said(self):
        url = "submission://localhost:" + self.start()
        self.assert_ended(self.send(url, password="wrong"), 1, out="user name or password is wrong")
        self.assert_ended(self.send(url, ca="other-ca.pem"), 1, out="has not proved who it is")
        self.assert_ended(self.send(url, ca="none.pem"), 1, out="none.pem")
        self.assert_ended(self.send(url, to="bob"), 1, out="bob")
        self.assert_ended(self.send("localhost"), 1, out="submission://localhost")
        self.assert_ended(self.send("submissions://localhost:" + self.nobody()), 1, out="connection refused")
        self.assert_stored()


class Token(ExampleTest):
    name = "14_token"

    def test_usage(self):
        self.assert_usage()

    def test_renewed(self):
        certificates = Tls.certificates
        port = self.start_sink("--tls-certificate", certificates / "good.pem", "--tls-key", certificates / "good.key",
                               "--token", "alice@a.example:fresh", "--offer", "AUTH=OAUTHBEARER")
        command = self.path / "command"
        command.write_text('#!/bin/sh\n[ -f "$1" ] && echo fresh || echo stale\ntouch "$1"\n')
        command.chmod(0o755)
        ended = subprocess.run([examples / self.name, "submission://localhost:" + port, "alice@a.example", "bob@b.example",
                                command, self.path / "asked"], capture_output=True, timeout=60,
                               env={**os.environ, "CA_FILE": str(certificates / "ca.pem")})
        self.assert_ended(ended, 0, out="accepted OAUTHBEARER")


class Attachment(ExampleTest):
    name = "08_attachment"

    def test_usage(self):
        self.assert_usage()

    def test_sent(self):
        (self.path / "report.pdf").write_bytes(bytes(range(256)) * 500)
        (self.path / "logo.png").write_bytes(b"\x89PNG")
        url = "smtp://127.0.0.1:" + self.start_sink()
        self.assert_ended(self.run_example(url, "Alice \u00c4 <alice@a.example>", "bob@b.example", self.path / "report.pdf",
                                           self.path / "logo.png"), 0, out="accepted")
        stored, = (self.path / "mails").glob("*.eml")
        message = email.message_from_bytes(stored.read_bytes(), policy=email.policy.default)
        self.assertEqual(str(message["From"]), "Alice \u00c4 <alice@a.example>")
        attached, = message.iter_attachments()
        self.assertEqual(attached.get_filename(), "report.pdf")
        self.assertEqual(attached.get_content(), bytes(range(256)) * 500)

    def test_what_is_wrong_is_said(self):
        (self.path / "logo.png").write_bytes(b"")
        ended = self.run_example("smtp://127.0.0.1:1", "alice@a.example", "bob@b.example", "/nowhere/report.pdf",
                                 self.path / "logo.png")
        self.assert_ended(ended, 1, err="/nowhere/report.pdf")


class AsioCallback(ExampleTest):
    name = "10_asio_callback"

    def test_sent(self):
        self.assert_usage()
        ended = self.run_example("smtp://127.0.0.1:" + self.start_sink(), "alice@a.example", "bob@b.example")
        self.assert_ended(ended, 0, out="accepted 1")

    def test_nobody_listens(self):
        ended = self.run_example("smtp://127.0.0.1:" + self.nobody(), "alice@a.example", "bob@b.example")
        self.assert_ended(ended, 1, out="connection refused")


class AsioCoroutine(ExampleTest):
    name = "11_asio_coroutine"

    def test_sent(self):
        self.assert_usage()
        readers = ["r%d@b.example" % i for i in range(20)]
        ended = self.run_example("smtp://127.0.0.1:" + self.start_sink(), "alice@a.example", *readers)
        self.assert_ended(ended, 0, out="r19@b.example: accepted")
        self.assertEqual(len(list((self.path / "mails").glob("*.eml"))), 40)


class Pool(ExampleTest):
    name = "12_pool"

    def test_a_thousand(self):
        self.assert_usage("smtp://127.0.0.1", "alice@a.example", "none")
        ended = self.run_example("smtp://127.0.0.1:" + self.start_sink(), "alice@a.example", "1000")
        self.assert_ended(ended, 0, out="1000 accepted, 0 not, by 3 connections")
        self.assertEqual(len(list((self.path / "mails").glob("*.eml"))), 1000)

    def test_one_is_refused(self):
        port = self.start_sink("--fault", 'on RCPT matching "reader7@" reply "550 5.1.1 who?"')
        self.assert_ended(self.run_example("smtp://127.0.0.1:" + port, "alice@a.example", "20"), 1,
                          out="19 accepted, 1 not", err="reader7@b.example rejected at RCPT: 550 5.1.1 who?")


class EventLoop(ExampleTest):
    name = "13_event_loop"

    def test_sent(self):
        self.assert_usage()
        self.assert_ended(self.run_example(self.start_sink(), "50"), 0, out="50 of 50 accepted")
        self.assertEqual(len(list((self.path / "mails").glob("*.eml"))), 50)

    def test_told_apart(self):
        port = self.start_sink("--fault", "on connection 2 content close-before-reply", "--fault", "on connection 3 EHLO close")
        ended = self.run_example(port, "4")
        self.assert_ended(ended, 1, out="unknown: the server closed the connection")
        self.assert_ended(ended, 1, out="2 of 4 accepted")


class Signed(ExampleTest):
    name = "16_signed"

    def test_sent(self):
        self.assert_usage()
        key = self.path / "key.pem"
        subprocess.run(["openssl", "genpkey", "-algorithm", "ed25519", "-out", key], check=True, capture_output=True)
        message = b"From: alice@a.example\nTo: bob@b.example\nBcc: carol@c.example\nSubject: Hello\n\nHello.\n"
        url = "smtp://127.0.0.1:" + self.start_sink()
        ended = self.run_example(url, "a.example", "2026", key, stdin=message)
        self.assert_ended(ended, 0, out="2026._domainkey.a.example TXT v=DKIM1; k=ed25519; p=")
        stored, = (self.path / "mails").glob("*.eml")
        self.assertTrue(stored.read_bytes().startswith(b"DKIM-Signature: v=1; a=ed25519-sha256"))
        self.assertNotIn(b"carol", stored.read_bytes())
        self.assertIn("carol@c.example", stored.with_suffix(".json").read_text())

    def test_what_is_wrong_is_said(self):
        ended = self.run_example("smtp://127.0.0.1:1", "a.example", "2026", "/nowhere/key.pem", stdin=b"From: a@b.example\nTo: c@d.example\n\n")
        self.assert_ended(ended, 1, out="/nowhere/key.pem")


class MixedResults(ExampleTest):
    name = "15_mixed_results"

    def test_each(self):
        self.assert_usage()
        file = self.path / "message"
        file.write_bytes(MESSAGE)
        port = self.start_sink("--fault", 'on RCPT matching "<who@" reply "550 5.1.1 who?"',
                               "--fault", 'on RCPT matching "<later@" reply "451 4.3.0 busy"')
        ended = self.run_example("smtp://127.0.0.1:" + port, file, "alice@a.example", "bob@b.example", "who@b.example",
                                 "later@b.example")
        self.assert_ended(ended, 1, out="bob@b.example: accepted at content, 250")
        self.assert_ended(ended, 1, out="who@b.example: rejected at RCPT, 550 who?\n")
        self.assert_ended(ended, 1, out="later@b.example: deferred at RCPT, 451 busy; try again later\n")
        self.assert_stored(MESSAGE)


class ManyMails(ExampleTest):
    name = "05_many_mails"
    lines = b"".join(b"r%d@b.example mail %d\n" % (i, i) for i in range(20))

    def send(self, port, look_ahead="8", lines=None):
        return self.run_example("127.0.0.1", port, "alice@a.example", look_ahead, stdin=lines or self.lines)

    def test_usage(self):
        self.assert_usage()
        self.assert_usage("127.0.0.1", "25", "alice@a.example", "0")
        self.assert_usage("127.0.0.1", "25", "alice", "1")

    def test_all_are_taken(self):
        self.assert_ended(self.send(self.start_sink()), 0, out="r19@b.example: accepted (250)")
        self.assert_stored(*(b"Subject: mail %d\r\n\r\nmail %d\r\n" % (i, i) for i in range(20)))

    def test_one_is_refused(self):
        port = self.start_sink("--fault", 'on RCPT matching "r7@" reply "550 5.1.1 who?"')
        self.assert_ended(self.send(port), 1, out="r7@b.example: rejected (550) who?")
        self.assertEqual(len(list((self.path / "mails").glob("*.eml"))), 19)

    def test_a_connection_that_breaks_costs_nothing(self):
        # Before anything was committed: all go by the next.
        port = self.start_sink("--fault", "on connection 1 EHLO close")
        self.assert_ended(self.send(port, "1"), 0, out="20 accepted, 0 not", err="05_many_mails: ")
        self.assertEqual(len(list((self.path / "mails").glob("*.eml"))), 20)

    def test_what_may_have_arrived_does_not_go_twice(self):
        port = self.start_sink("--fault", "on connection 1 content 3 close-before-reply")
        ended = self.send(port, "1")
        self.assert_ended(ended, 1, out="r2@b.example: unknown")
        self.assert_ended(ended, 1, out="19 accepted, 1 not")
        self.assertEqual(len(list((self.path / "mails").glob("*.eml"))), 20)   # it had arrived

    def test_nobody_listens(self):
        self.assert_ended(self.send(self.nobody()), 75, err="connection refused")

    def test_no_address(self):
        self.assert_ended(self.send("25", lines=b"bob hello\n"), 65, err="bob: not a mailbox")


class Netxduo(ExampleTest):
    name = "01_netxduo"
    HEADER = (b"To: <tim@post.example>\r\nFrom: <sensor@device.example>\r\nSubject: Hello\r\nMIME-Version: 1.0\r\n"
              b"Content-Type: text/plain;\r\n\tcharset=\"utf-8\"\r\nContent-Transfer-Encoding: 8bit\r\n\r\n")

    def send(self, port, auth="none", user="", address="127.0.0.1", body=MESSAGE):
        file = self.path / "body"
        file.write_bytes(body)
        return self.run_example(address, port, auth, user, "sensor@device.example", "tim@post.example", "Hello", file)

    def test_without_authentication(self):
        self.assert_ended(self.send(self.start_sink()), 0, "status 0x00, server's code 250: ")
        self.assert_stored(self.HEADER + MESSAGE)

    def test_plain_and_login(self):
        port = self.start_sink("--user", f"tim:{PASSWORD}", "--require-auth")
        for auth in ("plain", "login"):
            self.assert_ended(self.send(port, auth, "tim"), 0, "server's code 250: ")
        self.assert_stored(*2 * [self.HEADER + MESSAGE])

    def test_over_ipv6(self):
        self.assert_ended(self.send(self.start_sink("--listen", "[::1]:0"), address="::1"), 0, "server's code 250: ")
        self.assert_stored(self.HEADER + MESSAGE)

    def test_a_wrong_password(self):
        port = self.start_sink("--user", "tim:another", "--require-auth")
        self.assert_ended(self.send(port, "plain", "tim"), 1, "status 0xad, server's code 535: ")
        self.assert_stored()

    def test_a_refused_recipient(self):
        port = self.start_sink("--fault", 'on RCPT reply "550 5.1.1 No such user"')
        self.assert_ended(self.send(port), 1, "status 0xaa, server's code 550: No such user\n")
        self.assert_stored()

    def test_nobody_knows(self):
        port = self.start_sink("--fault", "on content close-before-reply")
        self.assert_ended(self.send(port), 1, "it may have arrived: sending it again may deliver it twice\n")
        self.assert_stored(self.HEADER + MESSAGE)

    def test_nobody_listens(self):
        port = self.nobody()
        self.assert_ended(self.send(port), 1, "status 0x38",
                          f"no connection to 127.0.0.1 port {port}: does a server listen there?\n")

    def test_wrong_arguments(self):
        rest = ["tim", "a@a.example", "b@b.example", "Hello", "/dev/null"]
        self.assert_usage()
        self.assert_usage("127.0.0.1", "25", "none")
        self.assert_usage("127.0.0.1", "smtp", "none", *rest)
        self.assert_usage("127.0.0.1", "0", "none", *rest)
        self.assert_usage("127.0.0.1", "25", "secret", *rest)
        self.assert_ended(self.run_example("mail.example", "25", "none", *rest), 64,
                          err="mail.example is not an IPv4 or IPv6 address\n")
        self.assert_ended(self.run_example("127.0.0.1", "25", "none", *rest[:-1], "/nowhere"), 66, err="cannot read /nowhere\n")


class NetxduoSession(ExampleTest):
    name = "04_netxduo_session"

    def test_two_reports_to_two_recipients(self):
        ended = self.run_example("127.0.0.1", self.start_sink(), "sensor@device.example", "tim@post.example",
                                 "eve@post.example")
        self.assert_ended(ended, 0, "report 2 to eve@post.example: status 0x00, outcome 1, server's code 250")
        lines = b"".join(b"measurement %d: %d mV\r\n" % (n, 3300 + n % 7) for n in range(1, 1001))
        header = (b"To: <tim@post.example>,\r\n\t<eve@post.example>\r\nFrom: <sensor@device.example>\r\n"
                  b"Subject: Measurements\r\nMIME-Version: 1.0\r\nContent-Type: text/plain;\r\n\tcharset=\"utf-8\"\r\n"
                  b"Content-Transfer-Encoding: 8bit\r\n\r\n")
        self.assert_stored(*2 * [header + lines])

    def test_nobody_listens(self):
        self.assert_ended(self.run_example("127.0.0.1", self.nobody(), "a@b", "c@d"), 1, err="status 0x38")

    def test_usage(self):
        self.assert_usage()
        self.assert_usage("localhost", "25", "a@b", "c@d")


class NetxduoTls(ExampleTest):
    name = "06_netxduo_tls"
    MODES = {"starttls": [], "implicit": ["--implicit-tls"]}
    CONTENT = (b"To: <tim@post.example>\r\nFrom: <sensor@device.example>\r\nSubject: In TLS\r\nMIME-Version: 1.0\r\n"
               b"Content-Type: text/plain;\r\n\tcharset=\"utf-8\"\r\nContent-Transfer-Encoding: 8bit\r\n\r\n"
               b"Nobody else has read this.\r\n")

    def certificate(self, file):
        return os.path.join(os.environ["POSTRIDER_CERTIFICATES"], file)

    def start(self, *options, certificate="good"):
        return self.start_sink("--tls-certificate", self.certificate(certificate + ".pem"), "--tls-key",
                               self.certificate(certificate + ".key"), "--require-auth", *options)

    def send(self, port, mode="starttls", auth="cram-md5", name="mail.example", ca="ca.der"):
        return self.run_example("127.0.0.1", port, name, self.certificate(ca), mode, auth, "tim", "sensor@device.example",
                                "tim@post.example")

    def test_each_way(self):
        for mode, options in self.MODES.items():
            port = self.start("--user", f"tim:{PASSWORD}", "--offer", "AUTH=CRAM-MD5 PLAIN", "--no-auth-in-clear", *options)
            for auth in ("cram-md5", "plain"):
                self.assert_ended(self.send(port, mode, auth), 0, "sent: ")
        self.assert_stored(*4 * [self.CONTENT])

    def test_a_token(self):
        port = self.start("--token", f"tim:{PASSWORD}", "--offer", "AUTH=XOAUTH2")
        self.assert_ended(self.send(port, auth="xoauth2"), 0, "sent: ")
        port = self.start("--token", "tim:another", "--offer", "AUTH=XOAUTH2")
        self.assert_ended(self.send(port, auth="xoauth2"), 1, "status 0xad, phase 4, server's code 535: ")

    def test_a_server_that_is_another(self):
        for mode, options in self.MODES.items():
            self.assert_ended(self.send(self.start(*options, certificate="wrong-name"), mode), 1,
                              "the certificate is not that of mail.example\n")
            for certificate in ("unknown-ca", "self-signed", "expired"):
                self.assert_ended(self.send(self.start(*options, certificate=certificate), mode), 1, "phase 18")
        self.assert_stored()

    def test_starttls_is_taken_away(self):
        self.assert_ended(self.send(self.start_sink()), 1, "the server offers no STARTTLS, and nothing was sent\n")
        self.assert_ended(self.send(self.start("--fault", 'on STARTTLS reply "454 4.7.0 no"')), 1,
                          "status 0xba, phase 18, server's code 454: no\n")

    def test_octets_are_put_behind_the_220(self):
        self.assert_ended(self.send(self.start("--fault", r'on STARTTLS reply "220 go\r\n250 injected\r\n"')), 1,
                          "status 0xbb, phase 18")

    def test_usage(self):
        rest = ["tim", "a@a.example", "b@b.example"]
        self.assert_usage()
        self.assert_usage("127.0.0.1", "25", "mail.example", "/dev/null", "perhaps", "plain", *rest)
        self.assert_usage("127.0.0.1", "25", "mail.example", "/dev/null", "starttls", "login", *rest)
        self.assert_ended(self.run_example("127.0.0.1", "25", "mail.example", "/nowhere", "starttls", "plain", *rest), 66,
                          err="cannot read /nowhere\n")


class Posix(ExampleTest):
    name = "02_posix"

    def send(self, port, *recipients, host="127.0.0.1", sender="alice@a.example", message=MESSAGE):
        return self.run_example(host, port, sender, *(recipients or ["bob@b.example"]), stdin=message)

    def test_two_recipients(self):
        self.assert_ended(self.send(self.start_sink(), "bob@b.example", "carol@c.example"), 0,
                          "bob@b.example: accepted (250)\ncarol@c.example: accepted (250)\n")
        self.assert_stored(MESSAGE)

    def test_a_name_instead_of_an_address(self):
        port = self.start_sink()
        self.assert_ended(self.send(port, host="localhost"), 0, "accepted (250)")

    def test_line_ends_as_files_have_them(self):
        self.assert_ended(self.send(self.start_sink(), message=MESSAGE.replace(b"\r\n", b"\n")), 0)
        self.assert_stored(MESSAGE)

    def test_one_recipient_is_refused(self):
        port = self.start_sink("--fault", 'on RCPT 1 reply "550 5.1.1 No such user"')
        self.assert_ended(self.send(port, "bob@b.example", "carol@c.example"), 1,
                          "bob@b.example: rejected (550)\ncarol@c.example: accepted (250)\n")
        self.assert_stored(MESSAGE)

    def test_later(self):
        self.assert_ended(self.send(self.start_sink("--fault", 'on content reply "452 4.3.1 Disk full"')), 1,
                          "bob@b.example: deferred (452)\n")
        self.assert_stored()

    def test_nobody_knows(self):
        self.assert_ended(self.send(self.start_sink("--fault", "on content close-before-reply")), 1,
                          "bob@b.example: unknown (0)\n", "02_posix: the server closed the connection\n")
        self.assert_stored(MESSAGE)

    def test_cut_in_the_content(self):
        # More than the buffers of both systems hold: of what they hold nobody could say that it did not arrive.
        port = self.start_sink("--fault", "window 4096; cut in 3000")
        self.assert_ended(self.send(port, message=b"Subject: x\r\n\r\n" + b"line\r\n" * 8_000_000), 1,
                          "bob@b.example: deferred (0)\n", "02_posix: the server ")
        self.assert_stored()

    def test_nobody_listens(self):
        self.assert_ended(self.send(self.nobody()), 1,
                          err="02_posix: 127.0.0.1: connection refused: nothing listens at that address and port\n")

    def test_wrong_arguments(self):
        self.assert_usage()
        self.assert_usage("127.0.0.1", "25", "alice@a.example")
        self.assert_usage("127.0.0.1", "smtp", "alice@a.example", "bob@b.example")
        self.assert_usage("127.0.0.1", "65536", "alice@a.example", "bob@b.example")
        self.assert_ended(self.send("25", "bob"), 1, err="02_posix: bob: not a mailbox")
        self.assert_ended(self.send("25", sender="alice@a.example>\r\nQUIT"), 1, err="not a mailbox")


class BareEngine(ExampleTest):
    name = "03_bare_engine"

    def test_a_mail(self):
        self.assert_ended(self.run_example(self.start_sink()), 0, "accepted, code 250, no error\n")
        self.assert_stored(b"Subject: Hello\r\n\r\nFrom a loop of my own.\r\n")

    def test_refused(self):
        self.assert_ended(self.run_example(self.start_sink("--fault", 'on MAIL reply "451 4.7.1 Later"')), 1, "deferred, code 451")

    def test_nobody_knows(self):
        self.assert_ended(self.run_example(self.start_sink("--fault", "on content close-before-reply")), 1,
                          "unknown, code 0, the server closed the connection\n")

    def test_nobody_listens(self):
        port = self.nobody()
        self.assert_ended(self.run_example(port), 1,
                          err=f"03_bare_engine: no connection to 127.0.0.1 port {port}: does a server listen there?\n")

    def test_wrong_arguments(self):
        self.assert_usage()
        self.assert_usage("smtp")
        self.assert_usage("25", "26")


if __name__ == "__main__":
    case = "".join(word.capitalize() for word in chosen.split("_"))   # mixed_results: MixedResults
    unittest.main(argv=[sys.argv[0], *sys.argv[4:]], defaultTest=case)
