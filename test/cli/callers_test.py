#!/usr/bin/env python3
"""Who calls a sendmail: git send-email, mutt, s-nail and PHP themselves, and cron and others by their argument lists.

Usage: callers_test.py BUILD-FOLDER [unittest's arguments]
"""
import email
import email.policy
import json
import shlex
import subprocess
import unittest

import support
from support import *

REFUSED = 'on RCPT matching "<nobody@" reply "550 5.1.1 no such user here"'
DEFERRED = 'on RCPT matching "<later@" reply "451 4.3.0 come back later"'


class CallerCase(support.Case):
    def setUp(self):
        super().setUp()
        self.sendmail = self.path / "sendmail"
        self.sendmail.symlink_to(support.POSTRIDER)
        self.server = self.sink("--fault", REFUSED, "--fault", DEFERRED)
        self.config(f'[account.test]\nserver = "{self.server.url()}"\ntls = "none"\nlocal-domain = "local.example"\n'
                    'from = ["desk@a.example"]\n')
        self.environment.update(GIT_CONFIG_NOSYSTEM="1", EMAIL="alice@a.example")

    def run_caller(self, *arguments, stdin="", **options):
        options = {"env": self.environment, "cwd": self.path, **options}
        return subprocess.run(list(map(str, arguments)), input=stdin, text=True, capture_output=True, timeout=SECONDS, **options)

    def assertSent(self, ended, sender, *recipients):
        """That the caller says all is well, and one mail came so; returns it."""
        self.assertEqual(ended.returncode, 0, (ended.stdout, ended.stderr))
        self.assertEqual([(one["from"], [to["address"] for to in one["recipients"]]) for one in self.server.envelopes()],
                         [(sender, list(recipients))])
        return email.message_from_bytes(self.server.contents()[0].replace(b"\r\n", b"\n"), policy=email.policy.default)


class GitSendEmail(CallerCase):
    def setUp(self):
        super().setUp()
        self.file("home/.gitconfig", "[user]\n\tname = Alice\n\temail = alice@a.example\n[init]\n\tdefaultBranch = main\n"
                                     f"[sendemail]\n\tsendmailCmd = {self.sendmail}\n\tconfirm = never\n\tsuppresscc = all\n")
        self.file("repository/file", "a line\n.\nanother\n")
        for arguments in ["init", "-q"], ["add", "file"], ["commit", "-q", "-m", "A lone dot in a patch"]:
            subprocess.run(["git", *arguments], cwd=self.path / "repository", env=self.environment, check=True)

    def send(self, *arguments):
        return self.run_caller("git", "send-email", "--to", "bob@b.example", *arguments, "-1", cwd=self.path / "repository")

    def test_a_patch(self):
        mail = self.assertSent(self.send("--envelope-sender", "alice@a.example", "--cc", "carol@c.example", "--bcc", "dave@d.example"),
                               "alice@a.example", "bob@b.example", "carol@c.example", "dave@d.example")
        self.assertEqual(mail["Subject"], "[PATCH] A lone dot in a patch")
        self.assertIn("+a line\n+.\n+another\n", mail.get_content())
        self.assertIsNone(mail["Bcc"])

    def test_the_sender_is_the_account_s_where_git_says_none(self):
        self.assertSent(self.send(), "desk@a.example", "bob@b.example")

    def test_as_a_command_with_arguments(self):
        self.assertSent(self.send(f"--sendmail-cmd={support.POSTRIDER} sendmail -v", "--envelope-sender=auto"), "alice@a.example", "bob@b.example")

    def test_git_fails_and_shows_why(self):
        for name, words in ("nobody", "rejected       nobody@b.example  RCPT: 550 5.1.1 no such user here"), ("later", "nothing was queued"):
            with self.subTest(name):
                ended = self.send("--cc", f"{name}@b.example")
                self.assertNotEqual(ended.returncode, 0)
                self.assertIn(words, ended.stderr)


