#!/usr/bin/python3
"""Real servers over TLS: each mechanism by STARTTLS and by TLS from the first octet, with each TLS library of the client; what must
be refused; channel bindings; and waits from outside.

Usage: test/server/tls_test.py PATH-TO-DELIVER [--all] [unittest options]        Needs root, or sudo, for the servers.

Without --all each mechanism of each server comes once, by the ports and the libraries in turn. `gsasl_server` is expected beside
`deliver`; with deliver_smtplib.py, the control, in build/dev.
"""
import itertools
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
DOMAIN = "postrider.example"
SECONDS = 20
TLS = ["starttls", "implicit"]
CONTROL = "deliver_smtplib.py"

client = gsasl_server = certificates = None
backends = []   # of TLS, that the client was built with
everything = False
work = None
running = {}


def is_control():
    return client.name == CONTROL


def needs_ours(test):
    """A test of what the control does not know."""
    return unittest.skipIf(len(sys.argv) > 1 and sys.argv[1].endswith(CONTROL), "the control cannot")(test)


def setUpModule():
    global work, certificates
    folder = tempfile.TemporaryDirectory(prefix="postrider-tls.")
    unittest.addModuleCleanup(folder.cleanup)
    work = pathlib.Path(folder.name)
    work.chmod(0o755)   # the servers' own users pass through it
    certificates = pathlib.Path(subprocess.run([HERE / "certificates"], stdout=subprocess.PIPE, check=True, text=True).stdout.rstrip())
    (work / "password").write_text("secret\n")
    (work / "wrong-password").write_text("public\n")
    (work / "mail").write_bytes(b"Subject: Hi\r\n\r\nHello.\r\n.\r\n")


def start(server, environment=()):
    """What the server's ready.json says; it runs until the end of the module."""
    if server not in running:
        unittest.addModuleCleanup(subprocess.run, [HERE / server, "stop", work / server], stdin=subprocess.DEVNULL, check=True)
        started = subprocess.run(["env", *environment, HERE / server, "start", work / server, "user", work / "password"],
                                 stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, check=True)
        running[server] = json.loads(started.stdout)
    return running[server]


def start_dovecot():
    return start("dovecot", [f"SUBMISSION_TO=127.0.0.1:{start('aiosmtpd')['ports']['open']}"])


def deliver(to, port, tls, mechanism, backend, ca, **more):
    """What the client says of one mail; `more` are further options."""
    options = {"server": "127.0.0.1", "port": port, "from": f"sender@{DOMAIN}", "to": to, "user": "user",
               "password-file": work / "password", "raw": work / "mail", "tls": tls, "name": "mail.example", "ca": ca,
               "mechanism": mechanism, "backend": backend}
    if mechanism == "EXTERNAL":
        options |= {"certificate": ca.with_name("client.pem"), "key": ca.with_name("client.key")}
    options |= {name.replace("_", "-"): value for name, value in more.items()}
    if is_control():
        options.pop("backend")
    command = [client, "posix", *itertools.chain(*(["--" + name, str(value)] for name, value in options.items()))]
    done = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, timeout=60)
    try:
        return json.loads(done.stdout)
    except ValueError:
        raise AssertionError(f"the client printed no result (exit status {done.returncode}): {done.stdout!r} {done.stderr!r}") from None


class Case(unittest.TestCase):
    def assertAccepted(self, said, mechanism):
        self.assertEqual((said["outcome"], said["code"], said["mechanism"]), ("accepted", 250, mechanism), said)
        self.assertTrue(said["tls"]["verified"], said)
        self.assertRegex(said["tls"]["version"], r"^TLS 1\.[23]$", said)
        self.assertTrue(said["tls"]["cipher"], said)

    def assertRefused(self, said, code=535):
        self.assertEqual((said["outcome"], said["phase"].upper(), said["code"]), ("rejected", "AUTH", code), said)

    def assertNothingSent(self, said):
        """The client's own no: nobody was asked to take a mail."""
        self.assertIn(said["outcome"], {"not_attempted", "deferred"} | ({"unknown"} if is_control() else set()), said)
        self.assertEqual(said["code"], 0, said)
        self.assertTrue(said["error"], said)


