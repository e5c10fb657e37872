"""Looks for a password in all the memory of a client that has given it up: what a core dump would show.

Usage: dump_test.py DUMP-CLIENT POSTRIDER-SINK CERTIFICATES LIBRARY...
"""
import base64
import secrets
import subprocess
import sys
import tempfile
import unittest

client, sink, certificates, *libraries = sys.argv[1:]
PIECE = 8  # octets that are looked for; so 15 in a row are always found, and chance finds none


def memory(pid):
    """All of a process's memory that it can have written to, a mapping at a time."""
    with open(f"/proc/{pid}/maps", encoding="ascii") as maps, open(f"/proc/{pid}/mem", "rb", buffering=0) as mem:
        for line in maps:
            where, rights, *_, = line.split()
            if not rights.startswith("rw"):
                continue
            begin, end = (int(x, 16) for x in where.split("-"))
            mem.seek(begin)
            yield line.strip(), mem.read(end - begin)


def forms(secret):
    """The secret, and it in base64 wherever it begins there; PLAIN's message in base64 is one of these."""
    yield "raw", secret
    for skip in range(3):
        octets = secret[skip:]
        yield f"base64, {skip} octets in", base64.b64encode(octets[:len(octets) // 3 * 3])
    yield "base64, PLAIN", base64.b64encode(b"\0user\0" + secret)


def found_in(pid, secret, where):
    """In which forms; and where, in words."""
    result = set()
    for mapping, octets in memory(pid):
        for form, text in forms(secret):
            if any((at := octets.find(text[i:i + PIECE])) >= 0 for i in range(0, len(text) - PIECE + 1, PIECE)):
                near = octets[max(at - 64, 0):at + 96]
                where.append(f"{form} at {at:#x} of {mapping}: {near}")
                result.add(form)
    return result


class Dump(unittest.TestCase):
    def setUp(self):
        self.where = []

    def left_behind(self, library, mechanism, *keep):
        secret = secrets.token_hex(24)
        known = "another" if keep == ("refused",) else secret
        option = ["--token", f"user:{known}"] if mechanism in ("XOAUTH2", "OAUTHBEARER") else []
        server = subprocess.Popen(
            [sink, "--user", f"user:{known}", *option, "--offer", f"AUTH={mechanism}", "--no-auth-in-clear", "--tls-certificate",
             f"{certificates}/good.pem", "--tls-key", f"{certificates}/good.key"], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
        try:
            port = server.stdout.readline().split()[1].rpartition(b":")[2].decode()
            with tempfile.NamedTemporaryFile() as file:
                file.write(secret.encode() + b"\n")
                file.flush()
                with subprocess.Popen([client, library, port, f"{certificates}/ca.pem", mechanism, file.name, *keep],
                                      stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
                    self.assertEqual(process.stdout.readline(), b"done\n")
                    found = found_in(process.pid, secret.encode(), self.where)
                    process.stdin.close()
                self.assertEqual(process.returncode, 0)
        finally:
            server.kill()
            server.communicate()
        return found

    def test_nothing_is_left(self):
        for library in libraries:
            for mechanism in ("PLAIN", "LOGIN", "SCRAM-SHA-256", "XOAUTH2", "OAUTHBEARER"):
                with self.subTest(library=library, mechanism=mechanism):
                    self.assertEqual(self.left_behind(library, mechanism), set(), self.where)

    def test_nothing_is_left_of_what_was_refused(self):
        for library in libraries:
            for mechanism in ("PLAIN", "SCRAM-SHA-256", "XOAUTH2"):
                with self.subTest(library=library, mechanism=mechanism):
                    self.assertEqual(self.left_behind(library, mechanism, "refused"), set(), self.where)

    def test_what_is_kept_is_found(self):
        for library in libraries:
            self.assertEqual(self.left_behind(library, "PLAIN", "keep-secret"), {"raw"})
            self.assertIn("base64, PLAIN", self.left_behind(library, "PLAIN", "keep-flight"))


if __name__ == "__main__":
    unittest.main(argv=sys.argv[:1])
