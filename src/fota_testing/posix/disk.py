"""The content of a disk while files are being written, and what a power cut may leave of it.

It is published for porters. It is pure: it knows states and changes, but no descriptors; those are in
`fota_testing.posix.files`.

Its rules allow all that POSIX allows, so they are stricter than any one file system: what was not synced may be lost,
kept, torn or kept out of order, independent of later writes; a size and the bytes below it are two changes; a new,
renamed or removed name is a change of its directory, which only a sync of that directory makes durable. A change that
was synced is never lost, and bytes outside a write never change with it. A directory that takes the place of another
is not the same: what was synced in it is lost with it, unless its own name is durable too.
"""

from __future__ import annotations

import hashlib
import random
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING

from fota_testing.posix.changes import (
    FOLDER,
    Change,
    Name,
    Resize,
    Write,
    apply,
    folder_of,
    is_folder,
    is_there,
    renamed,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

SECTOR_BYTES = 512
"""A write is torn at these bounds, and within the sector that was under way."""

MAX_BYTE_TEARS = 24
"""A write is also torn at this many other places, evenly spread."""

MIXTURES = 8
"""The shapes of one state have this many random mixtures; any other mixture can be asked for too."""


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

    def folder_synced(self, folder: str, number: int = FOLDER) -> Disk:
        """Make the entries of a directory durable; that does not make the contents of its files durable.

        They are lost all the same if the directory's own name is not durable.
        """
        names = dict(self.names)
        left: list[Change] = []
        for change in self.pending:
            if isinstance(change, Name) and (change.folder, change.within) == (folder, number):
                change = change._replace(is_synced=True)  # noqa: PLW2901 - the same change
            if isinstance(change, Name) and change.is_synced and is_there(names, change):
                renamed(names, change)
            else:
                left.append(change)
        # What is pending in a directory that is gone for good has no effect any more.
        there = {*names.values(), *(change.file for change in left if isinstance(change, Name))}
        kept = (
            change for change in left if not isinstance(change, Name) or change.within in there or not change.folder
        )
        return Disk(names, dict(self.contents), tuple(kept))

    def after_cut(self, shape: str) -> Disk:
        """The disk after a cut, in one of the `shapes`, or `mixed-N` for any N; nothing is pending then."""
        names, contents = dict(self.names), dict(self.contents)
        for change in _survivors(self.pending, shape, self.contents):
            apply(change, names, contents)
        return Disk(*_reachable(names, contents))

    def content(self, path: str) -> bytes | None:
        """The durable bytes of a file; None if there is none."""
        file = self.names.get(path)
        return None if file is None or is_folder(file) else self.contents[file]

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
                apply(change, names, contents)
            else:
                left.append(change)
        return Disk(names, contents, tuple(left))


def _reachable(names: dict[str, int], contents: dict[int, bytes]) -> tuple[dict[str, int], dict[int, bytes]]:
    """The state without the content of deleted folders, and without files that have no name."""
    kept: dict[str, int] = {}
    for path in sorted(names):
        if not folder_of(path) or folder_of(path) in kept:
            kept[path] = names[path]
    files = {file for file in kept.values() if not is_folder(file)}
    return kept, {file: contents.get(file, b"") for file in files}


def _survivors(pending: tuple[Change, ...], shape: str, durable: dict[int, bytes]) -> Iterator[Change]:
    """The changes, or parts of them, that are durable after the cut, in the order in which they apply."""
    word, _, digits = shape.partition("-")
    number = int(digits or 0)
    if word in {"torn", "tail", "alone"}:
        last = pending[-1]
        if not isinstance(last, Write):
            raise ValueError(f"{shape}: the last change is no write")
        yield from _kept(pending[:-1], range(len(pending) if word != "alone" else 0))
        yield _part(last, number, len(last.content)) if word == "tail" else _part(last, 0, number)
    elif word == "mixed":
        yield from _mixture(pending, number)
    elif word == "data":
        for change in pending:
            if isinstance(change, Write):
                yield _part(change, 0, max(0, len(durable.get(change.file, b"")) - change.offset))
            elif _is_synced(change):
                yield change
    else:
        yield from _kept(pending, _chosen(pending, word, number))


def _kept(pending: tuple[Change, ...], chosen: Iterable[int]) -> Iterator[Change]:
    """The changes with these numbers, and those that were synced."""
    wanted = frozenset(chosen)
    return (change for number, change in enumerate(pending) if number in wanted or _is_synced(change))


def _is_synced(change: Change) -> bool:
    return isinstance(change, Name) and change.is_synced


def _chosen(pending: tuple[Change, ...], word: str, number: int) -> Iterable[int]:
    """The numbers of whole changes."""
    count = len(pending)
    choices: dict[str, Iterable[int]] = {
        "lost": (),
        "kept": range(count),
        "first": range(number),
        "last": range(count - number, count),
        "without": [n for n in range(count) if n != number],
        "sizes": [n for n in range(count) if isinstance(pending[n], Resize)],
        "names": [n for n in range(count) if isinstance(pending[n], Name)],
        "contents": [n for n in range(count) if not isinstance(pending[n], Name)],
    }
    if word not in choices:
        raise ValueError(f"{word}: no shape of a power cut")
    return choices[word]


def _mixture(pending: tuple[Change, ...], seed: int) -> Iterator[Change]:
    """Keep each change at random, each sector of a write by itself; of the last write any bytes."""
    dice = random.Random(seed)  # noqa: S311 - no secret: the same mixture at every run
    for index, change in enumerate(pending):
        if not isinstance(change, Write):
            if _is_synced(change) or dice.random() < 0.5:
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
