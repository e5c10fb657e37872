#!/usr/bin/env python3
"""`postrider probe`: what it shows of a server, how far it goes, how it ends. Usage: probe_test.py BUILD-FOLDER [unittest's arguments]"""
import json
import re
import signal
import subprocess
import unittest
import xml.etree.ElementTree as ElementTree

import support
from support import *


def fixed(text):
    """Without what changes from build to build and from run to run: pins, dates, bars."""
    text = re.sub(r"sha256//[A-Za-z0-9+/]{43}=", "sha256//PIN", text)
    text = re.sub(r"\d{4}-\d\d-\d\d to \d{4}-\d\d-\d\d, \d+ days left", "DAY to DAY, N days left", text)
    text = re.sub(r"(?m)^(  \w+( x\d)?) +\d+(\.\d+)? (us|ms|s)  .*$", r"\1 BAR", text)
    return support.stable(text)


class ProbeCase(support.Case):
    def certificate(self, name):
        return certificates() / name

    def clear(self, *options):
        """A sink without TLS, and how to probe it."""
        self.server = self.sink(*options)
        return ["probe", self.server.url(), "--tls", "none"]

    def secure(self, *options, scheme="smtp", **named):
        self.server = self.secure_sink(*options, **named)
        return ["probe", self.server.url(scheme, "localhost"), "--tls-ca", self.certificate("ca.pem")]

    def alice(self):
        return ["--user", "alice", "--password-file", self.file("password", PASSWORD + "\n")]

    def document(self, *arguments, code=0, **named):
        ended = self.assertEnds(code, *arguments, "--json", **named)
        return self.assertDocument(ended.out, "probe")

    def verbs(self):
        return self.server.report()["verbs"]


