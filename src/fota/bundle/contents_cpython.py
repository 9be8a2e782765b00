"""What a bundle holds: the list in front of its files, read and written in one place for builder and device.

A bundle is a zip archive whose members are all stored, not compressed. The first is the list, LIST_NAME; the others
follow, sorted by path. Dates are DATE, attributes those of `attributes_of`; there are no folders, links, comments or
extra fields. So a bundle is known by its first bytes, and the same input gives the same bytes.

The list is JSON with sorted keys and no spaces, in UTF-8, at most MAX_LIST_BYTES:

format    1
version   the version of the image: 1 to 64 letters, digits and . _ + -
entry     what is started: "MODULE", as `python -m` does, or "MODULE:FUNCTION"; "__main__" is app/__main__.py
runtime   the Python and the platform, "cp311-manylinux_2_31_aarch64"; "cp311-any" if nothing in it is compiled
boot      the protocol between fota-boot and the image that it needs, 1 to 255
tree      bytes that the unpacked tree takes, as `tree_bytes` counts them
files     [[path, mode, size, SHA-256 in hexadecimal digits], ...], sorted by path: every member but the list

A path begins with app/, the program's folder, or lib/, the packages. It is one that every file system keeps as it
is, and no two paths are one on a file system that ignores case or Unicode's normal forms.
"""

import json
import re
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass
from itertools import pairwise
from typing import NamedTuple

from fota.fields import is_hexadecimal, is_whole

KIND = "bundle"
"""The kind of image, as a manifest names it."""

LIST_NAME = "fota-bundle.json"
FORMAT = 1
BOOT_PROTOCOL = 1
"""The first protocol of fota-boot that can start a bundle."""

MAIN = "__main__"
"""The entry of a bundle that names no other: app/__main__.py."""

APP, LIB = "app", "lib"
MODES = (0o644, 0o755)
DATE = (1980, 1, 1, 0, 0, 0)
MAX_FILES = 20_000
MAX_LIST_BYTES = 4 << 20
MAX_PATH_BYTES = 240
MAX_FILE_BYTES = 2_147_483_647
MAX_TREE_BYTES = 9_007_199_254_740_991
MAX_BOOT = 255

FIRST_BYTES = 30 + len(LIST_NAME)
"""As many bytes of a file say whether it is a bundle."""

_LOCAL_HEADER = b"PK\x03\x04"
_UNIX_FILE = 0o100000
_BLOCK_BYTES = 4096
_BYTE_CODE_FOLDER = "__pycache__"
_NOT_KEPT_SURELY = frozenset('\\:*?"<>|')
_VERSION = re.compile(r"[A-Za-z0-9][A-Za-z0-9._+-]{0,63}")
_RUNTIME = re.compile(r"[a-z]{2}[0-9]{2,4}-[a-z0-9_]{1,56}")
_WORD = r"[A-Za-z_][A-Za-z0-9_]*"
_ENTRY = re.compile(rf"{_WORD}(\.{_WORD})*(:{_WORD}(\.{_WORD})*)?")
_MAX_ENTRY = 200


class Member(NamedTuple):
    """One file of a bundle."""

    path: str
    mode: int
    """One of MODES."""
    size_bytes: int
    sha256: str
    """64 hexadecimal digits in lower case."""


@dataclass(frozen=True)
class Contents:
    """The list of a bundle. Made by `parse`, or by `contents_of`, which both check it."""

    version: str
    entry: str
    runtime: str
    boot: int
    tree_bytes: int
    files: tuple[Member, ...]

    def encoded(self) -> bytes:
        """The list as it stands in the bundle."""
        return _encoded(
            {
                "format": FORMAT,
                "version": self.version,
                "entry": self.entry,
                "runtime": self.runtime,
                "boot": self.boot,
                "tree": self.tree_bytes,
                "files": [list(member) for member in self.files],
            }
        )


