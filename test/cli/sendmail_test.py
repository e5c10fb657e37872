#!/usr/bin/env python3
"""`postrider sendmail`, and the command called sendmail, mailq, newaliases. Usage: sendmail_test.py BUILD-FOLDER [unittest's arguments]"""
import email
import email.policy
import os
import pwd
import re
import resource
import select
import signal
import socket
import subprocess
import unittest

import support
from support import *

MESSAGE = "From: Alice <alice@a.example>\nTo: Bob <bob@b.example>\nSubject: Hello\n\nHi.\n"


class SendmailCase(support.Case):
    def setUp(self):
        super().setUp()
        self.names = {}
        for name in ("sendmail", "mailq", "newaliases"):
            self.names[name] = self.path / name
            self.names[name].symlink_to(support.POSTRIDER)

    def server(self, *options, account=""):
        """A sink, to which the one account goes, in clear text."""
        self.sunk = self.sink(*options)
        self.config(f'[account.test]\nserver = "{self.sunk.url()}"\ntls = "none"\nlocal-domain = "local.example"\n{account}')
        return self.sunk

    def sendmail(self, *arguments, code=0, stdin=MESSAGE, name="sendmail", silent=None, **named):
        """Silent where all went well: cron would mail what it says."""
        ended = self.assertEnds(code, *arguments, stdin=stdin, program=self.names[name], **named)
        if code == 0 if silent is None else silent:
            self.assertEqual((ended.out, ended.err), ("", ""))
        return ended

    def sent(self, *arguments, options=(), account="", **named):
        """Envelope and message of a mail that a new server took."""
        server = self.server(*options, account=account)
        self.sendmail(*arguments, **named)
        envelopes, contents = server.envelopes(), server.contents()
        self.assertEqual(len(envelopes), 1)
        self.content = contents[0]
        return envelopes[0], email.message_from_bytes(contents[0], policy=email.policy.default)

    def to(self, envelope):
        return [one["address"] for one in envelope["recipients"]]


class Messages(SendmailCase):
    def test_a_message_as_it_is(self):
        envelope, _ = self.sent("-f", "alice@a.example", "bob@b.example")
        self.assertEqual((envelope["from"], self.to(envelope)), ("alice@a.example", ["bob@b.example"]))
        header, _, body = self.content.partition(b"\r\n\r\n")
        self.assertEqual(body, b"Hi.\r\n")
        self.assertTrue(header.startswith(MESSAGE.partition("\n\n")[0].replace("\n", "\r\n").encode()))
        self.assertEqual(re.findall(rb"^([\w-]+):", header, re.M), [b"From", b"To", b"Subject", b"Date", b"Message-ID"])

    def test_what_is_there_is_not_added(self):
        whole = "Date: Mon, 1 Jan 2024 00:00:00 +0000\nMessage-ID: <1@a.example>\n" + MESSAGE
        self.sent("-i", "bob@b.example", stdin=whole)
        self.assertEqual(self.content, whole.replace("\n", "\r\n").encode())

    def test_a_lone_dot(self):
        for end in "\n", "\r\n":
            text = end.join(["Subject: x", "", "a", "..", ".b", ".", "c", ""])
            with self.subTest(end=end):
                self.sent("bob@b.example", stdin=text)
                self.assertTrue(self.content.endswith(b"\r\n\r\na\r\n..\r\n.b\r\n"))
                self.sent("-i", "bob@b.example", stdin=text)
                self.assertTrue(self.content.endswith(b"\r\n\r\na\r\n..\r\n.b\r\n.\r\nc\r\n"))

    def test_nothing_a_header_alone_and_no_header(self):
        for text, body in ("", b""), ("Subject: x", b""), ("Subject: x\n", b""), ("hello\nworld\n", b"hello\r\nworld\r\n"), ("\n", b""), \
                ("\nonly a body", b"only a body"), ("Subject: x\nno field here\n", b"no field here\r\n"):
            with self.subTest(text=text):
                _, message = self.sent("bob@b.example", stdin=text)
                header, _, sent = self.content.partition(b"\r\n\r\n")
                self.assertEqual(sent.rstrip(b"\r\n"), body.rstrip(b"\r\n"))
                for name in "Date", "From", "Message-ID":
                    self.assertIsNotNone(message[name], name)

    def test_an_mbox_line_octets_and_long_lines(self):
        body = bytes(range(128, 256)) + b"\n" + b"x" * 5000 + b"\n"
        self.sent("-i", "bob@b.example", stdin=b"From alice Mon Jan  1 00:00:00 2024\n" + MESSAGE.encode() + body)
        self.assertTrue(self.content.startswith(b"From: Alice"))
        self.assertTrue(self.content.endswith(b"Hi.\r\n" + body.replace(b"\n", b"\r\n")))

    def test_a_large_one_is_not_held_in_memory(self):
        self.server()

        def used(parts):
            """KiB, for a message of so many times 64 KiB."""
            command = subprocess.Popen([self.names["sendmail"], "-i", "bob@b.example"], stdin=subprocess.PIPE, env=self.environment)
            command.stdin.write(MESSAGE.encode())
            for _ in range(parts):
                command.stdin.write(b"0123456789abcde\n" * 4096)
            command.stdin.close()
            _, status, usage = os.wait4(command.pid, 0)
            command.returncode = os.waitstatus_to_exitcode(status)
            self.assertEqual(command.returncode, 0)
            return usage.ru_maxrss

        self.assertLess(used(160) - used(10), 4096)
        self.assertGreater(self.sunk.envelopes()[0]["octets"], 160 * 65536)

    def test_a_message_that_is_none(self):
        self.server()
        self.sendmail("bob@b.example", stdin=b"Subject: a\0b\n\nx", code=EX_DATAERR, err="Subject: has a NUL")
        self.sendmail("-t", stdin="To: bob@b.example, <broken\n\nx", code=EX_DATAERR, err="To: ")
        self.assertEqual(self.sunk.envelopes(), [])

    def test_an_input_that_cannot_be_read(self):
        self.server()
        closed = subprocess.run(["sh", "-c", 'exec "$0" bob@b.example <&-', self.names["sendmail"]], env=self.environment,
                                capture_output=True, text=True)
        self.assertEqual((closed.returncode, closed.stderr), (EX_NOINPUT, "sendmail: standard input cannot be read: Bad file descriptor\n"))
        folder = os.open(self.path, os.O_RDONLY)
        self.addCleanup(os.close, folder)
        self.sendmail("bob@b.example", stdin_file=folder, code=EX_NOINPUT, err="Is a directory")
        self.assertEqual(self.sunk.envelopes(), [])

    def test_closed_output_never_becomes_the_connection(self):
        self.server("--fault", 'on RCPT reply "550 5.1.1 no"')
        for closed in "2>&-", ">&- 2>&-", ">&-":
            with self.subTest(closed):
                ended = subprocess.run(["sh", "-c", f'exec "$0" bob@b.example {closed}', self.names["sendmail"]],
                                       env=self.environment, input=MESSAGE.encode(), capture_output=True)
                self.assertEqual(ended.returncode, EX_UNAVAILABLE)
                self.assertNotIn("sendmail", self.sunk.said())