class Report(ProbeCase):
    def test_what_the_server_lacks_for_a_mail(self):
        mail = self.file("m.eml", "From: alice@a.example\nSubject: x\n\nGr\u00fc\u00dfe\n")
        asked = ["-f", "alice@a.example", "-t", "bob@b.example", "--data", mail]
        self.assertEnds(69, *self.clear("--no", "8BITMIME"), *asked, err="8BITMIME")
        self.assertEnds(69, *self.clear("--offer", "SIZE=20"), *asked, err="larger")
        self.assertEnds(0, *self.clear(), *asked)
        self.assertEnds(69, *self.clear("--no", "SMTPUTF8"), "-f", "alice@a.example", "-t", "\u00fc@b.example", err="SMTPUTF8")

    def test_mixed_recipients_end_as_a_mail_to_them_would(self):
        asked = ["-f", "alice@a.example", "-t", "bob@b.example", "-t", "carol@c.example"]
        self.assertEnds(75, *self.clear("--fault", 'on RCPT 1 reply "550 no"', "--fault", 'on RCPT 2 reply "451 later"'), *asked)

    def test_the_server_as_an_option(self):
        command, url, *more = self.clear()
        self.assertEnds(0, command, "--server", url, *more)

    def test_golden(self):
        to = self.secure("--user", f"alice:{PASSWORD}", "--no-auth-in-clear", "--offer", "AUTH=SCRAM-SHA-256 PLAIN XOAUTH2 GSSAPI",
                         "--offer", "SIZE=10240000", "--offer", "LIMITS=MAILMAX=10 RCPTMAX=100", "--no", "DSN", "--no", "BINARYMIME",
                         "--no", "SMTPUTF8", "--no", "8BITMIME", "--no", "ENHANCEDSTATUSCODES")
        ended = self.assertEnds(0, *to, *self.alice())
        self.assertEqual(ended.err, "")
        self.assertEqual(fixed(ended.out), """\
Server      smtp://localhost:PORT
Verdict     as it should be
Address     127.0.0.1:PORT
Greeting    220 sink.example ESMTP postrider-sink
TLS         TLS 1.3, TLS_AES_256_GCM_SHA384, by STARTTLS
Identity    VERIFIED: it is localhost
AUTH        authenticated by SCRAM-SHA-256

Certificates  as the server sent them, its own first
  1  CN=mail.example
     for     DNS:mail.example, DNS:localhost, IP:127.0.0.1, IP:::1
     by      CN=Postrider test CA
     valid   DAY to DAY, N days left
     key     EC P-256, 256 bits; signed by ecdsa-with-SHA256
     pin     sha256//PIN
  2  CN=Postrider test CA  (trusted here, not sent)
     by      itself
     valid   DAY to DAY, N days left
     key     EC P-256, 256 bits; signed by ecdsa-with-SHA256
     pin     sha256//PIN

Offers  C in clear text, T in TLS
  CT PIPELINING                               commands share a flight
  CT SIZE 10240000                            mails up to 10.2 MB
  CT CHUNKING                                 content by BDAT: no wait for a 354
  C- STARTTLS                                 TLS can begin
  CT LIMITS MAILMAX=10 RCPTMAX=100            at most 10 mails a connection, 100 recipients a mail
  -T AUTH SCRAM-SHA-256 PLAIN XOAUTH2 GSSAPI  see Mechanisms

Mechanisms  strongest first
  SCRAM-SHA-256       the server never sees the password, and proves itself  <- taken with a password
  XOAUTH2             a token  <- taken with a token
  PLAIN               the password as it is
  not spoken here: GSSAPI

Plan  for a mail of 1 KB to one recipient
  PIPELINING: MAIL, RCPT and what follows leave together
  CHUNKING: the content leaves with them, by BDAT
  LIMITS: a new connection after 10 mails
  LIMITS: at most 100 recipients at a time, the others in a further transaction
  without AUTH                    7 waits; the next mail on the same connection 1
  password, by SCRAM-SHA-256      10 waits; the next mail on the same connection 1
  token, by XOAUTH2               8 waits; the next mail on the same connection 1
    1  (connect)
    2  (greeting)
    3  -> EHLO [127.0.0.1]
    4  -> STARTTLS
    5  (TLS 1.3)
    6  ~> EHLO [127.0.0.1]
    7  ~> AUTH SCRAM-SHA-256 <hidden>
    8  ~> <hidden>
    9  ~> <hidden>
   10  ~> MAIL FROM:<sender@example.org> SIZE=1000
       ~> RCPT TO:<recipient@example.org>
       ~> BDAT 1000 LAST
       (1000 octets of content)
  the next mail:
    1  ~> MAIL FROM:<sender@example.org> SIZE=1000
       ~> RCPT TO:<recipient@example.org>
       ~> BDAT 1000 LAST
       (1000 octets of content)

Time  TIME
  lookup BAR
  connect BAR
  greeting BAR
  EHLO BAR
  STARTTLS BAR
  TLS BAR
  EHLO BAR
  AUTH x3 BAR
  QUIT BAR
""")

    def test_bars_by_locale(self):
        to = self.clear()
        self.assertRegex(self.assertEnds(0, *to).out, "greeting +[0-9.]+ (us|ms) +[\u2588-\u258f]")
        self.environment["LC_ALL"] = "C"
        out = self.assertEnds(0, *to).out
        self.assertTrue(out.isascii())
        self.assertRegex(out, r"greeting +[0-9.]+ (us|ms) +=")

    def test_without_tls_and_extensions(self):
        out = self.assertEnds(0, *self.clear("--bare")).out
        for words in ("TLS         none: what is said can be read on the way", "no extension", "Mechanisms  none: AUTH is not offered",
                      "no PIPELINING: a wait for each command", "no CHUNKING: DATA, a wait for its 354"):
            self.assertIn(words, out)

    def test_what_is_not_to_be_used_is_not_planned(self):
        self.assertIn("no CHUNKING", self.assertEnds(0, *self.clear(), "--no-use", "CHUNKING").out)

    def test_texts_of_the_server_move_no_cursor(self):
        to = self.clear("--fault", 'on greeting reply "220 \\x1b[31mred"', "--offer", "X-\x1b[2J")
        ended = self.assertEnds(0, *to, "-v")
        self.assertNotIn("\x1b", ended.out)
        self.assertIn("220 ?[31mred", ended.out)
        ended = self.assertEnds(0, *self.clear("--offer", "X-\x9b2J", "--offer", "AUTH=\x9b1m", "--user", "alice:x"), "-v", out="X-?2J")
        self.assertNotIn("\x9b", ended.out)

    def test_colours(self):
        to = self.clear()
        self.assertIn("\x1b[", self.assertEnds(0, *to, "--color", "always").out)
        self.assertNotIn("\x1b[", self.assertEnds(0, *to).out)

    def test_tls_from_the_first_octet(self):
        ended = self.assertEnds(0, *self.secure("--implicit-tls", scheme="submissions"), "-v")
        self.assertIn(", from the first octet", ended.out)
        self.assertIn("Offers  in TLS", ended.out)
        self.assertLess(ended.out.index("=== TLS"), ended.out.index("<~ 220 "))

    def test_save_chain_is_what_tls_ca_takes(self):
        to = self.secure(certificate="self-signed")
        self.assertEnds(76, *to, "--save-chain", "chain.pem")
        self.assertEnds(0, "probe", self.server.url("smtp", "localhost"), "--tls-ca", self.path / "chain.pem")
        self.assertEnds(73, *to, "--save-chain", "no/such/folder.pem", err="--save-chain: cannot write")

    def test_svg(self):
        self.assertEnds(0, *self.clear(), "--svg", "time.svg")
        titles = [one.text for one in ElementTree.parse(self.path / "time.svg").iter("{http://www.w3.org/2000/svg}title")]
        self.assertTrue(any(one.startswith("EHLO: ") for one in titles), titles)
        self.assertEnds(73, *self.clear(), "--svg", "no/such/time.svg", err="no/such/time.svg")


