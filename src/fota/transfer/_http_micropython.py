"""MicroPython's half of `http`: one ranged GET over `ssl`, small, with a deadline on every wait.

The certificate is verified, its dates included, and so is the host name: by mbedTLS, or by OpenSSL on CPython, where
this file runs too. Dates are held against the clock of the machine: set it before the first request.
Only the look-up of a name has no deadline, since MicroPython offers none; the time it took is counted.
An image in chunks is refused: S3 sends none. The pages of its errors come in chunks, and nobody reads them.
"""

import errno
import select
import socket
import ssl

from fota import machine, pem
from fota.errors import BadHttpAnswer, DownloadFailed, DownloadTimeout, Unreachable, UntrustedServer
from fota.fields import whole_number
from fota.transfer import dial
from fota.transfer.authorities import not_trusting
from fota.transfer.http_head import HAS_IMAGE, require_uncoded, url_authority

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import TypeVar

    Found = TypeVar("Found")

_MAX_HEAD_BYTES = 8192
"""All heads of an answer together: the interim ones (RFC 9110, section 15.2), which are skipped, and its own."""
_MAX_HEADS = 17
_MAX_FIELDS = 64

_PIECE_BYTES = 512
"""Bytes asked for in one read. MicroPython forgets what it has read when the connection breaks in the middle of a
read, so this many bytes are lost at most: fewer than `fota.transfer.download` wants of a fruitful try."""

_SILENCE_MS = 1_000
"""After this long without a byte `on_silence` is called, and again after each such time."""

_FIELDS = ("content-encoding", "transfer-encoding", "content-length", "content-range", "etag", "retry-after", "date")
"""The header fields that are kept; the others are checked and dropped."""

_WOULD_BLOCK = (errno.EAGAIN, errno.EINPROGRESS, 2, 3)
"""The last two are CPython's SSL_ERROR_WANT_READ and SSL_ERROR_WANT_WRITE."""


class SslClient:
    """HTTPS with the certificate and the host name verified, always. `cacert` is the path of a PEM or DER file."""

    def __init__(self, cacert: "str | None" = None) -> None:
        """*Raises* UntrustedServer without certificates: a microcontroller has none of the system's.

        `on_silence` may be set: it is called after each second of waiting.
        """
        self.on_silence: "Callable[[], None]" = _nothing
        try:
            self._context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
            # MicroPython's `ssl` verifies nothing by default, with any protocol; with this it checks the name too.
            self._context.verify_mode = ssl.CERT_REQUIRED
            with open(cacert or "", "rb") as file:
                is_pem = False
                for label, der in pem.blocks(file):
                    if label == b"CERTIFICATE":
                        self._context.load_verify_locations(cadata=der)
                        is_pem = True
                if not is_pem:
                    file.seek(0)
                    self._context.load_verify_locations(cadata=file.read())
        except (OSError, ValueError) as error:
            raise not_trusting(cacert, "PEM or DER", error)

    def get(self, url: str, headers: "dict[str, str]", timeout_ms: int) -> "SslAnswer":
        """Send the request and read the head of its answer."""
        slash, host, port = _address(url)
        deadline_ms = machine.now_ms() + timeout_ms
        plain = _connected(host, port, deadline_ms)
        has_head = False
        opened: "socket.socket | SslAnswer" = plain
        try:
            tls = self._context.wrap_socket(plain, server_hostname=host, do_handshake_on_connect=False)
            opened = answer = SslAnswer(plain, tls, timeout_ms, self.on_silence)
            answer.ask(_request(url, slash, headers), deadline_ms)
            has_head = True
            dial.worked(host, port)
            return answer
        except OSError as error:
            # Of TLS, before anything was sent: a small heap may have no room for it just now.
            raise Unreachable(f"error {error.errno}", cause=error)
        finally:
            if not has_head:
                opened.close()


