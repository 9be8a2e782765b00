"""What the virtual kernel tells of its processes below /proc, as `pathlib` reads it."""

from __future__ import annotations

import errno
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from sweeps.faults.kernel import Entry, Kernel


class ProcPath:
    """A path below /proc."""

    def __init__(self, kernel: Kernel, path: str) -> None:
        self._kernel = kernel
        self._parts = path.strip("/").split("/")
        self.name = self._parts[-1]

    @property
    def parent(self) -> ProcPath:
        """See `pathlib.Path.parent`."""
        return ProcPath(self._kernel, "/".join(self._parts[:-1]))

    def glob(self, pattern: str) -> list[ProcPath]:
        """That file of each process."""
        file = pattern.rpartition("/")[2]
        return [ProcPath(self._kernel, f"proc/{pid}/{file}") for pid in self._kernel.entries]

    def read_text(self, errors: str = "strict") -> str:
        """The file `stat`: number, name, state, parent."""
        del errors
        entry = self._entry()
        parent = 1 if entry.parent is None else entry.parent.pid
        return f"{entry.pid} (python) {'S' if entry.status is None else 'Z'} {parent} {entry.group}"

    def read_bytes(self) -> bytes:
        """The file `environ`."""
        entry = self._entry()
        pairs = entry.environment.items() if entry.status is None else ()
        return b"".join(f"{name}={text}\0".encode() for name, text in pairs)

    def _entry(self) -> Entry:
        entry = self._kernel.entries.get(int(self._parts[1]))
        if entry is None:
            raise FileNotFoundError(errno.ENOENT, "No such file or directory")
        return entry
