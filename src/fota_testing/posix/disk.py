"""The content of a disk while files are being written, and what a power cut may leave of it.

It is published for porters. It is pure: it knows states and changes, but no descriptors; those are in
`fota_testing.posix.files`.

Its rules allow all that POSIX allows, so they are stricter than any one file system: what was not synced may be lost,
kept, torn or kept out of order, independent of later writes; a size and the bytes below it are two changes; a new,
renamed or removed name is a change of its directory, which only a sync of that directory makes durable. A change that
was synced is never lost, and bytes outside a write never change with it.
"""

from __future__ import annotations

import hashlib
import random
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

SECTOR_BYTES = 512
"""A write is torn at these bounds, and within the sector that was under way."""

MAX_BYTE_TEARS = 24
"""A write is also torn at this many other places, evenly spread."""

MIXTURES = 8
"""The shapes of one state have this many random mixtures; any other mixture can be asked for too."""

FOLDER = -1
"""Marks a folder where a file has a number."""

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


Change = Write | Resize | Name


@dataclass(frozen=True, eq=False)
class Disk:
    """One state: what is durable, and the changes since then in the order in which they were asked for."""

    names: dict[str, int]
    contents: dict[int, bytes]
    pending: tuple[Change, ...] = ()

    def with_change(self, change: Change) -> Disk:
        """Add one pending change."""
        return Disk(self.names, self.contents, (*self.pending, change))

    def file_synced(self, file: int) -> Disk:
        """Make bytes and size of a file durable; that does not make its name durable."""
        return self._synced(lambda change: not isinstance(change, Name) and change.file == file)

    def folder_synced(self, folder: str) -> Disk:
        """Make the entries of a directory durable; that does not make the contents of its files durable."""
        return self._synced(lambda change: isinstance(change, Name) and change.folder == folder)

    def after_cut(self, shape: str) -> Disk:
        """The disk after a cut, in one of the `shapes`, or `mixed-N` for any N; nothing is pending then."""
        names, contents = dict(self.names), dict(self.contents)
        for change in _survivors(self.pending, shape, self.contents):
            _apply(change, names, contents)
        return Disk(*_reachable(names, contents))

    def content(self, path: str) -> bytes | None:
        """The durable bytes of a file; None if there is none."""
        file = self.names.get(path)
        return None if file is None or file == FOLDER else self.contents[file]

    def fingerprint(self) -> bytes:
        """Equal for two states whose names, bytes and pending changes are equal, whatever happened before."""
        digest = hashlib.blake2b(digest_size=16)
        for path in sorted(self.names):
            content = self.content(path)
            digest.update(path.encode() + (b"/" if content is None else b"=" + _digest(content)))
        if self.pending:
            digest.update(repr(self.pending).encode())
        return digest.digest()

    def shapes(self) -> list[str]:
        """Every way in which the pending changes can be lost or kept; the first is the simplest.

        lost, kept       none of them, or all
        first-N, last-N  only the first or the last N
        without-N        all but one of those before the last
        torn-N, tail-N   the last write up to byte N, or from there on; all before it
        alone-N          the last write up to byte N; nothing before it
        sizes, data      sizes without bytes; bytes within the old sizes
        names, contents  directories without files; files without directories
        mixed-N          a mixture drawn with N as the seed
        """
        count = len(self.pending)
        if not count:
            return ["kept"]
        shapes = ["lost", "kept"]
        shapes += [f"first-{n}" for n in range(1, count)] + [f"last-{n}" for n in range(1, count)]
        shapes += [f"without-{n}" for n in range(count - 1)]
        last = self.pending[-1]
        if isinstance(last, Write):
            for place in _tears(last):
                shapes += [f"torn-{place}", f"tail-{place}"] + ([f"alone-{place}"] if count > 1 else [])
        if count > 1:
            shapes += ["sizes", "data", "names", "contents"]
        return shapes + [f"mixed-{n}" for n in range(MIXTURES)]

    def _synced(self, settles: Callable[[Change], bool]) -> Disk:
        names, contents = dict(self.names), dict(self.contents)
        left = []
        for change in self.pending:
            if settles(change):
                _apply(change, names, contents)
            else:
                left.append(change)
        return Disk(names, contents, tuple(left))


def written(content: bytes, change: Write | Resize) -> bytes:
    """The bytes of a file after a change of it."""
    if isinstance(change, Resize):
        if change.at_least and len(content) >= change.size_bytes:
            return content
        return content[: change.size_bytes].ljust(change.size_bytes, _NEVER_WRITTEN)
    before = content[: change.offset].ljust(change.offset, _NEVER_WRITTEN)
    return before + change.content + content[change.offset + len(change.content) :]


