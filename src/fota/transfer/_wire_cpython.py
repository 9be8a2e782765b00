"""One deadline and one budget of bytes for an answer, kept where its bytes come from: at the socket.

`http.client` reads for as long as a server sends: interim answers, the lines between chunks and the fields behind a
body have no end of their own, and the timeout of a socket begins again with each byte. So the socket itself counts.
`_http_cpython` tells it what is read; nothing here knows of HTTP.
"""

import ssl
from collections.abc import Callable
from typing import TypeVar

from fota import machine
from fota.transfer.tls_socket_cpython import TlsSocket

_Result = TypeVar("_Result")

_SILENCE_S = 1.0
"""After so long without a byte `on_silence` is called, and again after each such time."""

_FRAME_BYTES = 65_536
"""As much may come before the head is complete, and as much again beyond twice the body that was handed out."""


class Wire:
    """What the answer that is read now may still cost. A client has one wire: it reads one answer at a time."""

    def __init__(self) -> None:
        self.refusal: str | None = None
        """Why no more is read; None while the answer is within its budget."""
        self.on_silence: Callable[[], None] | None = None
        self._timeout_ms = 0
        self._deadline_ms = 0
        self._came_bytes = 0
        self._is_connecting = True
        self._body_bytes: int | None = None

    def expect_answer(self, timeout_ms: int, on_silence: "Callable[[], None] | None" = None) -> None:
        """Another answer begins: connecting has this long, its handshake included, and the head as long again."""
        self.refusal = None
        self.on_silence = on_silence
        self._timeout_ms = timeout_ms
        self._came_bytes = 0
        self._is_connecting = True
        self._body_bytes = None
        self._begin_time()

    def expect_body(self) -> None:
        """The head is complete: the time of the next piece of the body begins."""
        self._body_bytes = self._body_bytes or 0
        self._begin_time()

    def handed_out(self, count_bytes: int) -> None:
        """This number of bytes of the body reached the caller."""
        self._body_bytes = (self._body_bytes or 0) + count_bytes

    def came(self, count_bytes: int) -> None:
        """This number of bytes left the socket."""
        self._came_bytes += count_bytes

    def left_s(self) -> float:
        """The time that the next call of the socket may take. *Raises* TimeoutError if there is none."""
        left_ms = self._deadline_ms - machine.now_ms()
        if left_ms <= 0:
            raise TimeoutError("timed out")
        return left_ms / 1000

    def before_read(self) -> None:
        """To be called before each read. *Raises* OSError, and gives the `refusal`, if no more is to be read."""
        if self._is_connecting:
            # The first read: the request was sent, and the time of the head begins.
            self._is_connecting = False
            self._begin_time()
        if self._body_bytes is None and self._came_bytes >= _FRAME_BYTES:
            self.refusal = "the answer has no head, or no end of it"
        elif self._came_bytes >= 2 * _FRAME_BYTES + 2 * (self._body_bytes or 0):
            self.refusal = "the answer is more frame than body"
        if self.refusal is not None:
            raise OSError(self.refusal)

    def waited(self, set_timeout: Callable[[float], None], ask: Callable[[], _Result]) -> _Result:
        """Ask a socket, and tell after each second in which it has no result. *Raises* TimeoutError as it does."""
        while True:
            left_s = self.left_s()
            set_timeout(min(left_s, _SILENCE_S))
            try:
                return ask()
            except TimeoutError:
                if left_s <= _SILENCE_S:
                    raise
            if self.on_silence is not None:
                self.on_silence()

    def _begin_time(self) -> None:
        self._deadline_ms = machine.now_ms() + self._timeout_ms


class _MeteredSocket(TlsSocket):
    """A socket that asks its wire before it waits."""

    wire: Wire

    def do_handshake(self, block: bool = False) -> None:
        """As in `ssl`; what is left of the time of connecting holds for it, and then for sending the request."""
        handshake = super().do_handshake
        self.wire.waited(self.settimeout, lambda: handshake(block))
        self.settimeout(self.wire.left_s())

    def recv_into(self, buffer, nbytes=None, flags=0):  # type: ignore[no-untyped-def]  # as `ssl` has it
        """As in `ssl`: the files of `http.client` read through it."""
        self.wire.before_read()
        receive = super().recv_into
        count = self.wire.waited(self.settimeout, lambda: receive(buffer, nbytes, flags))
        self.wire.came(count)
        return count


def bound(context: ssl.SSLContext) -> Wire:
    """Let the sockets of a context keep to the limits of the wire that is returned."""
    bounds = Wire()

    class SocketOfOneWire(_MeteredSocket):
        wire = bounds

    context.sslsocket_class = SocketOfOneWire
    return bounds
