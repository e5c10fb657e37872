#!/usr/bin/python3
"""The clients of the library against real servers: each kind of URL by the blocking client, by Asio's and by the pool. What was stored
is what was sent, and reads as what was composed; the queue id is the server's; what must be refused is, and says why; a server that
closes an idle connection, or goes away, costs no mail.

Usage: test/server/client_test.py PATH-TO-SUBMIT [unittest options]        Needs root, or sudo, for the servers.
"""
import base64
import concurrent.futures
import email
import email.policy
import importlib.machinery
import importlib.util
import json
import os
import pathlib
import re
import secrets
import subprocess
import sys
import tempfile
import threading
import time
import unittest

import dkim

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parent.parent
SECONDS = 20
SERVERS = ["postfix", "exim", "opensmtpd", "aiosmtpd", "dovecot"]
WAYS = ["client", "asio", "pool"]
POOL_MAILS = 50
IDLE_SECONDS = 2

loader = importlib.machinery.SourceFileLoader("run", str(HERE / "run"))
run = importlib.util.module_from_spec(importlib.util.spec_from_loader("run", loader))
loader.exec_module(run)

DOMAIN, SENDER = run.DOMAIN, run.SENDER
PASSWORD = 'c4 "bat" \\staple='
submit = certificates = work = dkim_record = None
ways = []
running = {}   # {name: the server's ready.json}


def script_of(name):
    return HERE / name.removeprefix("idle-")


def start(name, number):
    environment = [f"PORTS_FROM={20000 + 1000 * number}", *([f"IDLE_SECONDS={IDLE_SECONDS}"] if name.startswith("idle-") else [])]
    started = subprocess.run(["env", *environment, script_of(name), "start", work / name, "user", work / "password"],
                             stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, check=True)
    running[name] = json.loads(started.stdout)


def stop(name):
    subprocess.run([script_of(name), "stop", work / name], stdin=subprocess.DEVNULL, check=True)


def side_by_side(*calls):
    """Each is a function and its arguments; what one raises is raised when all are done."""
    with concurrent.futures.ThreadPoolExecutor(4) as threads:
        done = [threads.submit(*call) for call in calls]
    for one in done:
        one.result()


def setUpModule():
    global work, certificates, dkim_record
    folder = tempfile.TemporaryDirectory(prefix="postrider-clients.")
    unittest.addModuleCleanup(folder.cleanup)
    work = pathlib.Path(folder.name)
    work.chmod(0o755)   # the servers' own users pass through it
    certificates = pathlib.Path(subprocess.run([HERE / "certificates"], stdout=subprocess.PIPE, check=True, text=True).stdout.rstrip())
    (work / "password").write_text(PASSWORD + "\n")
    (work / "attachment.bin").write_bytes(secrets.token_bytes(3000))
    subprocess.run(["openssl", "genrsa", "-out", work / "dkim.pem", "2048"], stderr=subprocess.DEVNULL, check=True)
    public = subprocess.run(["openssl", "rsa", "-in", work / "dkim.pem", "-pubout", "-outform", "DER"], capture_output=True, check=True).stdout
    dkim_record = b"v=DKIM1; k=rsa; p=" + base64.b64encode(public)
    names = [*SERVERS, *(f"idle-{server}" for server in SERVERS)]
    unittest.addModuleCleanup(side_by_side, *([stop, name] for name in names))
    side_by_side(*([start, name, number] for number, name in enumerate(names)))


