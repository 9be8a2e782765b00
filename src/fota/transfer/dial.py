"""A TCP connection to a host that has several addresses, some of which may lead nowhere: RFC 8305 in the small.

An address that does not answer must not cost the time of those behind it. The families alternate; the next address
is tried when one fails, or a second after it was begun, and none is given up meanwhile: on a slow network the first
one may answer late. The first that answers is taken. The address that was of use last is tried first the next time,
and one that was connected to and then was of no use is tried last: behind it a path may lose all long packets.

Only the look-up of a name has no deadline of ours. Errors are an OSError.
"""

import errno
import select
import socket

from fota import machine
from fota.waiting import still_waiting

TYPE_CHECKING = False
if TYPE_CHECKING:
    # Sockets and addresses of either interpreter.
    from typing import Any

_NEXT_AFTER_MS = 1_000
"""The time after which TCP itself asks again (RFC 6298). RFC 8305 proposes a quarter of it, which a modem needs for
an address that is good."""

_MAX_HOSTS = 4

_seen: "dict[str, list[Any]]" = {}
"""By host and port: the address that was connected to last, and whether that was of use."""


class Dial:
    """One connection to be made, in steps. Close it."""

    def __init__(self, host: str, port: int) -> None:
        """*Blocks* while the name is looked up. *Raises* OSError."""
        self._place = f"{host}:{port}"
        self._waiting = _in_turn(self._place, socket.getaddrinfo(host, port, 0, socket.SOCK_STREAM) or [])
        self._trying: "list[tuple[Any, Any]]" = []
        self._next_ms = 0
        self._problem = OSError(errno.EHOSTUNREACH, "the name has no address")

    def step(self, timeout_ms: int) -> "Any | None":
        """A connected socket that does not block; None if there is none yet.

        *Blocks* for at most `timeout_ms`. *Raises* OSError when no address is left: that of the last one.
        """
        while self._waiting and (not self._trying or machine.now_ms() >= self._next_ms):
            self._begin(self._waiting.pop(0))
        if not self._trying:
            raise self._problem
        if self._waiting:
            timeout_ms = min(timeout_ms, max(0, self._next_ms - machine.now_ms()))
        poll = select.poll()
        for one in self._trying:
            poll.register(one[0], select.POLLOUT)
        return self._reached() if poll.poll(timeout_ms) else None

    def wait(self, deadline_ms: int) -> "Any":
        """A connected socket that does not block; the end of this object.

        *Blocks* until the deadline at most. *Raises* OSError, with ETIMEDOUT after the deadline.
        """
        try:
            while True:
                left_ms = deadline_ms - machine.now_ms()
                tcp = self.step(max(0, min(left_ms, _NEXT_AFTER_MS)))
                if tcp is not None:
                    return tcp
                still_waiting()
                if left_ms <= 0:
                    raise OSError(errno.ETIMEDOUT, "no address answered in time")
        finally:
            self.close()

    def close(self) -> None:
        """Give up what is not connected."""
        for one in self._trying:
            one[0].close()
        self._trying = []

    def _begin(self, found: "Any") -> None:
        self._next_ms = machine.now_ms() + _NEXT_AFTER_MS
        tcp = None
        try:
            tcp = socket.socket(found[0], found[1])
            tcp.setblocking(False)
            tcp.connect(found[-1])
        except OSError as error:
            if error.errno != errno.EINPROGRESS:
                self._problem = error
                if tcp:
                    tcp.close()
                return
        self._trying.append((tcp, found[-1]))

    def _reached(self) -> "Any | None":
        """The first that is connected; those that failed are closed."""
        for one in list(self._trying):
            tcp = one[0]
            poll = select.poll()
            poll.register(tcp, select.POLLOUT)
            for found in poll.poll(0):
                self._trying.remove(one)
                if found[1] == select.POLLOUT:
                    if len(_seen) >= _MAX_HOSTS:
                        _seen.clear()
                    _seen[self._place] = [one[1], False]
                    self.close()
                    return tcp
                try:
                    # Raises the reason.
                    tcp.recv(1)
                except OSError as error:
                    self._problem = error
                tcp.close()
        return None


def connected(host: str, port: int, deadline_ms: int) -> "Any":
    """A connected socket that does not block. *Raises* OSError, with ETIMEDOUT after the deadline."""
    return Dial(host, port).wait(deadline_ms)


def worked(host: str, port: int) -> None:
    """The address of the host that was connected to last is of use: it is the first one to try again."""
    seen = _seen.get(f"{host}:{port}")
    if seen:
        seen[1] = True


def _in_turn(place: str, found: "list[Any]") -> "list[Any]":
    """The addresses in the order in which they are tried."""
    ours = [one for one in found if one[0] == found[0][0]]
    others = [one for one in found if one[0] != found[0][0]]
    turn: "list[Any]" = []
    while ours or others:
        if ours:
            turn.append(ours.pop(0))
        ours, others = others, ours
    seen = _seen.get(place)
    for number, one in enumerate(turn):
        if seen and one[-1] == seen[0]:
            first = number + (not seen[1])
            return turn[first:] + turn[:first]
    return turn