class Identity(ProbeCase):
    # (certificate, the reason, what to do)
    FAULTS = [("wrong-name", "is for another host", "it is for DNS:other.example, and not for localhost"),
              ("cn-only", "is for another host", "the common name does not count"),
              ("expired", "is no longer valid", "renew it on the server"),
              ("not-yet-valid", "is not valid yet", "is the clock of this machine right?"),
              ("self-signed", "is signed by itself alone", "--tls-pin-suffices"),
              ("unknown-ca", "is not signed by an authority that is trusted here", "signs as CN=Another test CA"),
              ("no-intermediate", "is not signed by an authority that is trusted here", "signs as CN=Postrider test intermediate CA"),
              ("weak", "is too weak to be trusted", "RSA keys need 2048 bits"),
              ("weak-signature", "is too weak to be trusted", "signatures SHA-256")]

    def test_not_verified(self):
        for certificate, why, todo in self.FAULTS:
            with self.subTest(certificate):
                to = self.secure("--user", f"alice:{PASSWORD}", certificate=certificate)
                ended = self.assertEnds(76, *to, *self.alice(), "-f", "a@a.example", "-t", "b@b.example", "--body", "x",
                                        err="has not proved who it is")
                plain = " ".join(ended.out.split())
                for words in ("Verdict NOT VERIFIED", why, todo, "no credentials and no mail were sent", "pin sha256//", "CT PIPELINING"):
                    self.assertIn(words, plain)
                verbs = self.verbs()
                self.assertEqual((verbs.get("AUTH"), verbs.get("MAIL"), verbs["EHLO"], verbs["QUIT"]), (None, None, 2, 1))

    def test_pins(self):
        pin = dict(line.split() for line in (self.certificate("pins")).read_text().splitlines())["self-signed"]
        to = self.secure(certificate="self-signed")
        self.assertEnds(0, *to, "--tls-pin", pin, "--tls-pin-suffices", out="VERIFIED: it has the key that was pinned")
        other = "sha256//" + "A" * 43 + "="
        self.assertIn("--tls-pin says others", " ".join(self.assertEnds(76, *to, "--tls-pin", other).out.split()))

    def test_the_name_that_was_said(self):
        to = self.secure(certificate="wrong-name")
        self.assertEnds(0, *to, "--tls-sni", "other.example", out="VERIFIED: it is other.example")

    def test_opportunistic(self):
        to = self.secure(certificate="expired")
        ended = self.assertEnds(0, *to, "--tls", "opportunistic", out=["NOT VERIFIED: a certificate of the server is no longer valid",
                                                                      "Verdict     as it should be"])
        self.assertNotIn("no credentials", ended.out)

    def test_no_tls_where_it_is_required(self):
        self.server = self.sink()
        self.assertEnds(76, "probe", self.server.url(), out="Plan  no mail goes here", err="--tls none")

    def test_no_tls_at_all_in_the_tls(self):
        self.server = self.sink()
        self.assertEnds(76, "probe", self.server.url("submissions"), out="TLS         failed:", err="begins in clear text")


