"""Folders and files of a tree: made so that a power cut leaves what was flushed, looked at, and removed.

What the system refuses is OSError; the caller knows the tree and translates it.
"""

import errno
import hashlib
import os
import stat
import threading
from collections.abc import Iterator

from fota.waiting import still_waiting

_NEW = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
_OLD = os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC | os.O_NONBLOCK
_CHUNK_BYTES = 1 << 16
_SECTOR_BYTES = 512
MODE_BITS = stat.S_ISUID | stat.S_ISGID | stat.S_ISVTX | 0o111
"""What of a mode changes how a file runs. Who may write to it is no matter: its bytes are compared."""
_NO_MODES = (errno.EPERM, errno.EACCES, errno.ENOTSUP, errno.EINVAL, errno.ENOSYS)
"""The file system keeps no modes, or not those of this user."""


def write(path: str, chunks: Iterator[bytes], mode: int) -> int:
    """Make a file that is not there; it is flushed by `flush`, with all others. Returns its mode as it was kept."""
    descriptor = os.open(path, _NEW, 0o600)
    try:
        offset = 0
        for chunk in chunks:
            rest = chunk
            while rest:
                count = os.pwrite(descriptor, rest, offset)
                offset, rest = offset + count, rest[count:]
            still_waiting()
    finally:
        os.close(descriptor)
    set_mode(path, mode)
    return os.lstat(path).st_mode & MODE_BITS


def set_mode(path: str, mode: int) -> None:
    """Set the mode of a file or folder, where the file system keeps modes."""
    try:
        os.chmod(path, mode)
    except OSError as error:
        if error.errno not in _NO_MODES:
            raise


def flush(paths: "list[str]") -> None:
    """Return once these files and folders, with what they hold, are on disk. *Blocks* as long as the disk takes."""
    # All of it in one go first: then no single flush has to write much.
    whole = threading.Thread(target=os.sync, daemon=True)
    whole.start()
    while whole.is_alive():
        whole.join(1)
        still_waiting()
    for path in paths:
        descriptor = os.open(path, _OLD)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
        still_waiting()


def read(path: str, most_bytes: int) -> bytes:
    """The bytes of a small file, up to a limit. Waits for no pipe, follows no link."""
    descriptor, came = os.open(path, _OLD), b""
    try:
        chunk = os.read(descriptor, most_bytes)
        while chunk and len(came) < most_bytes:
            came += chunk
            chunk = os.read(descriptor, most_bytes)
    finally:
        os.close(descriptor)
    return came


def measured(path: str, *, from_disk: bool) -> "tuple[int, str, int]":
    """Size, SHA-256 and mode of a file, read now; a size of -1 for what is no file. `from_disk`: not from a cache."""
    sha256, size_bytes = hashlib.sha256(), 0
    descriptor = os.open(path, _OLD)
    try:
        mode = os.fstat(descriptor).st_mode
        if not stat.S_ISREG(mode):
            return -1, "", 0
        if from_disk:
            os.posix_fadvise(descriptor, 0, 0, os.POSIX_FADV_DONTNEED)
        chunk = os.read(descriptor, _CHUNK_BYTES)
        while chunk:
            sha256.update(chunk)
            size_bytes += len(chunk)
            still_waiting()
            chunk = os.read(descriptor, _CHUNK_BYTES)
    finally:
        os.close(descriptor)
    return size_bytes, sha256.hexdigest(), mode & MODE_BITS


def is_folder(path: str) -> bool:
    """Whether that is a folder, and no link to one."""
    return stat.S_ISDIR(os.lstat(path).st_mode)


def remove(path: str) -> None:
    """Remove a file, or a folder with all that is in it; nothing if it is not there."""
    if not os.path.lexists(path):
        return
    if not is_folder(path):
        os.unlink(path)
        return
    folders = [path]
    # Grows while it is walked through: each folder comes before those in it.
    for folder in folders:
        set_mode(folder, 0o700)
        for name in os.listdir(folder):
            inside = f"{folder}/{name}"
            if is_folder(inside):
                folders.append(inside)
            else:
                os.unlink(inside)
        still_waiting()
    for folder in reversed(folders):
        os.rmdir(folder)


def taken_bytes(path: str) -> int:
    """The room on disk of a file, or of a folder with all that is in it; 0 for what cannot be looked at."""
    total_bytes, left = 0, [path]
    while left:
        one = left.pop()
        try:
            found = os.lstat(one)
            total_bytes += found.st_blocks * _SECTOR_BYTES
            if stat.S_ISDIR(found.st_mode):
                left += [f"{one}/{name}" for name in os.listdir(one)]
        except OSError:
            continue
    return total_bytes


def free_bytes(path: str) -> "int | None":
    """The room that is left for this user; None where the file system does not say."""
    disk = os.statvfs(path)
    return disk.f_bavail * disk.f_frsize if disk.f_blocks else None