class Mutt(CallerCase):
    def send(self, *recipients, settings=""):
        rc = self.file("muttrc", f'set sendmail = "{self.sendmail} -oem -oi"\nset from = "alice@a.example"\nset realname = "Alice"\n'
                                 f'set copy = no\nset sendmail_wait = 0\n{settings}')
        return self.run_caller("mutt", "-n", "-F", rc, "-s", "From mutt", "--", *recipients, stdin="Hi.\n.\nBye.\n")

    def test_a_mail(self):
        mail = self.assertSent(self.send("bob@b.example", "carol@c.example", settings="set use_envelope_from\n"),
                               "alice@a.example", "bob@b.example", "carol@c.example")
        self.assertEqual((mail["Subject"], str(mail["From"])), ("From mutt", "Alice <alice@a.example>"))
        self.assertEqual(mail.get_content(), "Hi.\n.\nBye.\n")

    def test_notifications(self):
        self.assertSent(self.send("bob@b.example", settings="set use_envelope_from\nset dsn_notify = 'failure,delay'\nset dsn_return = hdrs\n"),
                        "alice@a.example", "bob@b.example")
        envelope = self.server.envelopes()[0]
        self.assertEqual((envelope["parameters"]["RET"], envelope["recipients"][0]["parameters"]["NOTIFY"]), ("HDRS", "FAILURE,DELAY"))

    def test_mutt_fails_and_shows_why(self):
        ended = self.send("nobody@b.example")
        self.assertNotEqual(ended.returncode, 0)
        self.assertIn("no such user here", ended.stdout + ended.stderr)
        self.assertIn("child exited 69", ended.stdout + ended.stderr)


class SNail(CallerCase):
    def send(self, *arguments):
        """s-nail gives root's programs root's own HOME, and keeps there what it could not send."""
        self.environment["POSTRIDER_CONFIG"] = str(self.path / "home/.config/postrider/config.toml")
        return self.run_caller("s-nail", "-:/", "-S", f"mta={self.sendmail}", "-S", "sendwait", "-S", "nosave", "-s", "From s-nail",
                               *arguments, stdin="Hi.\n.\nBye.\n")

    def test_a_mail(self):
        mail = self.assertSent(self.send("-r", "Alice <alice@a.example>", "-c", "carol@c.example", "-b", "dave@d.example", "bob@b.example"),
                               "alice@a.example", "bob@b.example", "carol@c.example", "dave@d.example")
        self.assertEqual(mail["Subject"], "From s-nail")
        self.assertEqual(mail.get_content(), "Hi.\n.\nBye.\n")
        self.assertIsNone(mail["Bcc"])

    def test_a_mail_to_somebody_here(self):
        self.assertSent(self.send("root"), "desk@a.example", "root@local.example")

    def test_s_nail_fails_and_shows_why(self):
        ended = self.send("nobody@b.example")
        self.assertNotEqual(ended.returncode, 0)
        self.assertIn("no such user here", ended.stderr)


class Php(CallerCase):
    def mail(self, *arguments, setting="{} -t -i"):
        """PHP's mail() with these arguments: whether it says that the mail was sent."""
        given = ", ".join(json.dumps(one, ensure_ascii=False) for one in arguments)
        return self.run_caller("php", "-n", "-d", "sendmail_path=" + setting.format(self.sendmail), "-r", f"exit(mail({given}) ? 0 : 1);")

    def test_a_mail(self):
        mail = self.assertSent(self.mail("bob@b.example", "Hello", "Hi.\n.\nBye.\n", "From: form@a.example\r\nCc: carol@c.example", "-fbounces@a.example"),
                               "bounces@a.example", "bob@b.example", "carol@c.example")
        self.assertEqual((mail["Subject"], mail["From"], mail.get_content().rstrip()), ("Hello", "form@a.example", "Hi.\n.\nBye."))

    def test_without_a_sender(self):
        self.assertSent(self.mail("bob@b.example", "Hello", "Hi.\n"), "desk@a.example", "bob@b.example")

    def test_the_subcommand(self):
        self.assertSent(self.mail("bob@b.example", "Hello", "Hi.\n", setting=f"{support.POSTRIDER} sendmail -t -i"), "desk@a.example", "bob@b.example")

    def test_php_is_told_that_it_failed(self):
        self.assertEqual(self.mail("nobody@b.example", "Hello", "Hi.\n").returncode, 1)