class Stages(ProbeCase):
    SAID = {"greeting": [], "banner": [], "first-ehlo": ["EHLO"], "first-helo": ["EHLO"], "tls": ["EHLO", "STARTTLS"],
            "starttls": ["EHLO", "STARTTLS"], "ehlo": ["EHLO", "STARTTLS"], "helo": ["EHLO", "STARTTLS"],
            "auth": ["AUTH", "EHLO", "STARTTLS"], "mail": ["AUTH", "EHLO", "MAIL", "STARTTLS"],
            "rcpt": ["AUTH", "EHLO", "MAIL", "RCPT", "STARTTLS"], "dot": ["AUTH", "BDAT", "EHLO", "MAIL", "RCPT", "STARTTLS"],
            "content": ["AUTH", "BDAT", "EHLO", "MAIL", "RCPT", "STARTTLS"]}

    def at(self, option, stage):
        to = self.secure("--user", f"alice:{PASSWORD}")
        ended = self.assertEnds(0, *to, *self.alice(), "-f", "a@a.example", "-t", "b@b.example", "--body", "x", option, stage,
                                "-v", "--no-report")
        report = self.server.report()
        return ended.out, sorted(report["verbs"]), report["mails"]

    def test_quit_after(self):
        for stage, verbs in self.SAID.items():
            with self.subTest(stage):
                out, said, mails = self.at("--quit-after", stage)
                self.assertEqual(said, sorted(verbs + ["QUIT"]))
                self.assertEqual(mails, 1 if stage in ("dot", "content") else 0)
                self.assertRegex(out, r"[-~]> QUIT\n<[-~] 221 ")

    def test_drop_after(self):
        for stage, verbs in {"connect": [], **self.SAID, "data": ["AUTH", "DATA", "EHLO", "MAIL", "RCPT", "STARTTLS"]}.items():
            with self.subTest(stage):
                out, said, mails = self.at("--drop-after", stage)
                self.assertEqual(said, sorted(verbs))
                self.assertEqual(mails, 1 if stage in ("dot", "content") else 0)
                self.assertNotIn("QUIT\n<", out)

    def test_from_and_to_send_nothing(self):
        self.assertEnds(0, *self.clear(), "--from", "a@a.example", "--to", "b@b.example", "--to", "c@c.example",
                        out=["MAIL        <a@a.example>", "RCPT        <b@b.example>  250", "RCPT        <c@c.example>  250"])
        report = self.server.report()
        self.assertEqual((report["mails"], report["verbs"]["RCPT"]), (0, 2))

    def test_more_recipients_than_the_server_takes(self):
        whom = [word for name in ("bob", "carol", "dave") for word in ("--to", f"{name}@b.example")]
        self.assertEnds(75, *self.clear("--offer", "LIMITS=RCPTMAX=2"), "--from", "a@a.example", *whom, err="1 of the recipients were not asked for")

    def test_the_null_path_alone(self):
        self.assertEnds(0, *self.clear(), "-f", "<>", out="MAIL        <>")
        self.assertNotIn("RCPT", self.verbs())

    def test_body_sends(self):
        self.assertEnds(0, *self.clear(), "-f", "a@a.example", "-t", "b@b.example", "--body", "It works.", out="Queue ID    1")
        self.assertIn(b"\r\n\r\nIt works.", self.server.contents()[0])

    def test_data_sends(self):
        message = self.file("mail.eml", "From: a@a.example\nTo: x@x.example\nSubject: Hello\n\nAs it is.\n")
        self.assertEnds(0, *self.clear(), "-f", "<>", "-t", "b@b.example", "--data", message)
        self.assertRegex(self.server.contents()[0], rb"\AFrom: a@a\.example\r\nTo: x@x\.example\r\nSubject: Hello\r\nDate: .*\r\n"
                                                    rb"Message-ID: .*\r\n\r\nAs it is\.\r\n\Z")
        self.assertEqual([one["address"] for one in self.server.envelopes()[0]["recipients"]], ["b@b.example"])

    def test_data_from_standard_input(self):
        self.assertEnds(0, *self.clear(), "-f", "a@a.example", "-t", "b@b.example", "--data", "-", stdin="Subject: In\n\nHello.\n")
        self.assertIn(b"Subject: In", self.server.contents()[0])

    def test_verify_expand_xclient(self):
        ended = self.assertEnds(69, *self.clear("--offer", "VRFY", "--offer", "EXPN", "--offer", "XCLIENT", "--answer",
                                                "VRFY jones=250 2.1.5 <jones@example.com>"),
                                "--xclient", "ADDR=192.0.2.1", "--xclient", "NAME=client.test", "--verify", "jones", "--expand", "staff",
                                out=["XCLIENT ADDR=192.0.2.1 NAME=client.test", "VRFY jones\n     250 2.1.5 <jones@example.com>", "EXPN staff\n     550"],
                                err="EXPN was refused: 550")
        self.assertIn("Verdict     EXPN was refused", ended.out)

    def test_what_cannot_be_asked_for_is_refused(self):
        for option in ("--verify", "--expand"):
            for text in ("", "bob\r\nRSET", "x" * 499):
                self.assertUsage(*self.clear(), option, text, err=option)

    def test_ehlo_name_and_proxy_are_settings_as_elsewhere(self):
        self.assertEnds(0, *self.clear(), "--ehlo", "me.example", "-v", out="-> EHLO me.example")

    def test_an_account(self):
        self.server = self.sink()
        self.config(f'[account.work]\nserver = "{self.server.url()}"\ntls = "none"\nfrom = ["alice@a.example"]\n')
        self.assertEnds(0, "probe", "--account", "work", out="Verdict     as it should be")
        self.assertNotIn("MAIL", self.verbs())