class Server(Case):
    """A server. `tried` and `over` are what its log says of an AUTH, and of a connection that has ended."""
    server = flavour = None
    tried = over = None

    @classmethod
    def setUpClass(cls):
        cls.ready = cls.bring_up()
        cls.port = cls.ready["ports"] | (cls.ready["flavours"][cls.flavour]["ports"] if cls.flavour else {})
        cls.ca = pathlib.Path(cls.ready["ca"])
        cls.log = pathlib.Path(cls.ready["log"])
        cls.store = pathlib.Path(cls.ready["store"])

    @classmethod
    def bring_up(cls):
        return start(cls.server)

    def setUp(self):
        self.mark = self.log.stat().st_size if self.log.exists() else 0
        self.to = f"{secrets.token_hex(6)}@{DOMAIN}"

    def deliver(self, tls, mechanism, backend, **more):
        more = {"ca": self.ca} | more
        if mechanism in ("OAUTHBEARER", "XOAUTH2"):
            more["token_file"] = start_dovecot()["token"]
        return deliver(self.to, more.pop("port", None) or self.port[tls], tls, mechanism, backend, **more)

    def said_in_log(self):
        with open(self.log, "rb") as file:
            file.seek(self.mark)
            return file.read().decode(errors="replace")

    def tries(self):
        """The mechanisms of each AUTH command that the server has seen in this test, by its log."""
        deadline = time.monotonic() + SECONDS
        while self.over and not re.search(self.over, self.said_in_log()) and time.monotonic() < deadline:
            time.sleep(0.02)
        return [next(filter(None, found)) if isinstance(found, tuple) else found for found in re.findall(self.tried, self.said_in_log())]

    def assertStored(self):
        deadline = time.monotonic() + SECONDS
        while time.monotonic() < deadline:
            for file in self.store.iterdir():
                octets = file.read_bytes().replace(b"\r\n", b"\n")
                if self.to.encode() in octets:
                    self.assertRegex(octets, rb"(?m)^Return-Path: ?<sender@")
                    self.assertTrue(octets.endswith(b"\n\nHello.\n.\n"), octets)
                    return file.unlink()
            time.sleep(0.02)
        self.fail("accepted, but not stored")

    def tls_and_backend(self):
        """The combinations for a test that does not depend on the mechanism: all, or one for each library."""
        return itertools.product(TLS, backends) if everything else zip(TLS, backends)


class Offers:
    """For every server. `mechanisms`: what it offers; `strongest`: of these, with a password."""
    mechanisms, strongest = [], None

    # Each mechanism: see `add_mechanisms`.

    def delivers(self, tls, mechanism, backend):
        said = self.deliver(tls, mechanism, backend)
        self.assertAccepted(said, self.strongest if mechanism == "strongest" else mechanism)
        self.assertEqual(said["tls"]["version"], "TLS 1.2" if backend == "mbedtls" else "TLS 1.3")   # mbedTLS 2.28 ends at 1.2
        self.assertStored()
        self.assertEqual(self.tries(), [said["mechanism"]])

    def test_says_what_it_offers(self):
        of = self.ready["flavours"][self.flavour] if self.flavour else self.ready
        self.assertEqual(set(of["mechanisms"]), set(self.mechanisms))

    def test_wrong_password(self):
        """It is final: no weaker mechanism is tried."""
        for tls, backend in self.tls_and_backend():
            with self.subTest(tls=tls, backend=backend):
                self.setUp()
                self.assertRefused(self.deliver(tls, "strongest", backend, password_file=work / "wrong-password"))
                self.assertEqual(self.tries(), [self.strongest])

    def test_wrong_ca(self):
        for tls, backend in self.tls_and_backend():
            with self.subTest(tls=tls, backend=backend):
                self.setUp()
                said = self.deliver(tls, "PLAIN", backend, ca=certificates / "other-ca.pem")
                self.assertNothingSent(said)
                self.assertFalse(said["tls"]["verified"], said)
                self.assertEqual(self.tries(), [])

    def test_wrong_name(self):
        for tls, backend in self.tls_and_backend():
            with self.subTest(tls=tls, backend=backend):
                self.setUp()
                said = self.deliver(tls, "PLAIN", backend, name="other.example")
                self.assertNothingSent(said)
                self.assertFalse(said["tls"]["verified"], said)
                self.assertEqual(self.tries(), [])

    @needs_ours
    def test_no_credentials_in_clear_text(self):
        said = self.deliver("none", "PLAIN", backends[0], port=self.port["starttls"])
        self.assertNothingSent(said)
        self.assertEqual(self.tries(), [])

    @needs_ours
    def test_no_credentials_to_somebody(self):
        """Opportunistic TLS asks nobody who he is, so he is not told the password."""
        said = self.deliver("opportunistic", "PLAIN", backends[0], port=self.port["starttls"], ca=certificates / "other-ca.pem")
        self.assertNothingSent(said)
        self.assertEqual(self.tries(), [])


