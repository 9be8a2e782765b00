"""MicroPython's half of `storage`: files on littlefs.

There a file changes as a whole, when it is flushed or closed: a power cut before that leaves what was there. FAT
makes no such promise; `file_system_kind` tells the two apart. Nothing is removed before a rename.
"""

import os

from fota.errors import Busy, ImageTooLarge, NoSpace, StorageFailed

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any, BinaryIO

_ENOSPC = 28
"""The error number of the file systems themselves; MicroPython's `errno` has no name for it."""

_ENOENT = 2
_NO_FILE = (_ENOENT, 20, 21, 84)
"""No file, ENOTDIR, EISDIR, and what littlefs calls corrupt: waiting changes nothing. Any other error may pass."""
_PIECE_BYTES = 256
_FOLDER = 0x4000

_KINDS = {"VfsLfs1": "littlefs", "VfsLfs2": "littlefs", "VfsFat": "fat", "VfsPosix": "posix", "VfsRom": "rom"}

_homes: "list[str]" = []


class FileCell:
    """A few bytes in a file that is rewritten whole, and durable when `write` returns.

    The file is no longer than they are: littlefs stores a short file with its name, and needs no block for it.
    """

    def __init__(self, path: str, size_bytes: int) -> None:
        self.path = path
        self.size_bytes = size_bytes

    def create(self) -> None:
        """Make the file, empty."""
        self.write(b"")

    def read(self) -> bytes:
        """The bytes as they are on storage; empty if there is no file, or it is damaged.

        *Raises* StorageFailed if it cannot be read now.
        """
        try:
            with open(self.path, "rb") as file:
                return _without_padding(file, self.size_bytes)
        except OSError as error:
            if error.args[0] in _NO_FILE:
                return b""
            raise StorageFailed(f"{self.path}: error {error.args[0]}", cause=error)

    def is_made(self) -> bool:
        """Whether there is such a file; True if that cannot be found out."""
        try:
            os.stat(self.path)
        except OSError as error:
            return bool(error.args[0] != _ENOENT)
        return True

    def write(self, content: bytes) -> None:
        """Replace what the file holds; returns once that is on storage and reads back equal.

        *Raises* StorageFailed, after which the cell may hold anything.
        """
        if len(content) > self.size_bytes:
            raise StorageFailed(f"{self.path}: {len(content)} bytes do not fit into {self.size_bytes}")
        _write_file(self.path, content)
        if not self._holds(content):
            raise StorageFailed(f"{self.path}: what was written does not read back")

    def _holds(self, content: bytes) -> bool:
        try:
            with open(self.path, "rb") as file:
                return file.read(len(content) + 1) == content
        except OSError:
            return False


class SlotWriter:
    """Fills one image file from its beginning. See `fota.slots.Writer`.

    No room is reserved: a full disk shows only while writing. A file cannot be cut here: after a return to an
    earlier offset, the old bytes behind it stay until they are written over.
    """

    def __init__(self, path: str, size_bytes: int, offset_bytes: int = 0) -> None:
        self._path = path
        self._size_bytes = size_bytes
        self._begin(offset_bytes)

    def write(self, chunk: "memoryview") -> None:
        """Append all of `chunk`."""
        if self._written_bytes + len(chunk) > self._size_bytes:
            raise ImageTooLarge(f"size: expected {self._size_bytes} bytes, more were written")
        _asked(self._path, self._file.write, chunk)
        self._written_bytes += len(chunk)

    def restart(self) -> None:
        """Forget what was written."""
        self.close()
        self._begin(0)

    def flush(self) -> None:
        """Return once what was written is on storage."""
        _asked(self._path, self._file.flush)
        _sync()

    def close(self) -> None:
        """Flush, and let go of the file. May be called twice."""
        _asked(self._path, self._file.close)
        _sync()

    def _begin(self, offset_bytes: int) -> None:
        self._written_bytes = offset_bytes
        self._file = _asked(self._path, open, self._path, "r+b" if offset_bytes else "wb")
        if offset_bytes:
            self._file.seek(offset_bytes)
        # Until the empty file is on storage, littlefs keeps the room of the old image.
        self.flush()


class SlotReader:
    """Reads one image file from its beginning. See `fota.slots.Reader`."""

    def __init__(self, path: str) -> None:
        self._path = path
        try:
            os.stat(path)
        except OSError as error:
            if error.errno == _ENOENT:
                path = ""
        self._file = _asked(path, open, path, "rb") if path else None

    def readinto(self, buffer: "memoryview") -> int:
        """Fill the beginning of `buffer`; 0 at the end."""
        return _asked(self._path, self._file.readinto, buffer) if self._file else 0

    def seek(self, offset_bytes: int) -> None:
        """Go on reading at that byte."""
        if self._file:
            _asked(self._path, self._file.seek, offset_bytes)

    def close(self) -> None:
        """Let go of the file. May be called twice."""
        if self._file:
            self._file.close()