class ByArguments(CallerCase):
    """Of callers as they call. None has a terminal, and cron has next to no environment."""

    def test_cron_of_debian(self):
        """do_command.c: `"%s -i -FCronDaemon -B8BITMIME -oem %s"`."""
        bare = {"HOME": self.environment["HOME"], "LOGNAME": "root", "SHELL": "/bin/sh", "PATH": "/usr/bin:/bin"}
        mail = self.assertSent(self.run_caller("/bin/sh", "-c", f"{self.sendmail} -i -FCronDaemon -B8BITMIME -oem root", env=bare,
                                               start_new_session=True,
                                               stdin="From: root (Cron Daemon)\nTo: root\nSubject: Cron <root@host> date\n"
                                                     "MIME-Version: 1.0\nContent-Type: text/plain; charset=UTF-8\n"
                                                     "Content-Transfer-Encoding: 8bit\nX-Cron-Env: <SHELL=/bin/sh>\n\nä\n.\nb\n"),
                               "desk@a.example", "root@local.example")
        self.assertEqual(mail["Subject"], "Cron <root@host> date")
        self.assertEqual(mail.get_content(), "ä\n.\nb\n")

    def test_cron_of_vixie(self):
        """Without a header of its own, as some have it: `sendmail -FCronDaemon -odi -oem -or0s root`."""
        mail = self.assertSent(self.run_caller(self.sendmail, "-FCronDaemon", "-odi", "-oem", "-or0s", "root", stdin="output\n"),
                               "desk@a.example", "root@local.example")
        self.assertEqual(str(mail["From"]), "CronDaemon <desk@a.example>")

    def php(self, extra=""):
        """ext/standard/mail.c: popen of sendmail_path, with the fifth argument of mail() behind it, each word escaped as a whole."""
        words = " ".join(map(shlex.quote, [str(self.sendmail), "-t", "-i", *extra.split()]))
        return self.run_caller("/bin/sh", "-c", words, start_new_session=True,
                               stdin="To: bob@b.example\nSubject: From PHP\nX-PHP-Originating-Script: 33:form.php\n"
                                     "From: Form <form@a.example>\r\nCc: carol@c.example\n\nHi.\n.\nBye.\n")

    def test_php(self):
        mail = self.assertSent(self.php(), "form@a.example", "bob@b.example", "carol@c.example")
        self.assertEqual(mail["Subject"], "From PHP")
        self.assertEqual(mail.get_content(), "Hi.\n.\nBye.\n")

    def test_php_with_a_sender(self):
        self.assertSent(self.php("-fbounces@a.example"), "bounces@a.example", "bob@b.example", "carol@c.example")

    def test_others(self):
        for arguments in [["-oi", "-oem", "-odb", "-fa@a.example", "bob@b.example"],   # Bugzilla, RT, Mailman's of old
                          ["-odq", "-oeq", "-t"],
                          ["-i", "-f", "a@a.example", "--", "bob@b.example"],   # Django's and Rails' back ends
                          ["-t", "-oi", "-oem", "-f", "a@a.example"],
                          ["-G", "-i", "-f", "a@a.example", "bob@b.example"],   # procmail and content filters of Postfix
                          ["-Am", "-h", "3", "-L", "smartd", "-oi", "bob@b.example"],
                          ["-bm", "-oMr", "esmtp", "-oMs", "host", "-f", "<>", "bob@b.example"]]:   # of Exim
            with self.subTest(arguments):
                count = len(self.server.envelopes())
                ended = self.run_caller(self.sendmail, *arguments, stdin="From: a@a.example\nTo: bob@b.example\n\nx\n")
                self.assertEqual((ended.returncode, ended.stdout, ended.stderr), (0, "", ""))
                self.assertEqual([to["address"] for to in self.server.envelopes()[count]["recipients"]], ["bob@b.example"])


if __name__ == "__main__":
    support.main()
