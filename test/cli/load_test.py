#!/usr/bin/env python3
"""`postrider load`: what it sends, measures and says, how it ends. Usage: load_test.py BUILD-FOLDER [unittest's arguments]"""
import re
import resource
import signal
import xml.etree.ElementTree as ElementTree

import support
from support import *


class LoadCase(support.Case):
    def load(self, *arguments, options=(), code=0, **named):
        """To a sink of its own, in clear."""
        self.server = self.sink(*options)
        return self.assertEnds(code, "load", self.server.url(), "--tls", "none", *arguments, **named)

    def measured(self, *arguments, **named):
        """The document, which must fit the schema and itself."""
        ended = self.load("--json", *arguments, **named)
        document = self.assertDocument(ended.out, "load")
        self.assertEqual(document["exit_code"], ended.code)
        self.assertEqual(sum(document["outcomes"].values()), document["mails"])
        return document

    def sizes(self):
        return [len(content) for content in self.server.contents()]

    def recipients(self):
        return [[to["address"] for to in mail["recipients"]] for mail in self.server.envelopes()]


class Sent(LoadCase):
    def test_mails_of_one_size(self):
        self.load("-n", "5", "-s", "2k")
        self.assertEqual(self.sizes(), [2000] * 5)
        self.assertIn(b"From: <sender@example.com>\r\n", self.server.contents()[0])
        self.assertEqual(self.recipients(), [["recipient@example.com"]] * 5)

    def test_sizes_by_weight(self):
        self.load("--messages", "6", "--size", "200*2,1Ki")
        self.assertEqual(self.sizes(), [200, 1024, 200] * 2)

    def test_files_and_folders(self):
        first = self.file("mails/1.eml", "Subject: 1\r\n\r\nOne.\r\n")
        self.file("mails/.hidden", "Subject: no\r\n\r\n")
        self.file("mails/2.eml", "Subject: 2\n\nTwo.\n")
        large = self.file("large", "Subject: large\r\n\r\n" + 20_000 * ("x" * 76 + "\r\n"))
        self.load("-n", "5", "-m", first, "--message", first.parent, "-m", large)
        self.assertEqual([content[:12] for content in self.server.contents()],
                         [b"Subject: 1\r\n", b"Subject: 1\r\n", b"Subject: 2\r\n", b"Subject: lar", b"Subject: 1\r\n"])
        self.assertEqual(self.server.contents()[3], large.read_bytes())

    def test_recipients_by_number(self):
        self.load("-n", "3", "-r", "2", "-t", "u%@b.example", "--addresses", "3", "--from", "alice@a.example")
        self.assertEqual(self.recipients(), [["u1@b.example", "u2@b.example"], ["u3@b.example", "u1@b.example"],
                                             ["u2@b.example", "u3@b.example"]])
        self.assertEqual(self.server.envelopes()[0]["from"], "alice@a.example")

    def test_recipients_in_turn_and_from_nobody(self):
        self.load("-n", "2", "--recipients", "2", "--to", "a@a.example", "--to", "b@b.example", "--from", "<>")
        self.assertEqual(self.recipients(), [["a@a.example", "b@b.example"]] * 2)
        self.assertEqual(self.server.envelopes()[0]["from"], "")
        self.load("-n", "1", "--recipients", "3")
        self.assertEqual(self.recipients(), [[f"recipient{i}@example.com" for i in (1, 2, 3)]])

    def test_over_tls_with_a_password(self):
        server = self.secure_sink("--user", "alice:" + PASSWORD, "--require-auth")
        self.environment["SECRET"] = PASSWORD
        ended = self.assertEnds(0, "load", server.url(host="localhost"), "--tls-ca", certificates() / "ca.pem", "--user", "alice",
                                "--password-env", "SECRET", "-n", "20", "-c", "2", "--look-ahead", "4", "--json")
        document = self.assertDocument(ended.out, "load")
        self.assertTrue(document["server"]["tls"]["verified"], "by its name, although its address was connected to")
        self.assertIn(document["server"]["authenticated_by"], ("PLAIN", "LOGIN"))
        self.assertEqual({stage: document["set_up"][stage]["count"] for stage in ("tls", "auth")}, {"tls": 2, "auth": 2})
        self.assertEqual((document["plan"]["connections"], document["plan"]["look_ahead"]), (2, 4))
        self.assertEqual(server.report()["mails"], 20)

    def test_a_new_connection_after_some(self):
        document = self.measured("-n", "35", "--reconnect", "10", "--look-ahead", "4")
        self.assertEqual(document["connections"], 4)
        self.assertEqual(document["set_up"]["connect"]["count"], 4)
        report = self.server.report()
        self.assertEqual([len([m for m in self.server.envelopes() if m["connection"] == c]) for c in (1, 2, 3, 4)], [10, 10, 10, 5])
        self.assertEqual((report["connections"], report["mails"]), (4, 35))
        document = self.measured("-n", "5", "--mails-per-connection", "2")
        self.assertEqual(document["connections"], 3, "the setting of that meaning counts, too")

    def test_the_servers_own_limit_of_mails(self):
        document = self.measured("-n", "25", "--look-ahead", "8", options=["--offer", "LIMITS=MAILMAX=10"])
        self.assertEqual(document["outcomes"]["accepted"], 25)
        self.assertEqual(document["connections"], 3)


