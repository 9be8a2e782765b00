"""Names and sockets of a virtual network, as both interpreters' halves call them.

The faults of rows that concern the network happen here; `active` names those that are in force.
"""

from __future__ import annotations

import errno
import socket as real_socket
from typing import TYPE_CHECKING, Protocol

from sweeps.faults import proxy
from sweeps.faults.sockets import DEAD_V6, GOOD_V4, GOOD_V6, NO_ROUTE_V6, V4, V6, Pipe, VirtualSocket

if TYPE_CHECKING:
    from collections.abc import Callable

    from sweeps.faults.world import World

ONE_WAY_MS = 20
LOST_AFTER_MS = 30_000
"""What a connection has on its way is sent again for so long; after a longer outage the other end has hung up."""


class Server(Protocol):
    """One end of the wire."""

    def opened(self, wire: Wire) -> None:
        """TLS is up."""

    def received(self, wire: Wire, octets: bytes) -> None:
        """Bytes have come."""

    def closed(self, wire: Wire) -> None:
        """The device has hung up."""


class Wire:
    """One TCP connection, both ends."""

    def __init__(self, net: Network, host: str) -> None:
        self.net = net
        self.host = host
        self.server = net.servers[host]
        self.inbox: list[bytes | OSError] = []
        """What has come for the device; b"" is the end of the stream."""
        self.is_connected = False
        self.problem: OSError | None = None
        """Why no connection was made."""
        self.is_closed = self.is_lost = False
        self.is_secure = False
        self.secure_begun = False
        self._held: list[bytes | OSError] = []

    def leads_to(self, host: str) -> None:
        """From now on the other end is that host, behind a proxy."""
        self.host, self.server = host, self.net.servers[host]

    def deliver(self, item: bytes | OSError, delay_ms: int = 0) -> None:
        """Send to the device."""
        self.net.world.at(ONE_WAY_MS + delay_ms, lambda: self._arrived(item))

    def _arrived(self, item: bytes | OSError) -> None:
        if self.is_closed or self.is_lost:
            return
        if self.net.is_cut():
            self._held.append(item)
        else:
            self.inbox.append(item)

    def send(self, octets: bytes) -> None:
        """The device sends."""
        if self.is_lost:
            self.net.world.at(2 * ONE_WAY_MS, self._reset)
        elif self.net.is_cut():
            self._held_out = [*getattr(self, "_held_out", []), octets]
        else:
            self.net.world.at(ONE_WAY_MS, lambda: self._sent(octets))

    def _sent(self, octets: bytes) -> None:
        if not (self.is_lost or self.is_closed):
            self.server.received(self, octets)

    def _reset(self) -> None:
        if not self.net.is_cut():
            self.inbox.append(ConnectionResetError(errno.ECONNRESET, "reset by peer"))

    def mended(self, lasted_ms: int) -> None:
        """The network is back."""
        held, self._held = self._held, []
        held_out, self._held_out = getattr(self, "_held_out", []), []
        if lasted_ms > LOST_AFTER_MS:
            self.is_lost = True
            if held_out:
                self._reset()
            return
        for octets in held_out:
            self.send(octets)
        for item in held:
            self.deliver(item)

    def reset(self) -> None:
        """Break the connection, both ends."""
        if not self.is_closed:
            self.inbox.append(ConnectionResetError(errno.ECONNRESET, "reset by peer"))
            self.is_lost = True
            self.server.closed(self)

    def close(self) -> None:
        """The device hangs up."""
        if not self.is_closed:
            self.is_closed = True
            self.net.wires.discard(self)
            if self.is_secure and not self.is_lost and not self.net.is_cut():
                self.net.world.at(ONE_WAY_MS, lambda: self.server.closed(self))


