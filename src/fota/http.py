"""One verified, ranged GET, streamed into the caller's buffer: the contract, and the header rules.

The HTTPS itself is in the interpreter's half, `_http_cpython`. No redirect is followed and no content coding
accepted: the URL in the job names the object itself.
"""

from fota.errors import BadHttpAnswer

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Protocol

    class Answer(Protocol):
        """The head of an answer, and its body to be read. Close it."""

        status: int
        length_bytes: "int | None"
        """Bytes of this body, if the server says."""
        content_range: "str | None"
        etag: "str | None"

        def readinto(self, buffer: "memoryview") -> int:
            """Fill the beginning of `buffer`; 0 at the end of the body.

            *Raises* Unreachable, DownloadTimeout (silence for `timeout_ms`).
            """

        def close(self) -> None:
            """End the connection. May be called twice."""

    class Client(Protocol):
        """Something that makes HTTPS requests."""

        def get(self, url: str, headers: "dict[str, str]", timeout_ms: int) -> Answer:
            """Send the request and read the head of its answer.

            *Blocks* for at most `timeout_ms` at each of connecting and reading.
            *Raises* Unreachable, UntrustedServer, DownloadTimeout, BadHttpAnswer.
            """


class HttpsClient:
    """This interpreter's HTTPS client, made at its first request: an idle device does not pay for it.

    `cacert` is the path of a file with the certificates to trust; None: the system's.
    """

    def __init__(self, cacert: "str | None" = None) -> None:
        self._cacert = cacert
        self._client: "Client | None" = None

    def get(self, url: str, headers: "dict[str, str]", timeout_ms: int) -> "Answer":
        """See `Client`."""
        if self._client is None:
            from fota._http_cpython import Urllib3Client

            self._client = Urllib3Client(self._cacert)
        return self._client.get(url, headers, timeout_ms)


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