class Submit:
    """A client that runs, and is asked line by line."""

    def __init__(self, test, by, url, **settings):
        self.test, self.errors = test, tempfile.TemporaryFile()
        self.process = subprocess.Popen([submit], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=self.errors, text=True)
        test.addCleanup(self.end)
        self.first = self.ask({"by": by, "url": url, **settings})

    def ask(self, what):
        watchdog = threading.Timer(60, self.process.kill)
        watchdog.start()
        try:
            print(json.dumps(what), file=self.process.stdin, flush=True)
            return json.loads(self.process.stdout.readline())
        except (OSError, ValueError):
            self.process.wait()
            self.errors.seek(0)
            raise AssertionError(f"submit answered nothing (exit status {self.process.returncode}): "
                                 f"{self.errors.read().decode(errors='replace')}") from None
        finally:
            watchdog.cancel()

    def send(self, mails):
        said = self.ask(mails)
        self.connections = said["connections"]
        self.test.assertEqual(len(said["results"]), len(mails))
        return said["results"]

    def close(self):
        self.process.stdin.close()
        self.test.assertEqual(self.process.wait(60), 0)

    def end(self):
        self.process.kill()
        self.process.wait()
        for file in self.process.stdin, self.process.stdout, self.errors:
            try:
                file.close()
            except OSError:   # a line that a process which has ended did not take
                pass


def mail(*recipients, **more):
    """A small one; recipients are local parts, or of themselves somebody."""
    to = [f"{name}@{DOMAIN}" for name in recipients or [secrets.token_hex(6)]]
    return {"from": SENDER, "to": to, "subject": f"Grüße {secrets.token_hex(4)} – из Köln", "text": "Hello.\n.\n..\nFrom here\n", **more}


def full_mail():
    return mail(html="<p>Grüße, <b>Welt</b></p>\n", text="Grüße.\n" + "long " * 300 + "\n", attachment=str(work / "attachment.bin"))


def signed_mail():
    return mail(sign={"domain": DOMAIN, "selector": "test", "key": str(work / "dkim.pem")})


def mixed_mail():
    return mail(secrets.token_hex(6), "refused", secrets.token_hex(6), "defer")


def listed(text):
    """The connections of ours to a port that stand."""
    for line in pathlib.Path(text).read_text().splitlines()[1:]:
        _, _, remote, state = line.split()[:4]
        if state == "01":   # ESTABLISHED
            yield int(remote.rsplit(":", 1)[1], 16)