class Measured(LoadCase):
    def test_golden(self):
        ended = self.load("-n", "100")
        text = re.sub(r"[\d,]+/s", "RATE/s", re.sub(r"[\d.]+ (K|M)?B/s", "RATE/s", ended.out))
        text = re.sub(r"(sent, )[\d.]+ KB", r"\1N KB", text)
        self.assertGolden(text, """
smtp://127.0.0.1:PORT  1 connection, look-ahead 1, mails of 1.00 KB, as fast as they are answered
mails          100 in TIME: RATE/s, RATE/s of content
accepted       100
latency        p50 TIME, p90 TIME, p99 TIME, max TIME  (from handing over to the result)
connections    1: connect p50 TIME, greeting p50 TIME, EHLO p50 TIME
waits          1.02 a mail
octets         100 KB of content; on the wire, without TLS, 109 KB sent, N KB received
CPU            TIME a mail, of this process
""")
        self.assertEqual(ended.err, "")

    def test_what_the_server_has_counted(self):
        document = self.measured("-n", "300", "-c", "3", "-r", "2", "-s", "500,1500")
        self.assertEqual(document["outcomes"], {"accepted": 300, "rejected": 0, "deferred": 0, "unknown": 0, "not_attempted": 0})
        self.assertEqual(document["recipients"]["accepted"], 600)
        self.assertEqual((document["content_octets"], document["latency"]["count"]), (300_000, 300))
        times = [document["latency"][key] for key in ("min_us", "p50_us", "p90_us", "p99_us", "p999_us", "max_us")]
        self.assertEqual(times, sorted(times))
        self.assertGreater(times[0], 0)
        self.assertEqual(document["latency"]["from"], "handing_over")
        report = self.server.report()
        self.assertEqual((report["mails"], report["connections"], report["content_octets"]), (300, 3, 300_000))
        self.assertEqual(report["octets_in"], document["octets_sent"] + 3 * len("QUIT\r\n"))

    def test_ends_after_a_time(self):
        document = self.measured("--duration", "0.3", "--connections", "2")
        self.assertGreater(document["mails"], 0)
        self.assertLess(document["elapsed_ms"], 30_000)
        self.assertEqual(document["plan"]["duration_ms"], 300)
        self.assertEqual(self.server.report()["mails"], document["mails"])

    def test_the_first_end_counts(self):
        self.assertEqual(self.measured("-d", "60", "-n", "3")["mails"], 3)

    def test_a_rate_is_kept(self):
        document = self.measured("--rate", "200", "-d", "0.5")
        self.assertEqual(document["mails"] + document["not_begun"], 100)
        self.assertGreaterEqual(document["elapsed_ms"], 400 * document["mails"] / 100)
        self.assertEqual((document["plan"]["rate"], document["latency"]["from"]), (200, "due"))

    def test_a_server_that_stands_still_is_seen_by_all_mails_of_that_time(self):
        still = ["--fault", "on content 1 delay 400ms"]
        document = self.measured("--rate", "200", "-n", "60", options=still)
        self.assertGreater(document["latency"]["p50_us"], 100_000)
        document = self.measured("-n", "60", options=still)
        self.assertLess(document["latency"]["p50_us"], 400_000 / 2)
        self.assertGreaterEqual(document["latency"]["max_us"], 400_000)

    def test_mails_that_were_due_and_not_begun(self):
        options = ["--fault", "on content 1 delay 700ms"]
        document = self.measured("--rate", "100", "-d", "0.4", options=options)
        self.assertEqual((document["mails"], document["not_begun"]), (1, 39))
        self.assertIn("not begun      39  (due", self.load("--rate", "100", "-d", "0.4", options=options).out)

    def test_errors_by_kind(self):
        faults = "".join(f'on content {i} connection 1 reply "{549 + i} 5.7.{i} no {i}"\n' for i in range(1, 26))
        script = self.file("script", faults + 'on MAIL 27 reply "451-4.3.0 first\\r\\n451 4.3.0 sec\\x1b[31mond"\n')
        document = self.measured("-n", "30", options=["--script", script], code=EX_TEMPFAIL)
        self.assertEqual((document["outcomes"]["rejected"], document["outcomes"]["deferred"]), (25, 1))
        self.assertEqual((len(document["errors"]), document["other_errors"]), (20, 6))
        self.assertEqual(document["errors"][0], {"count": 1, "phase": "content", "code": 550, "text": "no 1"})
        script = self.file("script", 'on MAIL 2+ reply "451-4.3.0 first\\r\\n451 4.3.0 sec\\x1b[31mond"\n')
        ended = self.load("-n", "1001", options=["--script", script], code=EX_TEMPFAIL)
        self.assertIn("\nNot accepted, recipients by kind\n    1,000  MAIL: 451 first sec?[31mond\n", ended.out)
        self.assertIn("\ndeferred       1,000\n", ended.out)

    def test_picture(self):
        picture = self.path / "load.svg"
        ended = self.load("-n", "400", "--svg", picture, options=["--fault", "random seed 1 on MAIL refuse 20%"], code=EX_TEMPFAIL)
        root = ElementTree.parse(picture).getroot()
        kinds = {kind: [e for e in root.iter("{http://www.w3.org/2000/svg}" + kind)] for kind in ("polyline", "rect", "text")}
        self.assertEqual(len(kinds["polyline"]), 1)
        texts = [e.text for e in kinds["text"]]
        for wanted in ("Mails a second", "not accepted", "90", "99", "percentile"):
            self.assertIn(wanted, texts)
        self.assertIn("accepted", ended.out)
        for x, y in (point.split(",") for point in kinds["polyline"][0].get("points").split(" ")):
            self.assertTrue(84 <= float(x) <= 936 and 126 <= float(y) <= 376, (x, y))

    def test_progress_on_a_terminal(self):
        server = self.sink("--fault", "on content 8 delay 500ms")
        terminal = self.on_terminal("load", server.url(), "--tls", "none", "-n", "10", "--color", "always")
        terminal.read(r"\r7 of 10 mails, [\d]+/s, .*B/s, p99 [\d.]+ (us|ms), 0 not accepted")
        self.assertEqual(terminal.end(), 0)
        self.assertIn("\033[32maccepted", terminal.seen)
        terminal = self.on_terminal("load", server.url(), "--tls", "none", "-n", "10", "--no-progress", "--colour", "never")
        self.assertEqual(terminal.end(), 0)
        self.assertNotIn("of 10 mails", terminal.seen)
        self.assertNotIn("\033", terminal.seen)


