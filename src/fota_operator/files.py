"""Reads the operator's files within bounds, writes them whole or not at all, and never over one that matters."""

import os
import secrets
from contextlib import suppress
from pathlib import Path

from fota_operator.errors import AlreadyThere, BadInput, NotFound, OperatorError


def read_bounded(path: Path, most_bytes: int, remedy: str) -> bytes:
    """All that a file holds. *Raises* NotFound, BadInput if that is more than `most_bytes`."""
    try:
        with path.open("rb") as file:
            content = file.read(most_bytes + 1)
    except OSError as error:
        raise unread(path, error, remedy) from error
    if len(content) > most_bytes:
        raise BadInput(f"{path} is larger than {most_bytes} bytes", remedy)
    return content


def unread(path: Path, error: OSError, remedy: str) -> OperatorError:
    """The error for a file that cannot be read: its own words where a directory was named."""
    if isinstance(error, IsADirectoryError):
        return BadInput(f"{path} is a directory, and a file is expected", remedy)
    return NotFound(f"cannot read {path}: {error.strerror}", remedy)


def require_folder(path: Path, remedy: str) -> None:
    """*Raises* NotFound unless there is a folder; BadInput if a file is in its place."""
    if path.is_dir():
        return
    if path.exists():
        raise BadInput(f"{path} is a file, and a folder is expected", remedy)
    raise NotFound(f"there is no folder {path}", remedy)


def require_text(path: Path, content: bytes, expected: str, remedy: str) -> None:
    """*Raises* BadInput for a file that is no text, as a binary one; `expected` is what it should be: "a keyring"."""
    try:
        content.decode()
    except UnicodeDecodeError as error:
        raise BadInput(f"{path} is no text, and so not {expected}", remedy) from error


def write_whole(path: Path, content: bytes) -> None:
    """Replace the file with this content: all of it, or nothing. *Raises* OperatorError."""
    # The temporary name is unique: two processes that write the same file must not share it.
    beside = path.parent / f".{secrets.token_hex(8)}.part"
    try:
        with beside.open("xb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        beside.replace(path)
    except BaseException as error:
        with suppress(OSError):
            beside.unlink()
        if not isinstance(error, OSError):
            raise
        raise OperatorError(f"cannot write {path}: {error.strerror}", "choose another place") from error


def write_new(path: Path, content: bytes, *, mode: int) -> None:
    """Write a file that must not be there yet; on the disk when this returns.

    The mode is set when the file is created: nobody else can read a key at any moment.
    *Raises* AlreadyThere, OperatorError; in both cases there is no new file.
    """
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, mode)
    except FileExistsError as error:
        raise AlreadyThere(f"{path} is there already", "choose another name, or move it away") from error
    except OSError as error:
        raise OperatorError(f"cannot write {path}: {error.strerror}", "choose another place") from error
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(descriptor)
        _sync_folder(path.parent)
    except BaseException as error:
        path.unlink(missing_ok=True)
        if not isinstance(error, OSError):
            raise
        raise OperatorError(f"cannot write {path}: {error.strerror}", "make room") from error


def make_folder(path: Path) -> None:
    """Make a folder, and those above it, unless it is there. *Raises* OperatorError."""
    try:
        path.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise OperatorError(f"cannot make the folder {path}: {error.strerror}", "choose another place") from error


def _sync_folder(folder: Path) -> None:
    """Wait until the folder's entries are on the disk: a file whose name was not written is lost too."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
