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
    if not 0 < len(text) < 16 or not all(c in "0123456789" for c in text):
        return None
    return int(text)
