"""The rules of an HTTP head: what is asked for, and how an answer is read. Pure."""

from fota.errors import BadHttpAnswer


def range_headers(offset_bytes: int, etag: "str | None") -> "dict[str, str]":
    """Ask for the bytes from an offset on, of the same object as before (RFC 9110, sections 13.1.5 and 14.2)."""
    headers = {"Accept-Encoding": "identity"}
    if offset_bytes:
        headers["Range"] = f"bytes={offset_bytes}-"
        if etag is not None and not etag.startswith("W/"):
            # A weak validator must not be used to join ranges.
            headers["If-Range"] = etag
    return headers


def parse_content_range(text: "str | None") -> "tuple[int, int, int]":
    """First byte, last byte and whole size of `bytes 5-9/10` (RFC 9110, section 14.4). *Raises* BadHttpAnswer."""
    unit, _, rest = (text or "").partition(" ")
    span, _, total = rest.partition("/")
    first, _, last = span.partition("-")
    numbers = (whole_number(first), whole_number(last), whole_number(total))
    if unit != "bytes" or None in numbers:
        raise BadHttpAnswer(f"Content-Range: expected 'bytes first-last/size', got {text!r}")
    if not int(first) <= int(last) < int(total):
        raise BadHttpAnswer(f"Content-Range: the numbers contradict each other: {text!r}")
    return int(first), int(last), int(total)


def whole_number(text: str) -> "int | None":
    """The number that at most 15 decimal digits stand for; None for any other text.

    Digits of ASCII only: `isdigit` alone lets others pass, some of which `int` does not take.
    """
    if not 0 < len(text) < 16 or text.strip("0123456789"):
        return None
    return int(text)


def host_and_port(authority: str) -> "tuple[str, int]":
    """Of the `host` or `host:port` of an https URL in ASCII; port 0 if two parsers could read it differently."""
    host, colon, digits = authority.partition(":")
    port = whole_number(digits) if colon else 443
    is_sound = host and host.strip(".-") == host and not host.lower().strip("abcdefghijklmnopqrstuvwxyz0123456789.-")
    return host, port if is_sound and port and port < 65_536 else 0
