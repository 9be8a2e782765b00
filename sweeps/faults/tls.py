"""TLS of a virtual network, as both interpreters' halves call it."""

from __future__ import annotations

import errno
import io
import select as real_select
import ssl as real_ssl
from typing import TYPE_CHECKING

from sweeps.faults.network import ONE_WAY_MS
from sweeps.faults.rebased import rebased

if TYPE_CHECKING:
    from sweeps.faults.sockets import VirtualSocket


_VALID_FROM_S, _VALID_UNTIL_S = 1_704_067_200, 2_019_686_400
"""The certificates of both servers: from 2024 to 2033."""


class VirtualTls:
    """A secured socket, with the manners of CPython's and of MicroPython's `ssl`."""

    def __init__(self, plain: VirtualSocket, host: str) -> None:
        if "no-memory-for-tls" in plain.net.active:
            raise OSError(errno.ENOMEM, "no memory")
        self.plain = plain
        self.net = plain.net
        self.host = host
        wire = plain.wire
        assert wire is not None
        self._line = wire
        self._rest = b""
        self.refs = 0
        self._closing = False

    # What both have.

    def close(self) -> None:
        """Hang up, once no file made of it is open."""
        self._closing = True
        if not self.refs:
            self.plain.close()

    def settimeout(self, timeout_s: float | None) -> None:
        """See `socket.settimeout`."""
        self.plain.settimeout(timeout_s)

    def setblocking(self, blocking: bool) -> None:
        """See `socket.setblocking`."""
        self.plain.setblocking(blocking)

    def __getattr__(self, name: str) -> object:
        return getattr(self.plain, name)

    def is_ready(self, mask: int) -> int:
        """See `polling.VirtualPoll`. A handshake waits for what it needs, whatever was asked for."""
        if not self._line.is_secure:
            return mask if self._line.secure_begun and self._has_news() else 0
        ready = real_select.POLLIN if self._rest or self._line.inbox else 0
        return (ready | real_select.POLLOUT) & mask

    def _has_news(self) -> bool:
        return bool(self._line.inbox) or self._line.is_secure

    def _step(self) -> bool:
        """Go on with the handshake; whether it is over. *Raises* as `ssl` does."""
        wire = self._line
        if wire.is_secure:
            return True
        if not wire.secure_begun:
            wire.secure_begun = True
            self._begin()
        if wire.inbox:
            item = wire.inbox.pop(0)
            if isinstance(item, OSError):
                raise item
            if item == b"":
                raise real_ssl.SSLEOFError(real_ssl.SSLError.errno or 8, "EOF occurred in violation of protocol")
            wire.is_secure = True
            wire.server.opened(wire)
        return wire.is_secure

    def _begin(self) -> None:
        active = self.net.active
        if self._line.is_lost or self.net.is_cut() or "tls-stalls" in active:
            return
        if "tls-closes" in active:
            self._line.deliver(b"", ONE_WAY_MS)
        elif active & {"portal", "wrong-certificate"}:
            self._line.deliver(_untrusted("unable to get local issuer certificate"), ONE_WAY_MS)
        elif self.net.world.wall_s() < _VALID_FROM_S:
            self._line.deliver(_untrusted("certificate is not yet valid"), ONE_WAY_MS)
        elif self.net.world.wall_s() > _VALID_UNTIL_S:
            self._line.deliver(_untrusted("certificate has expired"), ONE_WAY_MS)
        else:
            self._line.deliver(b"secure", 3 * ONE_WAY_MS)

    # CPython's.

    def do_handshake(self, _block: bool = False) -> None:
        """See `ssl.SSLSocket.do_handshake`."""
        until_ms = self.plain.until_ms()
        while not self._step():
            if not self.net.world.wait(self._has_news, until_ms):
                raise TimeoutError("_ssl.c: The handshake operation timed out")

    def recv(self, size: int, *_: object) -> bytes:
        """See `ssl.SSLSocket.recv`."""
        blocks = self.plain.timeout_s != 0 and not self._has_bytes()
        if blocks and not self.net.world.wait(self._has_bytes, self.plain.until_ms()):
            raise TimeoutError("The read operation timed out")
        if not (self._rest or self._line.inbox):
            raise real_ssl.SSLWantReadError(2, "want read")
        return self._took(size)

    def recv_into(self, buffer: memoryview | bytearray, size: int = 0, *_: object) -> int:
        """See `ssl.SSLSocket.recv_into`."""
        chunk = self.recv(size or len(buffer))
        buffer[: len(chunk)] = chunk
        return len(chunk)

    def send(self, octets: bytes, *_: object) -> int:
        """See `ssl.SSLSocket.send`."""
        if self._line.is_lost and self._line.inbox:
            raise BrokenPipeError(errno.EPIPE, "Broken pipe")
        self._line.send(bytes(octets))
        return len(octets)

    def sendall(self, octets: bytes, *_: object) -> None:
        """See `ssl.SSLSocket.sendall`."""
        self.send(octets)

    def pending(self) -> int:
        """See `ssl.SSLSocket.pending`."""
        return len(self._rest)

    def makefile(self, mode: str = "rb", *_: object, **__: object) -> io.BufferedReader:
        """See `socket.makefile`."""
        del mode
        self.refs += 1
        return io.BufferedReader(_Raw(self))

    def getpeercert(self, *_: object) -> dict[str, object]:
        """See `ssl.SSLSocket.getpeercert`: the context has verified it."""
        return {"subject": ()}

    def selected_alpn_protocol(self) -> None:
        """None was chosen."""

    # MicroPython's.

    def write(self, octets: memoryview) -> int | None:
        """None for what would block."""
        if not self._handshake_ended():
            return None
        return self.send(bytes(octets))

    def readinto(self, buffer: memoryview, *_: object) -> int | None:
        """None for what would block."""
        if not self._handshake_ended() or not (self._rest or self._line.inbox):
            return None
        chunk = self._took(len(buffer))
        buffer[: len(chunk)] = chunk
        return len(chunk)

    def _handshake_ended(self) -> bool:
        try:
            return self._step()
        except real_ssl.SSLCertVerificationError as error:
            raise ValueError(error.verify_message) from error

    def _has_bytes(self) -> bool:
        return bool(self._rest or self._line.inbox)

    def _took(self, size: int) -> bytes:
        if not self._rest:
            item = self._line.inbox.pop(0)
            if isinstance(item, OSError):
                self._line.inbox.insert(0, item)
                raise type(item)(item.errno, item.strerror)
            if item == b"":
                self._line.inbox.insert(0, item)
            self._rest = item
        chunk, self._rest = self._rest[:size], self._rest[size:]
        return chunk


