#!/usr/bin/env python3
"""Reads composed messages by Python's email package, and compares all of it with what had to be found.

Usage: read_back.py FILE        of JSON lines, as generated_message_test.cpp writes them
"""
import base64
import json
import sys
from email import message_from_bytes, policy
from email.header import decode_header, make_header
from email.utils import getaddresses


# Octets above 127 in a header block (RFC 6532) are surrogates in what Python makes of it.
def utf8(text):
    return text.encode("utf-8", "surrogateescape").decode("utf-8")


# In a phrase Python 3.11 shows the white space between two encoded words, which RFC 2047 §6.2 has not shown, and one space for
# any white space inside a word (gh-80222 and its like). So names are compared twice: by the modern parser without their white
# space, and to the letter by the older one.
def addresses(found):
    return [["".join(a.display_name.split()), utf8(a.addr_spec)] for a in found.addresses] if found is not None else []


def without_spaces(expected):
    return [["".join(name.split()), mailbox] for name, mailbox in expected]


def addresses_by_legacy(message, field):
    values = [value.replace("\r\n", "") for name, value in message.raw_items() if name.lower() == field]
    return [[str(make_header(decode_header(name))), utf8(mailbox)] for name, mailbox in getaddresses(values)]


class Comparison:
    def __init__(self, seed):
        self.seed, self.differences = seed, []

    def same(self, what, found, expected):
        if found != expected:
            self.differences.append(f"seed {self.seed}: {what}: found {found!r}, expected {expected!r}")

    def part(self, where, found, expected):
        self.same(f"{where} type", found.get_content_type(), expected["type"])
        self.same(f"{where} disposition", found.get_content_disposition() or "", expected["disposition"])
        self.same(f"{where} content id", (found["content-id"] or "").strip("<>"), expected["content_id"])
        parameters = found["content-type"].params
        for name in ("charset", "method", "name"):
            self.same(f"{where} {name}", parameters.get(name, ""), expected[name])
        disposition = found["content-disposition"].params if "content-disposition" in found else {}
        self.same(f"{where} file name", disposition.get("filename", ""), expected["file_name"])
        if expected["parts"]:
            parts = list(found.iter_parts())
            self.same(f"{where} parts", len(parts), len(expected["parts"]))
            for i, (one, due) in enumerate(zip(parts, expected["parts"])):
                self.part(f"{where}/{i}", one, due)
            return
        content = base64.b64decode(expected["content"])
        if expected["type"] == "message/rfc822":
            self.same(f"{where} message", found.get_content().as_bytes(policy=policy.SMTP), content)
        else:
            self.same(f"{where} content", found.get_payload(decode=True), content)

    def message(self, found, legacy, expected):
        for field in ("from", "sender", "reply-to", "to", "cc"):
            self.same(field, addresses(found[field]), without_spaces(expected[field]))
            if expected[field]:
                self.same(f"{field} to the letter", addresses_by_legacy(legacy, field), expected[field])
        self.same("subject", found["subject"] or "", expected["subject"])
        self.same("message id", found["message-id"], expected["message_id"])
        self.same("date", int(found["date"].datetime.timestamp()), expected["date"])
        self.same("in-reply-to", found.get("in-reply-to", ""), " ".join(expected["in_reply_to"]))
        self.same("references", found.get("references", ""), " ".join(expected["references"]))
        for name, value in expected["headers"]:
            # A name so long that its value begins on the next line: Python counts the space there as the value's.
            folded = dict(found.raw_items())[name].startswith("\r\n")
            self.same(name, found[name], " " * folded + value)
        self.same("list-unsubscribe", found.get("list-unsubscribe", ""), ", ".join(f"<{u}>" for u in expected["unsubscribe"]))
        self.same("one click", found.get("list-unsubscribe-post"), "List-Unsubscribe=One-Click" if expected["one_click"] else None)
        self.same("importance", found.get("importance"), [None, "low", "high"][expected["priority"]])
        self.same("tls-required", found.get("tls-required"), "No" if expected["tls_optional"] else None)
        self.same("bcc", found["bcc"], None)
        self.part("body", found, expected["body"])


def main():
    differences = count = 0
    with open(sys.argv[1], encoding="utf-8") as batch:
        for line in batch:
            expected = json.loads(line)
            comparison = Comparison(expected["seed"])
            wire = base64.b64decode(expected["wire"])
            header = wire[:wire.index(b"\r\n\r\n") + 4]
            comparison.message(message_from_bytes(wire, policy=policy.default), message_from_bytes(header), expected)
            for difference in comparison.differences[:3]:
                print(difference)
            differences += len(comparison.differences)
            count += 1
    print(f"Python {sys.version.split()[0]}: {count} messages read, {differences} differences")
    return 1 if differences or not count else 0


if __name__ == "__main__":
    sys.exit(main())
