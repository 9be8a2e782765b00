"""Whether the file system of a home folder can keep what it promises: that a flushed byte stays.

Linux: proc(5), /proc/self/mountinfo. Elsewhere nothing is known, and nothing refused.
"""

import os

from fota.errors import UnsafeFileSystem

_UNSAFE = {
    "tmpfs": "forgets all at a restart of the machine",
    "ramfs": "forgets all at a restart of the machine",
    "vfat": "can lose a file that was not written at a power cut",
    "msdos": "can lose a file that was not written at a power cut",
    "exfat": "can lose a file that was not written at a power cut",
    "nfs": "is not there while the network is not",
    "nfs4": "is not there while the network is not",
    "cifs": "is not there while the network is not",
    "9p": "leaves it to another machine what is on disk",
}


def require_safe(path: str) -> None:
    """*Raises* UnsafeFileSystem, which names the file system, for a folder that must not be a home."""
    kind = _kind_of(os.path.realpath(path))
    if kind in _UNSAFE:
        raise UnsafeFileSystem(f"{path}: {kind} {_UNSAFE[kind]}; choose a folder on a disk, or add --force")


def _kind_of(path: str) -> str:
    """The type of the file system that the path, or what of it is there, lies on; empty if unknown."""
    best, kind = "", ""
    try:
        with open("/proc/self/mountinfo", encoding="utf-8", errors="replace") as mounts:
            for line in mounts:
                before, _, after = line.partition(" - ")
                point = before.split()[4].replace("\\040", " ")
                # A later mount on the same point covers the earlier one.
                if len(point) >= len(best) and (path + "/").startswith(point.rstrip("/") + "/"):
                    best, kind = point, after.split()[0]
    except (OSError, IndexError):
        return ""
    return kind