def contents_of(
    files: Iterable[Member], *, version: str, runtime: str, entry: str = MAIN, boot: int = BOOT_PROTOCOL
) -> Contents:
    """The list of a bundle with these files, in any order. *Raises* ValueError, as `parse`."""
    members = tuple(sorted(files))
    contents = Contents(version, entry, runtime, boot, tree_bytes(members), members)
    return parse(contents.encoded())


def parse(text: bytes) -> Contents:
    """Read and check a list. *Raises* ValueError, which names the field, or the path, and what was expected."""
    fields = _fields(text)
    if not is_whole(fields.get("format"), FORMAT, FORMAT):
        raise ValueError(f"format: expected {FORMAT}, got {fields.get('format')!r}")
    version, entry, runtime = (_text(fields, name) for name in ("version", "entry", "runtime"))
    if not _VERSION.fullmatch(version):
        raise ValueError(f"version: expected 1 to 64 letters, digits and . _ + -, got {version!r}")
    if len(entry) > _MAX_ENTRY or not _ENTRY.fullmatch(entry):
        raise ValueError(f"entry: expected MODULE or MODULE:FUNCTION, got {entry!r}")
    if not _RUNTIME.fullmatch(runtime):
        raise ValueError(f"runtime: expected PYTHON-PLATFORM such as cp311-any, got {runtime!r}")
    boot = fields.get("boot")
    if not isinstance(boot, int) or not is_whole(boot, 1, MAX_BOOT):
        raise ValueError(f"boot: expected a whole number, 1 to {MAX_BOOT}, got {boot!r}")
    files = _files(fields.get("files"))
    expected_bytes = tree_bytes(files)
    if not is_whole(fields.get("tree"), expected_bytes, expected_bytes):
        raise ValueError(f"tree: expected {expected_bytes}, which its files make, got {fields.get('tree')!r}")
    if expected_bytes > MAX_TREE_BYTES:
        raise ValueError(f"tree: {expected_bytes} bytes, at most {MAX_TREE_BYTES}")
    if set(fields) != {"format", "version", "entry", "runtime", "boot", "tree", "files"}:
        raise ValueError("list: expected the fields of format 1 and no other")
    return Contents(version, entry, runtime, boot, expected_bytes, files)


def is_bundle(first: bytes) -> bool:
    """Whether a file that begins with these bytes, FIRST_BYTES of them, claims to be a bundle."""
    name = LIST_NAME.encode()
    length = int.from_bytes(first[26:28], "little")
    return first.startswith(_LOCAL_HEADER) and length == len(name) and first[30:FIRST_BYTES] == name


def attributes_of(mode: int) -> int:
    """The external attributes of a member with that mode, on create_system 3."""
    return (_UNIX_FILE | mode) << 16


