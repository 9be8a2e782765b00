"""Sockets of a virtual network before TLS, and the pipe that wakes a network thread."""

from __future__ import annotations

import errno
import select as real_select
import socket as real_socket
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from sweeps.faults.network import Network, Wire
    from sweeps.faults.world import World

GOOD_V4, DEAD_V6 = "192.0.2.1", "2001:db8::1"
GOOD_V6, NO_ROUTE_V6 = "2001:db8::2", "2001:db8::3"
V4, V6 = real_socket.AF_INET, real_socket.AF_INET6


class Pipe:
    """What wakes the network thread."""

    def __init__(self, world: World) -> None:
        self._world = world
        self.count = 0
        self.is_closed = False

    def setblocking(self, _blocking: bool) -> None:
        """It never blocks."""

    def send(self, octets: bytes) -> int:
        """Wake."""
        if self.is_closed:
            raise OSError(errno.EBADF, "closed")
        self.count += len(octets)
        return len(octets)

    def recv(self, _size: int) -> bytes:
        """Note it."""
        if not self.count:
            raise BlockingIOError
        self.count = 0
        return b"\0"

    def close(self) -> None:
        """Done."""
        self.is_closed = True

    def fileno(self) -> int:
        """A number that is no descriptor of this machine."""
        return -1

    def is_ready(self, _mask: int) -> int:
        """See `VirtualPoll`."""
        return real_select.POLLIN if self.count else 0


class VirtualSocket:
    """A TCP socket, not secured yet."""

    def __init__(self, net: Network) -> None:
        self.net = net
        self.wire: Wire | None = None
        self.timeout_s: float | None = None
        self.family, self.type, self.proto = V4, real_socket.SOCK_STREAM, 6
        net.sockets += 1
        self._is_open = True

    def settimeout(self, timeout_s: float | None) -> None:
        """See `socket.settimeout`."""
        self.timeout_s = timeout_s

    def gettimeout(self) -> float | None:
        """See `socket.gettimeout`."""
        return self.timeout_s

    def setblocking(self, blocking: bool) -> None:
        """See `socket.setblocking`."""
        self.timeout_s = None if blocking else 0.0

    def setsockopt(self, *_: object) -> None:
        """Options change nothing here."""

    def getsockopt(self, *_: object) -> int:
        """SO_ERROR is what is asked for."""
        problem = self.wire.problem if self.wire else None
        return (problem.errno or 0) if problem else 0

    def getpeername(self) -> tuple[str, int]:
        """See `socket.getpeername`."""
        return GOOD_V4, 443

    def until_ms(self) -> int | None:
        """When a call that blocks gives up."""
        return None if self.timeout_s is None else self.net.world.now_ms() + int(self.timeout_s * 1000)

    def connect(self, address: tuple[str, int]) -> None:
        """See `socket.connect`."""
        self.wire = wire = self.net.open(address[0])
        if self.timeout_s == 0:
            raise BlockingIOError(errno.EINPROGRESS, "in progress")
        self.net.world.wait(lambda: wire.is_connected or wire.problem is not None, self.until_ms())
        if wire.problem is not None:
            raise wire.problem
        if not wire.is_connected:
            raise TimeoutError("timed out")

    def connect_ex(self, address: tuple[str, int]) -> int:
        """See `socket.connect_ex`."""
        try:
            self.connect(address)
        except OSError as error:
            return error.errno or errno.ETIMEDOUT
        return 0

    def sendall(self, octets: bytes) -> None:
        """See `socket.sendall`; in clear, as to a proxy."""
        assert self.wire is not None
        self.wire.send(bytes(octets))

    def recv(self, size: int, *_: object) -> bytes:
        """See `socket.recv`; of a socket that was not connected: the error."""
        wire = self.wire
        if wire is None or not wire.is_connected:
            raise (wire.problem if wire is not None else None) or OSError(errno.ENOTCONN, "not connected")
        if not self.net.world.wait(lambda: bool(wire.inbox), self.until_ms()):
            raise TimeoutError("timed out")
        item = wire.inbox[0]
        if isinstance(item, OSError):
            raise item
        chunk, rest = item[:size], item[size:]
        if rest:
            wire.inbox[0] = rest
        elif item:
            del wire.inbox[0]
        return chunk

    def shutdown(self, _how: int) -> None:
        """See `socket.shutdown`."""

    def close(self) -> None:
        """See `socket.close`."""
        if self._is_open:
            self._is_open = False
            self.net.sockets -= 1
        if self.wire is not None:
            self.wire.close()

    def detach(self) -> int:
        """See `socket.detach`."""
        return -1

    def fileno(self) -> int:
        """A number that is no descriptor of this machine."""
        return -1 if not self._is_open else 1_000

    def is_ready(self, mask: int) -> int:
        """See `VirtualPoll`."""
        if self.wire is None:
            return real_select.POLLHUP
        if self.wire.problem is not None:
            return real_select.POLLERR | real_select.POLLHUP
        return real_select.POLLOUT & mask if self.wire.is_connected else 0
