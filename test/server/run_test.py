#!/usr/bin/python3
"""The harness's own tests, without a server: what it must notice, it notices."""
import importlib.machinery
import importlib.util
import json
import os
import pathlib
import tempfile
import unittest

loader = importlib.machinery.SourceFileLoader("run", str(pathlib.Path(__file__).with_name("run")))
run = importlib.util.module_from_spec(importlib.util.spec_from_loader("run", loader))
loader.exec_module(run)

ADDED = b"Return-Path: <sender@postrider.example>\r\nDelivered-To: a@postrider.example\r\n"


class Canonical(unittest.TestCase):
    def test_line_ends(self):
        for given, wanted in [(b"a\r\nb\r\n", b"a\r\nb\r\n"), (b"a\nb\n", b"a\r\nb\r\n"), (b"a\rb\r", b"a\r\nb\r\n"),
                              (b"a\r\r\nb", b"a\r\n\r\nb\r\n"), (b"a\n\rb", b"a\r\n\r\nb\r\n"), (b"a\n.", b"a\r\n.\r\n"),
                              (b"a\r\n.\r", b"a\r\n.\r\n"), (b"\r\n", b"\r\n"), (b"a\x0b\x0c\x85 \t", b"a\x0b\x0c\x85 \t\r\n")]:
            self.assertEqual(run.canonical(given), wanted, given)


