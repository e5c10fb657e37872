#!/usr/bin/env python3
"""`postrider sink` and postrider-sink: what they print, as lines, events and report, and how they end. Usage: sink_test.py BUILD_DIR"""
import mailbox
import smtplib
import sys

from support import *

CONTENT = "Subject: x\r\n\r\n.dot\r\ntext\r\n"


class Running:
    """`postrider sink` in the background, from the line that says where it listens."""

    def __init__(self, case, *options, program=(POSTRIDER, "sink"), ready="out", **popen):
        popen.setdefault("stdout", subprocess.PIPE)
        self.process = subprocess.Popen([*program, *map(str, options)], stderr=subprocess.PIPE, text=True, cwd=case.path,
                                        env=case.environment, **popen)
        case.addCleanup(self.kill)
        self.first = (self.process.stdout if ready == "out" else self.process.stderr).readline()
        self.port = int(re.search(r"127\.0\.0\.1:(\d+)", self.first).group(1))

    def kill(self):
        if self.process.poll() is None:
            self.process.kill()
        self.process.communicate()

    def end(self, how=signal.SIGTERM):
        """code, standard output behind the first line, standard error"""
        self.process.send_signal(how)
        out, err = self.process.communicate(timeout=SECONDS)
        return self.process.returncode, out, err


def send(port, to=("bob@b.example",), content=CONTENT, sender="alice@a.example", login=None):
    """The recipients that were refused."""
    with smtplib.SMTP("127.0.0.1", port, timeout=SECONDS) as client:
        if login:
            client.login(*login)
        return client.sendmail(sender, list(to), content)