class Ends(LoadCase):
    def test_rejected(self):
        self.load("-n", "3", options=["--fault", 'on RCPT 2 reply "550 5.1.1 no"'], code=EX_UNAVAILABLE, out="rejected       1\n")

    def test_unknown_counts_most(self):
        document = self.measured("-n", "5", options=["--fault", "on content 2 connection 1 close", "--fault",
                                                     'on RCPT 1 connection 1 reply "550 no"'], code=UNKNOWN)
        self.assertEqual((document["outcomes"]["unknown"], document["outcomes"]["rejected"], document["outcomes"]["accepted"]), (1, 1, 3))
        self.assertEqual(document["errors"][1]["error"], "the server closed the connection")

    def test_a_file_counts_as_it_is_on_the_wire_and_a_pipe_is_a_file(self):
        octets = b"From: a@a.example\n\nhi"
        os.mkfifo(self.path / "fifo")
        server = self.sink()
        plain = self.file("m.eml", octets)
        for name in plain, self.path / "fifo":
            writer = subprocess.Popen(["sh", "-c", 'cat "$0" > fifo', plain], cwd=self.path) if name != plain else None
            ended = self.assertEnds(EX_OK, "load", server.url(), "--tls", "none", "-n", "2", "-m", name, "--json")
            self.assertEqual(self.assertDocument(ended.out, "load")["plan"]["contents"][0]["octets"], len(octets) + 4)
            if writer:
                self.assertEqual(writer.wait(SECONDS), 0)
        self.assertEqual([one["octets"] for one in server.envelopes()], [len(octets) + 4] * 4)
        self.assertUsage("load", server.url(), "-n", "1", "-m", "none.eml", code=EX_NOINPUT, err="--message: `none.eml` cannot be read: No such file")

    def test_nobody_listens(self):
        ended = self.assertEnds(EX_TEMPFAIL, "load", f"smtp://127.0.0.1:{self.nobody()}", "--tls", "none", "-n", "1000", "-c", "3",
                                "--json", err="postrider: given up: ")
        document = self.assertDocument(ended.out, "load")
        self.assertEqual((document["end"], document["outcomes"]["not_attempted"]), ("gave_up", 3))

    def test_a_local_socket_is_loopback(self):
        ended = self.assertEnds(EX_TEMPFAIL, "load", f"lmtp+unix:{self.path}/none", "-n", "1", err="given up: ")
        self.assertNotIn("--yes-really", ended.err)

    def test_a_server_that_goes_away(self):
        script = self.file("script", 'on MAIL 21 connection 1 reply "421 4.3.2 bye" close-after-reply\non greeting connection 2+ reply "421 4.3.2 down"\n')
        ended = self.load("-n", "100000", options=["--script", script], code=EX_TEMPFAIL, err="given up: ")
        self.assertIn("accepted       20\nnot attempted  10\n", ended.out, "it is tried ten times, for some seconds")
        self.assertIn("       10  greeting: 421 down\n", ended.out)

    def test_no_tls(self):
        server = self.sink()
        self.assertEnds(EX_PROTOCOL, "load", server.url(), "-n", "1", err="given up: ")

    def test_wrong_password(self):
        server = self.secure_sink("--user", "alice:other", "--require-auth")
        self.environment["SECRET"] = PASSWORD
        ended = self.assertEnds(EX_NOPERM, "load", server.url(host="localhost"), "--tls-ca", certificates() / "ca.pem", "--user",
                                "alice", "--password-env", "SECRET", "-n", "100", err="given up: ")
        self.assertIn("rejected       1\n", ended.out)

    def test_interrupted_with_a_mail_under_way(self):
        server = self.sink("--fault", "on content 8 silence")
        terminal = self.on_terminal("load", server.url(), "--tls", "none", "-n", "10", "--color", "never", "--svg", "a.svg")
        terminal.read(r"\r7 of 10 mails")
        terminal.type("\x03")
        self.assertEqual(terminal.end(), UNKNOWN)
        self.assertIn("(interrupted)", terminal.seen)
        self.assertRegex(terminal.seen, r"unknown        1  \(the server may have taken them or not\)")
        self.assertTrue((self.path / "a.svg").exists())

    def test_interrupted_between_mails(self):
        server = self.sink()
        with open(self.path / "out", "w") as out:
            terminal = self.on_terminal("load", server.url(), "--tls", "none", "--rate", "0.001", "-d", "60", "--json", stdout=out)
            terminal.read(r"\r1 mails")
            terminal.process.send_signal(signal.SIGTERM)
            self.assertEqual(terminal.end(), INTERRUPTED)
        document = self.assertDocument((self.path / "out").read_text(), "load")
        self.assertEqual((document["end"], document["mails"], document["exit_code"]), ("interrupted", 1, INTERRUPTED))

    def test_the_report_is_not_taken(self):
        with open("/dev/full", "w") as full:
            self.load("-n", "3", stdout=full, code=EX_IOERR, err="standard output")

    def test_as_many_files_as_connections(self):
        def limit(soft, hard):
            return lambda: resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
        ended = self.load("-n", "300", "-c", "150", preexec_fn=limit(32, 512), out="accepted       300\n")
        self.assertIn("connections    150: ", ended.out)
        self.assertUsage("load", "smtp://127.0.0.1:1", "-c", "150", preexec_fn=limit(32, 100), code=EX_OSERR,
                         err="--connections: 150 need 214 open files, and the system allows 100")

    def test_no_picture(self):
        server = self.sink()
        self.assertUsage("load", server.url(), "--tls", "none", "--svg", self.path / "none" / "a.svg", code=EX_CANTCREAT, err="--svg: ")
        self.assertEqual(server.report()["connections"], 0, "it is told before the load")
        folder = self.path / "taken"
        folder.mkdir()
        self.load("-n", "3", "--svg", folder, code=EX_CANTCREAT, out="accepted       3\n", err="the picture cannot be written")


