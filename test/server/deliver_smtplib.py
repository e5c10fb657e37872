#!/usr/bin/python3
"""The control: delivers one mail by Python's smtplib, with the same interface as `deliver`. What fails here is the harness's or the
server's fault, not the client's.

Usage: deliver_smtplib.py KIND --server ADDRESS --port N --from ADDR --to ADDR --raw FILE
                          --auth plain|login|none | --mechanism NAME|strongest [--user U --password-file F --token-file F]
                          [--tls none|starttls|implicit --ca F --name HOST --certificate F --key F]
"""
import argparse
import base64
import hashlib
import hmac
import json
import pathlib
import re
import secrets
import smtplib
import ssl
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "corpus"))
from canonical import canonical  # noqa: E402

STRONGEST = ["SCRAM-SHA-512", "SCRAM-SHA-256", "SCRAM-SHA-1", "CRAM-MD5", "OAUTHBEARER", "XOAUTH2", "PLAIN", "LOGIN"]
EXIT = {"accepted": 0, "rejected": 69, "deferred": 75, "unknown": 80}


class Refused(Exception):
    def __init__(self, phase, code, text):
        self.phase, self.code, self.text = phase, code, text.decode(errors="replace")


def must(phase, reply, wanted):
    code, text = reply
    if code not in wanted:
        raise Refused(phase, code, text)
    return reply


def scram(name, user, password):
    """The client's side of RFC 5802, without channel binding; as smtplib has it: one message for each challenge."""
    digest = name.removeprefix("SCRAM-").replace("-", "").lower()

    def mac(key, text):
        return hmac.digest(key, text, digest)

    first = f"n={user},r={secrets.token_hex(12)}"
    challenge = yield "n,," + first
    fields = dict(field.split("=", 1) for field in challenge.decode().split(","))
    assert fields["r"].startswith(first.partition("r=")[2]), challenge
    salted = hashlib.pbkdf2_hmac(digest, password.encode(), base64.b64decode(fields["s"]), int(fields["i"]))
    last = f"c=biws,r={fields['r']}"
    what = f"{first},{challenge.decode()},{last}".encode()
    key = mac(salted, b"Client Key")
    proof = bytes(a ^ b for a, b in zip(key, mac(hashlib.new(digest, key).digest(), what)))
    challenge = yield f"{last},p={base64.b64encode(proof).decode()}"
    assert challenge == b"v=" + base64.b64encode(mac(mac(salted, b"Server Key"), what)), "the server does not know the password"
    yield ""


def messages(mechanism, options):
    """What the client says, a message for each challenge."""
    user = options.user
    password = pathlib.Path(options.password_file).read_text().rstrip("\n") if options.password_file else ""
    token = pathlib.Path(options.token_file).read_text().rstrip("\n") if options.token_file else ""
    match mechanism:
        case "PLAIN":
            yield f"\0{user}\0{password}"
        case "LOGIN":
            yield user
            yield password
        case "CRAM-MD5":
            challenge = yield
            yield f"{user} {hmac.new(password.encode(), challenge, 'md5').hexdigest()}"
        case "XOAUTH2":
            yield f"user={user}\1auth=Bearer {token}\1\1"
            yield ""
        case "OAUTHBEARER":
            yield f"n,a={user},\1auth=Bearer {token}\1\1"
            yield "\1"
        case "EXTERNAL":
            yield ""
        case "ANONYMOUS":
            yield user   # libgsasl wants something (RFC 4505 does not)
        case _:
            yield from scram(mechanism, user, password)


def authenticate(smtp, mechanism, options):
    if mechanism == "STRONGEST":
        offered = smtp.esmtp_features.get("auth", "").split()
        mechanism = next(name for name in STRONGEST if name in offered and (options.token_file or "OAUTH" not in name))
    said = messages(mechanism, options)
    first = next(said) if mechanism != "LOGIN" else None
    code, text = smtp.docmd("AUTH", mechanism if first is None else f"{mechanism} {base64.b64encode(first.encode()).decode() or '='}")
    while code == 334:
        answer = next(said) if mechanism == "LOGIN" else said.send(base64.b64decode(text))
        code, text = smtp.docmd(base64.b64encode(answer.encode()).decode())
    return must("auth", (code, text), {235}) and mechanism


def connect(options):
    context = ssl.create_default_context(cafile=options.ca)
    if options.certificate:
        context.load_cert_chain(options.certificate, options.key)

    class Smtps(smtplib.SMTP):
        def _get_socket(self, host, port, timeout):
            return context.wrap_socket(super()._get_socket(host, port, timeout), server_hostname=options.name)

    kind = Smtps if options.tls == "implicit" else smtplib.SMTP
    smtp = kind(options.server, options.port, local_hostname="client.postrider.example", timeout=30)
    if options.tls == "starttls":
        must("ehlo", smtp.ehlo(), {250})
        smtp._host = options.name   # what is looked for in the certificate
        must("starttls", smtp.starttls(context=context), {220})
    return smtp


def deliver(options, result):
    content = canonical(pathlib.Path(options.raw).read_bytes())
    phase = "connect"
    with connect(options) as smtp:
        if options.tls != "none":
            result["tls"] = {"version": smtp.sock.version().replace("TLSv", "TLS "), "cipher": smtp.sock.cipher()[0], "verified": True}
        must("ehlo", smtp.ehlo(), {250})
        if options.auth != "none":
            result["mechanism"] = authenticate(smtp, options.auth.upper(), options)
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
    for name in "server", "from", "to", "raw":
        parser.add_argument("--" + name, required=True)
    parser.add_argument("--auth", "--mechanism", required=True)
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--user")
    for name in "password-file", "token-file", "ca", "name", "certificate", "key":
        parser.add_argument("--" + name)
    parser.add_argument("--tls", choices=["none", "starttls", "implicit"], default="none")
    options = parser.parse_args()

    result = {"outcome": "unknown", "phase": "", "code": 0, "enhanced": "", "text": "", "error": "",
              "tls": {"version": "", "cipher": "", "verified": False}, "mechanism": ""}
    try:
        code, text = deliver(options, result)
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
