"""Which part of the old image each part of the new one is compared with. Pure.

bsdiff takes long, and much memory, for large and repetitive input. So an archive is compared member by member,
each with the member of the same name, or the same content; anything else in windows of some megabytes.
"""

import hashlib
import io
import re
import struct
import zipfile
import zlib
from collections.abc import Iterator
from dataclasses import dataclass

MAX_COMPARED_BYTES = 8 * 2**20
"""No more bytes of the new image are compared in one go, and at most twice as many of the old one."""
_LOCAL_HEAD_BYTES = 30
_NUMBERS = re.compile(r"[0-9.]+")
_BROKEN = (zipfile.BadZipFile, zlib.error, OSError, ValueError, NotImplementedError, struct.error)


@dataclass(frozen=True)
class Span:
    """Some bytes of an image: from `start` to before `end`."""

    start: int
    end: int

    @property
    def size_bytes(self) -> int:
        """The number of bytes."""
        return self.end - self.start


@dataclass(frozen=True)
class Pair:
    """A part of the new image, and the part of the old one that it is compared with."""

    new: Span
    old: Span
    name: str = ""
    """The member of the archive; empty for what is between members."""


def pairs(old: bytes, new: bytes) -> tuple[Pair, ...]:
    """The whole of the new image, in order, each part with its counterpart in the old one, which may be empty."""
    before, after = _members(old), _members(new)
    found = _by_member(old, new, before, after) if before and after else [_whole(old, new)]
    return tuple(part for pair in found for part in _windows(pair))


def _whole(old: bytes, new: bytes) -> Pair:
    return Pair(Span(0, len(new)), Span(0, len(old)))


def _by_member(old: bytes, new: bytes, before: dict[str, Span], after: dict[str, Span]) -> Iterator[Pair]:
    by_content = {_digest(old, span): span for span in before.values()}
    # `httpx-0.28.1.dist-info/METADATA` is like the one of the version before.
    by_form = {_NUMBERS.sub("0", name): span for name, span in before.items()}
    nothing = Span(0, 0)
    place = 0
    for name, span in sorted(after.items(), key=lambda one: one[1].start):
        same_name = before.get(name) or by_form.get(_NUMBERS.sub("0", name), nothing)
        counterpart = by_content.get(_digest(new, span), same_name)
        # What stands before a member is its head, which is like the head of its counterpart.
        yield Pair(Span(place, span.start), Span(max(0, counterpart.start - 512), counterpart.start))
        yield Pair(span, counterpart, name)
        place = span.end
    yield Pair(Span(place, len(new)), Span(max(span.end for span in before.values()), len(old)))


def _windows(pair: Pair) -> Iterator[Pair]:
    """The same pair, in parts that are not too large to be compared."""
    new, old = pair.new, pair.old
    if not new.size_bytes:
        return
    if new.size_bytes <= MAX_COMPARED_BYTES and old.size_bytes <= 2 * MAX_COMPARED_BYTES:
        yield pair
        return
    for start in range(new.start, new.end, MAX_COMPARED_BYTES):
        end = min(start + MAX_COMPARED_BYTES, new.end)
        # The same place of the old one, and half a window on either side.
        near = old.start + start - new.start
        half = MAX_COMPARED_BYTES // 2
        place = Span(min(max(old.start, near - half), old.end), min(near + MAX_COMPARED_BYTES + half, old.end))
        yield Pair(Span(start, end), place if place.size_bytes > 0 else Span(0, 0), pair.name)


def _members(content: bytes) -> dict[str, Span]:
    """Where the bytes of each member of a zip archive are, by its name; empty for what is no zip archive."""
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            return {one.filename: _place(content, one) for one in archive.infolist() if one.compress_size}
    except _BROKEN:
        return {}


def _place(content: bytes, member: zipfile.ZipInfo) -> Span:
    name_bytes, extra_bytes = struct.unpack_from("<HH", content, member.header_offset + _LOCAL_HEAD_BYTES - 4)
    start = member.header_offset + _LOCAL_HEAD_BYTES + name_bytes + extra_bytes
    return Span(start, start + member.compress_size)


def _digest(content: bytes, span: Span) -> bytes:
    return hashlib.sha256(memoryview(content)[span.start : span.end]).digest()