class Server(unittest.TestCase):
    """A server. `in_log`: the line in which its log names a mail and whom it was for; None: it gives no name."""
    name = in_log = None

    def setUp(self):
        self.ready = running[self.name]
        self.port = self.ready["ports"]
        self.store = pathlib.Path(self.ready["store"])
        self.credentials = {"user": "user", "password": PASSWORD}
        self.trust = {"ca": self.ready["ca"]}

    def until(self, found, what):
        """Waits until it is there."""
        deadline = time.monotonic() + SECONDS
        while time.monotonic() < deadline:
            if value := found():
                return value
            time.sleep(0.02)
        return self.fail(f"{what}, not within {SECONDS} s")

    # What was stored

    def take_stored(self, expected):
        """{message id: [octets]}, the mails out of the store as soon as all are there; what nobody expects is one too many."""
        found = {message_id: [] for message_id in expected}

        def all_there():
            for file in self.store.iterdir():
                octets = file.read_bytes()
                message_id = next((m for m in expected if m.encode() in octets), None)
                self.assertIsNotNone(message_id, octets)
                found[message_id].append(octets)
                file.unlink()
            return all(len(found[m]) >= number for m, number in expected.items())
        self.until(all_there, f"all {sum(expected.values())} mails are stored")
        self.assertEqual({m: len(octets) for m, octets in found.items()}, expected)
        return found

    def assertStored(self, mails, results):
        """Each mail once for each recipient for whom it was accepted, octet for octet; and named as the client says."""
        accepted = [[r["address"] for r in result["recipients"] if r["what"] == "accepted"] for result in results]
        found = self.take_stored({result["message_id"]: len(to) for result, to in zip(results, accepted) if to})
        log = None
        for sent, result, to in zip(mails, results, accepted):
            wanted = run.canonical(result["content"].encode())
            for octets in found.get(result["message_id"], []):
                fields, stored = run.split_additions(octets, self.additions(len(to)))
                run.compare(run.to_be_stored(wanted, self.ready), run.without_completions(stored, wanted, self.ready))
                if "Delivered-To" in fields:
                    to.remove(fields["Delivered-To"].strip("<>"))
                self.assertEqual(fields["Return-Path"].strip("<>"), SENDER)
                self.assertReadsAs(sent, stored)
            if result["what"] == "accepted":
                log = self.assertNamed(result, octets, log)

    def additions(self, recipients):
        return self.ready

    def assertReadsAs(self, composed, octets):
        """Python's email reads what was meant."""
        read = email.message_from_bytes(octets, policy=email.policy.SMTP)
        self.assertEqual(read["Subject"], composed["subject"])
        self.assertEqual(read["From"], SENDER)
        self.assertEqual([a.addr_spec for a in read["To"].addresses], composed["to"])
        self.assertEqual(read.get_body(("plain",)).get_content().replace("\r\n", "\n"), composed["text"])
        if "html" in composed:
            self.assertEqual(read.get_body(("html",)).get_content().replace("\r\n", "\n"), composed["html"])
        self.assertEqual([part.get_content() for part in read.iter_attachments()],
                         [pathlib.Path(composed["attachment"]).read_bytes()] if "attachment" in composed else [])
        if "sign" in composed:
            self.assertTrue(dkim.verify(octets, dnsfunc=self.answer_dns), octets)

    def answer_dns(self, name, timeout=5):
        self.assertEqual(name.rstrip(b"."), f"test._domainkey.{DOMAIN}".encode())
        return dkim_record

    def assertNamed(self, result, stored, log):
        """`log`: what was read of it, read again if it does not have the name yet. Returns that."""
        if self.in_log is None:
            self.assertEqual(result["queue_id"], "", result)
            return None
        self.assertRegex(result["queue_id"], r"^[\w.+/=:-]{6,}$", result)
        named = re.compile(self.in_log.format(id=re.escape(result["queue_id"]), to=re.escape(result["recipients"][0]["address"])))
        if log is not None and named.search(log):
            return log

        def read():
            text = pathlib.Path(self.ready["log"]).read_text(errors="replace")
            return text if named.search(text) else None
        return self.until(read, f"the log has {named.pattern}")

    # What was said

    def assertAccepted(self, results):
        for r in results:
            self.assertEqual((r["what"], r["error"], r["text"]), ("accepted", "", ""), r)
            self.assertEqual({(one["what"], one["error"], one["where"], one["code"]) for one in r["recipients"]},
                             {("accepted", "", "content", 250)}, r)

    def assertMixed(self, result):
        """For somebody, "refused", somebody, "defer"."""
        said = [(r["what"], r["error"], r["where"], r["code"]) for r in result["recipients"]]
        self.assertEqual(said[0], ("accepted", "", "content", 250), result)
        self.assertEqual(said[2], said[0], result)
        self.assertEqual(said[1], ("rejected", "refused", "RCPT", 550), result)
        self.assertEqual(said[3], ("deferred", "refused", "RCPT", 451), result)
        self.assertEqual((result["what"], result["error"]), ("deferred", "refused"), result)
        for one in result["recipients"][1], result["recipients"][3]:
            self.assertTrue(one["text"], result)
            self.assertIn(one["address"], result["text"], result)
            self.assertIn(one["text"], result["text"], result)

    def assertSecure(self, results, by):
        for r in results:
            self.assertEqual((r["tls"], r["verified"], r["mechanism"]), ("TLS 1.3", True, by), r)

    def deliver(self, by, url, tls, auth, **settings):
        """Whole mails over one URL: composed, signed, with mixed results."""
        number = 0 if by != "pool" else POOL_MAILS if url.startswith("submissions:") else 8
        with self.subTest(by=by, url=url):
            line = Submit(self, by, url, tls="verified" if tls else "none", look_ahead=1 if by == "client" else 8,
                          **(self.trust if tls else {}), **(self.credentials if auth else {}), **settings)
            self.assertEqual(line.first["error"], "", line.first)
            self.assertEqual(line.first["url"], url)
            mails = [full_mail(), signed_mail(), mixed_mail(), *(mail() for _ in range(number - 3))]
            results = line.send(mails)
            self.assertAccepted(results[:2] + results[3:])
            self.assertMixed(results[2])
            if tls:
                self.assertSecure(results, self.strongest if auth else "")
            else:
                self.assertEqual({(r["tls"], r["verified"], r["mechanism"]) for r in results}, {("", False, "")})
            if by == "pool":
                self.assertLessEqual(line.connections, 2)
            else:
                self.assertEqual([bool(r["attempts"]) for r in results], [True, False, False])   # one connection
            line.close()
            self.assertStored(mails, results)

    def assertRefused(self, url, error, texts, what="not_attempted", **settings):
        """By each client: nobody got anything, and it is said why."""
        for by in ways:
            with self.subTest(by=by):
                line = Submit(self, by, url, **settings)
                result, = line.send([mail()])
                self.assertEqual((result["what"].replace(" ", "_"), result["error"]), (what, error), result)
                for text in texts:
                    self.assertIn(text, result["text"], result)
                self.assertFalse(result["verified"] and error == "tls_unverified", result)
                line.close()
        self.assertEqual(list(self.store.iterdir()), [])


