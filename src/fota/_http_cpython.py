"""CPython's half of `http`, over urllib3."""

import http.client
import logging
import ssl

import urllib3
from urllib3 import exceptions

from fota.errors import BadHttpAnswer, DownloadFailed, DownloadTimeout, Unreachable, UntrustedServer
from fota.http_head import whole_number
from fota.log import without_query


class Urllib3Client:
    """HTTPS with the certificate and the host name verified, always. `cacert` is a path; None: the system's."""

    def __init__(self, cacert: "str | None" = None) -> None:
        logging.getLogger("urllib3.connectionpool").addFilter(_without_queries)
        context = ssl.create_default_context(cafile=cacert)
        self._pool = urllib3.PoolManager(num_pools=1, maxsize=1, ssl_context=context, retries=False)

    def get(self, url: str, headers: "dict[str, str]", timeout_ms: int) -> "Urllib3Answer":
        """Send the request and read the head of its answer."""
        timeout = urllib3.Timeout(connect=timeout_ms / 1000, read=timeout_ms / 1000)
        try:
            response = self._pool.request(
                "GET",
                url,
                headers=headers,
                timeout=timeout,
                redirect=False,
                preload_content=False,
                decode_content=False,
            )
        except (exceptions.HTTPError, OSError) as error:
            raise _translated(error)
        return Urllib3Answer(response)


class Urllib3Answer:
    """See `fota.http.Answer`."""

    def __init__(self, response: urllib3.BaseHTTPResponse) -> None:
        self._response = response
        self.status = response.status
        self.content_range = response.headers.get("Content-Range")
        self.etag = response.headers.get("ETag")
        self.length_bytes = whole_number(response.headers.get("Content-Length", ""))
        coding = response.headers.get("Content-Encoding", "identity")
        if coding != "identity":
            self.close()
            raise BadHttpAnswer(f"Content-Encoding: expected none, got {coding!r}")

    def readinto(self, buffer: "memoryview") -> int:
        """Fill the beginning of `buffer` with what is there; 0 at the end."""
        try:
            # read1 returns what one read of the socket gave: when the connection breaks, nothing that came is lost.
            chunk = self._response.read1(len(buffer))
        except (exceptions.HTTPError, OSError) as error:
            if isinstance(error.__cause__, http.client.IncompleteRead):
                return 0
            raise _translated(error)
        buffer[: len(chunk)] = chunk
        return len(chunk)

    def close(self) -> None:
        """End the connection: the rest of a body is not waited for."""
        self._response.close()


def _translated(error: Exception) -> DownloadFailed:
    """The error of our tree. Says what happened and never the URL, whose query is a password."""
    reason = getattr(error, "reason", None)
    inner = reason if isinstance(reason, BaseException) else error
    if isinstance(inner, exceptions.NewConnectionError):
        # Refused, no route, no such name. To urllib3 it is a timeout by inheritance, which it is not.
        return Unreachable(type(inner).__name__, cause=error)
    if isinstance(inner, exceptions.TimeoutError | TimeoutError):
        return DownloadTimeout("the server was silent for too long", cause=error)
    text = f"{inner} {inner.__cause__ or ''}"
    if "CERTIFICATE_VERIFY_FAILED" in text or "doesn't match" in text:
        return UntrustedServer("the certificate of the server was not accepted", cause=error)
    if isinstance(inner, exceptions.LocationParseError | exceptions.LocationValueError):
        return BadHttpAnswer("the URL cannot be used", cause=error)
    return Unreachable(type(inner).__name__, cause=error)


def _without_queries(entry: logging.LogRecord) -> bool:
    """A filter: at its level DEBUG urllib3 logs whole URLs, and the query of a presigned one is a password."""
    if isinstance(entry.args, tuple):
        entry.args = tuple(without_query(word) if isinstance(word, str) else word for word in entry.args)
    return True