def tree_bytes(files: Iterable[Member]) -> int:
    """The room of the unpacked tree: its files and folders in blocks, and as much for byte code as for each .py."""
    total, folders = 0, set()
    for member in files:
        times = 2 if member.path.endswith(".py") else 1
        total += times * -(-member.size_bytes // _BLOCK_BYTES) * _BLOCK_BYTES
        folders.update(folders_of(member.path))
        if times == 2:
            folders.add(member.path.rpartition("/")[0] + "/" + _BYTE_CODE_FOLDER)
    return total + len(folders) * _BLOCK_BYTES


def folders_of(path: str) -> list[str]:
    """The folders that a path goes through, from the top: `app/web/a.py` gives `app` and `app/web`."""
    parts = path.split("/")
    return ["/".join(parts[:depth]) for depth in range(1, len(parts))]


def require_path(path: object) -> str:
    """The path, if each file system of a device keeps it as it is, inside its tree. *Raises* ValueError."""
    if type(path) is not str:
        raise ValueError(f"path: expected a text, got {path!r}")
    problem = _problem_with(path)
    if problem:
        raise ValueError(f"path {path!r}: {problem}")
    return path


def _problem_with(path: str) -> str:
    """What is wrong with a path; the first of these rules that it breaks."""
    parts = path.split("/")
    size_bytes = len(path.encode(errors="replace"))
    # A dot or a space at the end is lost on FAT; this covers `.` and `..` too.
    rules = (
        (any(unicodedata.category(sign) == "Cs" for sign in path), "is no UTF-8"),
        (parts[0] not in (APP, LIB) or len(parts) < 2, f"expected one that begins with {APP}/ or {LIB}/"),
        (size_bytes > MAX_PATH_BYTES, f"has {size_bytes} bytes, at most {MAX_PATH_BYTES}"),
        (unicodedata.normalize("NFC", path) != path, "is not in Unicode's normal form C"),
        (_NOT_KEPT_SURELY & set(path), "has a character that not every file system keeps"),
        (any(unicodedata.category(sign) == "Cc" for sign in path), "has a control character"),
        (
            any(not part or part[-1] in ". " for part in parts),
            "has a part that is empty, or ends in a dot or a space",
        ),
        (_BYTE_CODE_FOLDER in path.casefold().split("/"), "is byte code, which is made on the device"),
    )
    return next((problem for is_broken, problem in rules if is_broken), "")


def _files(rows: object) -> tuple[Member, ...]:
    if type(rows) is not list or not 0 < len(rows) <= MAX_FILES:
        raise ValueError(f"files: expected a list of 1 to {MAX_FILES} files")
    files = tuple(_member(row) for row in rows)
    for before, after in pairwise(files):
        if before.path >= after.path:
            raise ValueError(f"files: expected them sorted by path and each once, got {after.path!r} too late")
    _require_apart(files)
    return files


def _member(row: object) -> Member:
    if type(row) is not list or len(row) != 4:
        raise ValueError("files: expected [path, mode, size, SHA-256] for each")
    path, mode, size_bytes, sha256 = row
    require_path(path)
    if type(mode) is not int or mode not in MODES:
        raise ValueError(f"path {path!r}: mode: expected {' or '.join(map(str, MODES))}, got {mode!r}")
    if not is_whole(size_bytes, 0, MAX_FILE_BYTES):
        raise ValueError(f"path {path!r}: size: expected a whole number up to {MAX_FILE_BYTES}, got {size_bytes!r}")
    if not is_hexadecimal(sha256, 64):
        raise ValueError(f"path {path!r}: SHA-256: expected 64 hexadecimal digits in lower case")
    return Member(path, mode, size_bytes, sha256)


def _require_apart(files: tuple[Member, ...]) -> None:
    """*Raises* ValueError for two names that are one on some file system, and for a file that is a folder too."""
    names: dict[str, tuple[str, bool]] = {}
    for member in files:
        entries = [(folder, True) for folder in folders_of(member.path)] + [(member.path, False)]
        for name, is_folder in entries:
            known = names.setdefault(_folded(name), (name, is_folder))
            if known[0] != name:
                raise ValueError(f"path {name!r}: differs from {known[0]!r} only in case or in Unicode's form")
            if known[1] != is_folder:
                raise ValueError(f"path {name!r}: is a file and a folder")


def _folded(name: str) -> str:
    return unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", name).casefold())


def _fields(text: bytes) -> dict[str, object]:
    if len(text) > MAX_LIST_BYTES:
        raise ValueError(f"list: {len(text)} bytes, at most {MAX_LIST_BYTES}")
    try:
        fields = json.loads(text)
        # A text that two parsers could read differently is not encoded like this.
        is_canonical = type(fields) is dict and _encoded(fields) == text
    except (ValueError, RecursionError) as error:
        raise ValueError("list: expected JSON in UTF-8") from error
    if not is_canonical:
        raise ValueError("list: expected an object in JSON with sorted keys and no spaces")
    return dict(fields)


def _encoded(fields: object) -> bytes:
    return json.dumps(fields, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()


def _text(fields: dict[str, object], name: str) -> str:
    value = fields.get(name)
    if not isinstance(value, str):
        raise ValueError(f"{name}: expected a text, got {value!r}")  # noqa: TRY004 - it came from outside
    return value