def by_each_client(scheme, port, tls, auth, host, **settings):
    """A test for each client, so that one can be asked for."""
    def test_of(by):
        def test(self):
            self.deliver(by, f"{scheme}://{host}:{self.port[port]}", tls, auth, **settings)
        return test
    return {by: test_of(by) for by in WAYS}


class Submits:
    """For each server that takes submissions: each kind of URL, and what must be refused."""
    strongest = None

    def test_wrong_ca(self):
        for scheme, port in ("submission", "starttls"), ("submissions", "implicit"):
            url = f"{scheme}://localhost:{self.port[port]}"
            self.assertRefused(url, "tls_unverified", [url, "has not proved who it is", "tls.ca_file"],
                               ca=str(certificates / "other-ca.pem"), **self.credentials)

    def test_wrong_name(self):
        for scheme, port in ("submission", "starttls"), ("submissions", "implicit"):
            url = f"{scheme}://localhost:{self.port[port]}"
            self.assertRefused(url, "tls_unverified", [url, "has not proved who it is", "tls.server_name"],
                               name="other.example", **self.trust, **self.credentials)

    def test_wrong_password(self):
        self.assertRefused(f"submission://localhost:{self.port['starttls']}", "refused", ["535", "user name or password is wrong"],
                           what="rejected", **self.trust, user="user", password="wrong")

    def test_no_starttls(self):
        self.assertRefused(f"smtp://localhost:{self.port['open']}", "tls_unavailable", ["tls.policy"], **self.trust)


KINDS = {
    "smtp_none": ("smtp", "open", False, False, "[::1]", {}),
    "smtp_starttls": ("smtp", "starttls", True, True, "localhost", {}),
    "submission": ("submission", "starttls", True, True, "127.0.0.1", {}),
    "submissions": ("submissions", "implicit", True, True, "127.0.0.1", {"name": "mail.example"}),
}
for kind, (scheme, port, tls, auth, host, more) in KINDS.items():
    for by, test in by_each_client(scheme, port, tls, auth, host, **more).items():
        setattr(Submits, f"test_{kind}_{by}", test)


class Postfix(Server, Submits):
    name, strongest = "postfix", "SCRAM-SHA-512"
    in_log = r"{id}: to=<{to}>.* status=sent"


class Exim(Server, Submits):
    name, strongest = "exim", "CRAM-MD5"
    in_log = r"{id} => .*{to}"


class OpenSmtpd(Server, Submits):
    name, strongest = "opensmtpd", "PLAIN"
    in_log = r"mda delivery evpid={id}[0-9a-f]{{8}} .*to=<{to}>"


class Aiosmtpd(Server, Submits):
    name, strongest = "aiosmtpd", "PLAIN"


class DovecotLmtp(Server):
    name = "dovecot"

    def additions(self, recipients):
        return self.ready | {"adds": [name for name in self.ready["adds"] if recipients == 1 or name != "Delivered-To"]}

    def assertNamed(self, result, stored, log):
        self.assertRegex(result["queue_id"], r"^[\w.+/=:-]{6,}$", result)
        self.assertIn(f"id {result['queue_id']}\n".encode(), stored, result)

    def socket(self):
        return self.store.parent.parent / "run/dovecot/lmtp"


