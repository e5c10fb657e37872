"""The canonical form of a mail: what a client sends for given octets, and so what a server is to have stored. Stated in README.md."""
import re


def canonical(octets: bytes) -> bytes:
    """Every CR LF, bare CR and bare LF becomes CR LF; one CR LF is added at the end if the last line has none."""
    lines = re.sub(rb"\r\n|\r|\n", b"\r\n", octets)
    return lines if lines.endswith(b"\r\n") else lines + b"\r\n"
