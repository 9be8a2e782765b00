"""Makes the file of a patch, and proves it with the device's own code before anybody gets it.

The format: docs/reference/patch-format.md, and `fota.patch.apply`, which reads it.
"""

from __future__ import annotations

import hashlib
import re
import zlib
from collections.abc import Iterator
from dataclasses import dataclass, field

from fota.patch.apply import apply, read_head
from fota.patch.head import NOTHING, PatchHead
from fota_operator.errors import OperatorError
from fota_operator.patches.differences import OnDone, Step, steps

MICROPYTHON_WINDOW_BITS = 12
"""A window of 4 KiB, which a microcontroller has in its heap while it applies the patch."""
CPYTHON_WINDOW_BITS = 15
_SAME_BYTES = re.compile(rb"\0{4,}")
"""Fewer equal bytes cost less among the differences than as a part of their own."""
_BUFFER_BYTES = 65_536
_LEVEL = 9


@dataclass(frozen=True)
class Patch:
    """A patch that was tried: applied to the old image, it makes the new one."""

    content: bytes = field(repr=False)
    old_sha256: str
    new_sha256: str
    new_bytes: int
    slow: tuple[str, ...] = ()
    """The parts that took too long to compare, and so travel whole."""

    @property
    def size_bytes(self) -> int:
        """The number of bytes that travel."""
        return len(self.content)

    @property
    def sha256(self) -> str:
        """The SHA-256 of the patch itself."""
        return hashlib.sha256(self.content).hexdigest()


def make_patch(
    old: bytes,
    new: bytes,
    *,
    window_bits: int = CPYTHON_WINDOW_BITS,
    pair_timeout_s: float = 60.0,
    on_done: OnDone = lambda _done, _all: None,
) -> Patch:
    """The patch from one image to another; with an empty `old`, the new one compressed.

    *Blocks* while bsdiff compares them. *Raises* OperatorError if it does not make the new image, which is a
    defect of this program.
    """
    slow: list[str] = []
    found = [Step(0, 0, len(new))]
    if old:
        found, slow = steps(old, new, pair_timeout_s=pair_timeout_s, on_done=on_done)
    head = PatchHead(
        window_bits,
        len(old),
        hashlib.sha256(old).digest() if old else NOTHING,
        len(new),
        hashlib.sha256(new).digest(),
    )
    stream = zlib.compressobj(_LEVEL, zlib.DEFLATED, -window_bits, 9)
    records = b"".join(stream.compress(part) for part in _parts(old, new, found))
    content = head.encode() + records + stream.flush()
    _require_right(content, old, new)
    return Patch(content, head.old_sha256.hex(), head.new_sha256.hex(), len(new), tuple(slow))


def apply_patch(content: bytes, old: bytes) -> bytes:
    """The image that a patch makes, made as a device makes it. *Raises* PatchFailed."""
    made = bytearray()
    patch, buffer = BytesReader(content), memoryview(bytearray(_BUFFER_BYTES))
    head = read_head(patch, buffer)
    apply(head, patch, None if head.starts_from_nothing else BytesReader(old), made.extend, buffer)
    return bytes(made)


class BytesReader:
    """Bytes, read as a device reads a slot: see `fota.slots.Reader`."""

    def __init__(self, content: bytes) -> None:
        self._content = content
        self._place = 0

    def readinto(self, buffer: memoryview) -> int:
        """Fill the beginning of `buffer`; 0 at the end."""
        chunk = self._content[self._place : self._place + len(buffer)]
        buffer[: len(chunk)] = chunk
        self._place += len(chunk)
        return len(chunk)

    def seek(self, offset_bytes: int) -> None:
        """Go on reading at that byte."""
        self._place = offset_bytes

    def close(self) -> None:
        """Nothing is held open."""


def _require_right(content: bytes, old: bytes, new: bytes) -> None:
    if apply_patch(content, old) != new:
        raise OperatorError("the patch does not make the image", "send the whole image, and report this")


def _parts(old: bytes, new: bytes, found: list[Step]) -> Iterator[bytes]:
    """The bytes that are compressed, part by part."""
    made = place = 0
    if found[0].add and found[0].place:
        # A patch begins at the first byte of the old image, and a part makes a byte at least.
        first = found[0]
        yield b"\0\1" + _number(1) + _zigzag(first.place + 1) + new[:1]
        found = [Step(first.place + 1, first.add - 1, first.extra), *found[1:]]
        made, place = 1, first.place + 1
    for number, step in enumerate(found):
        end = (step.place if step.add else place) + step.add
        following = found[number + 1] if number + 1 < len(found) else step
        place = following.place if following.add and following is not step else end
        yield from _record(old, new, step, made, place - end)
        made += step.add + step.extra


def _record(old: bytes, new: bytes, step: Step, made: int, seek: int) -> Iterator[bytes]:
    """One step: parts of bytes that are the same, each with the differences behind them."""
    before, after = old[step.place : step.place + step.add], new[made : made + step.add]
    extra = new[made + step.add : made + step.add + step.extra]
    runs = list(_runs(before, after))
    for number, (copy, differing) in enumerate(runs):
        is_last = number == len(runs) - 1
        part = _number(copy.stop - copy.start) + _number(len(differing) << 1 | is_last)
        if is_last:
            part += _number(len(extra)) + _zigzag(seek)
        yield part + bytes((after[at] - before[at]) & 0xFF for at in differing) + (extra if is_last else b"")


def _runs(before: bytes, after: bytes) -> Iterator[tuple[range, range]]:
    """Places with the same bytes, each with the places behind it where bytes differ. One at least."""
    size = len(before)
    differing = int.from_bytes(before, "little") ^ int.from_bytes(after, "little")
    same = [range(*found.span()) for found in _SAME_BYTES.finditer(differing.to_bytes(size, "little"))]
    if not same or same[0].start:
        same.insert(0, range(0))
    for number, copy in enumerate(same):
        end = same[number + 1].start if number + 1 < len(same) else size
        yield copy, range(copy.stop, end)


def _number(value: int) -> bytes:
    """Seven bits a byte, the lowest first; the upper bit says that more follow."""
    encoded = bytearray()
    while value > 0x7F:
        encoded.append(value & 0x7F | 0x80)
        value >>= 7
    encoded.append(value)
    return bytes(encoded)


def _zigzag(value: int) -> bytes:
    return _number(value << 1 if value >= 0 else (-value - 1) << 1 | 1)