class Envelopes(SendmailCase):
    def test_recipients_of_the_header_beside_those_that_are_named(self):
        text = "From: Alice <alice@a.example>\nTo: Bob <bob@b.example>, friends: carol@c.example;\nCc: dave@d.example\nBcc: erin@e.example\n\nx\n"
        envelope, message = self.sent("-t", "frank@f.example", "bob@b.example", stdin=text)
        self.assertEqual(self.to(envelope), ["frank@f.example", "bob@b.example", "carol@c.example", "dave@d.example", "erin@e.example"])
        self.assertEqual(envelope["from"], "alice@a.example")
        self.assertIsNone(message["Bcc"])
        self.assertIsNotNone(message["Cc"])

    def test_bcc_goes_without_t_too(self):
        envelope, message = self.sent("bob@b.example", stdin="Bcc: erin@e.example\n" + MESSAGE)
        self.assertEqual(self.to(envelope), ["bob@b.example"])
        self.assertIsNone(message["Bcc"])

    def test_senders(self):
        me = pwd.getpwuid(os.getuid()).pw_name + "@local.example"
        with_from = 'from = ["desk@a.example", "@d.example"]\n'
        for account, arguments, text, sender, author in [
                ("", ["bob@b.example"], "x\n", me, me),
                ("", ["-t"], "To: bob@b.example\n\nx\n", me, me),
                ("", ["-t"], MESSAGE, "alice@a.example", "Alice <alice@a.example>"),
                ("", ["-t"], "Sender: sec@a.example\n" + MESSAGE, "sec@a.example", "Alice <alice@a.example>"),
                ("", ["-t"], "From: root\nTo: bob@b.example\n\nx\n", "root@local.example", "root"),
                ("", ["bob@b.example"], MESSAGE, me, "Alice <alice@a.example>"),
                ("", ["-t", "-f", "sue@s.example"], MESSAGE, "sue@s.example", "Alice <alice@a.example>"),
                ("", ["-r", "sue@s.example", "bob@b.example"], "x\n", "sue@s.example", "sue@s.example"),
                ("", ["-fsue", "bob@b.example"], "x\n", "sue@local.example", "sue@local.example"),
                (with_from, ["bob@b.example"], "x\n", "desk@a.example", "desk@a.example"),
                (with_from, ["-t"], "To: bob@b.example\n\nx\n", "desk@a.example", "desk@a.example"),
                (with_from, ["-t"], MESSAGE, "alice@a.example", "Alice <alice@a.example>"),
                (with_from, ["-f", "", "bob@b.example"], "x\n", "", "desk@a.example"),
                (with_from, ["-f", "<>", "-t"], MESSAGE, "", "Alice <alice@a.example>"),
                ("", ["-f", "<>", "bob@b.example"], "x\n", "", me),
                ("", ["-F", "Sue \"S.\" Ågren", "-f", "sue@s.example", "bob@b.example"], "x\n", "sue@s.example",
                 "Sue \"S.\" Ågren <sue@s.example>")]:
            with self.subTest(account=account, arguments=arguments, text=text):
                envelope, message = self.sent(*arguments, account=account, stdin=text)
                self.assertEqual(envelope["from"], sender)
                if "S." in author:
                    self.assertEqual(message["From"].addresses[0].display_name, author.rpartition(" ")[0])
                else:
                    self.assertEqual(str(message["From"]), author)

    def test_the_long_options_of_msmtp(self):
        text = "From: Alice <alice@a.example>\nTo: carol@c.example\n\nx\n"
        for arguments, sender, to in [(["--from=sue@s.example", "bob@b.example"], "sue@s.example", ["bob@b.example"]),
                                      (["--from", "sue@s.example", "bob@b.example"], "sue@s.example", ["bob@b.example"]),
                                      (["--read-envelope-from", "bob@b.example"], "alice@a.example", ["bob@b.example"]),
                                      (["--read-recipients", "--read-envelope-from"], "alice@a.example", ["carol@c.example"]),
                                      (["--read-envelope-from", "-f", "sue@s.example", "bob@b.example"], "sue@s.example", ["bob@b.example"])]:
            with self.subTest(arguments=arguments):
                envelope, _ = self.sent(*arguments, stdin=text)
                self.assertEqual((envelope["from"], self.to(envelope)), (sender, to))
        self.server()
        self.sendmail("--read-envelope-from", "bob@b.example", stdin="From: root\n\nx\n")
        self.sendmail("--read-envelope-from", "bob@b.example", stdin="Subject: x\n\nx\n")   # as by -t
        self.assertEqual([one["from"] for one in self.sunk.envelopes()],
                         ["root@local.example", pwd.getpwuid(os.getuid()).pw_name + "@local.example"])
        self.sendmail("--file", self.path / "none.toml", "bob@b.example", code=EX_CONFIG, err="none.toml: it cannot be read")

    def test_local_names(self):
        envelope, _ = self.sent("root", "bob@b.example")
        self.assertEqual(self.to(envelope), ["root@local.example", "bob@b.example"])
        envelope, _ = self.sent("-t", "--local-domain=other.example", stdin="To: root\n\nx\n")
        self.assertEqual(self.to(envelope), ["root@other.example"])
        server = self.sink()
        self.sendmail(f"--server={server.url()}", "--tls=none", "--ehlo=me.example", "root")
        host = socket.gethostname()
        domain = self.to(server.envelopes()[0])[0].partition("@")[2]
        full = [name for name in [host, socket.getfqdn()] if "." in name]
        self.assertIn(domain, full or ["me.example"])

    def test_lists_and_addresses_that_look_like_options(self):
        envelope, _ = self.sent("a@b.example, Carol <c@d.example>", "--", "-x@y.example")
        self.assertEqual(self.to(envelope), ["a@b.example", "c@d.example", "-x@y.example"])

    def test_nothing_of_a_stranger_is_an_option(self):
        """What CVE-2016-10033 gave to mail()'s fifth argument, and to its operands."""
        target = self.path / "shell.php"
        self.server()
        for injected in [["-fx@y.example", f"-X{target}"], ["-fx@y.example", f"-OQueueDirectory={self.path}", "-X", str(target)],
                         ["-fx@y.example", f"-D{target}"]]:
            self.sendmail("-t", "-i", *injected)
            self.assertFalse(target.exists())
        evil = self.file("evil.toml", f'[account.x]\nserver = "{self.sunk.url()}"\ntls = "none"\nuser = "x"\nauth-in-clear = true\n'
                                      f'password-command = "touch {target}; echo x"\n')
        count = len(self.sunk.envelopes())
        self.sendmail("-t", "-fx@y.example", f"-C{evil}", code=EX_CONFIG, err=["password-command", "POSTRIDER_CONFIG"])
        self.sendmail("-t", f"--password-command=touch {target}", code=EX_USAGE, err="--password-command: ")
        self.sendmail("-t", "--tls-ca=evil.pem", code=EX_USAGE, err="--tls-ca: ")
        self.sendmail("-be", "${run{touch x}}", code=EX_USAGE, err="-be: ")
        self.assertFalse(target.exists())
        self.assertEqual(len(self.sunk.envelopes()), count)

    def test_dsn(self):
        envelope, _ = self.sent("-N", "success,failure", "-R", "hdrs", "-V", "QQ+2B1", "-B", "8BITMIME", "bob@b.example")
        self.assertEqual((envelope["parameters"]["RET"], envelope["parameters"]["ENVID"]), ("HDRS", "QQ+2B1"))
        self.assertNotIn("BODY", envelope["parameters"])   # its octets do not need it
        self.assertEqual(envelope["recipients"][0]["parameters"]["NOTIFY"], "SUCCESS,FAILURE")
        envelope, _ = self.sent("-Nnever", "-Rfull", "bob@b.example", stdin="Subject: x\n\nä\n")
        self.assertEqual(envelope["recipients"][0]["parameters"]["NOTIFY"], "NEVER")
        self.assertEqual((envelope["parameters"]["RET"], envelope["parameters"]["BODY"]), ("FULL", "8BITMIME"))


