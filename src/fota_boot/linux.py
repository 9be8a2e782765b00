"""The two calls of Linux's prctl(2) that Python lacks, and what /proc says of processes."""

import os
from contextlib import suppress
from pathlib import Path

from fota.log import log

SET_PDEATHSIG = 1
_SET_CHILD_SUBREAPER = 36


def adopt_orphans() -> None:
    """From now on a process whose parent ends becomes a child of this one, however far down it was started."""
    try:
        # Not every Python has it, and a device boots without it too.
        import ctypes

        failed = ctypes.CDLL(None).prctl(_SET_CHILD_SUBREAPER, 1, 0, 0, 0)
    except (ImportError, OSError, AttributeError):
        failed = -1
    if failed:
        log("image-unguarded", problem="what it starts in a session of its own can outlive it")


def descendants() -> "list[int]":
    """All processes below this one, the nearest ones first; those that have ended and wait to be buried too."""
    children: dict[int, list[int]] = {}
    for path in Path("/proc").glob("[0-9]*/stat"):
        with suppress(OSError, ValueError, IndexError):
            children.setdefault(_parent(path), []).append(int(path.parent.name))
    found: list[int] = []
    below = [os.getpid()]
    for pid in below:
        found += children.get(pid, [])
        below += children.get(pid, [])
    return found


def is_descendant(pid: int) -> bool:
    """Whether a process is below this one. One that has ended and was buried is not."""
    seen: set[int] = set()
    with suppress(OSError, ValueError, IndexError):
        while pid > 1 and pid not in seen:
            seen.add(pid)
            pid = _parent(Path(f"/proc/{pid}/stat"))
            if pid == os.getpid():
                return True
    return False


def _parent(stat: Path) -> int:
    """*Raises* OSError for a process that is gone."""
    return int(stat.read_text(errors="replace").rpartition(")")[2].split()[1])
