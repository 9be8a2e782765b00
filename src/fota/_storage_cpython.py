"""CPython's half of `storage`, over POSIX files."""

import contextlib
import errno
import fcntl
import os
import stat

from fota._storage_errors_cpython import is_no_file, storage_error
from fota.errors import Busy, ImageTooLarge, StorageFailed

_OLD_FILE = os.O_NOFOLLOW | os.O_CLOEXEC | os.O_NONBLOCK
"""No link is followed, and nobody waits for the other end of a pipe that lies where a file is expected."""

_NEW_FILE = os.O_WRONLY | os.O_CREAT | _OLD_FILE
_NO_FALLOCATE = (errno.EOPNOTSUPP, errno.ENOSYS, errno.EINVAL, errno.EBADF)
"""The file system cannot reserve room. glibc then reads the file, which a descriptor for writing does not allow."""


class FileCell:
    """A few bytes in a file of fixed size, written in place and durable when `write` returns.

    It is written in place, so that durability needs no directory entry: nothing depends on the order of a rename.
    A cut during `write` may leave any mixture of old and new bytes; so the content must carry its own CRC.
    """

    def __init__(self, path: str, size_bytes: int) -> None:
        self.path = path
        self.size_bytes = size_bytes

    def create(self) -> None:
        """Make the file, zero-filled, and wait until it and its directory entry are on disk."""
        try:
            descriptor = _open_to_write(self.path)
            try:
                _write_all(descriptor, bytes(self.size_bytes))
                os.fsync(descriptor)
            finally:
                os.close(descriptor)
            sync_directory(os.path.dirname(self.path))
        except OSError as error:
            raise storage_error(self.path, error)

    def read(self) -> bytes:
        """The bytes as they are on disk; empty if no file of ours is there. *Raises* StorageFailed."""
        try:
            descriptor = os.open(self.path, os.O_RDONLY | _OLD_FILE)
            try:
                # A copy that somebody else could write is as good as a damaged one.
                is_ours = os.fstat(descriptor).st_uid == os.geteuid()
                return os.pread(descriptor, self.size_bytes, 0) if is_ours else b""
            finally:
                os.close(descriptor)
        except OSError as error:
            if is_no_file(error):
                return b""
            raise storage_error(self.path, error)

    def is_made(self) -> bool:
        """Whether there is such a file, or something else in its place; True if that cannot be found out."""
        try:
            os.lstat(self.path)
        except OSError as error:
            return error.errno != errno.ENOENT
        return True

    def write(self, content: bytes) -> None:
        """Replace the first `len(content)` bytes; returns once they are on disk and read back equal.

        *Raises* StorageFailed, after which the cell may hold anything.
        """
        if len(content) > self.size_bytes:
            raise StorageFailed(f"{self.path}: {len(content)} bytes do not fit into {self.size_bytes}")
        try:
            if not os.path.lexists(self.path):
                # Somebody deleted this copy: that is damage like any other, and must not stop a boot.
                self.create()
            descriptor = _open_to_write(self.path)
            try:
                _write_all(descriptor, content)
                # A failed fsync is not tried again: the kernel may have dropped the pages, and a second
                # call would report success for bytes that are gone.
                os.fsync(descriptor)
            finally:
                os.close(descriptor)
        except OSError as error:
            raise storage_error(self.path, error)
        if self.read()[: len(content)] != content:
            raise StorageFailed(f"{self.path}: what was written does not read back")


class SlotWriter:
    """Fills one image file from its beginning. See `fota.slots.Writer`."""

    def __init__(self, path: str, size_bytes: int, offset_bytes: int = 0) -> None:
        self._path = path
        self._size_bytes = size_bytes
        self._written_bytes = offset_bytes
        self._descriptor = -1
        self._is_listed = False
        try:
            self._descriptor = _open_to_write(path)
            # The file is emptied first: an image is never a mixture of two, and the old one's room is free again.
            os.ftruncate(self._descriptor, offset_bytes)
            if size_bytes:
                self._reserve(size_bytes, offset_bytes)
        except OSError as error:
            if self._descriptor >= 0:
                # The object was not made, so nobody will call its `close`.
                os.close(self._descriptor)
            raise storage_error(path, error)

    def _reserve(self, size_bytes: int, offset_bytes: int) -> None:
        """Take the room that the image needs, so that a full disk shows before the download."""
        try:
            os.posix_fallocate(self._descriptor, 0, size_bytes)
        except OSError as error:
            # The failed call keeps the room that it got: all that was free, which the application needs.
            os.ftruncate(self._descriptor, offset_bytes)
            if error.errno not in _NO_FALLOCATE:
                raise
            # Nothing can be reserved here, so what is free now is looked up: it may be gone later.
            room = os.fstatvfs(self._descriptor)
            if room.f_bavail * room.f_frsize < size_bytes - offset_bytes:
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    def write(self, chunk: "memoryview") -> None:
        """Append all of `chunk`."""
        if self._written_bytes + len(chunk) > self._size_bytes:
            raise ImageTooLarge(f"size: expected {self._size_bytes} bytes, more were written")
        try:
            offset = 0
            while offset < len(chunk):
                offset += os.pwrite(self._descriptor, chunk[offset:], self._written_bytes + offset)
        except OSError as error:
            raise storage_error(self._path, error)
        self._written_bytes += len(chunk)

    def restart(self) -> None:
        """Forget what was written."""
        self._written_bytes = 0

    def flush(self) -> None:
        """Return once what was written is on disk, the file's directory entry included."""
        try:
            os.fsync(self._descriptor)
            if not self._is_listed:
                sync_directory(os.path.dirname(self._path))
                self._is_listed = True
        except OSError as error:
            raise storage_error(self._path, error)

    def close(self) -> None:
        """Cut the file to what was written, and flush it."""
        if self._descriptor < 0:
            return
        try:
            try:
                os.ftruncate(self._descriptor, self._written_bytes)
                self.flush()
            finally:
                os.close(self._descriptor)
                self._descriptor = -1
        except OSError as error:
            raise storage_error(self._path, error)