class Accounts(SendmailCase):
    def test_a_sender_with_a_name(self):
        server = self.sink()
        self.config(f'[account.none]\nserver = "smtp://127.0.0.1:1"\n'
                    f'[account.ops]\nserver = "{server.url()}"\ntls = "none"\nfrom = ["Ops Ä <ops@a.example>"]\n')
        self.sendmail("-a", "ops", "y@y.example", stdin="Subject: x\n\nx\n")
        self.sendmail("-a", "ops", "-F", "Cron", "y@y.example", stdin="Subject: x\n\nx\n")
        self.sendmail("-f", "ops@a.example", "y@y.example", stdin="Subject: x\n\nx\n") # it picks the account
        self.assertEnds(0, "sendmail", "-bv", "-a", "ops", "y@y.example", out="accepted")
        self.assertEqual([one["from"] for one in server.envelopes()], ["ops@a.example"] * 3)
        fields = [email.message_from_bytes(one, policy=email.policy.default)["From"] for one in server.contents()]
        self.assertEqual([str(one) for one in fields], ["Ops Ä <ops@a.example>", "Cron <ops@a.example>", "ops@a.example"])

    def test_by_name_and_by_sender(self):
        first, second = self.sink(), self.sink()
        self.config(f'default = "first"\n[account.first]\nserver = "{first.url()}"\ntls = "none"\nfrom = ["@a.example"]\n'
                    f'[account.second]\nserver = "{second.url()}"\ntls = "none"\nfrom = ["bob@b.example"]\n')
        self.sendmail("-f", "x@a.example", "y@y.example")
        self.sendmail("-f", "bob@b.example", "y@y.example")
        self.sendmail("-t", stdin="From: Bob <bob@b.example>\nTo: y@y.example\n\nx\n")
        self.sendmail("-f", "other@c.example", "y@y.example")
        self.sendmail("-a", "second", "y@y.example")
        self.sendmail("--account", "second", "-f", "x@a.example", "y@y.example")
        self.assertEqual([one["from"] for one in first.envelopes()], ["x@a.example", "other@c.example"])
        self.assertEqual([one["from"] for one in second.envelopes()], ["bob@b.example", "bob@b.example", "bob@b.example", "x@a.example"])
        self.sendmail("--account=third", "y@y.example", code=EX_CONFIG, err=["third", "first, second"])

    def test_files(self):
        server = self.sink("--user", f"alice:{PASSWORD}", "--require-auth", "--offer", "AUTH=PLAIN")
        text = (f'[account.x]\nserver = "{server.url()}"\ntls = "none"\nuser = "alice"\nauth-in-clear = true\n'
                f'password-command = "echo {PASSWORD}"\n')
        inside, outside = self.file("home/.config/postrider/other.toml", text), self.file("elsewhere/other.toml", text)
        self.sendmail("-C", inside, "y@y.example")
        self.sendmail(f"--config={inside}", "y@y.example")
        self.sendmail("-C", "other.toml", "y@y.example", cwd=inside.parent)
        self.sendmail("-C", outside, "y@y.example", code=EX_CONFIG, err="POSTRIDER_CONFIG")
        self.sendmail("-C", inside.parent / "../../.." / "elsewhere/other.toml", "y@y.example", code=EX_CONFIG, err="POSTRIDER_CONFIG")
        self.sendmail("y@y.example", env={**self.environment, "POSTRIDER_CONFIG": str(outside)})
        self.sendmail("-C", outside, "y@y.example", env={**self.environment, "XDG_CONFIG_HOME": str(outside.parent)}, code=EX_CONFIG)
        self.assertEqual([one["auth_user"] for one in server.envelopes()], ["alice"] * 4)

    def test_files_are_where_the_configuration_is(self):
        server = self.sink("--user", f"alice:{PASSWORD}", "--require-auth", "--offer", "AUTH=PLAIN")
        secret = self.file("home/.config/postrider/secrets/word", PASSWORD + "\n")
        self.file("home/word", PASSWORD + "\n")
        for name in "secrets/word", "~/word", "~/.config/postrider/secrets/word", secret:
            self.config(f'[account.x]\nserver = "{server.url()}"\ntls = "none"\nuser = "alice"\nauth-in-clear = true\npassword-file = "{name}"\n')
            with self.subTest(name=name):
                self.sendmail("y@y.example", cwd="/")
        self.assertEqual([one["auth_user"] for one in server.envelopes()], ["alice"] * 4)
        self.config(f'[account.x]\nserver = "{server.url()}"\nuser = "alice"\npassword-file = "word"\n')
        self.sendmail("y@y.example", cwd=self.path / "home", code=EX_CONFIG, err=f"{self.path}/home/.config/postrider/word`: ")
        self.config(f'[account.x]\nserver = "{server.url()}"\ntls-ca = "~/ca.pem"\n')
        self.sendmail("y@y.example", code=EX_CONFIG, err=f"{self.path}/home/ca.pem")
        homeless = {k: v for k, v in self.environment.items() if k != "HOME"} | {"POSTRIDER_CONFIG": str(self.path / "home/.config/postrider/config.toml")}
        self.sendmail("y@y.example", env=homeless, code=EX_CONFIG, err="HOME is not set")

    def test_international_domains(self):
        first, second = self.sink(), self.sink()
        self.config(f'[account.first]\nserver = "{first.url()}"\ntls = "none"\nfrom = "alice@b\u00fccher.example"\n'
                    f'[account.second]\nserver = "{second.url()}"\ntls = "none"\nfrom = ["@M\u00fcller.example", "bob@xn--bcher-kva.example"]\n')
        for sender in "alice@b\u00fccher.example", "alice@B\u00dcCHER.example", "alice@xn--bcher-kva.example":
            self.sendmail("-f", sender, "y@y.example")
        for sender in "x@m\u00fcller.example", "x@xn--mller-kva.example", "bob@b\u00fccher.example":
            self.sendmail("-f", sender, "y@y.example")
        self.assertEqual([len(one.envelopes()) for one in (first, second)], [3, 3])

    def test_a_text_without_quotes(self):
        for line in "server = submission://x", "tls=none", "tls-ca = ~/x", "from = [alice@a.example]", "timeout = 10s", "server = 127.0.0.1":
            with self.subTest(line):
                self.config(f'# accounts\n[account.x]\n{line}\nehlo = "a"\n')
                self.sendmail("y@y.example", code=EX_CONFIG, err=["config.toml:3: ", "; a text stands in quotes, as in server = "])
        for line in 'server = "submission://x', "server": # that is not the mistake
            self.config(f'# accounts\n[account.x]\n{line}\n')
            self.assertNotIn("stands in quotes", self.sendmail("y@y.example", code=EX_CONFIG, err="config.toml:3: ").err)

    def test_without_any(self):
        user, all_users = self.path / "home/.config/postrider/config.toml", "/etc/postrider/config.toml"
        self.sendmail("bob@b.example", code=EX_CONFIG, err=f"no server is named: --server URL, or an account in {user} or {all_users}: [account.NAME]")
        self.sendmail("bob@b.example", code=EX_CONFIG, err=f"account in {self.path}/postrider/config.toml or {all_users}: ",
                      env={**self.environment, "XDG_CONFIG_HOME": str(self.path)})
        self.sendmail("-a", "x", "bob@b.example", code=EX_CONFIG, err=f"there is no configuration file: {user} or {all_users}")
        self.sendmail("--server=smtp://127.0.0.1", "--account=x", "bob@b.example", code=EX_USAGE, err="--server")

    def test_dkim(self):
        subprocess.run(["openssl", "genrsa", "-out", self.path / "key.pem", "2048"], check=True, capture_output=True)
        _, message = self.sent("-t", account=f'dkim-key = "{self.path}/key.pem"\ndkim-selector = "s1"\n')
        self.assertIn("d=a.example", message["DKIM-Signature"])

    def test_no_question_without_a_terminal(self):
        self.server(account='user = "alice"\nauth-in-clear = true\n')
        self.sendmail("bob@b.example", code=EX_CONFIG, err=["`password-file`", "postrider-config(5)"], start_new_session=True)


