"""The rules of an HTTP head: which headers a request has, and how those of an answer are read. Pure."""

from fota.errors import BadHttpAnswer, BadHttpStatus
from fota.fields import host_and_port, is_of_letters, whole_number

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Protocol

    class Head(Protocol):
        """The head of an answer; see `fota.transfer.http.Answer`."""

        status: int
        length_bytes: "int | None"
        content_range: "str | None"
        etag: "str | None"


HAS_IMAGE = (200, 206)
"""The statuses of an answer whose body is used. Of any other answer the body and what describes it are ignored."""


def range_headers(offset_bytes: int, etag: "str | None", to_bytes: int = 0) -> "dict[str, str]":
    """The headers that ask for the bytes from an offset on, of the same object (RFC 9110, 13.1.5 and 14.2).

    `to_bytes`: the offset behind the last byte that is wanted; 0: all of them are.
    """
    headers = {"Accept-Encoding": "identity"}
    if offset_bytes or to_bytes:
        headers["Range"] = f"bytes={offset_bytes}-{to_bytes - 1 if to_bytes else ''}"
        if offset_bytes and etag is not None and not etag.startswith("W/"):
            # A weak validator must not be used to join ranges.
            headers["If-Range"] = etag
    return headers


def is_other_etag(etag: "str | None", expected: "str | None") -> bool:
    """Whether both are known and name different objects. A server may call one first weak, then strong: the same."""
    return None not in (etag, expected) and _opaque(etag) != _opaque(expected)


def _opaque(etag: "str | None") -> "str | None":
    return etag[2:] if etag is not None and etag.startswith("W/") else etag


def require_uncoded(status: int, name: str, value: "str | None") -> None:
    """*Raises* BadHttpAnswer for a coding of a body that would be used; `identity`, or nothing, means none.

    `name` is that of the header field, whose value is a list in any case (RFC 9110, section 8.4).
    """
    for coding in (value or "").split(","):
        if status in HAS_IMAGE and coding.strip().lower() not in ("", "identity"):
            raise BadHttpAnswer(f"{name}: expected none, got {value!r}")


def whole_size(answer: "Head", offset_bytes: int, etag: "str | None", to_bytes: int = 0) -> "int | None":
    """The size of the object by the head of an answer to `range_headers`; None if the server does not say.

    A server may send more than the part that was asked for: all up to the end.

    *Raises* BadHttpStatus; BadHttpAnswer unless the body is the part that is missing, or all of it with status 200.
    """
    if answer.status not in HAS_IMAGE:
        problem = BadHttpStatus(f"status: expected 200 or 206, got {answer.status}", status=answer.status)
        wait = getattr(answer, "retry_after", None)
        if wait and answer.status in (429, 503):
            # Imported late: it is rare.
            from fota.transfer.retry_after import wait_s

            problem.wait_s = wait_s(wait, getattr(answer, "date", None))
        raise problem
    if answer.status == 200:
        return answer.length_bytes
    if not offset_bytes and not to_bytes:
        raise BadHttpAnswer("status: expected 200, got 206")
    if is_other_etag(answer.etag, etag):
        raise BadHttpAnswer(f"ETag: expected {etag}, got {answer.etag}")
    first, last, total_bytes = parse_content_range(answer.content_range)
    if first != offset_bytes or last not in (total_bytes - 1, to_bytes - 1):
        raise BadHttpAnswer(f"Content-Range: expected {offset_bytes}-, got {answer.content_range!r}")
    return total_bytes


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


def url_authority(authority: str) -> "tuple[str, int]":
    """The host and the port of an https URL in ASCII; port 0 if two parsers could read it differently."""
    host, port = host_and_port(authority, 443)
    is_sound = host.strip(".-") == host and is_of_letters(host, ".-")
    return host, port if is_sound else 0
