"""CPython's half of `http`, over urllib3."""

import http
import http.client
import logging
import re
import socket
import ssl
from collections.abc import Callable

import urllib3
import urllib3.connection
from urllib3 import exceptions

from fota import machine
from fota.errors import BadHttpAnswer, DownloadFailed, DownloadTimeout, Unreachable, UntrustedServer
from fota.fields import whole_number
from fota.transfer import proxy_cpython
from fota.transfer._wire_cpython import Wire, bound
from fota.transfer.authorities import not_trusting
from fota.transfer.http_head import require_uncoded

_LOGGERS = ("connection", "connectionpool", "poolmanager", "response", "util.retry")
"""The modules of urllib3 that log, each by a logger of its own: a filter holds for one logger and none below it."""


class _Response(http.client.HTTPResponse):
    """An answer behind any interim ones (RFC 9110, section 15.2); `http.client` skips those with status 100 only."""

    def _read_status(self) -> "tuple[str, int, str]":
        while True:
            # The wire ends this: each turn takes bytes from it.
            found: tuple[str, int, str] = super()._read_status()  # type: ignore[misc]  # not in typeshed
            if not 100 <= found[1] < 200 or found[1] == http.HTTPStatus.SWITCHING_PROTOCOLS:
                return found
            http.client.parse_headers(self.fp)


class _Connection(urllib3.connection.HTTPSConnection):
    """As urllib3 has it, but connected by `proxy_cpython`: through a proxy if there is one for the host."""

    response_class = _Response

    def connect(self) -> None:
        super().connect()
        proxy_cpython.worked(self.host, self.port)

    def _new_conn(self) -> socket.socket:
        """*Raises* Unreachable, DownloadTimeout."""
        within_s = urllib3.Timeout.resolve_default_timeout(self.timeout)
        deadline_ms = machine.now_ms() + int((within_s or 0) * 1000)
        try:
            tcp = proxy_cpython.connected(self.host, self.port, deadline_ms)
        except TimeoutError as error:
            raise DownloadTimeout(str(error), cause=error) from error
        except OSError as error:
            raise Unreachable(str(error), cause=error) from error
        # The handshake sets what is left.
        tcp.settimeout(within_s)
        return tcp


class _Pool(urllib3.HTTPSConnectionPool):
    ConnectionCls = _Connection


class Urllib3Client:
    """HTTPS with the certificate and the host name verified, always. `cacert` is a path; None: the system's.

    The keys of its connections are written to no file, whatever the environment says.
    """

    def __init__(self, cacert: "str | None" = None) -> None:
        """*Raises* UntrustedServer without a certificate in the file, Unreachable when no file can be opened."""
        for name in _LOGGERS:
            logging.getLogger(f"urllib3.{name}").addFilter(_without_queries)
        self.on_silence: Callable[[], None] | None = None
        """Called after each second in which a connected server was waited for."""
        context = _context(cacert)
        self._wire = bound(context)
        self._pool = urllib3.PoolManager(num_pools=1, maxsize=1, ssl_context=context, retries=False)
        self._pool.pool_classes_by_scheme = {**self._pool.pool_classes_by_scheme, "https": _Pool}

    def get(self, url: str, headers: "dict[str, str]", timeout_ms: int) -> "Urllib3Answer":
        """Send the request and read the head of its answer."""
        self._wire.expect_answer(timeout_ms, self.on_silence)
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
            # Not the error itself: the traceback of a program would show the URL that it may hold.
            raise _translated(error, self._wire) from None
        return Urllib3Answer(response, self._wire)


class Urllib3Answer:
    """See `fota.transfer.http.Answer`."""

    def __init__(self, response: urllib3.BaseHTTPResponse, wire: Wire) -> None:
        self._response = response
        self._wire = wire
        self.status = response.status
        self.content_range = response.headers.get("Content-Range")
        self.etag = response.headers.get("ETag")
        self.length_bytes = whole_number(response.headers.get("Content-Length", ""))
        self.retry_after = response.headers.get("Retry-After")
        self.date = response.headers.get("Date")
        try:
            require_uncoded(self.status, "Content-Encoding", response.headers.get("Content-Encoding"))
        except BadHttpAnswer:
            self.close()
            raise

    def readinto(self, buffer: "memoryview") -> int:
        """Fill the beginning of `buffer` with the bytes that are there; 0 at the end."""
        self._wire.expect_body()
        try:
            # read1 returns what one read of the socket gave: when the connection breaks, nothing that came is lost.
            chunk = self._response.read1(len(buffer))
        except (exceptions.HTTPError, OSError) as error:
            if isinstance(error.__cause__, http.client.IncompleteRead):
                return 0
            raise _translated(error, self._wire) from None
        self._wire.handed_out(len(chunk))
        buffer[: len(chunk)] = chunk
        return len(chunk)

    def close(self) -> None:
        """End the connection: the rest of a body is not waited for."""
        self._response.close()


def _translated(error: Exception, wire: Wire) -> DownloadFailed:
    """The FotaError for an error of urllib3. It says what happened and never the URL, whose query is a password."""
    if wire.refusal is not None:
        return Unreachable(wire.refusal, cause=error)
    reason = getattr(error, "reason", None)
    inner = reason if isinstance(reason, BaseException) else error
    if isinstance(inner, exceptions.TimeoutError | TimeoutError):
        return DownloadTimeout("the server was silent for too long", cause=error)
    text = f"{inner} {inner.__cause__ or ''}"
    if "CERTIFICATE_VERIFY_FAILED" in text or "doesn't match" in text:
        return UntrustedServer("the certificate of the server was not accepted", cause=error)
    if isinstance(inner, exceptions.LocationParseError | exceptions.LocationValueError):
        return BadHttpAnswer("the URL cannot be used", cause=error)
    return Unreachable(type(inner).__name__, cause=error)


def _context(cacert: "str | None") -> ssl.SSLContext:
    # Not `ssl.create_default_context`: with SSLKEYLOGFILE set, that has the keys of every connection written there.
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    try:
        if not cacert:
            context.load_default_certs()
            return context
        context.load_verify_locations(cafile=cacert)
        if not context.cert_store_stats()["x509"]:
            # OpenSSL takes a list of certificates that are revoked, too.
            raise ValueError("there is none")
    except (OSError, ValueError) as error:
        raise not_trusting(cacert, "PEM", error) from error
    return context


def _without_queries(entry: logging.LogRecord) -> bool:
    """A filter: urllib3 logs whole URLs, at its level WARNING too, and the query of a presigned one is a password.

    A head that cannot be parsed is logged with what is left of it, where a server may have repeated the URL.
    """
    entry.msg = re.sub(r"\?[^\s\"']*", "", entry.getMessage())
    entry.args = ()
    entry.exc_info = entry.exc_text = None
    return True