class DovecotDelivers(DovecotLmtp):
    """Over each kind of URL: see below."""


for by in WAYS:
    def in_clear_text(self, by=by):
        self.deliver(by, f"lmtp://127.0.0.1:{self.port['lmtp']}", False, False)

    def by_starttls(self, by=by):
        self.deliver(by, f"lmtp://localhost:{self.port['lmtp']}", True, False)

    def over_local_socket(self, by=by):
        self.deliver(by, f"lmtp+unix:{self.socket()}", False, False)
    setattr(DovecotDelivers, f"test_lmtp_none_{by}", in_clear_text)
    setattr(DovecotDelivers, f"test_lmtp_starttls_{by}", by_starttls)
    setattr(DovecotDelivers, f"test_lmtp_unix_{by}", over_local_socket)


class Leaving:
    """A server that closes an idle connection, and then goes away: no mail is lost, and none comes twice."""
    closes_what_is_idle = True

    def address(self):
        return f"127.0.0.1:{self.port['implicit']}"

    def clients(self):
        return [Submit(self, by, f"submissions://{self.address()}", **self.trust, **self.credentials) for by in ways]

    def send_one(self, lines):
        """One mail by each client."""
        mails = [mail() for _ in lines]
        results = [line.send([m])[0] for line, m in zip(lines, mails)]
        return mails, results

    def is_closed(self):
        return self.port["implicit"] not in [*listed("/proc/net/tcp"), *listed("/proc/net/tcp6")]

    def test_between_two_mails(self):
        lines, address = self.clients(), self.address()
        for again in [True, False] if self.closes_what_is_idle else [False]:
            mails, results = self.send_one(lines)
            self.assertAccepted(results)
            self.assertStored(mails, results)
            for result in results:
                self.assertEqual(result["attempts"], [{"address": address, "error": ""}], result)   # a new connection
            if again:
                self.until(self.is_closed, "the server closes what is idle")
        stop(self.name)
        for result in self.send_one(lines)[1]:
            self.assertEqual((result["what"], result["error"]), ("not attempted", "connection_refused"), result)
            self.assertEqual(result["attempts"], [{"address": address, "error": "connection_refused"}], result)
            self.assertIn(address, result["text"])
        for line in lines:
            line.close()
        self.assertEqual(list(self.store.iterdir()), [])


class PostfixLeaves(Leaving, Server):
    name, in_log = "idle-postfix", Postfix.in_log


class EximLeaves(Leaving, Server):
    name, in_log = "idle-exim", Exim.in_log


class AiosmtpdLeaves(Leaving, Server):
    """It says close_notify, and waits half a minute for an answer before it closes the socket."""
    name = "idle-aiosmtpd"

    def is_closed(self):
        return pathlib.Path(self.ready["log"]).read_text().count("connection timeout") == len(ways)


class OpenSmtpdLeaves(Leaving, Server):
    name, in_log = "idle-opensmtpd", OpenSmtpd.in_log
    closes_what_is_idle = False


class DovecotLmtpLeaves(Leaving, DovecotLmtp):
    name = "idle-dovecot"
    closes_what_is_idle = False

    def address(self):
        return str(self.socket())

    def clients(self):
        return [Submit(self, by, f"lmtp+unix:{self.socket()}") for by in ways]


def main():
    global submit, ways
    if len(sys.argv) < 2:
        sys.exit(__doc__)
    submit = pathlib.Path(sys.argv.pop(1)).resolve()
    built = subprocess.run([submit, "ways"], capture_output=True, check=True, text=True).stdout.split()
    ways = [by for by in WAYS if by in built]
    for case in Submits, DovecotDelivers:
        for by in set(WAYS) - set(ways):
            for name in [name for name in vars(case) if name.endswith("_" + by)]:
                setattr(case, name, unittest.skip(f"{submit} was built without {by}")(getattr(case, name)))
    subprocess.run([ROOT / "tools" / "install", "server"], check=True)
    unittest.main(verbosity=2)


if __name__ == "__main__":
    main()