class _Raw(io.RawIOBase):
    def __init__(self, tls: VirtualTls) -> None:
        self._tls = tls

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: memoryview) -> int | None:  # type: ignore[override]
        return self._tls.recv_into(buffer)

    def close(self) -> None:
        if not self.closed:
            super().close()
            self._tls.refs -= 1
            if self._tls._closing:
                self._tls.close()


def _untrusted(message: str) -> real_ssl.SSLCertVerificationError:
    error = real_ssl.SSLCertVerificationError(
        1, f"[SSL: CERTIFICATE_VERIFY_FAILED] certificate verify failed: {message}"
    )
    error.verify_message = message
    error.verify_code = 20
    return error


class Context:
    """See `ssl.SSLContext`, of either interpreter."""

    def __init__(self, *_: object, active: frozenset[str] | set[str] = frozenset()) -> None:
        self._active = active
        self.check_hostname = True
        self.verify_mode = real_ssl.CERT_REQUIRED
        self.verify_flags = 0
        self.hostname_checks_common_name = False
        self.post_handshake_auth = False
        self.options = 0
        self.sslsocket_class: type = real_ssl.SSLSocket

    def wrap_socket(
        self, sock: VirtualSocket, *, server_hostname: str = "", do_handshake_on_connect: bool = True, **_: object
    ) -> VirtualTls:
        """See `ssl.SSLContext.wrap_socket`."""
        tls = rebased(self.sslsocket_class, real_ssl.SSLSocket, VirtualTls)(sock, server_hostname)
        if do_handshake_on_connect and sock.timeout_s != 0:
            tls.do_handshake()
        return tls

    def load_verify_locations(self, cafile: str | None = None, *_: object, **__: object) -> None:
        """Any authority is good, if its file is there."""
        if cafile is not None and "no-authorities" in self._active:
            raise FileNotFoundError(errno.ENOENT, "No such file or directory")

    load_cert_chain = load_default_certs = set_alpn_protocols = lambda *_, **__: None

    def cert_store_stats(self) -> dict[str, int]:
        """See `ssl.SSLContext.cert_store_stats`."""
        return {"x509": 1}


class Ssl:
    """The module `ssl`."""

    SSLSocket = VirtualTls

    def __init__(self, active: set[str]) -> None:
        self._active = active

    def SSLContext(self, *_: object) -> Context:  # noqa: N802 - its name in `ssl`
        """See `ssl.SSLContext`."""
        return Context(active=self._active)

    def create_default_context(self, *_: object, cafile: str | None = None, **__: object) -> Context:
        """See `ssl.create_default_context`."""
        context = self.SSLContext()
        context.load_verify_locations(cafile)
        return context

    def __getattr__(self, name: str) -> object:
        return getattr(real_ssl, name)