class HasOpenPort:
    """For the servers with a port that has no TLS."""

    def test_starttls_is_not_offered(self):
        said = self.deliver("starttls", "none" if is_control() else "PLAIN", backends[0], port=self.port["open"])
        self.assertNothingSent(said)
        self.assertFalse(said["tls"]["verified"], said)
        self.assertEqual(self.tries(), [])


class OfPostfix(Server):
    server = "postfix"
    tried = r"sasl_method=([^,]+), sasl_username|SASL (\S+) authentication failed"
    over = r"(?m)^.*disconnect from .*$"

    @classmethod
    def bring_up(cls):
        return start("postfix", [f"SASL_FROM={start_dovecot()['sasl']}"])

    def tries(self):
        names = super().tries()
        counted = sum(int(number) for number in re.findall(r"disconnect from .* auth=(?:\d+/)?(\d+)", self.said_in_log()))
        self.assertEqual(len(names), counted, self.said_in_log())
        return names


class Postfix(OfPostfix, Offers, HasOpenPort):
    mechanisms, strongest = ["PLAIN", "LOGIN", "CRAM-MD5", "SCRAM-SHA-1", "SCRAM-SHA-256", "SCRAM-SHA-512"], "SCRAM-SHA-512"

    @needs_ours
    def test_opportunistic(self):
        """In clear text where there is no TLS; to anybody where there is."""
        said = self.deliver("opportunistic", "none", backends[0], port=self.port["open"])
        self.assertEqual((said["outcome"], said["tls"]["version"]), ("accepted", ""), said)
        self.assertStored()


class PostfixWithDovecot(OfPostfix, Offers):
    flavour = "dovecot"
    mechanisms = ["PLAIN", "LOGIN", "CRAM-MD5", "SCRAM-SHA-1", "SCRAM-SHA-256", "OAUTHBEARER", "XOAUTH2"]
    strongest = "SCRAM-SHA-256"


class Exim(Server, Offers, HasOpenPort):
    server = "exim"
    mechanisms = ["PLAIN", "LOGIN", "CRAM-MD5", "EXTERNAL", "SCRAM-SHA-1", "SCRAM-SHA-256", "OAUTHBEARER", "XOAUTH2"]
    strongest = "SCRAM-SHA-256"
    tried = r" A=(\w+):| (\w+) authenticator failed"

    @classmethod
    def bring_up(cls):
        return start("exim", [f"SASL_FROM={start_dovecot()['sasl']}"])

    def tries(self):
        return [name.upper().replace("_", "-") for name in super().tries()]


class OpenSmtpd(Server, Offers, HasOpenPort):
    server = "opensmtpd"
    mechanisms, strongest = ["PLAIN", "LOGIN"], "PLAIN"
    tried = r"<<< AUTH (\S+)"

    def tries(self):
        tries = super().tries()
        self.assertEqual(len(tries), len(re.findall(r"smtp authentication user=\S* result=", self.said_in_log())))
        return tries


class Aiosmtpd(Server, Offers, HasOpenPort):
    server = "aiosmtpd"
    mechanisms, strongest = ["PLAIN", "LOGIN"], "PLAIN"
    tried = r">> b'AUTH ([\w-]+)"


