"""The folder between `fota board make` and `fota board put`: the files of a board, and a list of them in their order.

`board.json` has the list; `files/` is the root of the board's file system. A folder is whole or does not exist.
Leaves to others: what the files are (`make`), and how they get on a board (`put`).
"""

import hashlib
import json
import os
import shutil
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from typing import Any

from fota_operator.bounded_text import parse_json
from fota_operator.errors import AlreadyThere, BadInput, NotFound, OperatorError
from fota_operator.files import read_bounded

LIST_NAME = "board.json"
FILES_NAME = "files"

_FORMAT = 1
_MAX_LIST_BYTES = 1 << 20
_MAX_FILE_BYTES = 16 << 20
_REMEDY = "make the folder again with `fota board make`"


@dataclass(frozen=True)
class BoardFile:
    """One file. `path` is absolute, on the board."""

    path: str
    content: bytes = field(repr=False)
    is_state: bool = False
    """Whether the device changes it: it is put once, and never over one that is there."""

    @property
    def sha256(self) -> str:
        """The digest of its content, in hexadecimal."""
        return hashlib.sha256(self.content).hexdigest()


@dataclass(frozen=True)
class BoardContents:
    """All that goes on a board, in the order in which it is put: what starts it is last."""

    kind: str
    thing: str
    home: str
    slot_size_bytes: int
    files: tuple[BoardFile, ...]


def write_folder(out: Path, contents: BoardContents) -> None:
    """Write the folder; one that was made before is replaced. *Raises* AlreadyThere, OperatorError.

    Only its owner can read it: a private key and the password of a Wi-Fi are in it.
    """
    if out.exists() and not (out / LIST_NAME).exists() and (not out.is_dir() or any(out.iterdir())):
        raise AlreadyThere(f"{out} is there and holds other things", "choose another folder")
    staged, before = out.with_name(f".{out.name}.part"), out.with_name(f".{out.name}.old")
    try:
        for left in (staged, before):
            shutil.rmtree(left, ignore_errors=True)
        staged.mkdir(mode=0o700, parents=True)
        for one in contents.files:
            _write(staged / FILES_NAME / one.path.lstrip("/"), one.content)
        _write(staged / LIST_NAME, _as_json(contents))
        if out.exists():
            out.rename(before)
        staged.rename(out)
        shutil.rmtree(before, ignore_errors=True)
    except BaseException as error:
        # Whatever interrupts this, no private key is left behind.
        shutil.rmtree(staged, ignore_errors=True)
        if before.exists() and not out.exists():
            before.rename(out)
        if not isinstance(error, OSError):
            raise
        raise OperatorError(f"cannot write {out}: {error.strerror}", "make room or choose another folder") from error


def read_folder(out: Path) -> BoardContents:
    """What is in the folder, each file compared with the list. *Raises* NotFound, BadInput."""
    path = out / LIST_NAME
    content = read_bounded(path, _MAX_LIST_BYTES, "name a folder that `fota board make` made")
    try:
        found = parse_json(content)
        fields: dict[str, Any] = found if isinstance(found, dict) else {}  # Any: what JSON makes of it
        if fields.get("format") != _FORMAT:
            raise BadInput(f"{path}: format: expected {_FORMAT}, got {fields.get('format')!r}", _REMEDY)
        files = tuple(_read(out, path, one) for one in fields["files"])
        board, thing, home = texts = [fields[name] for name in ("board", "thing", "home")]
        size = fields["slot_size_bytes"]
        if not all(isinstance(text, str) for text in texts) or type(size) is not int or not files:
            raise ValueError("expected texts, a size in bytes and a list of files")
    except (KeyError, TypeError, ValueError) as error:
        raise BadInput(f"{path} does not describe a board: {error}", _REMEDY) from error
    return BoardContents(board, thing, home, size, files)


def _read(out: Path, listed: Path, entry: dict[str, Any]) -> BoardFile:  # Any: what JSON makes of it
    path = entry["path"]
    if not isinstance(path, str) or not path.startswith("/") or ".." in PurePosixPath(path).parts:
        raise BadInput(f"{listed}: path: expected one from the root of the board, got {path!r}", _REMEDY)
    try:
        content = read_bounded(out / FILES_NAME / path.lstrip("/"), _MAX_FILE_BYTES, _REMEDY)
    except NotFound as error:
        raise BadInput(error.message, _REMEDY) from error
    one = BoardFile(path, content, is_state=entry["is_state"] is True)
    if one.sha256 != entry["sha256"]:
        raise BadInput(
            f"{out / FILES_NAME}{path}: expected the SHA-256 of {LIST_NAME}, {entry['sha256']}, got {one.sha256}",
            f"{_REMEDY}; a change there is not put on a board",
        )
    return one


def _as_json(contents: BoardContents) -> bytes:
    fields = {
        "format": _FORMAT,
        "board": contents.kind,
        "thing": contents.thing,
        "home": contents.home,
        "slot_size_bytes": contents.slot_size_bytes,
        "files": file_rows(contents.files),
    }
    return (json.dumps(fields, indent=1) + "\n").encode()


def file_rows(files: Sequence[BoardFile]) -> list[dict[str, object]]:
    """The files as programs read them, without their content."""
    return [
        {"path": one.path, "size_bytes": len(one.content), "sha256": one.sha256, "is_state": one.is_state}
        for one in files
    ]


def _write(path: Path, content: bytes) -> None:
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(content)
        file.flush()
        os.fsync(descriptor)
