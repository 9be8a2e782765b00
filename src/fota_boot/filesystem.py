"""Checks that the file system of a home folder keeps flushed bytes.

Linux: proc(5), /proc/self/mountinfo. On other systems nothing is known, and nothing is refused.
"""

import os

from fota.errors import UnsafeFileSystem

_UNSAFE = {
    "tmpfs": "forgets all at a restart of the machine",
    "ramfs": "forgets all at a restart of the machine",
    "rootfs": "forgets all at a restart of the machine",
    "vfat": "can lose a file that was not written at a power cut",
    "msdos": "can lose a file that was not written at a power cut",
    "exfat": "can lose a file that was not written at a power cut",
    "nfs": "is not there while the network is not",
    "nfs4": "is not there while the network is not",
    "cifs": "is not there while the network is not",
    "9p": "leaves it to another machine what is on disk",
}


_UPPER = "upperdir="


def require_safe(path: str) -> None:
    """*Raises* UnsafeFileSystem, which names the file system, for a folder that must not be a home."""
    problem = problem_of(path)
    if problem:
        raise UnsafeFileSystem(f"{path}: {problem}; choose a folder on a disk, or add --force")


def problem_of(path: str) -> str:
    """Why the file system of a folder must not hold a home, in a few words; empty if nothing is known against it."""
    kind, upper = _mount_of(os.path.realpath(path))
    if kind in _UNSAFE:
        return f"{kind} {_UNSAFE[kind]}"
    if kind != "overlay":
        return ""
    below = _mount_of(os.path.realpath(upper))[0] if os.path.isdir(upper) else ""
    return f"overlay keeps changes on {below}, which {_UNSAFE[below]}" if below in _UNSAFE else ""


def doubt_about(path: str) -> str:
    """What nobody can see from here: whether an overlay keeps its changes; empty if there is no such doubt."""
    kind, upper = _mount_of(os.path.realpath(path))
    if kind != "overlay" or os.path.isdir(upper):
        return ""
    return "overlay keeps changes where nobody can see: in memory, or with a container that is thrown away"


def _mount_of(path: str) -> "tuple[str, str]":
    """The file system of a path: its type, and the upper folder of an overlay; empty if unknown."""
    best, kind, upper = "", "", ""
    try:
        with open("/proc/self/mountinfo", encoding="utf-8", errors="replace") as mounts:
            for line in mounts:
                before, _, after = line.partition(" - ")
                point = before.split()[4].replace("\\040", " ")
                # A later mount on the same point covers the earlier one.
                if len(point) >= len(best) and (path + "/").startswith(point.rstrip("/") + "/"):
                    best, kind = point, after.split()[0]
                    options = after.split()[2].split(",")
                    upper = "".join(one[len(_UPPER) :] for one in options if one.startswith(_UPPER))
    except (OSError, IndexError):
        return "", ""
    return kind, upper.replace("\\040", " ")