def renamed(names: dict[str, int], change: Name) -> None:
    """The entries of a directory after a change of it."""
    if change.former is not None:
        names.pop(change.former, None)
    if change.file is None:
        names.pop(change.path, None)
    else:
        names[change.path] = change.file


def _apply(change: Change, names: dict[str, int], contents: dict[int, bytes]) -> None:
    if isinstance(change, Name):
        renamed(names, change)
    else:
        contents[change.file] = written(contents.get(change.file, b""), change)


def _reachable(names: dict[str, int], contents: dict[int, bytes]) -> tuple[dict[str, int], dict[int, bytes]]:
    """The state without the content of deleted folders, and without files that have no name."""
    kept: dict[str, int] = {}
    for path in sorted(names):
        if not folder_of(path) or folder_of(path) in kept:
            kept[path] = names[path]
    files = {file for file in kept.values() if file != FOLDER}
    return kept, {file: contents.get(file, b"") for file in files}


def folder_of(path: str) -> str:
    """The directory that a path is an entry of; "" for an entry of the root, which is always there."""
    return path.rsplit("/", 1)[0]


def _survivors(pending: tuple[Change, ...], shape: str, durable: dict[int, bytes]) -> Iterator[Change]:
    """The changes, or parts of them, that are durable after the cut, in the order in which they apply."""
    word, _, digits = shape.partition("-")
    number = int(digits or 0)
    if word in {"torn", "tail", "alone"}:
        last = pending[-1]
        if not isinstance(last, Write):
            raise ValueError(f"{shape}: the last change is no write")
        yield from pending[:-1] if word != "alone" else ()
        yield _part(last, number, len(last.content)) if word == "tail" else _part(last, 0, number)
    elif word == "mixed":
        yield from _mixture(pending, number)
    elif word == "data":
        for change in pending:
            if isinstance(change, Write):
                yield _part(change, 0, max(0, len(durable.get(change.file, b"")) - change.offset))
    else:
        yield from _chosen(pending, word, number)


def _chosen(pending: tuple[Change, ...], word: str, number: int) -> tuple[Change, ...]:
    """Whole changes."""
    choices = {
        "lost": (),
        "kept": pending,
        "first": pending[:number],
        "last": pending[len(pending) - number :],
        "without": pending[:number] + pending[number + 1 :],
        "sizes": tuple(change for change in pending if isinstance(change, Resize)),
        "names": tuple(change for change in pending if isinstance(change, Name)),
        "contents": tuple(change for change in pending if not isinstance(change, Name)),
    }
    if word not in choices:
        raise ValueError(f"{word}: no shape of a power cut")
    return choices[word]


def _mixture(pending: tuple[Change, ...], seed: int) -> Iterator[Change]:
    """Keep each change at random, each sector of a write by itself; of the last write any bytes."""
    dice = random.Random(seed)  # noqa: S311 - no secret: the same mixture at every run
    for index, change in enumerate(pending):
        if not isinstance(change, Write):
            if dice.random() < 0.5:
                yield change
            continue
        grain_bytes = SECTOR_BYTES if index < len(pending) - 1 else dice.choice((1, 8, SECTOR_BYTES))
        for start, end in _grains(change, grain_bytes):
            if dice.random() < 0.5:
                yield _part(change, start, end)


def _grains(change: Write, grain_bytes: int) -> list[tuple[int, int]]:
    """The parts of a write between multiples of `grain_bytes`."""
    end = len(change.content)
    first = -change.offset % grain_bytes or grain_bytes
    bounds = [0, *range(first, end, grain_bytes), end]
    return list(pairwise(bounds))


def _tears(change: Write) -> list[int]:
    """Where a write may end: at the bounds of sectors, and at some bytes between."""
    size_bytes = len(change.content)
    step = max(1, size_bytes // MAX_BYTE_TEARS)
    places = {start for start, _ in _grains(change, SECTOR_BYTES)} | set(range(step, size_bytes, step))
    return sorted(places - {0})


def _part(change: Write, start: int, end: int) -> Write:
    return Write(change.file, change.offset + start, change.content[start:end])


_digests: dict[bytes, bytes] = {}
_MAX_DIGESTS = 50_000


def _digest(content: bytes) -> bytes:
    """The digest of one file; it is cached, since most files of two states are the same."""
    found = _digests.get(content)
    if found is None:
        if len(_digests) >= _MAX_DIGESTS:
            _digests.clear()
        found = _digests[content] = hashlib.blake2b(content, digest_size=16).digest()
    return found