class Dovecot(Server, Offers):
    """Its submission service, which relays to aiosmtpd."""
    server = "dovecot"
    mechanisms = ["PLAIN", "LOGIN", "CRAM-MD5", "SCRAM-SHA-1", "SCRAM-SHA-256", "OAUTHBEARER", "XOAUTH2", "EXTERNAL"]
    strongest = "SCRAM-SHA-256"
    tried = r"submission-login: Info: (?:Login:|.*\(auth failed, 1 attempts).* method=([^,]+)"
    over = r"submission-login: Info: "

    @classmethod
    def bring_up(cls):
        return start_dovecot()

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.store = pathlib.Path(start("aiosmtpd")["store"])

    def test_wrong_token(self):
        """The 334 with what is wrong is answered; then comes the 535."""
        (work / "wrong-token").write_text(pathlib.Path(self.ready["token"]).read_text()[:-5] + "AAAA\n")
        for mechanism in "OAUTHBEARER", "XOAUTH2":
            with self.subTest(mechanism):
                self.setUp()
                said = deliver(self.to, self.port["implicit"], "implicit", mechanism, backends[0], self.ca, token_file=work / "wrong-token")
                self.assertRefused(said)
                self.assertEqual(self.tries(), [mechanism])


class Gsasl(Case):
    """libgsasl judges: channel bindings, and whatever else a server can do wrong."""

    def setUp(self):
        self.ca = certificates / "ca.pem"

    def serve(self, certificate="good", **options):
        options = {"certificate": certificates / f"{certificate}.pem", "key": certificates / f"{certificate}.key", "user": "user",
                   "password-file": work / "password"} | options
        self.log = tempfile.TemporaryFile(dir=work)
        self.addCleanup(self.log.close)
        server = subprocess.Popen([gsasl_server, *itertools.chain(*(["--" + name, str(value)] for name, value in options.items()))],
                                  stdin=subprocess.DEVNULL, stdout=self.log)
        self.addCleanup(server.wait)
        self.addCleanup(server.kill)
        deadline = time.monotonic() + SECONDS
        while not self.log.tell() and server.poll() is None and time.monotonic() < deadline:
            time.sleep(0.01)
        self.port = self.events()[0]["port"]

    def events(self):
        end = self.log.seek(0, 2)
        self.log.seek(0)
        events = [json.loads(line) for line in self.log]
        self.log.seek(end)
        return events

    def deliver(self, mechanism, backend, tls="starttls", **more):
        """What the client says, and the server of each AUTH."""
        ca = more.pop("ca", self.ca)
        said = deliver(f"someone@{DOMAIN}", self.port, tls, mechanism, backend, ca, **more)
        return said, [event for event in self.events() if "auth" in event]

    def versions(self):
        """Each library with each version of TLS that it speaks, and what ties SCRAM to it."""
        for backend in backends:
            yield backend, "1.2", "tls-unique"
            if backend != "mbedtls":
                yield backend, "1.3", "tls-exporter"

    def test_each_mechanism(self):
        for tls, backend in itertools.product(TLS, backends):
            for mechanism in "PLAIN", "LOGIN", "CRAM-MD5", "SCRAM-SHA-1", "SCRAM-SHA-256", "EXTERNAL", "ANONYMOUS":
                with self.subTest(tls=tls, backend=backend, mechanism=mechanism):
                    self.serve(tls=tls, binding="none", **{"client-ca": self.ca})
                    said, tries = self.deliver(mechanism, backend, tls)
                    self.assertAccepted(said, mechanism)
                    self.assertEqual([(t["auth"], t["ok"]) for t in tries], [(mechanism, True)])
                    self.assertEqual(self.events()[-1], {"mail": f"sender@{DOMAIN}", "octets": 26})

    @needs_ours
    def test_channel_binding(self):
        for (backend, version, binding), mechanism in itertools.product(self.versions(), ["SCRAM-SHA-1-PLUS", "SCRAM-SHA-256-PLUS", "strongest"]):
            for asked in "auto", binding:
                with self.subTest(backend=backend, version=version, mechanism=mechanism, asked=asked):
                    self.serve(versions=version)
                    said, tries = self.deliver(mechanism, backend, binding=asked)
                    self.assertAccepted(said, "SCRAM-SHA-256-PLUS" if mechanism == "strongest" else mechanism)
                    self.assertEqual(said["tls"]["version"], f"TLS {version}")
                    self.assertEqual([(t["auth"], t["ok"], t["asked"]) for t in tries], [(said["mechanism"], True, binding)])

    @needs_ours
    def test_wrong_channel_binding(self):
        """As if somebody stood between: refused, and nothing weaker is tried."""
        for backend, version, binding in self.versions():
            with self.subTest(backend=backend, version=version):
                self.serve(versions=version, binding="wrong")
                said, tries = self.deliver("strongest", backend)
                self.assertRefused(said)
                self.assertEqual([(t["auth"], t["ok"], t["asked"]) for t in tries], [("SCRAM-SHA-256-PLUS", False, binding)])

    @needs_ours
    def test_plus_is_hidden(self):
        """The client says that it could have, and the server that it had offered."""
        for backend, version, _ in self.versions():
            with self.subTest(backend=backend, version=version):
                self.serve(versions=version, plus="stripped")
                said, tries = self.deliver("strongest", backend)
                self.assertRefused(said)
                self.assertEqual([(t["auth"], t["ok"]) for t in tries], [("SCRAM-SHA-256", False)])

    @needs_ours
    def test_a_binding_that_the_server_does_not_know(self):
        for backend, version, _ in self.versions():
            with self.subTest(backend=backend, version=version):
                self.serve(versions=version)
                said, tries = self.deliver("SCRAM-SHA-256-PLUS", backend, binding="tls-server-end-point")
                self.assertRefused(said)
                self.assertEqual([(t["auth"], t["ok"]) for t in tries], [("SCRAM-SHA-256-PLUS", False)])

    def test_wrong_password(self):
        for backend in backends:
            with self.subTest(backend=backend):
                self.serve()
                said, tries = self.deliver("strongest", backend, password_file=work / "wrong-password")
                self.assertRefused(said)
                self.assertEqual([(t["auth"], t["ok"]) for t in tries], [("SCRAM-SHA-256" + ("" if is_control() else "-PLUS"), False)])

    @needs_ours
    def test_iterations(self):
        """Too few of them, and the password could be found by who has the proof: it does not leave."""
        for backend, iterations, good in itertools.product(backends, [100, 4096, 10000], [True]):
            with self.subTest(backend=backend, iterations=iterations):
                self.serve(iterations=iterations)
                said, tries = self.deliver("SCRAM-SHA-256", backend)
                if iterations < 4096:
                    self.assertNothingSent(said)
                    self.assertEqual([(t["auth"], t["ok"]) for t in tries], [("SCRAM-SHA-256", False)])
                else:
                    self.assertAccepted(said, "SCRAM-SHA-256")

    def test_certificates(self):
        trusted = {"good": "mail.example", "good-rsa": "mail.example", "chained": "mail.example", "wildcard": "mail.example.org"}
        others = {name: "mail.example" for name in ("wrong-name", "cn-only", "expired", "not-yet-valid", "self-signed", "unknown-ca",
                                                    "no-intermediate", "weak", "weak-signature")} | {"ip-as-dns": "127.0.0.1"}
        if is_control():   # Python looks at the common name, and at no key's size but OpenSSL's own
            others = {name: others[name] for name in ("wrong-name", "expired", "self-signed", "unknown-ca", "no-intermediate")}
        for (certificate, name), (tls, backend) in itertools.product((trusted | others).items(), zip(TLS, backends)):
            with self.subTest(certificate, tls=tls, backend=backend):
                self.serve(certificate, tls=tls, mechanisms="PLAIN")
                said, tries = self.deliver("PLAIN", backend, tls, name=name)
                if certificate in trusted:
                    self.assertAccepted(said, "PLAIN")
                else:
                    self.assertNothingSent(said)
                    self.assertFalse(said["tls"]["verified"], said)
                    self.assertEqual(tries, [])

    def test_certificate_of_the_client(self):
        """One by another CA ends the handshake; without one EXTERNAL is not offered."""
        for backend in backends:
            with self.subTest(backend=backend):
                self.serve(**{"client-ca": self.ca})
                other = {"certificate": certificates / "client-unknown-ca.pem", "key": certificates / "client-unknown-ca.key"}
                said, tries = self.deliver("EXTERNAL", backend, **other)
                self.assertNothingSent(said)
                self.assertEqual(tries, [])


