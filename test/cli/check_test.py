#!/usr/bin/env python3
"""`postrider check`: what is wrong with messages, what they need, and whether a server offers it. Usage: check_test.py BUILD_DIR"""
import os
import signal
import subprocess
import sys

from support import *

GOOD = ("Date: Mon, 30 Nov 2026 09:00:00 +0100\r\nFrom: Alice <alice@a.example>\r\nTo: bob@b.example\r\n"
        "Message-ID: <1@a.example>\r\nSubject: Test\r\n")
CORPUS = ROOT / "test/corpus/mail"
# Of the corpus, which is sent to real servers as it is: these are no messages of RFC 5322, and the needs of the others.
NO_MESSAGES = {"09-only-crlf", "10-only-blank-lines", "34-empty-fields", "35-no-usual-fields", "62-sensor-report"}
NEEDS = {**dict.fromkeys(("26-latin1", "27-utf8", "28-every-octet", "30-shift-jis", "41-alternative"), ["8BITMIME"]),
         **dict.fromkeys(("24-lines-around-1000", "25-lines-around-2048"), ["BINARYMIME"]), "61-utf8-headers": ["8BITMIME", "SMTPUTF8"]}


class Check(Case):
    def test_a_message_that_is_as_it_should_be(self):
        file = self.file("good.eml", GOOD + "\r\nHello.\r\n")
        ended = self.assertEnds(EX_OK, "check", "good.eml")
        self.assertEqual(ended.out, f"good.eml: sendable, SIZE={file.stat().st_size}; 0 errors, 0 warnings, 0 notes\n")
        self.assertEqual(ended.err, "")
        self.assertEqual(self.assertEnds(EX_OK, "check", "--quiet", "good.eml").out, "")

    def test_one_that_is_not(self):
        self.file("bad.eml", "Date: today\nFrom: alice@a.example\nTo: bob\ncaf\u00e9\n.\n" + "x" * 999 + "\n")
        ended = self.assertEnds(EX_DATAERR, "check", "bad.eml")
        self.assertGolden(ended.out, """
bad.eml: warning: Message-ID is missing (RFC 5322 \u00a73.6.4); add one; filters are wary of mail without
bad.eml: note: Subject is missing (RFC 5322 \u00a73.6.5)
bad.eml: note: lines end with LF alone (RFC 5321 \u00a72.3.8); they are sent as CRLF
bad.eml:1: error: Date is no date (RFC 5322 \u00a73.3); write it as DATE
bad.eml:3: error: To: bob: has no domain (RFC 5322 \u00a73.4); write Name <local-part@domain>, with commas between
bad.eml:4: error: neither a header field nor an empty line: caf\u00e9 (RFC 5322 \u00a72.1); put an empty line behind the header fields, or mend the line
bad.eml:4: warning: octets above 127 in a part that says 7bit, or says nothing (RFC 2045 \u00a72.7); say 8bit, or encode it: quoted-printable, base64
bad.eml:5: note: a line of one dot (RFC 5321 \u00a74.5.2); this is fine: it is sent as two, and read as one
bad.eml:6: warning: a line of 999 octets, more than 998 (RFC 5322 \u00a72.1.1); encode it, quoted-printable or base64: few servers offer BINARYMIME
bad.eml: not sendable, SIZE=1056; needs 8BITMIME, BINARYMIME; 3 errors, 3 warnings, 3 notes
""")
        quiet = self.assertEnds(EX_DATAERR, "check", "-q", "bad.eml").out
        self.assertNotIn("note", quiet)
        self.assertNotIn("sendable", quiet)
        self.assertEqual(len(quiet.splitlines()), 6)   # 3 errors, 3 warnings

    def test_the_corpus(self):
        files = sorted(CORPUS.glob("*.eml"))
        self.assertGreater(len(files), 50)
        ended = self.assertEnds(EX_DATAERR, "check", "--json", *files)
        found = self.assertDocument(ended.out, "check")["files"]
        self.assertEqual({Path(one["file"]).stem for one in found if not one["sendable"]}, NO_MESSAGES)
        self.assertEqual({Path(one["file"]).stem: one["needs"] for one in found if one["needs"]}, NEEDS)
        for one in found:
            octets = Path(one["file"]).read_bytes()
            canonical = re.sub(rb"\r\n|\r|\n", b"\r\n", octets)
            self.assertEqual(one["size"], len(canonical) + (0 if canonical.endswith(b"\r\n") else 2), one["file"])

    def test_standard_input(self):
        self.assertEnds(EX_OK, "check", "-", stdin=GOOD + "\r\n", out="-: sendable")
        self.assertEnds(EX_DATAERR, "check", "-", stdin="", out="-: error: the message is empty")
        self.assertUsage("check", "-", "-", err="`-` was said more than once")

    def test_what_composes_messages_makes_good_ones(self):
        made = self.assertEnds(EX_OK, "send", "--dry-run", "-f", "alice@a.example", "-s", "caf\u00e9", "--text", "caf\u00e9 " * 300,
                               "--html", "<p>x", "-a", POSTRIDER, "bob@b.example")
        checked = self.assertEnds(EX_OK, "check", "-", stdin=made.out)
        self.assertIn("0 errors, 0 warnings", checked.out)

    def test_what_cannot_be_read(self):
        self.file("good.eml", GOOD + "\r\n")
        ended = self.assertEnds(EX_NOINPUT, "check", "none.eml", "good.eml", self.path, out="good.eml: sendable",
                                err=["none.eml: cannot be read: No such file", ": cannot be read: Is a directory"])
        self.assertNotIn("none.eml", ended.out)
        document = self.assertDocument(self.assertEnds(EX_NOINPUT, "check", "--json", "none.eml").out, "check")
        self.assertEqual(document, {"exit_code": 66, "files": [{"file": "none.eml", "unreadable": "No such file or directory"}]})
        self.assertEnds(EX_NOINPUT, "check", "-", stdin_file=os.open(self.path, os.O_RDONLY))

    def test_the_size(self):
        self.file("good.eml", GOOD + "\r\n")
        self.assertEnds(EX_OK, "check", "--max-size", "1000", "good.eml")
        self.assertEnds(EX_DATAERR, "check", "--max-size", "10", "good.eml", out="octets on the wire, more than 10 octets")
        self.assertEnds(EX_OK, "check", "--max-size", "1k", "good.eml")
        self.assertEnds(EX_DATAERR, "check", "--max-size", "1", "good.eml", out="more than 1 octets")
        for wrong in "many", "-1", "1kB", "99999999999999999999", "18446744073709551615k":
            self.assertUsage("check", f"--max-size={wrong}", "good.eml", err=f"--max-size: `{wrong}` is no size: 25000000, 25M, 24Mi")

    def test_a_large_file_takes_no_memory(self):
        head = (GOOD + "Content-Transfer-Encoding: base64\r\nMIME-Version: 1.0\r\n\r\n").encode()
        small = self.file("small.eml", head + b"QUJD\r\n")
        large = self.file("large.eml", head + (b"QUJD" * 19 + b"\r\n") * 200_000)
        most = []
        for file in (small, large):
            process = subprocess.Popen([POSTRIDER, "check", "-q", file], env=self.environment)
            _, status, used = os.wait4(process.pid, 0)
            process.returncode = os.waitstatus_to_exitcode(status)
            self.assertEqual(process.returncode, EX_OK)
            most.append(used.ru_maxrss)
        self.assertLess(most[1] - most[0], 4096, f"KB, for {large.stat().st_size} octets")

    def test_a_server_that_offers_all_of_it(self):
        self.file("eight.eml", (GOOD + "Content-Transfer-Encoding: 8bit\r\nMIME-Version: 1.0\r\n\r\ncaf\u00e9\r\n"))
        server = self.sink()
        ended = self.assertEnds(EX_OK, "check", "--server", server.url(), "--tls", "none", "eight.eml")
        self.assertIn(f"eight.eml: {server.url()} offers all that it needs", ended.out)
        self.assertNotIn("offers", self.assertEnds(EX_OK, "check", "-q", "--server", server.url(), "--tls", "none", "eight.eml").out)
        report = server.report()
        self.assertEqual(report["mails"], 0)
        self.assertEqual(set(report["verbs"]), {"EHLO", "QUIT"})

    def test_a_server_that_lacks_something(self):
        self.file("all.eml", (GOOD + "X: caf\u00e9\r\n\r\ncaf\u00e9\r\n" + "x" * 999).encode())
        server = self.sink("--no", "8BITMIME", "--no", "SMTPUTF8", "--no", "BINARYMIME", "--offer", "SIZE=100")
        ended = self.assertEnds(EX_UNAVAILABLE, "check", "--server", server.url(), "--tls", "none", "all.eml")
        self.assertIn(f"{server.url()} cannot take it, without 8BITMIME, SMTPUTF8, SIZE=", ended.out)
        self.assertIn(" octets, BINARYMIME\n", ended.out)
        document = self.assertDocument(
            self.assertEnds(EX_UNAVAILABLE, "check", "--json", "--server", server.url(), "--tls", "none", "all.eml").out, "check")
        self.assertEqual(document["server"], {"url": server.url()})
        self.assertEqual((len(document["files"][0]["server_lacks"]), document["files"][0]["server_risks"]), (3, ["BINARYMIME"]))

    def test_what_is_sent_all_the_same(self):
        """As `send` has it: a mail is not held back for want of what next to no server offers."""
        self.file("long.eml", GOOD + "\r\n" + "x" * 999 + "\r\n")
        server = self.sink("--no", "BINARYMIME")
        to = ["--server", server.url(), "--tls", "none"]
        for quiet in [], ["-q"]:
            ended = self.assertEnds(EX_OK, "check", *quiet, *to, "long.eml")
            self.assertIn(f"long.eml: {server.url()} may refuse it, or it may be cut on its way, without BINARYMIME\n", ended.out)
        document = self.assertDocument(self.assertEnds(EX_OK, "check", "--json", *to, "long.eml").out, "check")
        self.assertEqual((document["files"][0]["server_lacks"], document["files"][0]["server_risks"]), ([], ["BINARYMIME"]))
        self.assertEnds(EX_OK, "send", *to, "-f", "alice@a.example", "--raw", "long.eml", "bob@b.example")

    def test_utf8_in_the_header_needs_both(self):
        self.file("utf8.eml", GOOD.replace("Test", "caf\u00e9") + "\r\nx\r\n")
        server = self.sink("--no", "8BITMIME")
        to = ["--server", server.url(), "--tls", "none"]
        self.assertEnds(EX_UNAVAILABLE, "check", *to, "utf8.eml", out=["needs 8BITMIME, SMTPUTF8", "cannot take it, without 8BITMIME\n"])
        self.assertEnds(EX_UNAVAILABLE, "send", *to, "-f", "alice@a.example", "--raw", "utf8.eml", "bob@b.example")

    def test_a_server_that_is_not_there(self):
        self.file("good.eml", GOOD + "\r\n")
        url = f"smtp://127.0.0.1:{self.nobody()}"
        self.assertEnds(EX_TEMPFAIL, "check", "--server", url, "--tls", "none", "good.eml", out="good.eml: sendable", err=url)
        document = self.assertDocument(
            self.assertEnds(EX_TEMPFAIL, "check", "--json", "--server", url, "--tls", "none", "good.eml").out, "check")
        self.assertIn("refused", document["server"]["problem"])
        # That the message is bad is told first.
        self.assertEnds(EX_DATAERR, "check", "--server", url, "--tls", "none", "-", stdin="x: y\r\n\r\n")

    def test_of_an_account_no_password_is_asked_for(self):
        self.file("good.eml", GOOD + "\r\n")
        server = self.sink("--user", f"alice:{PASSWORD}")
        config = self.config(f'[account.work]\nserver = "{server.url()}"\ntls = "none"\nuser = "alice"\npassword-command = "touch asked"\n')
        config.chmod(0o600)
        self.assertEnds(EX_OK, "check", "--account", "work", "good.eml", out="offers all")
        self.assertFalse((self.path / "asked").exists())
        self.assertNotIn("AUTH", server.report()["verbs"])
        # And without a word of a server none is asked.
        self.assertNotIn("offers", self.assertEnds(EX_OK, "check", "good.eml").out)

    def test_a_server_that_is_not_there_is_named_once(self):
        self.file("good.eml", GOOD + "\r\nx\r\n")
        url = f"smtp://127.0.0.1:{self.nobody()}"
        ended = self.assertEnds(EX_TEMPFAIL, "check", "--server", url, "good.eml", err=url)
        self.assertEqual(ended.err.count(url), 1, ended.err)

    def test_usage(self):
        self.assertUsage("check", err="FILE")
        self.assertUsage("check", "--nonsense", "x", err="--nonsense")
        ended = self.assertEnds(EX_OK, "check", "--help", out=["Usage: postrider check", "--max-size OCTETS", "Examples:"])
        self.assertNotIn("--password-file", ended.out)

    def test_colours(self):
        self.file("bad.eml", "x\r\n")
        self.assertIn("\033[31m", self.assertEnds(EX_DATAERR, "check", "--color", "always", "bad.eml").out)
        self.assertNotIn("\033", self.assertEnds(EX_DATAERR, "check", "bad.eml").out)

    def test_a_closed_or_full_standard_output(self):
        self.file("good.eml", GOOD + "\r\n")
        with open("/dev/full", "wb") as full:
            self.assertEnds(EX_IOERR, "check", "good.eml", stdout=full, err="standard output takes no more")

    def test_an_interrupt_says_that_it_did_not_come_to_an_end(self):
        process = subprocess.Popen([POSTRIDER, "check", "-"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                                   env=self.environment)
        # It reads the first part, and then waits for more: that shows when the pipe is empty again.
        process.stdin.write(GOOD.encode())
        process.stdin.flush()
        wait_for_empty(process.stdin)
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=SECONDS)
        self.assertEqual(process.returncode, INTERRUPTED)
        self.assertIn(b"interrupted, and not looked at to its end", err)
        self.assertEqual(out, b"")


    def test_an_interrupt_while_nobody_writes_into_a_fifo(self):
        os.mkfifo(self.path / "fifo")
        process = subprocess.Popen([POSTRIDER, "check", self.path / "fifo"], stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=self.environment)
        # It waits in open(): that shows in what it sleeps in, and can be seen by nothing that it says.
        deadline = time.monotonic() + SECONDS
        while "fifo" not in (waits := Path(f"/proc/{process.pid}/wchan").read_text()) and "wait_for_partner" not in waits:
            self.assertLess(time.monotonic(), deadline, waits)
            os.sched_yield()
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=SECONDS)
        self.assertEqual((process.returncode, out), (INTERRUPTED, b""))
        self.assertIn(b"interrupted, and not looked at to its end", err)


def wait_for_empty(pipe):
    import fcntl, struct, termios
    deadline = time.monotonic() + SECONDS
    while struct.unpack("i", fcntl.ioctl(pipe, termios.FIONREAD, b"\0" * 4))[0]:
        assert time.monotonic() < deadline, "nobody reads"
        os.sched_yield()


if __name__ == "__main__":
    main()