class HomeLock:
    """The home folder can be taken once until the next reset: only one program runs here."""

    def __init__(self, path: str) -> None:
        self._path = path
        self.descriptor = -1

    def take(self) -> None:
        """Take the lock. *Raises* Busy."""
        if self._path in _homes:
            raise Busy(f"{self._path}: this home folder is in use")
        _homes.append(self._path)


def make_folder(path: str) -> None:
    """Make a folder, and those above it, unless it is there."""
    path = path.rstrip("/")
    try:
        if not path or os.stat(path)[0] & _FOLDER:
            return
    except OSError:
        make_folder(path.rpartition("/")[0])
    _asked(path, os.mkdir, path)
    _sync()


def write_whole_file(path: str, content: bytes) -> None:
    """Replace a small file as a whole: write a temporary one, flush it, rename it."""
    _write_file(path + ".new", content)
    _asked(path, os.rename, path + ".new", path)
    _sync()


def remove_file(path: str) -> None:
    """Remove a file, if it is there; durable on return."""
    try:
        os.remove(path)
        _sync()
    except OSError as error:
        if error.errno != _ENOENT:
            raise StorageFailed(f"{path}: error {error.errno}", cause=error)


def require_room(home: str, slot: int, size_bytes: int, tree_bytes: int) -> None:
    """*Raises* NoSpace unless that has room, given what the slot holds now; StorageFailed."""
    found = _asked(home, os.statvfs, home)
    free_bytes = found[1] * found[4]
    try:
        free_bytes += os.stat(f"{home}/slot-{slot}.img")[6]
    except OSError:
        # The slot is empty: it gives nothing up.
        pass
    if free_bytes < size_bytes + tree_bytes:
        raise NoSpace(f"{home}: {size_bytes + tree_bytes} bytes are needed, {free_bytes} are free")


def require_no_fat(home: str) -> None:
    """*Raises* StorageFailed for a folder on FAT, where a power cut can cost every file."""
    if file_system_kind(home) == "fat":
        raise StorageFailed(f"{home}: lies on FAT, which a power cut can destroy; move it to littlefs")


def file_system_kind(path: str) -> str:
    """The file system of a path: "littlefs", "fat", "posix", "rom"; empty if that cannot be found out.

    It is read from the table of mounts, which MicroPython has from 1.29 on: `os.statvfs` does not say it.
    """
    if not path.startswith("/"):
        path = os.getcwd() + "/" + path
    longest, kind = 0, ""
    try:
        # Looked up by name, since type checkers for CPython do not know it.
        for mounted, point in __import__("vfs").mount():
            if len(point) > longest and (path + "/").startswith(point.rstrip("/") + "/"):
                longest, kind = len(point), type(mounted).__name__
    except (ImportError, TypeError):
        return ""
    return _KINDS.get(kind, "")


def _without_padding(file: "BinaryIO", most_bytes: int) -> bytes:
    """The content of a file without the zeros at its end: a cell made by CPython has thousands of them."""
    content = b""
    zeros = 0
    while most_bytes:
        piece = file.read(min(most_bytes, _PIECE_BYTES))
        if not piece:
            break
        most_bytes -= len(piece)
        if any(piece):
            content += bytes(zeros) + piece
            zeros = 0
        else:
            zeros += len(piece)
    return content


def _write_file(path: str, content: bytes) -> None:
    file = _asked(path, open, path, "wb")
    try:
        _asked(path, file.write, content)
        _asked(path, file.flush)
    finally:
        _asked(path, file.close)
    _sync()


def _sync() -> None:
    """Flush the OS's buffers where the port has `os.sync`; does nothing on a board."""
    getattr(os, "sync", _nothing)()


def _nothing() -> None:
    pass


def _asked(path: str, ask: "Callable[..., Any]", *arguments: object) -> "Any":  # the type depends on the call
    """The answer of the file system. *Raises* StorageFailed for its errors, NoSpace when it is full."""
    try:
        return ask(*arguments)
    except OSError as error:
        kind = NoSpace if error.errno == _ENOSPC else StorageFailed
        raise kind(f"{path}: error {error.errno}", cause=error)


def forget_tree(*_: object) -> None:
    """Nothing: no image is unpacked here."""


make_tree = forget_tree


def judged(_home: str, _slot: int, writer: "SlotWriter", *_: int) -> "SlotWriter":
    """The writer: nothing of an image is judged while it comes."""
    return writer