class Transcript(ProbeCase):
    def test_golden(self):
        to = self.secure("--bare", "--offer", "STARTTLS", "--offer-after-tls", "AUTH=PLAIN", "--user", f"alice:{PASSWORD}")
        ended = self.assertEnds(0, *to, *self.alice(), "-v", "--no-report", "--ehlo", "me.example")
        self.assertGolden(ended.out, """
=== 127.0.0.1:PORT: connected
<- 220 sink.example ESMTP postrider-sink
-> EHLO me.example
<- 250-sink.example
<- 250 STARTTLS
-> STARTTLS
<- 220 Go ahead
=== TLS 1.3, TLS_AES_256_GCM_SHA384, with a server that has proved who it is
~> EHLO me.example
<~ 250-sink.example
<~ 250 AUTH PLAIN
~> AUTH PLAIN <hidden>
<~ 235 Authentication successful
~> QUIT
<~ 221 sink.example closing
""")

    def test_times(self):
        lines = self.assertEnds(0, *self.clear(), "--times", "--no-report").out.splitlines()
        times = [float(re.match(r" *([0-9.]+) ms  (===|->|<-) ", line)[1]) for line in lines]
        self.assertEqual(times, sorted(times))

    def test_nobody_sees_the_password(self):
        to = self.secure("--user", f"alice:{PASSWORD}", "--offer", "AUTH=PLAIN LOGIN")
        for more in (["-v"], ["--json", "-v"]):
            ended = self.assertEnds(0, *to, *self.alice(), *more)
            for secret in (PASSWORD, "YWxpY2U", "dGFuc3RhYWZ0YW5zdGFhZg"):
                self.assertNotIn(secret, ended.out + ended.err)

    def test_beside_a_document_it_is_on_standard_error(self):
        ended = self.assertEnds(0, *self.clear(), "-v", "--json", err="-> QUIT")
        self.assertDocument(ended.out, "probe")


