"""What a server does with one request: it answers correctly, or in a wrong way that a download must survive.

It is published for porters. A behaviour is a function of a `Visit`; a function that takes something else, such as
`drop_after(1000)`, gives the behaviour. The server that plays them is `https_server`.
"""

from __future__ import annotations

import contextlib
import gzip
import re
import socket
import struct
from collections.abc import Callable
from http import HTTPStatus
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import ssl
    import threading

_LOOK_S = 0.02
"""How often a behaviour that waits for the client checks whether the server closes."""

_RESET_ON_CLOSE = struct.pack("ii", 1, 0)


class Visit:
    """One request, and the connection that its answer goes to."""

    def __init__(
        self,
        connection: ssl.SSLSocket,
        headers: dict[str, str],
        *,
        content: bytes,
        etag: str,
        closing: threading.Event,
    ) -> None:
        self.headers = headers
        self.content = content
        self.etag = etag
        self._connection = connection
        self._closing = closing

    @property
    def asked_from(self) -> int | None:
        """The first byte of the range asked for; None without a Range."""
        match = self._asked()
        return int(match.group(1)) if match else None

    @property
    def asked_end(self) -> int:
        """The byte behind the last one that is asked for; that of the object without such a Range."""
        match = self._asked()
        size_bytes = len(self.content)
        return min(int(match.group(2)) + 1, size_bytes) if match and match.group(2) else size_bytes

    def _asked(self) -> re.Match[str] | None:
        return re.fullmatch(r"bytes=(\d+)-(\d*)", self.headers.get("range", ""))

    def head(self, status: int, headers: dict[str, object]) -> None:
        """Send status and headers."""
        phrase = HTTPStatus(status).phrase if status in set(HTTPStatus) else "Unknown"
        lines = [f"HTTP/1.1 {status} {phrase}", "Connection: close"]
        lines += [f"{name}: {value}" for name, value in headers.items()]
        self.send("\r\n".join([*lines, "", ""]).encode("latin-1"))

    def send(self, content: bytes) -> None:
        """Send bytes as they are."""
        self._connection.sendall(content)

    def pause(self, duration_s: float) -> None:
        """Let the client wait; ends early when the server closes."""
        self._closing.wait(duration_s)

    def say_nothing_more(self) -> None:
        """Keep the connection and be silent until the client leaves or the server closes."""
        self._connection.settimeout(_LOOK_S)
        while not self._closing.is_set():
            with contextlib.suppress(TimeoutError):
                if not self._connection.recv(1):
                    return

    def say_goodbye(self) -> None:
        """Say by TLS that nothing more comes, and keep the connection, as some load balancers do."""
        self._connection.settimeout(0)
        with contextlib.suppress(OSError):
            # The client's own goodbye is not waited for.
            self._connection.unwrap()
        self._closing.wait()

    def break_off(self, *, reset: bool = False) -> None:
        """End the connection without the courtesies of TLS; with a TCP reset if asked for."""
        if reset:
            self._connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET_ON_CLOSE)
        self._connection.close()


Behaviour = Callable[[Visit], None]


def honest(visit: Visit) -> None:
    """Answer as S3 does: the range that was asked for if the object is still the same, else all of it."""
    _head_of(visit)
    visit.send(_honest_body(visit))


def status(number: int, **headers: str) -> Behaviour:
    """Answer with a status, such as 403, and a body that is no image."""
    body = b"<Error><Code>Trouble</Code></Error>"

    def answer(visit: Visit) -> None:
        names = {name.replace("_", "-"): value for name, value in headers.items()}
        visit.head(number, {"Content-Length": len(body), **names})
        visit.send(body)

    return answer


def redirect(url: str) -> Behaviour:
    """Send the client elsewhere."""
    return status(302, Location=url)


def drop_after(count_bytes: int, *, reset: bool = False) -> Behaviour:
    """Send a correct head and that many bytes of the body, then drop the connection."""

    def answer(visit: Visit) -> None:
        _head_of(visit)
        visit.send(_honest_body(visit)[:count_bytes])
        visit.break_off(reset=reset)

    return answer


def hang_up(visit: Visit) -> None:
    """Take the request and end the connection without a word."""
    visit.break_off()


def silence(visit: Visit) -> None:
    """Take the request and never answer."""
    visit.say_nothing_more()


