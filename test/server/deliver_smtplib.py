#!/usr/bin/python3
"""The control: delivers one mail by Python's smtplib, with the same interface as `deliver`. What fails here is the harness's or the
server's fault, not the client's.

Usage: deliver_smtplib.py KIND --server ADDRESS --port N --from ADDR --to ADDR --auth plain|login|none
                          [--user U --password-file F] --raw FILE
"""
import argparse
import json
import pathlib
import re
import smtplib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "corpus"))
from canonical import canonical  # noqa: E402

EXIT = {"accepted": 0, "rejected": 69, "deferred": 75, "unknown": 80}


class Refused(Exception):
    def __init__(self, phase, code, text):
        self.phase, self.code, self.text = phase, code, text.decode(errors="replace")


def must(phase, reply, wanted):
    code, text = reply
    if code not in wanted:
        raise Refused(phase, code, text)
    return reply


def deliver(options):
    content = canonical(pathlib.Path(options.raw).read_bytes())
    phase = "connect"
    with smtplib.SMTP(options.server, options.port, local_hostname="client.postrider.example", timeout=30) as smtp:
        must("ehlo", smtp.ehlo(), {250})
        if options.auth != "none":
            smtp.user, smtp.password = options.user, pathlib.Path(options.password_file).read_text().rstrip("\n")
            try:
                smtp.auth(options.auth.upper(), getattr(smtp, "auth_" + options.auth), initial_response_ok=options.auth == "plain")
            except smtplib.SMTPAuthenticationError as error:
                raise Refused("auth", error.smtp_code, error.smtp_error)
        parameters = [f"SIZE={len(content)}"]
        if any(octet > 127 for octet in content):
            parameters.append("BODY=8BITMIME")
        if any(octet > 127 for octet in content.partition(b"\r\n\r\n")[0]):
            parameters.append("SMTPUTF8")
        must("mail", smtp.mail(getattr(options, "from"), parameters), {250})
        must("rcpt", smtp.rcpt(options.to), {250, 251})
        phase = "content"
        try:
            reply = smtp.data(content)
        except smtplib.SMTPDataError as error:
            reply = error.smtp_code, error.smtp_error
        return must(phase, reply, {250})


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("kind")
    for name in "server", "from", "to", "auth", "raw":
        parser.add_argument("--" + name, required=True)
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--user")
    parser.add_argument("--password-file")
    options = parser.parse_args()

    result = {"outcome": "unknown", "phase": "", "code": 0, "enhanced": "", "text": "", "error": ""}
    try:
        code, text = deliver(options)
        result.update(outcome="accepted", phase="content", code=code, text=text.decode(errors="replace"))
    except Refused as refused:
        result.update(outcome="rejected" if refused.code >= 500 else "deferred", phase=refused.phase, code=refused.code, text=refused.text)
    except (OSError, smtplib.SMTPException) as error:
        result.update(error=f"{type(error).__name__}: {error}")
    enhanced = re.match(r"[245]\.\d{1,3}\.\d{1,3}", result["text"])
    result["enhanced"] = enhanced.group() if enhanced else ""
    print(json.dumps(result))
    return EXIT[result["outcome"]]


if __name__ == "__main__":
    sys.exit(main())