class Outcomes(SendmailCase):
    def test_all_is_silent_but_for_v(self):
        self.server("--bare")
        ended = self.sendmail("-v", "-f", "alice@a.example", "bob@b.example", silent=False)
        self.assertEqual(ended.out, "")
        self.assertGolden(re.sub(r"<\d+ octets", "<N octets", ended.err), """
<- 220 sink.example ESMTP postrider-sink
-> EHLO [127.0.0.1]
<- 250 sink.example
-> MAIL FROM:<alice@a.example>
<- 250 Ok
-> RCPT TO:<bob@b.example>
<- 250 Ok
-> DATA
<- 354 End data with <CR><LF>.<CR><LF>
-> <N octets of content>
<- 250 Ok: queued as 1
-> QUIT
<- 221 sink.example closing
""")

    def test_the_transcript_has_no_password(self):
        self.server("--user", f"alice:{PASSWORD}", "--offer", "AUTH=PLAIN",
                    account=f'user = "alice"\nauth-in-clear = true\npassword-command = "echo {PASSWORD}"\n')
        ended = self.sendmail("-v", "bob@b.example", silent=False)
        self.assertIn("AUTH PLAIN <hidden>", ended.err)
        self.assertNotIn(PASSWORD, ended.err)

    def test_rejected(self):
        self.server("--fault", 'on RCPT matching "<nobody@" reply "550 5.1.1 who is that?"')
        ended = self.sendmail("nobody@b.example", code=EX_UNAVAILABLE)
        self.assertEqual(ended.out, "")
        self.assertIn("rejected       nobody@b.example  RCPT: 550 5.1.1 who is that?\n", ended.err)
        self.assertNotIn("queued", ended.err)
        ended = self.sendmail("bob@b.example", "nobody@b.example", code=EX_UNAVAILABLE, err="rejected       nobody@b.example")
        self.assertNotIn("accepted  ", ended.err)
        self.assertEqual([self.to(one) for one in self.sunk.envelopes()], [["bob@b.example"]])

    def test_deferred(self):
        self.server("--fault", 'on RCPT matching "<later@" reply "451 4.3.0 later"')
        nothing = "sendmail: nothing was queued; the caller has to keep the mail and try again\n"
        self.sendmail("later@b.example", code=EX_TEMPFAIL, err=["deferred       later@b.example  RCPT: 451 4.3.0 later\n", nothing])
        self.sendmail("bob@b.example", "later@b.example", code=EX_TEMPFAIL, err="try again for those that are deferred")

    def test_no_server(self):
        self.config(f'[account.test]\nserver = "smtp://127.0.0.1:{self.nobody()}"\ntls = "none"\n')
        self.sendmail("bob@b.example", code=EX_TEMPFAIL, err=["refused", "nothing was queued; the caller has to keep the mail and try again"])

    def test_a_host_that_is_none(self):
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as names:
            names.bind(("127.0.0.1", 0))
            self.config(f'[account.test]\nserver = "smtp://nowhere.a.example"\ntls = "none"\ndns = "127.0.0.1:{names.getsockname()[1]}"\n')
            command = subprocess.Popen([self.names["sendmail"], "bob@b.example"], stdin=subprocess.DEVNULL, stderr=subprocess.PIPE,
                                       env=self.environment, text=True)
            names.setblocking(False)
            while command.poll() is None:
                if select.select([names], [], [], 0.05)[0]:
                    question, whence = names.recvfrom(512)
                    names.sendto(question[:2] + b"\x81\x83" + question[4:6] + bytes(6) + question[12:], whence)   # NXDOMAIN
            said = command.stderr.read()
            command.stderr.close()
        self.assertEqual(command.returncode, EX_NOHOST, said)
        self.assertIn("nowhere.a.example", said)

    def test_a_resolver_that_does_not_answer(self):
        self.config('[account.test]\nserver = "smtp://nowhere.a.example"\ntls = "none"\ndns = "127.0.0.1:9"\n')
        self.sendmail("bob@b.example", code=EX_TEMPFAIL, err=["nowhere.a.example", "nothing was queued"])

    def test_unknown(self):
        self.server("--fault", "on content close-before-reply")
        text = "to send it again may deliver it twice"
        ended = self.sendmail("bob@b.example", code=EX_TEMPFAIL, err=["unknown        bob@b.example", text])
        self.assertNotIn("nothing was queued", ended.err)
        self.sendmail("--unknown=80", "bob@b.example", code=UNKNOWN, err=text)
        self.sendmail("--unknown", "0", "bob@b.example", code=0, err=text, silent=False)

    def test_unknown_before_deferred_before_rejected(self):
        self.server("--fault", 'on RCPT matching "<later@" reply "451 4.3.0 later"', "--fault", 'on RCPT matching "<no@" reply "550 5.1.1 no"',
                    "--fault", "on connection 2 content close-before-reply")
        self.sendmail("a@b.example", "later@b.example", "no@b.example", code=EX_TEMPFAIL,
                      err=["deferred       later@b.example", "rejected       no@b.example"])
        self.sendmail("--unknown=80", "a@b.example", "later@b.example", "no@b.example", code=UNKNOWN,
                      err=["unknown        a@b.example", "deferred       later@b.example", "nothing was queued for those that are deferred"])

    def test_authentication_that_fails(self):
        self.server("--user", f"alice:{PASSWORD}", "--offer", "AUTH=PLAIN", "--require-auth",
                    account='user = "alice"\nauth-in-clear = true\npassword-command = "echo wrong"\n')
        self.sendmail("bob@b.example", code=EX_NOPERM, err="535")

    def test_tls(self):
        server = self.secure_sink()
        self.config(f'[account.test]\nserver = "{server.url(host="localhost")}"\ntls-ca = "{certificates() / "ca.pem"}"\n')
        self.sendmail("bob@b.example")
        self.config(f'[account.test]\nserver = "{server.url(host="localhost")}"\n')
        self.sendmail("bob@b.example", code=EX_PROTOCOL, err="certificate")
        self.assertEqual(len(server.envelopes()), 1)

    def test_what_it_advises_it_has(self):
        server = self.sink("--user", f"alice:{PASSWORD}", "--require-auth")
        self.config(f'[account.test]\nserver = "{server.url()}"\ntls = "none"\n')
        ended = self.sendmail("bob@b.example", code=EX_UNAVAILABLE, err=["530", "give `user`; it stands in an account of the configuration file"])
        self.assertNotIn("--user", ended.err)
        self.config(f'[account.test]\nserver = "{server.url()}"\n')
        self.sendmail("bob@b.example", code=EX_PROTOCOL, err="by `tls` none")
        ended = self.sendmail(f"--server={server.url()}", "bob@b.example", code=EX_PROTOCOL, err="by --tls none") # beside it that counts
        self.assertNotIn("configuration file", ended.err)
        ended = self.sendmail("-t", code=EX_DATAERR, stdin="Resent-To: b@b.example\n\nx\n", err="give one by -f; '<>' is nobody")
        for text in self.sendmail("x@a..example", code=EX_DATAERR), self.sendmail("-bv", "x@a..example", code=EX_DATAERR):
            self.assertNotIn("--to", text.err + text.out)
        self.config(f'[account.test]\nfrom = "x@a..example"\nserver = "{server.url()}"\n')
        self.sendmail("bob@b.example", code=EX_CONFIG, err="sendmail: the account's `from`: ")

    def test_a_copy_that_cannot_be_made(self):
        """A full disk: the mail is still the caller's, and later there may be room."""
        self.server()
        def full():
            signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
            resource.setrlimit(resource.RLIMIT_FSIZE, (4096, 4096))
        ended = self.sendmail("bob@b.example", stdin=MESSAGE + "x\n" * 10000, preexec_fn=full, code=EX_TEMPFAIL,
                              err="nothing was queued; the caller has to keep the mail and try again")
        self.assertEqual(ended.err.count("\n"), 1)
        self.assertEqual(self.sunk.envelopes(), [])

    def test_interrupted(self):
        self.server("--fault", "on EHLO delay 600s")
        for number in signal.SIGTERM, signal.SIGINT:
            command = subprocess.Popen([self.names["sendmail"], "-v", "bob@b.example"], stdin=subprocess.PIPE, stderr=subprocess.PIPE,
                                       env=self.environment, text=True)
            command.stdin.write(MESSAGE)
            command.stdin.close()
            for line in command.stderr:
                if line.startswith("-> EHLO"):
                    break
            command.send_signal(number)
            rest = command.stderr.read()
            command.stderr.close()
            self.assertEqual(command.wait(SECONDS), EX_TEMPFAIL, rest)
            self.assertIn("nothing was queued", rest)

    def test_json(self):
        self.server("--fault", 'on RCPT matching "<no@" reply "550 5.1.1 no"')
        ended = self.sendmail("--json", "bob@b.example", "no@b.example", code=EX_UNAVAILABLE, err="rejected       no@b.example")
        document = self.assertDocument(ended.out, "send")
        self.assertEqual(document["exit_code"], EX_UNAVAILABLE)
        self.assertEqual([one["outcome"] for one in document["mails"][0]["recipients"]], ["accepted", "rejected"])
        ended = self.sendmail("--json", "bob@b.example", silent=False)
        self.assertEqual(self.assertDocument(ended.out, "send")["exit_code"], 0)
        with open("/dev/full", "wb") as full:
            ended = self.sendmail("--json", "bob@b.example", silent=False, stdout=full)   # 74 would have it sent again
            self.assertEqual(ended.err, "sendmail: standard output has not taken all of the report; the exit code is that of the mail\n")
            self.sendmail("-bv", "bob@b.example", code=EX_IOERR, err="standard output", stdout=full)
            self.sendmail("--help", code=EX_IOERR, err="standard output", stdout=full)

    def test_colours(self):
        self.server("--fault", 'on RCPT reply "550 5.1.1 no"')
        self.sendmail("--color=always", "bob@b.example", code=EX_UNAVAILABLE, err="\033[31m")
        self.assertNotIn("\033", self.sendmail("bob@b.example", code=EX_UNAVAILABLE).err)

    def test_what_a_server_says_cannot_draw(self):
        self.server("--fault", r'on RCPT reply "550 5.1.1 \x1b[2Jgone"')
        self.assertNotIn("\033", self.sendmail("bob@b.example", code=EX_UNAVAILABLE, err="[2Jgone").err)
        self.assertNotIn("\033", self.sendmail("-bv", "bob@b.example", code=EX_NOUSER, out="[2Jgone").out)


