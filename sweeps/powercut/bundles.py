"""Bundles as their maker packs them, and the tree that a device must make of each.

This file was written from docs/reference/boot-contract.md and the format that `fota.bundle` describes, and uses none
of the code under test.
"""

from __future__ import annotations

import hashlib
import io
import json
import sys
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from typing import TYPE_CHECKING, NamedTuple
from unittest import mock

from fota.bundle import byte_code_cpython

if TYPE_CHECKING:
    from types import TracebackType

RUNTIME = f"cp{sys.version_info.major}{sys.version_info.minor}-any"
"""The Python that runs the sweep."""

PROTOCOL = "1"
_BLOCK_BYTES = 4096
_DATE = (1980, 1, 1, 0, 0, 0)


class File(NamedTuple):
    """One file of a bundle."""

    path: str
    content: bytes


@cache
def packed(files: tuple[File, ...]) -> bytes:
    """The bytes of a bundle with these files, sorted by path: its list, then each file, all stored."""
    rows = [[one.path, 0o644, len(one.content), hashlib.sha256(one.content).hexdigest()] for one in files]
    contents = {
        "boot": 1,
        "entry": "__main__",
        "files": rows,
        "format": 1,
        "runtime": RUNTIME,
        "tree": tree_bytes(files),
        "version": "1.0",
    }
    text = json.dumps(contents, sort_keys=True, separators=(",", ":")).encode()
    body = io.BytesIO()
    with zipfile.ZipFile(body, "w") as archive:
        for name, content in [("fota-bundle.json", text), *files]:
            entry = zipfile.ZipInfo(name, _DATE)
            entry.create_system, entry.external_attr = 3, 0o100644 << 16
            archive.writestr(entry, content)
    return body.getvalue()


def tree_bytes(files: tuple[File, ...]) -> int:
    """The room of the tree: each file in blocks, twice for a source, and a block for each folder."""
    blocks, folders = 0, set()
    for path, content in files:
        is_source = path.endswith(".py")
        blocks += (2 if is_source else 1) * -(-len(content) // _BLOCK_BYTES)
        folders |= {path[:end] for end, sign in enumerate(path) if sign == "/"}
        folders |= {path.rpartition("/")[0] + "/__pycache__"} if is_source else set()
    return (blocks + len(folders)) * _BLOCK_BYTES


@cache
def unpacked(files: tuple[File, ...]) -> dict[str, bytes | None]:
    """What the tree must hold, and nothing else: each file, byte code beside each source; None for a folder."""
    tree: dict[str, bytes | None] = dict(files)
    for path, content in files:
        if path.endswith(".py"):
            folder, _, name = path.rpartition("/")
            place = f"{folder}/__pycache__/{name[:-3]}.{sys.implementation.cache_tag}.pyc"
            tree[place] = byte_code_of(content)
    folders = {path[:end] for path in tree for end, sign in enumerate(path) if sign == "/"}
    return tree | dict.fromkeys(folders)


def byte_code_of(source: bytes) -> bytes:
    """What stands for the byte code of a source: it is the same on every Python."""
    return b"code of " + hashlib.sha256(source).digest()


class _Compiler:
    """See `fota.bundle.byte_code_cpython.Compiler`, which starts a process; here nothing but the device runs."""

    def __enter__(self) -> _Compiler:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Nothing to end."""

    def byte_code(self, _path: str, source: bytes) -> bytes:
        """See there."""
        return byte_code_of(source)


@contextmanager
def started_by_fota_boot() -> Iterator[None]:
    """While inside, bundles are taken: this process has the environment of an image, and no process is started."""
    with (
        mock.patch.dict("os.environ", {"FOTA_BOOT_PROTOCOL": PROTOCOL}),
        mock.patch.object(byte_code_cpython, "Compiler", _Compiler),
    ):
        yield