class Waits(Case):
    """From outside: a proxy that delays, and counts. A full handshake of TLS 1.3 is one wait, of TLS 1.2 two; but from the first octet
    the greeting comes together with the end of the latter."""
    delay = 20   # ms, one way

    def measure(self, ready, tls, backend, flight):
        """What the client says, and what the proxy has seen of it."""
        proxy = subprocess.Popen([HERE / "delay-proxy", "--to", f"127.0.0.1:{ready['ports'][tls]}", "--delay-ms", str(self.delay)],
                                 stdout=subprocess.PIPE, text=True)
        try:
            port = int(proxy.stdout.readline().rsplit(":", 1)[1])
            said = deliver(f"someone@{DOMAIN}", port, tls, "PLAIN", backend, pathlib.Path(ready["ca"]), flight=flight)
            self.assertAccepted(said, "PLAIN")
            return said, json.loads(proxy.stdout.readline())
        finally:
            proxy.terminate()
            proxy.wait()
            proxy.stdout.close()

    def check(self, server, tls, backend, flight, waits):
        with self.subTest(server, tls=tls, backend=backend, flight=flight):
            ready = start(server, [f"SASL_FROM={start_dovecot()['sasl']}"])
            said, seen = self.measure(ready, tls, backend, flight)
            waits += tls == "starttls" and said["tls"]["version"] == "TLS 1.2"
            if seen["waits"] - 1 > waits:   # the server's close_notify came behind the client's, which is no wait: once more
                said, seen = self.measure(ready, tls, backend, flight)
            self.assertEqual(seen["waits"] - 1, waits)   # QUIT
            self.assertGreaterEqual(seen["seconds"] / (2 * self.delay / 1000) - 1, waits - 0.6)   # a server that is slow takes longer, none less

    @needs_ours
    def test_fresh(self):
        for server, backend in itertools.product(["postfix", "exim"], backends):
            self.check(server, "starttls", backend, "eager", 7)     # TCP, 220, EHLO, STARTTLS, TLS, EHLO, the rest
            self.check(server, "implicit", backend, "eager", 5)     # TCP, TLS, 220, EHLO, the rest
        self.check("postfix", "starttls", backends[0], "with_envelope", 8)
        self.check("postfix", "implicit", backends[0], "with_envelope", 6)


