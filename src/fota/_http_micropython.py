"""MicroPython's half of `http`: one ranged GET over `ssl`, small, with a deadline on every wait.

The certificate is verified, its dates included, and so is the host name: by mbedTLS, or by OpenSSL on CPython, where
this file runs too. Dates are held against the clock of the machine: set it before the first request.
What has no deadline is looking up a name, for which MicroPython offers none; the time it took is counted.
Chunked answers are refused: S3 sends none.
"""

import errno
import select
import socket
import ssl

from fota import machine, pem
from fota.errors import BadHttpAnswer, DownloadFailed, DownloadTimeout, Unreachable, UntrustedServer
from fota.http_head import host_and_port, whole_number

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import TypeVar

    Found = TypeVar("Found")

_MOST_HEAD_BYTES = 8192
_MOST_FIELDS = 64

_PIECE_BYTES = 512
"""Read at once. MicroPython forgets what it has read when the connection breaks in the middle of one read: so much
is lost at most, which is less than what makes a try fruitful to `fota.download`."""

_FIELDS = ("etag", "content-range", "content-length", "content-encoding", "transfer-encoding")
"""What is read of a head; the rest is looked at, and not kept."""

_WOULD_BLOCK = (errno.EAGAIN, errno.EINPROGRESS, 2, 3)
"""The last two are CPython's SSL_ERROR_WANT_READ and SSL_ERROR_WANT_WRITE."""


class SslClient:
    """HTTPS with the certificate and the host name verified, always. `cacert` is the path of a PEM or DER file."""

    def __init__(self, cacert: "str | None" = None) -> None:
        """*Raises* UntrustedServer without certificates: a microcontroller has none of the system's."""
        self._context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        # MicroPython's `ssl` verifies nothing until told to, whatever the protocol; then the host name, too.
        self._context.verify_mode = ssl.CERT_REQUIRED
        try:
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
            raise UntrustedServer(f"{cacert}: expected certificates to trust, PEM or DER", cause=error)

    def get(self, url: str, headers: "dict[str, str]", timeout_ms: int) -> "SslAnswer":
        """Send the request and read the head of its answer."""
        slash, host, port = _address(url)
        deadline_ms = machine.now_ms() + timeout_ms
        plain = _connected(host, port, deadline_ms)
        try:
            tls = self._context.wrap_socket(plain, server_hostname=host, do_handshake_on_connect=False)
        except OSError as error:
            # Nothing was sent: a small heap may have no room for TLS just now.
            plain.close()
            raise Unreachable(f"error {error.errno}", cause=error)
        answer = SslAnswer(plain, tls, timeout_ms)
        has_head = False
        try:
            answer.ask(_request(url, slash, headers), deadline_ms)
            has_head = True
            return answer
        finally:
            if not has_head:
                answer.close()


class SslAnswer:
    """See `fota.http.Answer`: over TLS, over a connected socket that does not block."""

    def __init__(self, plain: "socket.socket", tls: ssl.SSLSocket, timeout_ms: int) -> None:
        self._plain = plain
        self._tls = tls
        self._timeout_ms = timeout_ms
        # MicroPython has `readinto`, CPython `recv_into`.
        self._read_some: Callable[[memoryview], int] = getattr(tls, "readinto", None) or tls.recv_into

    def ask(self, request: bytearray, deadline_ms: int) -> None:
        """Send it, behind the handshake and before the deadline of connecting, and read the head of the answer."""
        rest = memoryview(request)
        while rest:
            rest = rest[self._waited(self._tls.write, rest, deadline_ms) :]
        head, self._rest = self._head(machine.now_ms() + self._timeout_ms)
        self.status, fields = _parsed(head)
        self.etag = fields.get("etag")
        self.content_range = fields.get("content-range")
        self.length_bytes = self._left_bytes = _length(fields)

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
        # After a failed handshake MicroPython's TLS has let go of it, open.
        self._plain.close()

    def _head(self, deadline_ms: int) -> "tuple[bytes, bytes]":
        """The head of the answer, without its empty line, and the bytes of the body that came along."""
        piece = memoryview(bytearray(_PIECE_BYTES))
        came = b""
        end = -1
        while end < 0:
            count = self._read(piece, deadline_ms)
            came += bytes(piece[:count])
            end = came.find(b"\r\n\r\n")
            if not count or (len(came) if end < 0 else end + 4) > _MOST_HEAD_BYTES:
                raise Unreachable("the answer has no head, or no end of it")
        return came[:end], came[end + 4 :]

    def _read(self, buffer: "memoryview", deadline_ms: int) -> int:
        """What is there, a byte at least; 0 at the end of the stream."""
        done = 0
        while done < len(buffer):
            piece = buffer[done : done + _PIECE_BYTES]
            try:
                count = _once(self._read_some, piece) if done else self._waited(self._read_some, piece, deadline_ms)
            except DownloadFailed:
                if not done:
                    raise
                # What came before the break counts; the next read meets the break again.
                count = 0
            if not count:
                break
            done += count
        return done

    def _waited(self, ask: "Callable[[memoryview], int]", view: "memoryview", deadline_ms: int) -> int:
        while True:
            count = _once(ask, view)
            if count is not None:
                return count
            # MicroPython waits for what TLS is in want of, whichever is asked for.
            _wait(self._tls, select.POLLIN, deadline_ms)