class SslAnswer:
    """See `fota.transfer.http.Answer`: over TLS, over a connected socket that does not block."""

    def __init__(
        self, plain: "socket.socket", tls: ssl.SSLSocket, timeout_ms: int, on_silence: "Callable[[], None]"
    ) -> None:
        self._plain = plain
        self._tls = tls
        self._timeout_ms = timeout_ms
        self._on_silence = on_silence
        self._is_over = False
        # MicroPython has `readinto`, CPython `recv_into`.
        self._read_some: Callable[[memoryview], int] = getattr(tls, "readinto", None) or tls.recv_into

    def ask(self, request: bytearray, deadline_ms: int) -> None:
        """Send it, behind the handshake and before the deadline of connecting, and read the head of the answer."""
        rest = memoryview(request)
        while rest:
            rest = rest[self._waited(self._tls.write, rest, deadline_ms) :]
        self.status, fields, self._rest = self._head(machine.now_ms() + self._timeout_ms)
        self.etag = fields.get("etag")
        self.content_range = fields.get("content-range")
        self.retry_after = fields.get("retry-after")
        self.date = fields.get("date")
        self.length_bytes = self._left_bytes = _length(self.status, fields)

    def readinto(self, buffer: "memoryview") -> int:
        """Fill the beginning of `buffer` with what is there; 0 at the end."""
        if self._left_bytes is not None:
            buffer = buffer[: self._left_bytes]
        if self._rest:
            count = min(len(buffer), len(self._rest))
            buffer[:count] = self._rest[:count]
            self._rest = self._rest[count:]
        else:
            count = self._read(buffer, machine.now_ms() + self._timeout_ms)
        if self._left_bytes is not None:
            self._left_bytes -= count
        return count

    def close(self) -> None:
        """End the connection: the rest of a body is not waited for."""
        self._tls.close()
        # After a failed handshake MicroPython's TLS leaves the socket open.
        self._plain.close()

    def _head(self, deadline_ms: int) -> "tuple[int, dict[str, str], bytes]":
        """Status and fields of the answer behind any interim ones, and the bytes of the body that came along."""
        piece = memoryview(bytearray(_PIECE_BYTES))
        came = b""
        before = end = 0
        for _ in range(_MAX_HEADS):
            came = came[end:]
            end = came.find(b"\r\n\r\n") + 4
            while end < 4:
                count = self._read(piece, deadline_ms)
                came += bytes(piece[:count])
                end = came.find(b"\r\n\r\n") + 4
                if not count or before + (len(came) if end < 4 else end) > _MAX_HEAD_BYTES:
                    raise Unreachable("the answer has no head, or no end of it")
            before += end
            status, fields = _parsed(came[: end - 4])
            # After 101 no answer comes: the server speaks another protocol from there on.
            if status >= 200 or status == 101:
                return status, fields, came[end:]
        raise Unreachable("the answer has no head, only interim ones")

    def _read(self, buffer: "memoryview", deadline_ms: int) -> int:
        """Read the bytes that are there, one at least; 0 at the end of the stream."""
        done = 0
        while done < len(buffer) and not self._is_over:
            piece = buffer[done : done + _PIECE_BYTES]
            try:
                count = _once(self._read_some, piece) if done else self._waited(self._read_some, piece, deadline_ms)
            except DownloadFailed:
                if not done:
                    raise
                # What came before the break counts; the next read meets the break again.
                break
            if not count:
                # An end is said once: behind the goodbye of TLS MicroPython waits for more.
                self._is_over = count == 0
                break
            done += count
        return done

    def _waited(self, ask: "Callable[[memoryview], int]", view: "memoryview", deadline_ms: int) -> int:
        while True:
            count = _once(ask, view)
            if count is not None:
                return count
            # MicroPython waits for the event that TLS needs, even if another one is asked for.
            _wait(self._tls, deadline_ms, self._on_silence)


def _connected(host: str, port: int, deadline_ms: int) -> "socket.socket":
    """*Raises* Unreachable, DownloadTimeout."""
    try:
        tcp: "socket.socket" = dial.connected(host, port, deadline_ms)
    except OSError as error:
        if error.errno == errno.ETIMEDOUT:
            raise DownloadTimeout(str(error), cause=error)
        raise Unreachable(str(error), cause=error)
    return tcp