class Document(ProbeCase):
    def test_as_it_should_be(self):
        made = self.document(*self.secure("--user", f"alice:{PASSWORD}", "--no-auth-in-clear", "--offer", "LIMITS=MAILMAX=3",
                                          "--offer", "SIZE=1000000", "--offer", "AUTH=PLAIN NTLM"),
                             *self.alice(), "-f", "a@a.example", "-t", "b@b.example", "--body", "x")
        self.assertEqual((made["exit_code"], made["server_name"], made["authenticated_by"]), (0, "sink.example", "PLAIN"))
        self.assertEqual(made["limits"], {"size_limit": 1000000, "mail_max": 3})
        self.assertEqual((made["mechanisms"], made["other_mechanisms"]), (["PLAIN"], ["NTLM"]))
        self.assertEqual(made["tls"]["faults"], [])
        self.assertEqual([made["plan"][kind].get("waits") for kind in ("without_auth", "with_password", "with_token")], [7, 8, None])
        self.assertIn("mechanism to authenticate with", made["plan"]["with_token"]["error"])
        self.assertEqual(made["mail"]["outcome"], "accepted")
        self.assertEqual({one["line"]: (one["in_clear"], one["in_tls"]) for one in made["offers"]}["AUTH PLAIN NTLM"], (False, True))
        self.assertEqual([one["phase"] for one in made["steps"]][:6], ["greeting", "EHLO", "STARTTLS", "TLS", "EHLO", "AUTH"])
        times = made["timings"]
        self.assertLessEqual(times["lookup_ms"] + times["connect_ms"], times["total_ms"])

    def test_not_verified(self):
        made = self.document(*self.secure(certificate="expired"), code=76)
        self.assertEqual((made["exit_code"], made["tls"]["verified"], made["phase"]), (76, False, "STARTTLS"))
        self.assertIn("renew it", made["tls"]["faults"][0]["to_do"])
        self.assertIn("BEGIN CERTIFICATE", made["tls"]["certificates"][0]["pem"])

    def test_where_nobody_listens(self):
        made = self.document("probe", f"smtp://127.0.0.1:{self.nobody()}", code=75)
        self.assertEqual([one["result"] for one in made["attempts"]], ["connection refused: nothing listens at that address and port"])
        self.assertEqual(made["steps"], [])

    def test_refused(self):
        made = self.document(*self.clear("--fault", 'on RCPT reply "550 5.1.1 who?"'), "-f", "a@a.example", "-t", "b@b.example", code=69)
        self.assertEqual((made["phase"], made["code"]), ("RCPT", 550))

    def test_an_ehlo_that_is_not_known(self):
        made = self.document(*self.clear("--refuse-ehlo", "502 5.5.1 no"))
        self.assertEqual(made["offers"], [])
        self.assertEqual(made["plan"]["without_auth"]["flights"][3]["lines"], ["HELO [127.0.0.1]"])

    def test_support(self):
        ended = self.assertEnds(0, "probe", "--support", "--json")
        made = json.loads(ended.out)
        self.assertIn("SCRAM-SHA-256-PLUS", made["mechanisms"])
        self.assertIn("XOAUTH2", self.assertEnds(0, "probe", "--support").out)


