"""The files of an image, as `vfs.mount` takes them: an image is a littlefs in one file. MicroPython only.

littlefs, and the place in the file, must not be entered twice. They would be: they call Python for each block, and
there a callback of a timer or another thread may run, which imports or opens something of the same image. So no two
calls share them: each has a littlefs and a descriptor of its own, and so has each open file.
What lies below is entered in one piece: the file system of the board calls its flash without any Python between.
"""

import os

from fota import machine

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

_BLOCK_BYTES = 4096
_READ_ONLY = 30
"""EROFS: the image is never written to while it is mounted."""
_NO_FOLDER = 20
"""ENOTDIR"""


class ImageFiles:
    """A file system for reading, that may be entered at any time, and again while it is entered."""

    def __init__(self, path: str) -> None:
        """*Raises* OSError for what is no littlefs."""
        # Whatever folder the program changes to, also one of the image.
        self._path = path if path.startswith("/") else os.getcwd().rstrip("/") + "/" + path
        self._folder = "/"
        # Those that nobody uses now. Nobody waits for the list: who cannot have it goes without.
        self._lock = machine.new_lock()
        self._idle: "list[Any]" = [_littlefs(self._path)]

    def mount(self, _readonly: bool, _mkfs: bool) -> None:
        """Nothing is to be done."""

    def umount(self) -> None:
        """Let go of what nobody uses."""
        self._idle.clear()

    def open(self, path: str, mode: str) -> "Any":
        """The file. *Raises* OSError, also for any mode of writing."""
        for letter in mode:
            if letter in "wax+":
                raise OSError(_READ_ONLY)
        # What reads the file keeps the littlefs: it is used as long as the file is.
        return self._taken().open(self._of(path), mode)

    def stat(self, path: str) -> "tuple[int, ...]":
        """See `os.stat`."""
        found: "tuple[int, ...]" = self._asked("stat", path)
        return found

    def statvfs(self, path: str) -> "tuple[int, ...]":
        """See `os.statvfs`."""
        found: "tuple[int, ...]" = self._asked("statvfs", path)
        return found

    def ilistdir(self, path: str) -> "Any":
        """See `os.ilistdir`."""
        return self._taken().ilistdir(self._of(path))

    def chdir(self, path: str) -> None:
        """See `os.chdir`."""
        folder = self._of(path)
        if folder != "/" and not self.stat(folder)[0] & 0x4000:
            raise OSError(_NO_FOLDER)
        self._folder = folder

    def getcwd(self) -> str:
        """See `os.getcwd`."""
        return self._folder

    def mkdir(self, *_: object) -> None:
        """Nothing is written to an image. *Raises* OSError."""
        raise OSError(_READ_ONLY)

    remove: "Callable[..., None]" = mkdir
    rename: "Callable[..., None]" = mkdir
    rmdir: "Callable[..., None]" = mkdir

    def _asked(self, name: str, path: str) -> "Any":
        one = self._taken()
        try:
            return getattr(one, name)(self._of(path))
        finally:
            if self._lock.acquire(False):
                self._idle.append(one)
                self._lock.release()

    def _taken(self) -> "Any":
        one = None
        if self._lock.acquire(False):
            if self._idle:
                one = self._idle.pop()
            self._lock.release()
        return one or _littlefs(self._path)

    def _of(self, path: str) -> str:
        return path if path.startswith("/") else self._folder.rstrip("/") + "/" + path


def _littlefs(path: str) -> "Any":
    return __import__("vfs").VfsLfs2(_ImageFile(path))


class _ImageFile:
    """A file as a block device, for reading."""

    def __init__(self, path: str) -> None:
        self._file = open(path, "rb")  # noqa: SIM115 - as long as the image is mounted
        self._size_bytes = self._file.seek(0, 2)

    def readblocks(self, block: int, buffer: "memoryview", offset: int = 0) -> None:
        """Fill the buffer from there on."""
        self._file.seek(block * _BLOCK_BYTES + offset)
        self._file.readinto(buffer)

    def writeblocks(self, _block: int, _buffer: "memoryview", _offset: int = 0) -> None:
        """Nothing is written to an image. *Raises* OSError."""
        raise OSError(_READ_ONLY)

    def ioctl(self, request: int, _argument: int) -> int:
        """Answer what vfs asks of a block device: the number of blocks and their size; it needs nothing else."""
        if request == 4:
            return self._size_bytes // _BLOCK_BYTES
        return _BLOCK_BYTES if request == 5 else 0
