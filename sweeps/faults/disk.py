"""The disk of a device, which can fail; `fota_testing.posix` has the rules of a healthy one."""

from __future__ import annotations

import errno
import os
from typing import TYPE_CHECKING

from fota_testing.posix.model import PosixModel
from sweeps.faults.world import PowerOff
from sweeps.powercut import patches, seen
from sweeps.powercut.scenarios import IMAGE_BYTES

if TYPE_CHECKING:
    import io
    from collections.abc import Callable

    from fota_testing.posix.disk import Disk
    from sweeps.faults.world import World

SLOW_FSYNC_MS = 8_000
_PATCH = f"{seen.HOME}/{patches.FILE}"


class FaultyDisk(PosixModel):
    """A disk on which the faults in force happen."""

    def __init__(self, disk: Disk, world: World, active: set[str], saw: Callable[[str, str], None]) -> None:
        super().__init__(disk)
        self._world = world
        self._active = active
        self._saw = saw
        """Called with a function and a path before something changes."""

    def open(self, path: str, flags: int, mode: int = 0o777) -> int:
        """See `os.open`."""
        self._alive()
        active = self._active
        if "no-descriptors" in active:
            raise OSError(errno.EMFILE, os.strerror(errno.EMFILE), path)
        if flags & os.O_ACCMODE != os.O_RDONLY:
            self._saw("open", path)
            if "read-only" in active:
                raise OSError(errno.EROFS, os.strerror(errno.EROFS), path)
            if "disk-full" in active and flags & os.O_CREAT and self._names.get(path) is None:
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), path)
        return super().open(path, flags, mode)

    def pwrite(self, descriptor: int, content: bytes | memoryview, offset: int) -> int:
        """See `os.pwrite`."""
        opened = self._writable(descriptor)
        self._saw("pwrite", opened.path)
        self._alive()
        active = self._active
        if "read-only" in active:
            raise OSError(errno.EROFS, os.strerror(errno.EROFS), opened.path)
        if "writes-fail" in active:
            raise OSError(errno.EIO, os.strerror(errno.EIO), opened.path)
        if "disk-full" in active and offset + len(content) > self._written_bytes[opened.file]:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), opened.path)
        if "patch-disk-full" in active and opened.path == _PATCH:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), opened.path)
        if "writes-lie" in active and opened.path.endswith(".img"):
            content = bytes(octet ^ 1 for octet in bytes(content))
        return super().pwrite(descriptor, content, offset)

    def pread(self, descriptor: int, size_bytes: int, offset: int) -> bytes:
        """See `os.pread`."""
        self._alive()
        path = self._file_of(descriptor).path
        if "reads-fail" in self._active or ("record-unreadable" in self._active and "/record" in path):
            raise OSError(errno.EIO, os.strerror(errno.EIO), path)
        return super().pread(descriptor, size_bytes, offset)

    def fsync(self, descriptor: int) -> None:
        """See `os.fsync`."""
        self._alive()
        if "flush-slow" in self._active:
            self._world.sleep_ms(SLOW_FSYNC_MS)
        if self._active & {"flush-fails", "read-only"}:
            raise OSError(errno.EIO, os.strerror(errno.EIO), self._file_of(descriptor).path)
        super().fsync(descriptor)

    fdatasync = fsync

    def posix_fallocate(self, descriptor: int, offset: int, size_bytes: int) -> None:
        """See `os.posix_fallocate`."""
        self._alive()
        opened = self._writable(descriptor)
        if "no-fallocate" in self._active:
            # musl and file systems without it say so; glibc writes instead, and needs to read.
            raise OSError(errno.EOPNOTSUPP, os.strerror(errno.EOPNOTSUPP), opened.path)
        if "no-fallocate-glibc" in self._active and opened.mode == os.O_WRONLY:
            raise OSError(errno.EBADF, os.strerror(errno.EBADF), opened.path)
        if "disk-full" in self._active and offset + size_bytes > len(self._contents[opened.file]):
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), opened.path)
        if "patch-disk-full" in self._active and opened.path == _PATCH:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), opened.path)
        super().posix_fallocate(descriptor, offset, size_bytes)

    def statvfs(self, path: str) -> os.statvfs_result:
        """See `os.statvfs`: there is room for an image, and not for a patch besides, or the size is not said."""
        if "no-room-beside" in self._active:
            return os.statvfs_result((1, 1, 2 * IMAGE_BYTES, IMAGE_BYTES, IMAGE_BYTES, 0, 0, 0, 0, 255))
        return super().statvfs(path)

    def fstatvfs(self, _descriptor: int) -> os.statvfs_result:
        """See `os.fstatvfs`: much is free, or nothing."""
        free = 0 if "disk-full" in self._active else 1_000
        return os.statvfs_result((4_096, 4_096, 2_000, free, free, 0, 0, 0, 0, 255))

    def open_text(self, path: str, mode: str = "r") -> io.StringIO | io.BytesIO:
        """The built-in `open`."""
        self._alive()
        if "reads-fail" in self._active:
            raise OSError(errno.EIO, os.strerror(errno.EIO), path)
        return super().open_text(path, mode)

    def _alive(self) -> None:
        """A process that was killed writes nothing more."""
        if self._world.current.is_dead:
            raise PowerOff


class Door:
    """What stands in the modules of the device for `os`: the disk may be another one after a power cut."""

    def __init__(self) -> None:
        self.model: FaultyDisk | None = None

    def open_text(self, path: str, mode: str = "r") -> object:
        """The built-in `open`."""
        assert self.model is not None
        return self.model.open_text(path, mode)

    def __getattr__(self, name: str) -> object:
        return getattr(self.model, name)