class Store(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.TemporaryDirectory()
        self.addCleanup(self.folder.cleanup)
        self.store = pathlib.Path(self.folder.name, "store")
        self.store.mkdir()
        self.raw = pathlib.Path(self.folder.name, "raw")
        self.raw.write_bytes(b"X: y\n\n.\n")
        self.ready = {"store": self.store, "line_end": "CRLF", "adds": ["Return-Path", "Delivered-To"], "ports": {"open": 1, "auth": 2}}
        self.row = run.Row("server", "posix", "none", "IPv4")
        run.STORE_SECONDS = 0.1

    def failures_for(self, *stored):
        for number, octets in enumerate(stored):
            (self.store / str(number)).write_bytes(octets)
        case = run.Case("case", self.raw, "a@postrider.example", "none", "open", "/dev/null", {"accepted"}, [250])
        run.collect(self.row, self.ready, {case.to: case})
        return [str(failure) for _, failure in self.row.failures]

    def test_same_octets_pass(self):
        self.assertEqual(self.failures_for(ADDED + b"X: y\r\n\r\n.\r\n"), [])

    def test_one_octet_fails(self):
        self.assertIn("differs at offset 9 (line 3)", self.failures_for(ADDED + b"X: y\r\n\r\n..\r\n")[0])

    def test_lost_line_end_fails(self):
        self.assertEqual(len(self.failures_for(ADDED + b"X: y\r\n\r\n.")), 1)

    def test_not_stored_fails(self):
        self.assertIn("not stored", self.failures_for()[0])

    def test_stored_twice_fails(self):
        mail = ADDED + b"X: y\r\n\r\n.\r\n"
        self.assertIn("twice", self.failures_for(mail, mail)[0])

    def test_mail_to_another_fails(self):
        self.assertIn("not sent", self.failures_for(ADDED + b"X: y\r\n\r\n.\r\n", ADDED.replace(b" a@", b" b@"))[0])

    def test_wrong_sender_fails(self):
        self.assertIn("sender", self.failures_for(ADDED.replace(b"sender", b"eve") + b"X: y\r\n\r\n.\r\n")[0])

    def test_unnamed_addition_fails(self):
        self.assertIn("expected the field", self.failures_for(b"Received: x\r\n" + ADDED + b"X: y\r\n\r\n.\r\n")[0])

    def test_lf_store_shows_a_stray_cr(self):
        self.ready["line_end"] = "LF"
        added = ADDED.replace(b"\r\n", b"\n")
        self.assertEqual(self.failures_for(added + b"X: y\n\n.\n"), [])
        self.assertEqual(len(self.failures_for(added + b"X: y\r\n\n.\n")), 1)

    def test_folded_addition(self):
        self.ready["adds"] = ["Received", "Return-Path", "Delivered-To"]
        self.assertEqual(self.failures_for(b"Received: x\r\n\tby y\r\n\tfor z\r\n" + ADDED + b"X: y\r\n\r\n.\r\n"), [])

    def test_header_alone(self):
        self.raw.write_bytes(b"X: y\n")
        self.ready["ends_header"] = True
        self.assertEqual(self.failures_for(ADDED + b"X: y\r\n\r\n"), [])
        self.assertEqual(len(self.failures_for(ADDED + b"X: y\r\n")), 1)

    def test_supplied_and_dropped_fields(self):
        self.ready |= {"completes": ["Date"], "drops": ["Bcc"]}
        self.raw.write_bytes(b"X: y\nBcc: z,\n z\n\nDate: .\n")
        self.assertEqual(self.failures_for(ADDED + b"X: y\r\nDate: 1\r\n\r\nDate: .\r\n"), [])
        self.assertIn("supplies", self.failures_for(ADDED + b"X: y\r\n\r\nDate: .\r\n")[0])
        self.raw.write_bytes(b"date: y\n\n")
        self.row.failures.clear()
        self.assertEqual(self.failures_for(ADDED + b"date: y\r\n\r\n"), [])
        self.assertEqual(len(self.failures_for(ADDED + b"date: y\r\nDate: 1\r\n\r\n")), 1)

    def test_supplied_fields_alone(self):
        self.ready["completes"] = ["Date"]
        self.raw.write_bytes(b"\r\n")
        self.assertEqual(self.failures_for(ADDED + b"Date: 1\r\n\r\n"), [])

    def client_fails(self, result, status, outcomes=("rejected",), codes=(550,)):
        client = pathlib.Path(self.folder.name, "client")
        client.write_text(f"#!/bin/sh\necho '{result}'\nexit {status}\n")
        os.chmod(client, 0o755)
        case = run.Case("case", self.raw, "a@postrider.example", "none", "open", "/dev/null", set(outcomes), codes)
        try:
            run.deliver(client, self.row, self.ready, case)
            return False
        except run.Failure:
            return True

    def test_client_is_held_to_its_words(self):
        said = json.dumps({"outcome": "rejected", "code": 550})
        self.assertFalse(self.client_fails(said, 69))
        self.assertTrue(self.client_fails(said, 0))
        self.assertTrue(self.client_fails(said, 69, outcomes=["accepted"]))
        self.assertTrue(self.client_fails(said, 69, codes=[554]))
        self.assertTrue(self.client_fails("", 69))
        self.assertTrue(self.client_fails("[1]", 69))
        self.assertTrue(self.client_fails('{"outcome": "not_attempted", "code": 0}', 80, ["not_attempted"], [0]))
        self.assertFalse(self.client_fails('{"outcome": "not_attempted", "code": 0}', 1, ["not_attempted"], [0]))


class Table(unittest.TestCase):
    def test_row_without_a_case_fails(self):
        row = run.Row("server", "posix", "plain", "IPv4")
        self.assertEqual(row.failed, 1)
        row.run = 1
        self.assertEqual(row.failed, 0)

    def test_row_that_is_not_offered_fails_nothing_and_says_so(self):
        row = run.Row("server", "posix", "plain", "IPv4")
        row.offered = False
        self.assertEqual(row.failed, 0)
        self.assertIn("not offered", run.line_of(row))

    def test_every_mail_is_sent_by_the_sixths_of_six_rows(self):
        corpus = [pathlib.Path(str(number)) for number in range(62)]
        rows = [run.Row("server", "other", auth, family) for auth in run.AUTHS for family in run.FAMILIES]
        sent = {mail for number, row in enumerate(rows) for mail in run.mails_of(row, number, corpus, False, {"ports": {"auth": 1, "open": 2}})}
        self.assertEqual(sent, set(corpus))


if __name__ == "__main__":
    unittest.main()