class SinkCommand(Case):
    def test_a_line_for_each_mail_and_each_refusal(self):
        sink = Running(self, "--fault", 'on RCPT 2 reply "550 5.1.1 who?\\x1b[2J"', "--folder", "mails")
        self.assertEqual(list(send(sink.port, ["bob@b.example", "carol@b.example", "dave@b.example"])), ["carol@b.example"])
        code, out, err = sink.end(signal.SIGINT)
        self.assertEqual((code, err), (EX_OK, ""))
        self.assertGolden(out, """
refused RCPT <carol@b.example>: 550 5.1.1 who??[2J
mail 1: <alice@a.example> to <bob@b.example>, <dave@b.example>, 26 octets by DATA, mails/000001.eml
1 mail for 2 recipients, 26 octets; 1 connection, 9 waits at most
""")
        self.assertEqual((self.path / "mails/000001.eml").read_bytes(), CONTENT.encode())

    def test_both_programs_are_one(self):
        said = [re.sub(r"(?s)Examples:.*", "", self.run_command(*arguments, program=program).out)
                for program, arguments in ((POSTRIDER, ("sink", "--help")), (SINK, ("--help",)))]
        of_the_command, of_the_sink = (set(re.findall(r"--[a-z][a-z0-9-]+", one)) - {"--color", "--colour"} for one in said)
        self.assertEqual(of_the_command, of_the_sink)
        self.assertGreater(len(of_the_sink), 40)

    def test_quiet(self):
        sink = Running(self, "--quiet")
        send(sink.port)
        self.assertEqual(sink.end(), (EX_OK, "", ""))

    def test_json_is_the_report_and_nothing_else(self):
        sink = Running(self, "--json", "--hold", "--quiet-ms", "30", ready="err")
        send(sink.port)
        code, out, err = sink.end()
        report = self.assertDocument(out, "sink-report")
        self.assertEqual((code, report["mails"], report["waits_exact"]), (EX_OK, 1, True))

    def test_postrider_sink_reports_as_json_where_that_is_no_terminal(self):
        sink = Running(self, program=(SINK,))
        send(sink.port)
        self.assertDocument(sink.end()[1], "sink-report")

    def test_on_a_terminal_postrider_sink_prints_lines(self):
        terminal = Terminal([SINK, "--max-connections", "1"], env=self.environment)
        send(int(re.search(r"listening 127\.0\.0\.1:(\d+)\r\n", terminal.read(r"listening .*\n")).group(1)))
        self.assertEqual(terminal.end(), EX_OK)
        self.assertIn("mail 1: <alice@a.example> to <bob@b.example>", terminal.seen)
        self.assertIn("1 mail for 1 recipient, 26 octets; 1 connection", terminal.seen)

    def test_colours_on_a_terminal(self):
        terminal = self.on_terminal("sink", "--max-connections", "1")
        send(int(re.search(r":(\d+)\r\n", terminal.read(r"listening .*\n")).group(1)))
        self.assertEqual(terminal.end(), EX_OK)
        self.assertIn("\033[32mmail 1\033[0m: <alice@a.example>", terminal.seen)

    def test_events(self):
        made = certificates()
        users = self.file("users", f"# who may\nalice:{PASSWORD}\r\n\ncarol:with:colons\n")
        sink = Running(self, "--events", "--users", users, "--folder", "mails", "--tls-certificate", made / "good.pem",
                       "--tls-key", made / "good.key", "--fault", 'on content 2 reply "451 4.3.0 later"')
        send(sink.port, login=("carol", "with:colons"))
        with self.assertRaises(smtplib.SMTPAuthenticationError):
            send(sink.port, login=("alice", "wrong"))
        with smtplib.SMTP("127.0.0.1", sink.port, timeout=SECONDS) as client:
            client.starttls()
            client.sendmail("a@a.example", "b@b.example", CONTENT)
            with self.assertRaises(smtplib.SMTPDataError):
                client.sendmail("a@a.example", "b@b.example", CONTENT)
        code, out, err = sink.end()
        self.assertEqual(code, EX_OK)
        lines = [sink.first, *out.splitlines()]
        check = validator("sink-event")
        events = [json.loads(line) for line in lines]
        for event in events:
            check.validate(event)
        self.assertEqual([event["event"] for event in events],
                         ["listening", "connected", "authenticated", "mail", "closed",
                          "connected", "refused", "refused", "closed", "connected", "tls", "mail", "refused", "closed", "ended"])
        self.assertEqual(events[2]["user"], "carol")
        self.assertEqual(events[3]["file"], "mails/000001.eml")
        self.assertEqual(events[-1]["report"]["mails"], 2)
        self.assertNotIn("colons", out)

    def test_an_event_can_be_read_before_the_next_thing_happens(self):
        sink = Running(self, "--events")
        with smtplib.SMTP("127.0.0.1", sink.port, timeout=SECONDS) as client:
            self.assertEqual(json.loads(sink.process.stdout.readline())["event"], "connected")
            client.sendmail("a@a.example", "b@b.example", CONTENT)
            self.assertEqual(json.loads(sink.process.stdout.readline())["mail"]["octets"], len(CONTENT))
        sink.end()

    def test_maildir_as_python_reads_it(self):
        sink = Running(self, "--maildir", "Maildir")
        send(sink.port, ["bob@b.example", "carol@b.example"])
        send(sink.port)
        sink.end()
        found = sorted(mailbox.Maildir(self.path / "Maildir"), key=lambda one: len(one.get_all("Delivered-To")))
        self.assertEqual([one.get_all("Delivered-To") for one in found], [["bob@b.example"], ["bob@b.example", "carol@b.example"]])
        self.assertEqual(found[0]["Return-Path"], "<alice@a.example>")
        self.assertEqual(found[0].get_payload(), ".dot\ntext\n")
        self.assertEqual(list((self.path / "Maildir/tmp").iterdir()), [])

    def test_tokens_from_a_file(self):
        tokens = self.file("tokens", "alice:t0ken\n")
        sink = Running(self, "--tokens", tokens, "--offer", "AUTH=XOAUTH2", "--require-auth")
        with smtplib.SMTP("127.0.0.1", sink.port, timeout=SECONDS) as client:
            client.ehlo()
            self.assertEqual(client.auth("XOAUTH2", lambda _=None: "user=alice\1auth=Bearer t0ken\1\1")[0], 235)
        sink.end()

    def test_a_report_in_a_file(self):
        sink = Running(self, "--report", "report.json", "--port-file", "ports")
        send(sink.port)
        self.assertEqual((self.path / "ports").read_text(), f"127.0.0.1:{sink.port}\n")
        self.assertIn("1 mail for 1 recipient", sink.end()[1])
        self.assertDocument((self.path / "report.json").read_text(), "sink-report")

    def test_usage(self):
        users = self.file("users", "alice\n")
        for said, err in ((["--users", users], f"--users {users}:1: NAME:PASSWORD is needed"), (["--users", "none"], "--users: File does not exist"),
                          (["--tokens", users], "NAME:TOKEN is needed"), (["--events", "--json"], "--events excludes --json"),
                          (["--events", "--quiet"], "--events"), (["--folder", "a", "--maildir", "b"], "--folder"),
                          (["--json", "--quiet"], "--quiet"), (["--fault", "on RCPT clsoe"], "clsoe"), (["--nonsense"], "--nonsense"),
                          (["--implicit-tls"], "--tls-certificate"), (["--scram-fault", "x"], "--scram-fault"),
                          (["--offer", "LIMITS=FOO=1"], "--offer")):
            self.assertUsage("sink", *said, err=err)

    def test_ends_with_what_is_wrong(self):
        self.assertEnds(EX_CANTCREAT, "sink", "--maildir", "/proc/nowhere", err="postrider: cannot create /proc/nowhere")
        self.assertEnds(EX_CANTCREAT, "sink", "--port-file", "/proc/nowhere", err="postrider: cannot write /proc/nowhere")
        taken = Running(self)
        self.assertEnds(EX_UNAVAILABLE, "sink", "--listen", f"127.0.0.1:{taken.port}", err="in use")
        taken.end()
        self.assertUsage("sink", "--fault", "on foo", err="script, line 1: ")
        self.assertUsage("sink", "--tls-certificate", "nothing.pem", err="certificate nothing.pem: No such file or directory")
        self.assertUsage("sink", "--tls-certificate", certificates() / "good.pem", err="good.pem: there is none in it, in PEM")
        self.assertIn("on EVENT", self.assertEnds(EX_OK, "sink", "--help-script").out)

    def test_standard_output_that_is_full_ends_it(self):
        with open("/dev/full", "wb") as full:
            ended = self.assertEnds(EX_IOERR, "sink", stdout=full, err="standard output takes no more")
            self.assertEnds(EX_IOERR, "sink", "--events", stdout=full, err="standard output takes no more")

    def test_standard_output_that_is_closed_ends_it_at_the_next_mail(self):
        sink = Running(self)
        sink.process.stdout.close()
        with smtplib.SMTP("127.0.0.1", sink.port, timeout=SECONDS) as client:
            try:
                client.sendmail("a@a.example", "b@b.example", CONTENT)
            except smtplib.SMTPServerDisconnected:
                pass  # it may end before the reply leaves
        self.assertEqual(sink.process.wait(SECONDS), EX_IOERR)
        sink.process.stdout = None


if __name__ == "__main__":
    main()