def _once(ask: "Callable[..., Found]", *arguments: object) -> "Found | None":
    """The result of a socket's call; None if it would block. *Raises* Unreachable, UntrustedServer.

    Their texts hold nothing of the URL, whose query is a password.
    """
    try:
        return ask(*arguments)
    except ValueError as error:
        # Only those errors of TLS, on both interpreters, that are about the certificate.
        raise UntrustedServer("the certificate of the server was not accepted", cause=error)
    except OSError as error:
        if error.errno in _WOULD_BLOCK:
            return None
        raise Unreachable(f"error {error.errno}", cause=error)


def _wait(thing: "socket.socket", deadline_ms: int, on_silence: "Callable[[], None]") -> None:
    """Wait until it may have something; `on_silence` is called after each second. *Raises* DownloadTimeout."""
    poll = select.poll()
    poll.register(thing, select.POLLIN)
    while True:
        left_ms = deadline_ms - machine.now_ms()
        for _ in poll.poll(max(0, min(left_ms, _SILENCE_MS))):
            return
        if left_ms <= _SILENCE_MS:
            raise DownloadTimeout("the server was silent for too long")
        on_silence()


def _nothing() -> None:
    """What is called in a wait unless the client is told better."""


def _address(url: str) -> "tuple[int, str, int]":
    """The offset of the path, the host and the port of an https URL that every parser reads alike.

    *Raises* BadHttpAnswer.
    """
    slash = url.find("/", 8)
    host, port = url_authority(url[8:slash] if slash > 0 and url.startswith("https://") else "")
    for c in url:
        if not "!" <= c <= "~" or c == "#":
            port = 0
    if not port:
        raise BadHttpAnswer("the URL cannot be used")
    return slash, host, port


def _request(url: str, slash: int, headers: "dict[str, str]") -> bytearray:
    request = bytearray(b"GET ")
    # Written in pieces: the query of a presigned URL is long, and small heaps have no room for copies of it.
    for start in range(slash, len(url), _PIECE_BYTES):
        request.extend(url[start : start + _PIECE_BYTES].encode())
    request.extend(f" HTTP/1.1\r\nHost: {url[8:slash]}\r\nConnection: close\r\n".encode())
    for name, value in headers.items():
        request.extend(f"{name}: {value}\r\n".encode())
    request.extend(b"\r\n")
    return request


def _parsed(head: bytes) -> "tuple[int, dict[str, str]]":
    """The status, and the headers of _FIELDS (RFC 9112). *Raises* Unreachable for what is no head."""
    fields: "dict[str, str]" = {}
    # Only ASCII is accepted, and no line that ends in CR or LF alone.
    odd = head.replace(b"\r\n", b"").strip(bytes(range(32, 127)) + b"\t")
    lines = str(b"" if odd else head, "ascii").split("\r\n")
    version, _, rest = lines.pop(0).partition(" ")
    status = whole_number(rest[:3]) or 0
    is_http = version in ("HTTP/1.0", "HTTP/1.1") and status >= 100 and rest[3:4] in ("", " ")
    for line in lines:
        name, colon, value = line.partition(":")
        # No blanks around a name, and no line that continues in the next one.
        is_http = is_http and colon != "" and name.split() == [name]
        name, value = name.lower(), value.strip()
        if name in _FIELDS:
            # A field that comes twice is a list of both values; length, range and codings are not lists.
            fields[name] = f"{fields[name]}, {value}" if name in fields else value
    if not is_http or len(lines) > _MAX_FIELDS:
        raise Unreachable("the answer is not HTTP")
    return status, fields


def _length(status: int, fields: "dict[str, str]") -> "int | None":
    """The length of the body as the head gives it. *Raises* BadHttpAnswer for an image that is coded in any way."""
    for name in _FIELDS[:2]:
        require_uncoded(status, name, fields.get(name))
    text = fields.get("content-length")
    length_bytes = whole_number(text or "")
    if length_bytes is None and text is not None and status in HAS_IMAGE:
        raise BadHttpAnswer(f"content-length: expected a number, got {text!r}")
    return length_bytes