class Network:
    """Every host, every wire, and the faults in force."""

    def __init__(self, world: World, active: set[str], saw: Callable[[str], None]) -> None:
        self.world = world
        self.active = active
        self.saw = saw
        """Called with a host's kind when the device begins to connect to it."""
        self.servers: dict[str, Server] = {}
        self.wires: set[Wire] = set()
        self.sockets = 0
        self.proxied = ""
        """The host that is reached through the proxy alone."""

    def is_cut(self) -> bool:
        """Whether no packet comes through."""
        return bool(self.active & {"no-route", "blackhole"})

    def began(self) -> None:
        """A fault has come into force."""
        if self.active & {"refused", "reset", "portal"}:
            for wire in list(self.wires):
                wire.reset()
        if "reset-often" in self.active:
            self._reset_again()
        if any(kind.startswith("proxy-") for kind in self.active):
            # The proxy is started again, and what it had passed on has ended.
            for wire in [one for one in self.wires if one.host in {proxy.HOST, self.proxied}]:
                wire.reset()

    def ended(self, lasted_ms: int) -> None:
        """The network is whole again."""
        for wire in list(self.wires):
            wire.mended(lasted_ms)

    def _reset_again(self) -> None:
        if "reset-often" in self.active:
            for wire in list(self.wires):
                wire.reset()
            self.world.at(3_000, self._reset_again)

    # The module `socket`.

    def getaddrinfo(
        self, host: str, port: int, wanted: int = 0, *_: object, **__: object
    ) -> list[tuple[object, ...]]:
        """See `socket.getaddrinfo`."""
        self.saw(self.proxied if host == proxy.HOST else host)
        if "dns-slow" in self.active:
            self.world.sleep_ms(8_000)
        if self.active & {"dns-fails", "no-route"}:
            raise real_socket.gaierror(real_socket.EAI_AGAIN, "Temporary failure in name resolution")
        if "dns-unknown" in self.active:
            raise real_socket.gaierror(real_socket.EAI_NONAME, "Name or service not known")
        addresses = [(V6, DEAD_V6)] * 4 if "ipv6-dead" in self.active else []
        if "dns-empty" in self.active:
            return []
        v6_only = GOOD_V6 if "v6-only" in self.active else NO_ROUTE_V6 if "v6-only-dead" in self.active else ""
        addresses.append((V6, v6_only) if v6_only else (V4, GOOD_V4))
        return [
            (family, real_socket.SOCK_STREAM, 6, "", (f"{address}|{host}", port) + ((0, 0) if family == V6 else ()))
            for family, address in addresses
            if wanted in {0, family}
        ]

    def socket(self, *_: object, **__: object) -> VirtualSocket:
        """See `socket.socket`."""
        if "no-descriptors" in self.active:
            raise OSError(errno.EMFILE, "Too many open files")
        return VirtualSocket(self)

    def create_connection(
        self, address: tuple[str, int], timeout: float | None = None, *_: object, **__: object
    ) -> VirtualSocket:
        """See `socket.create_connection`."""
        problem: OSError = OSError("no address")
        for _family, _kind, _protocol, _name, found in self.getaddrinfo(*address):
            plain = self.socket()
            plain.settimeout(timeout if isinstance(timeout, (int, float)) else None)
            try:
                plain.connect(found)  # type: ignore[arg-type]
            except OSError as error:
                problem = error
                plain.close()
            else:
                return plain
        raise problem

    def socketpair(self, *_: object) -> tuple[Pipe, Pipe]:
        """See `socket.socketpair`."""
        one = Pipe(self.world)
        return one, one

    def __getattr__(self, name: str) -> object:
        return getattr(real_socket, name)

    def open(self, address: str) -> Wire:
        """Begin a TCP connection."""
        number, _, host = address.partition("|")
        wire = Wire(self, host)
        self.wires.add(wire)
        if "no-route" in self.active or number == NO_ROUTE_V6:
            wire.problem = OSError(errno.ENETUNREACH, "Network is unreachable")
        elif "blackhole" in self.active or number == DEAD_V6 or host == self.proxied:
            return wire
        elif "refused" in self.active or ("proxy-refuses" in self.active and host == proxy.HOST):
            self.world.at(2 * ONE_WAY_MS, lambda: wire.__dict__.update(problem=_refused()))
        else:
            self.world.at(2 * ONE_WAY_MS, lambda: wire.__dict__.update(is_connected=True))
        return wire


def _refused() -> OSError:
    return ConnectionRefusedError(errno.ECONNREFUSED, "Connection refused")