class Refused(LoadCase):
    def refused(self, *arguments, err, code=EX_USAGE, url="smtp://127.0.0.1:1"):
        self.assertUsage("load", url, *arguments, err=err, code=code)

    def test_other_machines(self):
        for url in ("smtp://192.0.2.1", "submission://[2001:db8::1]:587", "smtp://0.0.0.0:2525"):
            self.refused("--tls", "none", url=url, err=["is not this machine's loopback", "--yes-really"])
        self.refused("--proxy", "socks5://127.0.0.1:1080", err="a proxy decides where it goes")
        self.refused("--dns", "127.0.0.1:53", url="smtp://mail.example", err="decide where `mail.example` is")
        self.refused(url="smtp://name.invalid", code=EX_NOHOST, err="`name.invalid` has no address")

    def test_another_machine_that_is_meant(self):
        server = self.sink()
        url = f"smtp://0.0.0.0:{server.port}"  # which Linux takes for this machine, and which is no loopback address
        self.refused("--tls", "none", "-n", "1", url=url, err="--yes-really")
        self.assertEnds(0, "load", url, "--tls", "none", "-n", "1", "--yes-really", out="accepted       1\n")

    def test_numbers(self):
        for option, wrong in (("-n", "0"), ("--messages", "-1"), ("-n", "x"), ("-c", "0"), ("--connections", "10001"), ("-r", "0"),
                              ("--recipients", "100001"), ("--reconnect", "0"), ("--addresses", "0"), ("-d", "0"), ("--duration", "-1"),
                              ("--duration", "x"), ("-d", "1s"), ("-d", "1e-12"), ("--rate", "0"), ("--rate", "1e-12"), ("--rate", "nan"), ("--rate", "1e9"), ("--rate", "")):
            self.refused(option, wrong, err=option if option.startswith("--") else option.lstrip("-"))

    def test_contents(self):
        self.refused("-s", "1kk", err="--size: `1kk` is no list of sizes")
        self.refused("--size", "10", err=["--size: `10` must be from", "--message FILE"])
        self.refused("--size", "1k", "-m", "x", err="--size and --message")
        self.refused("-m", "none", code=EX_NOINPUT, err="--message: `none`")
        (self.path / "empty").mkdir()
        self.refused("-m", self.path / "empty", code=EX_NOINPUT, err="there is no file in the folder")

    def test_addresses(self):
        self.refused("--from", "nobody", err="--from: `nobody` is no mailbox")
        self.refused("--to", "bob", err="--to: `bob` is no mailbox")
        self.refused("--to", "b@b.example", "-r", "2", err=["--recipients: 2", "`%`"])
        self.refused("--to", "b@b.example", "--addresses", "2", err="--addresses: ")

    def test_what_is_missing_or_wrong(self):
        self.assertUsage("load", err="URL is required")
        self.refused("--no-such-option", err="--no-such-option")
        self.refused(url="http://127.0.0.1", err="http")
        self.refused("--config", "none", code=EX_CONFIG, err="none")
        self.refused("--tls-ca", "none", code=EX_CONFIG, err="none: cannot be read")

    def test_help(self):
        out = self.assertEnds(0, "load", "--help").out
        for option in ("--messages", "--duration", "--size", "--message", "--connections", "--recipients", "--to", "--from", "--look-ahead",
                       "--rate", "--reconnect", "--addresses", "--yes-really", "--svg", "--json", "--no-progress", "--tls-ca", "--user"):
            self.assertIn(option, out)
        self.assertIn("coordinated omission", " ".join(out.split()))
        self.assertIn("Examples:", out)


if __name__ == "__main__":
    support.main()
