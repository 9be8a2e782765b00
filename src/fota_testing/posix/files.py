"""Open files on a disk in memory: the functions of `os` that take a descriptor, as numbered operations.

It is published for porters as the base of `fota_testing.posix.model.PosixModel`, which adds names.
`fota_testing.posix.disk` knows what is pending and what a power cut leaves.
"""

from __future__ import annotations

import errno
import os
from typing import TYPE_CHECKING

from fota_testing.flash.cells import PowerCut
from fota_testing.misuse import Misuse
from fota_testing.posix.changes import FOLDER, Change, Name, Resize, Write, folder_of, is_folder, renamed, written
from fota_testing.posix.disk import Disk

if TYPE_CHECKING:
    from collections.abc import Callable

MAX_FILE_BYTES = 1 << 24
"""A file that grows larger than this is a defect of the program."""

_FIRST_DESCRIPTOR = 1_000_000
"""Far above the descriptors of the real machine, so that the two are never mixed up."""


class _Open:
    """An open file, which a descriptor names."""

    def __init__(self, path: str, file: int, flags: int) -> None:
        self.path = path
        self.file = file
        self.mode = flags & os.O_ACCMODE
        self.offset = 0


class PosixFiles:
    """Files, as a program sees them through descriptors; every change is an operation with a number."""

    def __init__(self, disk: Disk | None = None) -> None:
        """The machine at power-on, with that disk; with an empty disk if none is given."""
        self.disk: Disk = disk or Disk({}, {})
        """The present state: what is durable and what is pending."""
        self.operations: int = 0
        """Changes asked for so far; a sync counts, since it changes what is durable."""
        self.cut_at: int | None = None
        """The number of the operation at which the power fails, counted from 1; it is still pending then."""
        self.watch: Callable[[int, str, str], None] | None = None
        """Called for every operation: its number, the function, the path. The change is pending by then."""
        self._names = dict(self.disk.names)
        self._contents = dict(self.disk.contents)
        # After a power cut all bytes of a file may be read; before it, only those that were written.
        self._written_bytes = {file: len(content) for file, content in self._contents.items()}
        self._open: dict[int, _Open] = {}
        self._descriptors = _FIRST_DESCRIPTOR
        self._files = max(self._contents, default=0)
        self._folders = min(self._names.values(), default=FOLDER)
        self._is_off = False

    def content(self, path: str) -> bytes | None:
        """The bytes of a file as a reader would see them now; None if there is none."""
        file = self._names.get(path)
        return None if file is None or is_folder(file) else self._contents[file]

    def paths(self) -> list[str]:
        """The names of all files and folders as they are now."""
        return list(self._names)

    def open(self, path: str, flags: int, _mode: int = 0o777) -> int:
        """See `os.open`."""
        self._require_power()
        file = self._names.get(path)
        if file is None:
            if not flags & os.O_CREAT:
                raise os_error(errno.ENOENT, path)
            file = self._make(path)
        elif flags & os.O_EXCL:
            raise os_error(errno.EEXIST, path)
        if is_folder(file) and flags & os.O_ACCMODE != os.O_RDONLY:
            raise os_error(errno.EISDIR, path)
        if not is_folder(file) and flags & os.O_DIRECTORY:
            raise os_error(errno.ENOTDIR, path)
        self._descriptors += 1
        self._open[self._descriptors] = _Open(path, file, flags)
        if flags & os.O_TRUNC and self._contents[file]:
            self.ftruncate(self._descriptors, 0)
        return self._descriptors

    def close(self, descriptor: int) -> None:
        """See `os.close`."""
        if not self._is_off:
            self._file_of(descriptor)
            del self._open[descriptor]

    def pwrite(self, descriptor: int, content: bytes | memoryview, offset: int) -> int:
        """See `os.pwrite`."""
        opened = self._writable(descriptor)
        if offset > self._written_bytes[opened.file]:
            raise Misuse(f"{opened.path}: written from {offset}, past its {self._written_bytes[opened.file]} bytes")
        if offset + len(content) > MAX_FILE_BYTES:
            raise Misuse(f"{opened.path}: grows past {MAX_FILE_BYTES} bytes")
        self._change(Write(opened.file, offset, bytes(content)), "pwrite", opened.path)
        self._written_bytes[opened.file] = max(self._written_bytes[opened.file], offset + len(content))
        return len(content)

    def pread(self, descriptor: int, size_bytes: int, offset: int) -> bytes:
        """See `os.pread`."""
        opened = self._file_of(descriptor)
        if opened.mode == os.O_WRONLY:
            raise os_error(errno.EBADF, opened.path)
        chunk = self._contents[opened.file][offset : offset + size_bytes]
        if chunk and offset + len(chunk) > self._written_bytes[opened.file]:
            raise Misuse(f"{opened.path}: read to {offset + len(chunk)}, where nobody wrote")
        return chunk

    def read(self, descriptor: int, size_bytes: int) -> bytes:
        """See `os.read`."""
        opened = self._file_of(descriptor)
        chunk = self.pread(descriptor, size_bytes, opened.offset)
        opened.offset += len(chunk)
        return chunk

    def readv(self, descriptor: int, buffers: list[memoryview]) -> int:
        """See `os.readv`."""
        total_bytes = 0
        for buffer in buffers:
            chunk = self.read(descriptor, len(buffer))
            buffer[: len(chunk)] = chunk
            total_bytes += len(chunk)
        return total_bytes

    def lseek(self, descriptor: int, offset: int, whence: int) -> int:
        """See `os.lseek`; from the beginning of the file only."""
        opened = self._file_of(descriptor)
        if offset < 0 or whence != os.SEEK_SET:
            raise os_error(errno.EINVAL, opened.path)
        opened.offset = offset
        return offset

    def ftruncate(self, descriptor: int, size_bytes: int) -> None:
        """See `os.ftruncate`."""
        opened = self._writable(descriptor)
        self._resize(opened, Resize(opened.file, size_bytes, at_least=False), "ftruncate")

    def posix_fallocate(self, descriptor: int, offset: int, size_bytes: int) -> None:
        """See `os.posix_fallocate`."""
        opened = self._writable(descriptor)
        if size_bytes <= 0:
            raise os_error(errno.EINVAL, opened.path)
        self._resize(opened, Resize(opened.file, offset + size_bytes, at_least=True), "posix_fallocate")

    def posix_fadvise(self, descriptor: int, _offset: int, _size_bytes: int, _advice: int) -> None:
        """See `os.posix_fadvise`: advice, which changes nothing."""
        self._file_of(descriptor)

    def fsync(self, descriptor: int) -> None:
        """See `os.fsync`: of a file its bytes and size, of a directory its entries."""
        opened = self._file_of(descriptor)
        self._operation("fsync", opened.path)
        if is_folder(opened.file):
            self.disk = self.disk.folder_synced(opened.path, opened.file)
        else:
            self.disk = self.disk.file_synced(opened.file)

    fdatasync = fsync

    def flock(self, descriptor: int, _operation: int) -> None:
        """See `fcntl.flock`: one program runs here, so the lock is always free."""
        self._file_of(descriptor)

    # Helpers of the functions above.

    def _make(self, path: str) -> int:
        self._require_folder(path)
        self._files += 1
        self._contents[self._files] = b""
        self._written_bytes[self._files] = 0
        self._change(self._entry(path, self._files), "open", path)
        return self._files

    def _entry(self, path: str, file: int | None, former: str | None = None) -> Name:
        """A change of the directory that has this name now."""
        return Name(folder_of(path), path, file, former, self._names.get(folder_of(path), FOLDER))

    def _resize(self, opened: _Open, change: Resize, function: str) -> None:
        self._change(change, function, opened.path)
        kept_bytes = min(self._written_bytes[opened.file], len(self._contents[opened.file]))
        self._written_bytes[opened.file] = kept_bytes

    def _change(self, change: Change, function: str, path: str) -> None:
        self._require_power()
        if isinstance(change, Name):
            renamed(self._names, change)
        else:
            self._contents[change.file] = written(self._contents[change.file], change)
        self.disk = self.disk.with_change(change)
        self._operation(function, path)

    def _operation(self, function: str, path: str) -> None:
        self.operations += 1
        if self.watch is not None:
            self.watch(self.operations, function, path)
        if self.operations == self.cut_at:
            self._is_off = True
            raise PowerCut(f"operation {self.operations}: {function} of {path}")

    def _require_power(self) -> None:
        if self._is_off:
            raise PowerCut("the power is gone")

    def _file_of(self, descriptor: int) -> _Open:
        self._require_power()
        if descriptor not in self._open:
            raise Misuse(f"descriptor {descriptor} is not open")
        return self._open[descriptor]

    def _writable(self, descriptor: int) -> _Open:
        opened = self._file_of(descriptor)
        if opened.mode == os.O_RDONLY:
            raise os_error(errno.EBADF, opened.path)
        return opened

    def _require_file(self, path: str) -> int:
        self._require_power()
        file = self._names.get(path)
        if file is None:
            raise os_error(errno.ENOENT, path)
        if is_folder(file):
            raise os_error(errno.EISDIR, path)
        return file

    def _require_folder(self, path: str) -> None:
        if folder_of(path) and not is_folder(self._names.get(folder_of(path))):
            raise os_error(errno.ENOENT, path)


def os_error(number: int, path: str) -> OSError:
    """The OSError as the system raises it."""
    return OSError(number, os.strerror(number), path)
