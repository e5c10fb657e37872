#!/usr/bin/python3
"""Verifies signatures of random messages by two libraries that share nothing with ours: dkimpy and OpenDKIM's.

Usage: verify_test.py SIGN_BATCH        Needs python3-dkim, python3-nacl, libopendkim11 and openssl: tools/install test.
"""
import ctypes
import random
import re
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

import dkim

SIGN_BATCH = sys.argv.pop(1)
MESSAGES = 400


def words(rng, most):
    """Text with many kinds of blanks between the words and none at its ends."""
    alphabet = [b"x", b"word", b"=20", b";", b"b=", b":", b".", b"\xc3\xbc", b"\xff", b"From ", b"(", b'"', b"\x01"]
    if rng.random() < 0.7:
        alphabet = alphabet[:7]
    return rng.choice([b" ", b"\t", b"  ", b" \t "]).join(rng.choice(alphabet) for _ in range(rng.randint(1, most))).strip()


def field(rng, name, end):
    body = words(rng, 12)
    for _ in range(rng.choice([0, 0, 1, 5])):
        body += rng.choice([b"", b" ", b"\t"]) + end + rng.choice([b" ", b"\t", b"   "]) + words(rng, 8)
    return name + b":" + rng.choice([b"", b" ", b"\t ", b" " + end + b" "]) + body + rng.choice([b"", b" ", b" \t"]) + end


def message(rng):
    end = rng.choice([b"\r\n", b"\n"])
    names = [b"Subject", b"to", b"CC", b"Date", b"Message-ID", b"X-Other", b"Received", b"MIME-Version", b"Content-Type",
             b"List-Id", b"Reply-To", b"X", b"In-Reply-To", b"DKIM-Signature-not"]
    header = [field(rng, rng.choice(names), end) for _ in range(rng.randint(0, 12))]
    header.insert(rng.randint(0, len(header)), b"From: alice@a.example" + rng.choice([b"", b" (x)"]) + end)
    lines = [rng.choice([b"", b" ", b".", b"..", b"\t", b"  x", b"x  ", words(rng, 30), words(rng, 400)])
             for _ in range(rng.choice([0, 0, 1, 2, 5, 40]))]
    body = b"".join(line + rng.choice([end, end, end, b"\n", b"\r", b"\r\n"]) for line in lines)
    body += end * rng.choice([0, 0, 1, 3]) + rng.choice([b"", b"", b" ", b"no line end", b"\t\t", b"."])
    if rng.random() < 0.02:
        body += b"0123456789 abcdef\n" * 20000
    return b"".join(header) + (end if body or rng.random() < 0.8 else b"") + body


class OpenDkim:
    """OpenDKIM's library, with keys from a dict: it looks them up by a callback. 0: the signature is good."""
    LOOKUP = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.c_void_p, ctypes.c_void_p, ctypes.c_void_p, ctypes.c_size_t)

    def __init__(self, keys):
        self.lib = ctypes.CDLL("libopendkim.so.11")
        for name in ("dkim_init", "dkim_verify", "dkim_sig_getselector"):
            getattr(self.lib, name).restype = ctypes.c_void_p
        self.keys = keys
        self.lookup = self.LOOKUP(self.look_up)
        self.handle = ctypes.c_void_p(self.lib.dkim_init(None, None))
        self.lib.dkim_set_key_lookup(self.handle, self.lookup)

    def look_up(self, _dkim, signature, buffer, size):
        selector = ctypes.string_at(self.lib.dkim_sig_getselector(ctypes.c_void_p(signature)))
        record = self.keys[selector + b"._domainkey.a.example."][:size - 1] + b"\0"
        ctypes.memmove(buffer, record, len(record))
        return 0

    def verify(self, octets):
        status = ctypes.c_int(-1)
        one = ctypes.c_void_p(self.lib.dkim_verify(self.handle, b"test", None, ctypes.byref(status)))
        try:
            for at in range(0, len(octets), 60000):
                part = octets[at:at + 60000]
                if wrong := self.lib.dkim_chunk(one, part, ctypes.c_size_t(len(part))):
                    return wrong
            self.lib.dkim_chunk(one, None, ctypes.c_size_t(0))
            return self.lib.dkim_eom(one, None)
        finally:
            self.lib.dkim_free(one)