def add_mechanisms(server):
    """A test for each mechanism, by each port and library; or by one of these in turn."""
    ways = list(itertools.product(TLS, backends))
    for number, mechanism in enumerate([*server.mechanisms, "strongest"]):
        for tls, backend in ways if everything else [ways[number % len(ways)]]:
            def test(self, tls=tls, mechanism=mechanism, backend=backend):
                self.delivers(tls, mechanism, backend)
            setattr(server, f"test_{mechanism.lower().replace('-', '_')}_{tls}_{backend}", test)


def main():
    global client, gsasl_server, backends, everything
    if len(sys.argv) < 2:
        sys.exit(__doc__)
    client = pathlib.Path(sys.argv.pop(1)).resolve()
    gsasl_server = (ROOT / "build" / "dev" if is_control() else client.parent) / "gsasl_server"
    if "--all" in sys.argv:
        sys.argv.remove("--all")
        everything = True
    backends = ["python"] if is_control() else subprocess.run([client, "backends"], capture_output=True, check=True, text=True).stdout.split()
    for server in Postfix, PostfixWithDovecot, Exim, OpenSmtpd, Aiosmtpd, Dovecot:
        add_mechanisms(server)
    subprocess.run([ROOT / "tools" / "install", "server"], check=True)
    unittest.main(verbosity=2)


if __name__ == "__main__":
    main()
