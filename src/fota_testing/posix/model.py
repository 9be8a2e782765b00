"""The functions of `os` on a disk in memory that loses power where a test says so.

It is published for porters: `installed` replaces `os` by a model in the modules that keep state in files.

    model = PosixModel()
    with installed(model, fota._storage_cpython):
        ...                               # every change is an operation with a number
    left = model.disk.after_cut("lost")   # or any other of model.disk.shapes()
    PosixModel(left)                      # the machine after the power came back

It is stricter than a kernel: a mistake of the program is Misuse (a closed descriptor, bytes read that nobody
wrote, a file grown without end). `posix.files` has the open files, `posix.disk` what a power cut leaves.
"""

from __future__ import annotations

import errno
import fcntl
import io
import os
import posixpath
import stat
from contextlib import contextmanager
from typing import TYPE_CHECKING

from fota_testing.misuse import Misuse
from fota_testing.posix.changes import FOLDER, folder_of, is_folder
from fota_testing.posix.disk import SECTOR_BYTES, Disk
from fota_testing.posix.files import PosixFiles, os_error

if TYPE_CHECKING:
    from collections.abc import Iterator
    from types import ModuleType


class PosixModel(PosixFiles):
    """Files and directories, as a program sees them through `os`."""

    O_RDONLY, O_WRONLY, O_RDWR, O_CREAT = os.O_RDONLY, os.O_WRONLY, os.O_RDWR, os.O_CREAT
    O_EXCL, O_TRUNC, O_NOFOLLOW, O_CLOEXEC = os.O_EXCL, os.O_TRUNC, os.O_NOFOLLOW, os.O_CLOEXEC
    O_DIRECTORY, O_NONBLOCK = os.O_DIRECTORY, os.O_NONBLOCK
    POSIX_FADV_DONTNEED, SEEK_SET = os.POSIX_FADV_DONTNEED, os.SEEK_SET
    LOCK_EX, LOCK_SH, LOCK_NB, LOCK_UN = fcntl.LOCK_EX, fcntl.LOCK_SH, fcntl.LOCK_NB, fcntl.LOCK_UN

    def __init__(self, disk: Disk | None = None) -> None:
        """The machine at power-on, with that disk; with an empty disk if none is given."""
        super().__init__(disk)
        self.path: PathModel = PathModel(self)

    def rename(self, former: str, path: str) -> None:
        """See `os.rename`, within one directory."""
        file = self._require_file(former)
        if folder_of(former) != folder_of(path):
            raise Misuse(f"{former}: renamed into another directory, which this model does not play")
        self._change(self._entry(path, file, former), "rename", path)

    replace = rename

    def unlink(self, path: str) -> None:
        """See `os.unlink`."""
        self._require_file(path)
        self._change(self._entry(path, None), "unlink", path)

    remove = unlink

    def makedirs(self, path: str, mode: int = 0o777, exist_ok: bool = False) -> None:
        """See `os.makedirs`."""
        if path in self._names and not (exist_ok and is_folder(self._names[path])):
            raise os_error(errno.EEXIST, path)
        parts = path.split("/")
        for end in range(2, len(parts) + 1):
            part = "/".join(parts[:end])
            if part not in self._names:
                self.mkdir(part, mode)

    def mkdir(self, path: str, _mode: int = 0o777) -> None:
        """See `os.mkdir`."""
        self._require_power()
        if path in self._names:
            raise os_error(errno.EEXIST, path)
        self._require_folder(path)
        self._folders = min(self._folders, FOLDER) - 1
        self._change(self._entry(path, self._folders), "mkdir", path)

    def rmdir(self, path: str) -> None:
        """See `os.rmdir`."""
        if self.listdir(path):
            raise os_error(errno.ENOTEMPTY, path)
        self._change(self._entry(path, None), "rmdir", path)

    def chmod(self, path: str, _mode: int) -> None:
        """See `os.chmod`: this model keeps no modes."""
        self.stat(path)

    def sync(self) -> None:
        """See `os.sync`: POSIX does not say that it waits, so nothing is durable for it."""

    def statvfs(self, _path: str) -> os.statvfs_result:
        """See `os.statvfs`: a file system that does not say how large it is."""
        return os.statvfs_result((0,) * 10)

    def listdir(self, path: str = ".") -> list[str]:
        """See `os.listdir`."""
        if not is_folder(self._names.get(path)):
            raise os_error(errno.ENOENT, path)
        return [name[len(path) + 1 :] for name in self._names if folder_of(name) == path]

    def stat(self, path: str | int, *, follow_symlinks: bool = True) -> os.stat_result:  # noqa: ARG002 - no links here
        """See `os.stat`."""
        self._require_power()
        file = self._file_of(path).file if isinstance(path, int) else self._names.get(path)
        if file is None:
            raise os_error(errno.ENOENT, str(path))
        mode = stat.S_IFDIR | 0o700 if is_folder(file) else stat.S_IFREG | 0o600
        size_bytes = 0 if is_folder(file) else len(self._contents[file])
        facts = (mode, file, 1, 1, self.geteuid(), 0, size_bytes, 0, 0, 0)
        return os.stat_result(facts, {"st_blocks": -(-size_bytes // SECTOR_BYTES)})

    def lstat(self, path: str) -> os.stat_result:
        """See `os.lstat`."""
        return self.stat(path)

    def fstat(self, descriptor: int) -> os.stat_result:
        """See `os.fstat`."""
        return self.stat(descriptor)

    def geteuid(self) -> int:
        """See `os.geteuid`: the caller owns every file."""
        return 1000

    getuid = geteuid

    def open_text(self, path: str, mode: str = "r") -> io.StringIO | io.BytesIO:
        """The built-in `open`, for reading."""
        if mode not in {"r", "rb"}:
            raise Misuse(f"{path}: the built-in open is played for reading only, got {mode!r}")
        content = self._contents[self._require_file(path)]
        return io.BytesIO(content) if mode == "rb" else io.StringIO(content.decode())


class PathModel:
    """The functions of `os.path`."""

    def __init__(self, model: PosixModel) -> None:
        self._model = model

    def dirname(self, path: str) -> str:
        """See `os.path.dirname`."""
        return posixpath.dirname(path)

    def basename(self, path: str) -> str:
        """See `os.path.basename`."""
        return posixpath.basename(path)

    def join(self, path: str, *more: str) -> str:
        """See `os.path.join`."""
        return posixpath.join(path, *more)

    def abspath(self, path: str) -> str:
        """See `os.path.abspath`: every path of the model is absolute, and no link leads elsewhere."""
        return posixpath.normpath(path)

    def realpath(self, path: str) -> str:
        """See `os.path.realpath`."""
        return posixpath.normpath(path)

    def normpath(self, path: str) -> str:
        """See `os.path.normpath`."""
        return posixpath.normpath(path)

    def lexists(self, path: str) -> bool:
        """Whether there is anything of that name."""
        return self._model._names.get(path) is not None

    exists = lexists

    def isdir(self, path: str) -> bool:
        """Whether it is a directory."""
        return path == "/" or is_folder(self._model._names.get(path))

    def islink(self, _path: str) -> bool:
        """False: the model has no links."""
        return False

    def getsize(self, path: str) -> int:
        """Bytes of a file."""
        return self._model.stat(path).st_size


@contextmanager
def installed(model: PosixModel, *modules: ModuleType) -> Iterator[PosixModel]:
    """Replace `os`, `fcntl` and `open` in those modules by the model, until the end of the block."""
    former = [(module, {name: vars(module)[name] for name in _NAMES if name in vars(module)}) for module in modules]
    for module, names in former:
        for name in names:
            setattr(module, name, model)
        module.open = model.open_text  # type: ignore[attr-defined]
    try:
        yield model
    finally:
        for module, names in former:
            del module.open
            for name, value in names.items():
                setattr(module, name, value)


_NAMES = ("os", "fcntl")