class Services(SendmailCase):
    def test_there_is_no_queue(self):
        text = "there is no queue: a mail is sent while its caller waits, who is told what became of it\n"
        for name, arguments in [("mailq", []), ("mailq", ["-v"]), ("sendmail", ["-bp"]), ("sendmail", ["-q"]), ("sendmail", ["-q30m"])]:
            with self.subTest(name=name, arguments=arguments):
                self.assertEqual(self.sendmail(*arguments, name=name, code=EX_UNAVAILABLE).err, f"{name}: {text}")

    def test_there_is_no_daemon(self):
        self.sendmail("-bd", code=EX_UNAVAILABLE, err="there is no daemon")

    def test_there_is_no_smtp(self):
        ended = self.sendmail("-bs", code=EX_UNAVAILABLE, err="no SMTP on standard input")
        self.assertRegex(ended.out, r"\A554 [^\n]+\r\n\Z")

    def test_what_ends_before_it_begins_has_a_document(self):
        for arguments, words in [(["--json", "--foo"], "--foo: "), (["--foo", "--json"], "--foo: "), (["--json", "-bv", "x"], "--json: "),
                                 (["--json"], "no recipient"), (["bob@b.example", "--json"], "no server is named")]:
            with self.subTest(arguments=arguments):
                code = EX_CONFIG if "server" in words else EX_USAGE
                self.assertUsage(*arguments, err=f"sendmail: {words}", code=code, program=self.names["sendmail"], stdin=MESSAGE)
        for arguments in ["-q"], ["-bp"], ["-bd"], ["-bs"]:
            with self.subTest(arguments=arguments):
                ended = self.assertUsage(*arguments, "--json", err="sendmail: ", code=EX_UNAVAILABLE, program=self.names["sendmail"])
                self.assertIn(json.loads(ended.out)["error"], ended.err)
        self.assertEqual(self.sendmail("-Z", "--", "--json", code=EX_USAGE).out, "")   # an address

    def test_there_are_no_aliases(self):
        self.sendmail(name="newaliases", silent=True)
        self.sendmail("-bi", silent=True)
        self.sendmail("-I", silent=True)

    def test_usage(self):
        self.server()
        for arguments, words in [([], "no recipient"), (["-Z"], "-Z: "), (["--nothing"], "--nothing: "), (["-N", "soon", "b@b"], "-N: "),
                                 (["-R", "all", "b@b"], "-R: "), (["-V", "a b", "b@b"], "-V: "), (["-B", "9BIT", "b@b"], "-B: "),
                                 (["-f", "a@b, c@d", "b@b"], "-f: "), (["-f", "a@a..example", "b@b"], "-f: "),
                                 (["--from=a@a..example", "b@b"], "--from: "), (["-fa@\u2603\u00df..example", "b@b"], "-f: "),
                                 (["--from", "-t"], "--from: its address is missing"), (["--host=x", "b@b"], "--host: is in --server URL"),
                                 (["--passwordeval", "pass x", "b@b"], "--passwordeval: is `password-command` of an account"), (["-F", "a\nb", "b@b"], "-F: "), (["--unknown=x", "b@b"], "--unknown: "),
                                 (["a b@c"], "a b@c: "), (["--timeout=x", "b@b"], "--timeout: ")]:
            with self.subTest(arguments=arguments):
                self.assertUsage(*arguments, err=f"sendmail: {words}", program=self.names["sendmail"], stdin=MESSAGE)
        self.sendmail("-t", stdin="From: a@a.example\n\nx\n", code=EX_USAGE, err="no recipient")
        self.assertEqual(self.sunk.envelopes(), [])

    def test_help_and_version(self):
        shown = self.assertEnds(0, "sendmail", "--help").out
        for words in "-t", "-oi", "-N", "-R", "-V", "-B", "-bv", "--unknown", "--account", "--server", "-X writes no file", "Examples:", "git config":
            self.assertIn(words, shown)
        self.assertEqual(self.sendmail("--help", silent=False).out, shown)
        self.assertIn("sendmail", self.assertEnds(0, "--help").out)
        for option in "--version", "-bV":
            self.assertRegex(self.sendmail(option, silent=False).out, r"\Apostrider \d+\.\d+\.\d+\n\Z")

    def test_as_a_command_of_postrider(self):
        self.server()
        self.assertEnds(0, "sendmail", "bob@b.example", stdin=MESSAGE)
        self.assertEnds(EX_USAGE, "sendmail", "-Z", err="postrider sendmail: -Z: ")
        self.assertEqual(len(self.sunk.envelopes()), 1)


