"""What a program changes on a disk: bytes of a file, its size, and the entries of a directory.

A part of `fota_testing.posix.disk`, which knows which of them a power cut keeps.
"""

from __future__ import annotations

from typing import NamedTuple

FOLDER = -1
"""Marks a folder where a file has a number. Folders that were made later have lower numbers: see `is_folder`."""

_NEVER_WRITTEN = b"\xa5"
"""The byte that is read where a file has a size and no bytes; it is not 0, so that nobody relies on zeros."""


class Write(NamedTuple):
    """Bytes of a file."""

    file: int
    offset: int
    content: bytes


class Resize(NamedTuple):
    """A new size of a file: smaller, or larger by bytes that nobody wrote; `at_least` never makes it smaller."""

    file: int
    size_bytes: int
    at_least: bool


class Name(NamedTuple):
    """An entry of a directory: `path` names a file from now on, or nothing (None); `former` no longer does."""

    folder: str
    path: str
    file: int | None
    former: str | None = None
    within: int = FOLDER
    """The number of the directory: one that takes the place of another has another number."""
    is_synced: bool = False
    """Whether the directory was synced since; it is pending only as long as the directory has no durable name."""


Change = Write | Resize | Name


def written(content: bytes, change: Write | Resize) -> bytes:
    """The bytes of a file after a change of it."""
    if isinstance(change, Resize):
        if change.at_least and len(content) >= change.size_bytes:
            return content
        return content[: change.size_bytes].ljust(change.size_bytes, _NEVER_WRITTEN)
    before = content[: change.offset].ljust(change.offset, _NEVER_WRITTEN)
    return before + change.content + content[change.offset + len(change.content) :]


def is_folder(file: int | None) -> bool:
    """Whether a number is that of a folder."""
    return file is not None and file <= FOLDER


def renamed(names: dict[str, int], change: Name) -> None:
    """The entries of a directory after a change of it."""
    if change.former is not None:
        names.pop(change.former, None)
    before = names.pop(change.path, None) if change.file is None else names.get(change.path)
    if is_folder(before) and before != change.file:
        # What was in the folder goes with it, though another one may take its place.
        for path in [path for path in names if path.startswith(change.path + "/")]:
            del names[path]
    if change.file is not None:
        names[change.path] = change.file


def is_there(names: dict[str, int], change: Name) -> bool:
    """Whether a change is of a directory that has a name, and not of one that another has replaced."""
    return not change.folder or names.get(change.folder) == change.within


def apply(change: Change, names: dict[str, int], contents: dict[int, bytes]) -> None:
    """Let a change happen to names and bytes; nothing happens in a directory that is gone."""
    if isinstance(change, Name):
        if is_there(names, change):
            renamed(names, change)
    else:
        contents[change.file] = written(contents.get(change.file, b""), change)


def folder_of(path: str) -> str:
    """The directory that a path is an entry of; "" for an entry of the root, which is always there."""
    return path.rsplit("/", 1)[0]