class SlotReader:
    """Reads one image file from its beginning. See `fota.slots.Reader`."""

    def __init__(self, path: str) -> None:
        self._path = path
        self._descriptor = -1
        try:
            self._descriptor = os.open(path, os.O_RDONLY | _OLD_FILE)
            _require_file(self._descriptor)
            # So that the disk is read, not the cache that the writer filled. It is advice, which some systems ignore.
            os.posix_fadvise(self._descriptor, 0, 0, os.POSIX_FADV_DONTNEED)
        except OSError as error:
            self.close()
            if error.errno != errno.ENOENT:
                raise storage_error(path, error)

    def readinto(self, buffer: "memoryview") -> int:
        """Fill the beginning of `buffer`; 0 at the end."""
        if self._descriptor < 0:
            return 0
        try:
            return os.readv(self._descriptor, [buffer])
        except OSError as error:
            raise storage_error(self._path, error)

    def seek(self, offset_bytes: int) -> None:
        """Go on reading at that byte."""
        try:
            if self._descriptor >= 0:
                os.lseek(self._descriptor, offset_bytes, os.SEEK_SET)
        except OSError as error:
            raise storage_error(self._path, error)

    def close(self) -> None:
        """Let go of the file."""
        if self._descriptor >= 0:
            os.close(self._descriptor)
            self._descriptor = -1


class HomeLock:
    """One program at a time in a home folder; a process that inherits the descriptor holds the lock too."""

    def __init__(self, path: str) -> None:
        self._path = path
        self.descriptor: "int" = -1

    def take(self) -> None:
        """Take the lock until the process, and all that inherited it, have ended. *Raises* Busy."""
        try:
            self.descriptor = self._open()
            fcntl.flock(self.descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            os.close(self.descriptor)
            raise Busy(f"{self._path}: another program runs in this home folder", cause=error)
        except OSError as error:
            raise storage_error(self._path, error)

    def _open(self) -> int:
        try:
            return os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW, 0o600)
        except OSError as error:
            if error.errno != errno.EROFS:
                raise
        # A disk that has turned read-only must stop no boot; its folder can still be locked.
        return os.open(os.path.dirname(self._path), os.O_RDONLY | os.O_DIRECTORY)


def write_whole_file(path: str, content: bytes) -> None:
    """Replace a small file as a whole: write a temporary one, flush it, rename it, flush the directory."""
    beside = path + ".new"
    try:
        descriptor = os.open(beside, _NEW_FILE | os.O_TRUNC, 0o600)
        try:
            _write_all(descriptor, content)
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
        os.rename(beside, path)
        sync_directory(os.path.dirname(path))
    except OSError as error:
        with contextlib.suppress(OSError):
            os.unlink(beside)
        raise storage_error(path, error)


def sync_directory(path: str) -> None:
    """Wait until the entries of a directory are on disk."""
    descriptor = os.open(path or ".", os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _open_to_write(path: str) -> int:
    """Open a file of ours, or make it. *Raises* OSError for a link, a pipe, a device, or another user's file."""
    descriptor = os.open(path, _NEW_FILE, 0o600)
    try:
        found = _require_file(descriptor)
        if found.st_nlink > 1:
            raise OSError(errno.EMLINK, "has another name too, a hard link; nothing is written through it")
        if found.st_uid != os.geteuid():
            raise OSError(errno.EPERM, f"belongs to another user, {found.st_uid}; nothing is written to it")
    except OSError:
        os.close(descriptor)
        raise
    return descriptor


def _require_file(descriptor: int) -> os.stat_result:
    if stat.S_ISREG((found := os.fstat(descriptor)).st_mode):
        return found
    raise OSError(errno.EINVAL, "is no file, but a pipe, a device or a folder")


def _write_all(descriptor: int, content: bytes) -> None:
    offset = 0
    while offset < len(content):
        offset += os.pwrite(descriptor, content[offset:], offset)