class Verifying(SendmailCase):
    def test_each_address_has_a_line(self):
        self.server("--fault", 'on RCPT matching "<no@" reply "550-5.1.1 who\\r\\n550 5.1.1 is that?"', "--fault", 'on RCPT matching "<later@" reply "450 4.2.0 greylisted"')
        ended = self.sendmail("-bv", "bob@b.example, root", silent=False)
        self.assertEqual((ended.out, ended.err), ("bob@b.example: accepted: 250 2.1.5 Ok\nroot@local.example: accepted: 250 2.1.5 Ok\n", ""))
        ended = self.sendmail("-bv", "-f", "alice@a.example", "no@b.example", "bob@b.example", "later@b.example", code=EX_TEMPFAIL)
        self.assertEqual(ended.out, "no@b.example: refused: 550 5.1.1 who is that?\nbob@b.example: accepted: 250 2.1.5 Ok\n"
                                    "later@b.example: deferred: 450 4.2.0 greylisted\n")
        self.sendmail("-bv", "-f", "<>", "bob@b.example", "no@b.example", code=EX_NOUSER)
        self.assertEqual(re.findall("-> MAIL FROM:(<.*?>)", self.sunk.said()),
                         [f"<{pwd.getpwuid(os.getuid()).pw_name}@local.example>", "<alice@a.example>", "<>"])
        self.assertEqual(self.sunk.envelopes(), [])

    def test_an_address_cannot_draw(self):
        self.server("--no", "SMTPUTF8")
        ended = self.sendmail("-bv", "x\u009b2J@b.example", code=EX_DATAERR)
        self.assertEqual((ended.out[:14], "\u009b" in ended.out), ("x?2J@b.example", False))

    def test_who_is_not_asked_is_not_taken(self):
        self.server("--offer", "LIMITS=RCPTMAX=2")
        ended = self.sendmail("-bv", *(f"{name}@b.example" for name in ("bob", "carol", "dave")), code=EX_TEMPFAIL)
        self.assertEqual(ended.out.splitlines()[2], "dave@b.example: not asked: the server takes no more recipients in one mail")

    def test_what_cannot_be_asked(self):
        self.server("--fault", 'on MAIL reply "550 5.7.1 not you"')
        self.assertEqual(self.sendmail("-bv", "bob@b.example", code=EX_UNAVAILABLE).out.count("not asked: "), 1)
        self.server("--user", f"alice:{PASSWORD}", "--offer", "AUTH=PLAIN", "--require-auth",
                    account='user = "alice"\nauth-in-clear = true\npassword-command = "echo wrong"\n')
        self.sendmail("-bv", "bob@b.example", code=EX_NOPERM, out="bob@b.example: not asked: ")
        self.config(f'[account.test]\nserver = "smtp://127.0.0.1:{self.nobody()}"\ntls = "none"\n')
        ended = self.sendmail("-bv", "bob@b.example", "carol@c.example", code=EX_TEMPFAIL, out="bob@b.example: not asked: ")
        self.assertIn("\ncarol@c.example: not asked: ", ended.out)

    def test_usage(self):
        self.assertUsage("-bv", err="-bv: names no address", program=self.names["sendmail"])


if __name__ == "__main__":
    support.main()