def _connected(host: str, port: int, deadline_ms: int) -> "socket.socket":
    """Connected to the first address of the host that takes one. *Raises* Unreachable, DownloadTimeout."""
    problem: DownloadFailed = Unreachable("no such host")
    for family, kind, protocol, _, address in _once(socket.getaddrinfo, host, port, 0, socket.SOCK_STREAM) or ():
        plain = socket.socket(family, kind, protocol)
        try:
            plain.setblocking(False)
            _once(plain.connect, address)
            if _wait(plain, select.POLLOUT, deadline_ms) == select.POLLOUT:
                return plain
            problem = Unreachable("no connection")
        except DownloadFailed as error:
            problem = error
        plain.close()
    raise problem


def _once(ask: "Callable[..., Found]", *arguments: object) -> "Found | None":
    """What a socket answers; None if it would block. *Raises* Unreachable, UntrustedServer.

    Their texts hold nothing of the URL, whose query is a password.
    """
    try:
        return ask(*arguments)
    except ValueError as error:
        # Of the errors of TLS, on both interpreters, those about the certificate alone.
        raise UntrustedServer("the certificate of the server was not accepted", cause=error)
    except OSError as error:
        if error.errno in _WOULD_BLOCK:
            return None
        raise Unreachable(f"error {error.errno}", cause=error)


def _wait(thing: "socket.socket", event: int, deadline_ms: int) -> int:
    """The events that came. *Raises* DownloadTimeout."""
    poll = select.poll()
    poll.register(thing, event)
    for _, events in poll.poll(max(0, deadline_ms - machine.now_ms())):
        return events
    raise DownloadTimeout("the server was silent for too long")


def _address(url: str) -> "tuple[int, str, int]":
    """Where the path begins, host and port of an https URL that no two parsers read differently.

    *Raises* BadHttpAnswer.
    """
    slash = url.find("/", 8)
    host, port = host_and_port(url[8:slash] if slash > 0 and url.startswith("https://") else "")
    for c in url:
        if not "!" <= c <= "~" or c == "#":
            port = 0
    if not port:
        raise BadHttpAnswer("the URL cannot be used")
    return slash, host, port


def _request(url: str, slash: int, headers: "dict[str, str]") -> bytearray:
    request = bytearray(b"GET ")
    # In pieces: the query of a presigned URL is long, and small heaps have no room for copies of it.
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
    # ASCII alone, and no line that ends in half a line's end.
    odd = head.replace(b"\r\n", b"").strip(bytes(range(32, 127)) + b"\t")
    lines = str(b"" if odd else head, "ascii").split("\r\n")
    version, _, rest = lines.pop(0).partition(" ")
    status = whole_number(rest[:3]) or 0
    is_http = version in ("HTTP/1.0", "HTTP/1.1") and status >= 100 and rest[3:4] in ("", " ")
    for line in lines:
        name, colon, value = line.partition(":")
        # No blanks about a name, and no line that goes on in the next.
        is_http = is_http and colon != "" and name.split() == [name]
        name, value = name.lower(), value.strip()
        if name in _FIELDS:
            # One that comes twice is a list of both, and the length, the range and the codings are none.
            fields[name] = f"{fields[name]}, {value}" if name in fields else value
    if not is_http or len(lines) > _MOST_FIELDS:
        raise Unreachable("the answer is not HTTP")
    return status, fields


def _length(fields: "dict[str, str]") -> "int | None":
    """How long the body says that it is. *Raises* BadHttpAnswer for a body that is coded in any way."""
    for name in ("content-encoding", "transfer-encoding"):
        if fields.get(name, "identity") != "identity":
            raise BadHttpAnswer(f"{name}: expected none, got {fields[name]!r}")
    text = fields.get("content-length")
    length_bytes = whole_number(text or "")
    if length_bytes is None and text is not None:
        raise BadHttpAnswer(f"content-length: expected a number, got {text!r}")
    return length_bytes