def silence_after(count_bytes: int) -> Behaviour:
    """Send a correct head and that many bytes of the body, and then nothing more."""

    def answer(visit: Visit) -> None:
        _head_of(visit)
        visit.send(_honest_body(visit)[:count_bytes])
        visit.say_nothing_more()

    return answer


def slow(chunk_bytes: int, pause_s: float) -> Behaviour:
    """Answer correctly, a few bytes at a time, with pauses."""

    def answer(visit: Visit) -> None:
        _head_of(visit)
        body = _honest_body(visit)
        for offset in range(0, len(body), chunk_bytes):
            visit.send(body[offset : offset + chunk_bytes])
            visit.pause(pause_s)

    return answer


def short_body(missing_bytes: int) -> Behaviour:
    """Send the object without its last bytes, with a head that fits the shorter body."""

    def answer(visit: Visit) -> None:
        body = visit.content[: len(visit.content) - missing_bytes]
        visit.head(200, {"Content-Length": len(body), "ETag": visit.etag})
        visit.send(body)

    return answer


def long_body(extra_bytes: int, *, announced: bool = True) -> Behaviour:
    """Send more bytes than the object has, `announced` in Content-Length or not."""

    def answer(visit: Visit) -> None:
        body = visit.content + b"\xaa" * extra_bytes
        visit.head(200, {"Content-Length": len(body)} if announced else {})
        visit.send(body)

    return answer


def no_length(visit: Visit) -> None:
    """Send all of the object; only the end of the connection marks its end."""
    visit.head(200, {"ETag": visit.etag})
    visit.send(visit.content)


def chunked(visit: Visit) -> None:
    """Send all of the object in chunks of HTTP, each of odd length."""
    visit.head(200, {"ETag": visit.etag, "Transfer-Encoding": "chunked"})
    for start in range(0, len(visit.content), 997):
        piece = visit.content[start : start + 997]
        visit.send(b"%x\r\n%s\r\n" % (len(piece), piece))
    visit.send(b"0\r\n\r\n")


def whatever_range(visit: Visit) -> None:
    """Answer 200 with all of the object, though a range was asked for."""
    visit.head(200, {"Content-Length": len(visit.content), "ETag": visit.etag})
    visit.send(visit.content)


def content_range(text: str) -> Behaviour:
    """Answer 206 with the right bytes and a wrong Content-Range; without one for the empty text."""

    def answer(visit: Visit) -> None:
        body = visit.content[visit.asked_from or 0 :]
        claimed = {"Content-Range": text} if text else {}
        visit.head(206, {"Content-Length": len(body), "ETag": visit.etag, **claimed})
        visit.send(body)

    return answer


def range_of_another(content: bytes, etag: str) -> Behaviour:
    """Answer 206 with the range of another object, and ignore If-Range."""

    def answer(visit: Visit) -> None:
        start = visit.asked_from or 0
        body = content[start:]
        span = f"bytes {start}-{len(content) - 1}/{len(content)}"
        visit.head(206, {"Content-Length": len(body), "ETag": etag, "Content-Range": span})
        visit.send(body)

    return answer


def gzipped(visit: Visit) -> None:
    """Send the object in a content coding that nobody asked for."""
    body = gzip.compress(visit.content)
    visit.head(200, {"Content-Length": len(body), "Content-Encoding": "gzip", "ETag": visit.etag})
    visit.send(body)


def raw(answer: bytes) -> Behaviour:
    """Send any bytes instead of an answer."""
    return lambda visit: visit.send(answer)


def _honest_start(visit: Visit) -> int | None:
    """Where the answer to a range begins; None when all of the object is due (RFC 9110, section 13.1.5)."""
    if visit.headers.get("if-range", visit.etag) != visit.etag:
        return None
    return visit.asked_from


def _honest_body(visit: Visit) -> bytes:
    """The bytes of the answer to a range, or all."""
    start = _honest_start(visit)
    return visit.content if start is None else visit.content[start : visit.asked_end]


def _head_of(visit: Visit) -> None:
    """Send the correct head."""
    size_bytes = len(visit.content)
    start = _honest_start(visit)
    headers: dict[str, object] = {"ETag": visit.etag, "Content-Length": len(_honest_body(visit))}
    if start is None:
        visit.head(200, headers)
    elif start >= size_bytes:
        visit.head(416, {"Content-Range": f"bytes */{size_bytes}", "Content-Length": 0})
    else:
        visit.head(206, {**headers, "Content-Range": f"bytes {start}-{visit.asked_end - 1}/{size_bytes}"})