class Verify(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.room = tempfile.TemporaryDirectory()
        cls.folder = Path(cls.room.name)
        cls.rng = random.Random(6376)
        for name, kind in (("rsa", ["RSA", "-pkeyopt", "rsa_keygen_bits:2048"]), ("ed", ["ED25519"])):
            subprocess.run(["openssl", "genpkey", "-quiet", "-algorithm", *kind, "-out", cls.folder / f"{name}.pem"], check=True)
        for i in range(MESSAGES):
            (cls.folder / f"{i:04}.eml").write_bytes(message(cls.rng))
        cls.keys = cls.sign("rsa", "ed")
        cls.sent = [path.read_bytes() for path in sorted(cls.folder.glob("*.sent"))]

    @classmethod
    def tearDownClass(cls):
        cls.room.cleanup()

    @classmethod
    def sign(cls, *selectors):
        signers = [f"{s}={cls.folder / s}.pem" for s in selectors]
        done = subprocess.run([SIGN_BATCH, cls.folder, *signers], check=True, stdout=subprocess.PIPE)
        return dict(line.split(b" ", 1) for line in done.stdout.splitlines())

    def dns(self, name, timeout=5):
        return self.keys.get(name if isinstance(name, bytes) else name.encode())

    def verified(self, octets, index):
        try:
            return dkim.DKIM(octets).verify(idx=index, dnsfunc=self.dns)
        except dkim.DKIMException:
            return False

    def test_all_were_signed_twice(self):
        self.assertEqual(len(self.sent), MESSAGES)
        for octets in self.sent:
            self.assertTrue(octets.startswith(b"DKIM-Signature: v=1; a=ed25519-sha256;"))
            self.assertIn(b"\r\nDKIM-Signature: v=1; a=rsa-sha256;", octets)
            self.assertTrue(octets.endswith(b"\r\n"))
            self.assertNotRegex(octets, rb"[^\r]\n|\r[^\n]")
            signatures = octets[:octets.index(b"\r\n", octets.index(b"b=", octets.index(b"a=rsa")))]
            self.assertLessEqual(max(map(len, signatures.split(b"\r\n"))), 78)

    def test_dkimpy_takes_each(self):
        for index in (0, 1):
            bad = [i for i, octets in enumerate(self.sent) if not self.verified(octets, index)]
            self.assertEqual(bad, [], "Ed25519" if index == 0 else "RSA")

    def test_dkimpy_refuses_what_was_changed(self):
        """An octet of the body; of a field that is signed; a field of the signature; a second From; fields that are added."""
        changed = 0
        for octets in self.sent[:150]:
            header, separator, body = octets.partition(b"\r\n\r\n")
            others = [octets.replace(b"\r\nFrom: alice@", b"\r\nFrom: alicf@", 1), re.sub(rb" t=1", b" t=2", octets, count=1),
                      b"From: mallory@a.example\r\n" + octets, b"Subject: buy\r\n" + octets, b"Reply-To: m@a.example\r\n" + octets,
                      header + (separator or b"\r\n\r\n") + body + b"x\r\n"]
            if b"\r\nContent-Type:" in header:
                others.append(b"Content-Type: text/html\r\n" + octets)
            places = [i for i, c in enumerate(body) if c not in b" \t\r\n"]
            if places:
                at = self.rng.choice(places)
                others.append(header + separator + body[:at] + bytes([body[at] ^ 1]) + body[at + 1:])
            for other in others:
                self.assertNotEqual(other, octets)
                self.assertFalse(self.verified(other, 0), other[:3000])
                changed += 1
        self.assertGreater(changed, 900)

    def test_opendkim_takes_each(self):
        opendkim = OpenDkim(self.keys)
        for octets in self.sent:
            second = octets.index(b"DKIM-Signature: v=1; a=rsa")
            third = re.compile(rb"\r\n(?! )").search(octets, second).end()
            for kind, one in (("RSA", octets[second:]), ("Ed25519", octets[:second] + octets[third:])):
                self.assertEqual(opendkim.verify(one), 0, (kind, one[:3000]))

    def test_opendkim_refuses_what_was_changed(self):
        opendkim = OpenDkim(self.keys)
        for octets in self.sent[:50]:
            self.assertNotEqual(opendkim.verify(octets + b"x\r\n"), 0)
            self.assertNotEqual(opendkim.verify(octets.replace(b"\r\nFrom: alice@", b"\r\nFrom: alicf@", 1)), 0)


if __name__ == "__main__":
    unittest.main()
