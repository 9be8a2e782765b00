"""One verified, ranged GET, streamed into the caller's buffer: the contract, and the client of this interpreter.

The HTTPS itself is in the interpreter's half, `_http_cpython` or `_http_micropython`. No redirect is followed and
no content coding accepted: the URL in the job names the object itself.
"""

from fota.machine import INTERPRETER

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Protocol

    class Answer(Protocol):
        """The head of an answer, and its body to be read. Close it.

        It may also have the text of the fields Retry-After and Date, as `retry_after` and `date`, or None.
        """

        status: int
        length_bytes: "int | None"
        """The length of this body; None if the server does not say."""
        content_range: "str | None"
        etag: "str | None"

        def readinto(self, buffer: "memoryview") -> int:
            """Fill the beginning of `buffer`; 0 at the end of the body.

            *Raises* Unreachable, DownloadTimeout (no byte of the body for `timeout_ms`, whatever else comes).
            """

        def close(self) -> None:
            """End the connection. May be called twice."""

    class Client(Protocol):
        """Something that makes HTTPS requests.

        It may call `on_silence`, if that attribute was set, after each second in which it waited for the server.
        """

        def get(self, url: str, headers: "dict[str, str]", timeout_ms: int) -> Answer:
            """Send the request and read the head of its answer.

            *Blocks* for at most `timeout_ms` at each of connecting and reading.
            Interim answers are skipped. The coding of an answer is judged if it has status 200 or 206.
            *Raises* Unreachable, UntrustedServer (also when the authorities cannot be read), DownloadTimeout,
            BadHttpAnswer.
            """


class HttpsClient:
    """This interpreter's HTTPS client, made at its first request: an idle device does not pay for it.

    `cacert` is the path of a file with the certificates to trust; None: the system's.
    """

    def __init__(self, cacert: "str | None" = None) -> None:
        self._cacert = cacert
        self._client: "Client | None" = None
        self.on_silence: "Callable[[], None] | None" = None
        """See `Client`."""

    def get(self, url: str, headers: "dict[str, str]", timeout_ms: int) -> "Answer":
        """See `Client`."""
        if self._client is None:
            if TYPE_CHECKING or INTERPRETER == "cpython":
                from fota.transfer._http_cpython import Urllib3Client as PlatformClient
            else:
                from fota.transfer._http_micropython import SslClient as PlatformClient
            self._client = PlatformClient(self._cacert)
        if self.on_silence is not None:
            setattr(self._client, "on_silence", self.on_silence)  # noqa: B010 - the protocol leaves it out
        return self._client.get(url, headers, timeout_ms)