class Codes(ProbeCase):
    def test_68_no_such_host(self):
        self.assertEnds(68, "probe", "smtp://no-such-host.invalid", err="no-such-host.invalid")

    def test_69_refused(self):
        self.assertEnds(69, *self.clear("--fault", 'on greeting reply "554 5.3.2 go away"'), err="takes no mail from this address")

    def test_75_not_now(self):
        self.assertEnds(75, *self.clear("--fault", 'on MAIL reply "451 4.3.0 later"'), "-f", "a@a.example", err="MAIL was refused: 451 4.3.0 later")

    def test_75_silence(self):
        self.assertEnds(75, *self.clear("--fault", "on greeting delay 60s"), "--timeout", "1", err="greeting")

    def test_76_nonsense(self):
        self.assertEnds(76, *self.clear("--fault", 'on EHLO reply "nonsense"'))

    def test_77_authentication(self):
        to = self.secure("--user", "alice:another")
        self.assertEnds(77, *to, *self.alice(), err="AUTH was refused: 535", out="Verdict     AUTH was refused")

    def test_77_no_mechanism(self):
        self.assertEnds(77, *self.secure("--offer", "AUTH=GSSAPI"), *self.alice(), err="mechanism")

    def test_78_configuration(self):
        self.assertEnds(78, "probe", err="no server is named")
        self.assertEnds(78, "probe", "smtp://localhost", "--tls-ca", "no/such/file", err="no/such/file")

    def test_80_unknown(self):
        self.assertEnds(80, *self.clear("--fault", "on content close"), "-f", "a@a.example", "-t", "b@b.example", "--body", "x")

    def test_74_closed_standard_output(self):
        ended = subprocess.run(f'"{POSTRIDER}" probe {self.sink().url()} --tls none >/dev/full', shell=True, env=self.environment,
                               stderr=subprocess.PIPE, text=True, timeout=SECONDS)
        self.assertEqual(ended.returncode, 74, ended.stderr)

    def test_what_cannot_be_written_does_not_change_the_fate_of_a_mail(self):
        mail = [*self.clear(), "-f", "a@a.example", "-t", "b@b.example", "--body", "x"]
        for how in ({"stdout": open("/dev/full", "w")}, {"more": ["--svg", "no/such/a.svg"]}, {"more": ["--save-chain", "no/such/a.pem"]}):
            self.assertEnds(0, *mail, *how.pop("more", []), err="the exit code is that of the mail", **how)
        self.assertEqual(len(self.server.contents()), 3)

    def test_130_interrupted(self):
        server = self.sink("--fault", "on EHLO delay 60s")
        process = subprocess.Popen([POSTRIDER, "probe", server.url(), "--tls", "none", "-v"], env=self.environment, stdout=subprocess.PIPE,
                                   stderr=subprocess.PIPE, text=True)
        while "EHLO" not in process.stdout.readline():
            self.assertIsNone(process.poll())
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=SECONDS)
        self.assertEqual(process.returncode, 130, err)
        self.assertIn("** ", out)


class Usage(ProbeCase):
    def test_bad_usage(self):
        for arguments, words in [(["smtp://x", "--quit-after", "nowhere"], ["--quit-after", "nowhere", "first-ehlo"]),
                                 (["smtp://x", "--quit-after", "data"], ["--quit-after data", "--drop-after data"]),
                                 (["smtp://x", "--quit-after", "connect"], ["--quit-after connect", "--drop-after connect"]),
                                 (["smtp://x", "--quit-after", "ehlo", "--drop-after", "ehlo"], ["--quit-after and --drop-after"]),
                                 (["smtp://x", "--quit-after", "mail"], ["--from ADDRESS"]),
                                 (["smtp://x", "-f", "a@a.example", "--quit-after", "rcpt"], ["--to ADDRESS"]),
                                 (["smtp://x", "-t", "b@b.example"], ["--from ADDRESS"]),
                                 (["smtp://x", "-f", "a@a.example", "-t", "b@b.example", "--quit-after", "content"], ["--body TEXT"]),
                                 (["smtp://x", "-f", "a@a.example", "--body", "x"], ["--to ADDRESS"]),
                                 (["smtp://x", "--body", "x", "--data", "y"], ["--data", "--body"]),
                                 (["smtp://x", "--xclient", "ADDR"], ["--xclient", "NAME=VALUE"]),
                                 (["smtp://x", "--svg", "-"], ["--svg", "name a file"]),
                                 (["smtp://x", "--save-chain", "-"], ["--save-chain", "name a file"]),
                                 (["smtp://x", "--no-such-option"], ["--no-such-option"])]:
            with self.subTest(arguments=arguments):
                self.assertUsage("probe", *arguments, err=words)

    def test_a_mailbox_that_is_none(self):
        self.assertEnds(65, *self.clear(), "-f", "no mailbox", "-t", "b@b.example", err="no mailbox")

    def test_help_has_every_option(self):
        out = self.assertEnds(0, "probe", "--help").out
        for option in ("--quit-after", "--drop-after", "--from", "--to", "--body", "--data", "--verify", "--expand", "--xclient",
                       "--transcript", "--times", "--no-report", "--svg", "--save-chain", "--support", "--json", "Examples:"):
            self.assertIn(option, out)


if __name__ == "__main__":
    support.main()
