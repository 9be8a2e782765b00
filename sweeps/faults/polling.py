"""The module `select` of a virtual network."""

from __future__ import annotations

import select as real_select
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from sweeps.faults.sockets import Pipe, VirtualSocket
    from sweeps.faults.tls import VirtualTls
    from sweeps.faults.world import World


class Select:
    """The module `select`."""

    def __init__(self, world: World) -> None:
        self._world = world

    def poll(self) -> VirtualPoll:
        """See `select.poll`."""
        return VirtualPoll(self._world)

    def __getattr__(self, name: str) -> object:
        return getattr(real_select, name)


class VirtualPoll:
    """See `select.poll`."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._watched: list[tuple[Pipe | VirtualSocket | VirtualTls, int]] = []

    def register(self, thing: Pipe | VirtualSocket | VirtualTls, mask: int = real_select.POLLIN) -> None:
        """See `select.poll.register`."""
        self._watched.append((thing, mask))

    def poll(self, timeout_ms: float | None = None) -> list[tuple[object, int]]:
        """See `select.poll.poll`."""
        until_ms = None if timeout_ms is None or timeout_ms < 0 else self._world.now_ms() + int(timeout_ms)
        if not self._ready():
            self._world.wait(lambda: bool(self._ready()), until_ms)
        return self._ready()

    def _ready(self) -> list[tuple[object, int]]:
        found = [(thing, thing.is_ready(mask)) for thing, mask in self._watched]
        return [(thing, happened) for thing, happened in found if happened]
