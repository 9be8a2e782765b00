"""The processes of a virtual machine: who started whom, who is dead and not buried, who holds a pipe or a port.

`processes` is what the device's code calls; the rules are those of Linux.
"""

from __future__ import annotations

import errno
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from sweeps.faults.world import World

_SIGABRT = 6
FIRST_PID = 100


@dataclass(eq=False)
class Entry:
    """One process."""

    pid: int
    parent: Entry | None
    """None: that of everything, which buries at once."""
    environment: Mapping[str, str]
    group: int
    stdio: dict[str, Pipe] = field(default_factory=dict)
    name: str = ""
    adopts: bool = False
    dies_with_parent: bool = False
    status: int | None = None
    """How it ended; None while it lives."""
    holds_port: bool = False
    holds_lock: bool = False
    child_ended: bool = False
    """SIGCHLD came, and was not looked at yet."""


class Pipe:
    """A pipe: what is in it, and who has its end for writing."""

    def __init__(self) -> None:
        self.content = b""
        self.blocks = True
        self.writers: set[Entry] = set()

    def has_news(self) -> bool:
        """Whether a read would return now."""
        return bool(self.content) or not self.writers


class Kernel:
    """See the top of this file."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.entries: dict[int, Entry] = {}
        """The processes that live, and those that nobody has buried."""
        self._next_pid = FIRST_PID
        self.notices: list[tuple[Entry, dict[str, str]]] = []
        """What processes said to the boot chooser, by its socket, and it has not read yet."""
        self.aborts = 0
        """How often an image was ended as one that hangs."""
        self._pipes: dict[int, tuple[Pipe, bool]] = {}
        """By descriptor: a pipe, and whether it is the end for writing. The numbers are never used again."""

    def me(self) -> Entry:
        """The process that calls."""
        found = self.world.current.process
        assert isinstance(found, Entry)
        return found

    def living(self) -> list[Entry]:
        """All that live."""
        return [entry for entry in self.entries.values() if entry.status is None]

    def start(
        self,
        act: Callable[[], None] | None,
        *,
        parent: Entry | None = None,
        environment: Mapping[str, str] | None = None,
        in_new_session: bool = False,
        stdio: dict[str, Pipe] | None = None,
    ) -> Entry:
        """A new process, which does `act`, and ends with status 0 after it; None: it waits until it is killed."""
        self._next_pid += 1
        pid = self._next_pid
        inherited = parent.stdio if parent is not None else {}
        entry = Entry(
            pid,
            parent,
            dict(environment if environment is not None else parent.environment if parent is not None else {}),
            pid if in_new_session or parent is None else parent.group,
            {**inherited, **(stdio or {})},
        )
        for name, pipe in entry.stdio.items():
            if name != "stdin":
                pipe.writers.add(entry)
        self.entries[pid] = entry

        def body() -> None:
            if act is not None:
                act()
                self.end(entry, 0)

        if act is not None:
            self.world.spawn(entry, body)
        return entry

    def end(self, entry: Entry, status: int) -> None:
        """End a process; from a thread of it, this does not return."""
        if entry.status is None:
            entry.status = status
            for pipe in self.pipes() | set(entry.stdio.values()):
                pipe.writers.discard(entry)
            self._orphan(entry)
            if entry.parent is None:
                self.entries.pop(entry.pid, None)
            else:
                entry.parent.child_ended = True
        self.world.kill(entry)

    def _orphan(self, entry: Entry) -> None:
        """The children of one that has ended get another parent, or end too."""
        above = entry.parent
        while above is not None and not above.adopts:
            above = above.parent
        if above is not None and above.status is not None:
            above = None
        for child in [one for one in self.entries.values() if one.parent is entry]:
            child.parent = above
            if child.status is not None and above is None:
                self.entries.pop(child.pid, None)
            elif child.status is None and child.dies_with_parent:
                # In no thread of this process, which may be at its end.
                self.world.spawn(None, lambda child=child: self.end(child, -9))  # type: ignore[misc]

    def kill(self, pid: int, number: int) -> None:
        """See `os.kill`: no process here handles a signal."""
        entry = self.entries.get(pid)
        if entry is None:
            raise ProcessLookupError(errno.ESRCH, "No such process")
        self.aborts += number == _SIGABRT
        if entry.status is None:
            self.end(entry, -number)

    def kill_group(self, group: int, number: int) -> None:
        """See `os.killpg`."""
        members = [entry for entry in self.entries.values() if entry.group == group]
        if not members:
            raise ProcessLookupError(errno.ESRCH, "No such process")
        for entry in members:
            if entry.status is None:
                self.end(entry, -number)

    def buried(self, parent: Entry, pid: int = 0) -> int | None:
        """Bury a child that has ended, that one or any; its pid, None if there is none."""
        for entry in list(self.entries.values()):
            if entry.parent is parent and entry.status is not None and pid in {0, entry.pid}:
                del self.entries[entry.pid]
                return entry.pid
        return None

    def ended_child(self, parent: Entry) -> int | None:
        """A child that waits to be buried."""
        found = [entry.pid for entry in self.entries.values() if entry.parent is parent and entry.status is not None]
        return found[0] if found else None

    def end_all(self) -> None:
        """The power is gone, or the service manager ends all that the service has started."""
        entries, self.entries = list(self.entries.values()), {}
        for entry in entries:
            entry.parent = None
        for entry in entries:
            if entry.status is None:
                self.end(entry, -9)
        self.entries.clear()

    # Pipes.

    def pipe(self) -> tuple[int, int]:
        """See `os.pipe`."""
        made = Pipe()
        made.writers.add(self.me())
        number = 1_000 + len(self._pipes)
        self._pipes[number], self._pipes[number + 1] = (made, False), (made, True)
        return number, number + 1

    def pipes(self) -> set[Pipe]:
        """Every pipe that was made."""
        return {pipe for pipe, _ in self._pipes.values()}

    def pipe_at(self, descriptor: int) -> Pipe:
        """The pipe of a descriptor."""
        return self._pipes[descriptor][0]

    def close(self, descriptor: int) -> None:
        """See `os.close`."""
        pipe, is_for_writing = self._pipes[descriptor]
        if is_for_writing:
            pipe.writers.discard(self.me())

    def read(self, descriptor: int) -> bytes:
        """See `os.read`, of all that is there."""
        return self.taken_from(self.pipe_at(descriptor))

    def taken_from(self, pipe: Pipe) -> bytes:
        """Wait until something is there, or until nobody can write any more: then nothing."""
        if not pipe.has_news() and not pipe.blocks:
            raise BlockingIOError(errno.EAGAIN, "Resource temporarily unavailable")
        if not pipe.has_news():
            self.world.wait(pipe.has_news, None)
        content, pipe.content = pipe.content, b""
        return content
