"""The records of a patch before they are compressed: good ones that are drawn, and the image that they make.

The image is made by a model of its own, which knows nothing of the device's code; so is the encoding of a number.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from random import Random

Tokens = list["int | bytes"]
"""What is compressed: numbers, and bytes as they are."""

MAX_OLD_BYTES = 640
_WORDS = (b"the", b"pump", b"of", b"a", b"plant", b"is", b"started", b"and", b"stopped", b"by", b"this", b"image")


@dataclass(frozen=True)
class Good:
    """An image, and records that make another one from it."""

    old: bytes
    new: bytes
    tokens: Tokens


def drawn(chance: Random) -> Good:
    """An old image of at most some hundred bytes, empty at times, and records for it."""
    old = _image(chance) if chance.random() < 0.9 else b""
    tokens: Tokens = []
    new = bytearray()
    place = 0
    for _ in range(chance.choice((1, 2, 2, 3, 4, 6))):
        place = _record(chance, old, place, tokens, new)
    if not new:
        tokens += _last_part(0, 0, b"!", 0)
        new += b"!"
    return Good(old, bytes(new), tokens)


def encoded(tokens: Tokens) -> bytes:
    """The bytes of all of them."""
    return b"".join([one if isinstance(one, bytes) else number(one) for one in tokens])


def number(value: int) -> bytes:
    """Seven bits a byte, the lowest first; the upper bit says that more follow."""
    if value < 0x80:
        return bytes((value,))
    pieces = bytearray()
    while value > 0x7F:
        pieces.append(value & 0x7F | 0x80)
        value >>= 7
    pieces.append(value)
    return bytes(pieces)


def zigzag(distance: int) -> int:
    """A distance forward or back as a number from 0."""
    return 2 * distance if distance >= 0 else -2 * distance - 1


def _image(chance: Random) -> bytes:
    content = chance.randbytes(chance.randrange(1, MAX_OLD_BYTES // 2))
    return content + b" ".join(chance.choices(_WORDS, k=chance.randrange(MAX_OLD_BYTES // 12)))


def _record(chance: Random, old: bytes, place: int, tokens: Tokens, new: bytearray) -> int:
    """Add one record; the place in the old image after it."""
    for _ in range(chance.choice((0, 0, 1, 2))):
        copy, add = _taken(chance, len(old) - place)
        if not copy + add:
            break
        difference = _difference(chance, add)
        tokens += [copy, 2 * add, difference]
        new += _made(old, place, copy, difference)
        place += copy + add
    copy, add = _taken(chance, len(old) - place)
    difference = _difference(chance, add)
    extra = _extra(chance, new)
    if not copy + add + len(extra):
        extra = b"+"
    new += _made(old, place, copy, difference) + extra
    place += copy + add
    following = chance.choice((place, 0, len(old), chance.randrange(len(old) + 1)))
    tokens += _last_part(copy, add, difference + extra, following - place, len(extra))
    return following


def _last_part(copy: int, add: int, content: bytes, seek: int, extra: int | None = None) -> Tokens:
    return [copy, 2 * add + 1, len(content) if extra is None else extra, zigzag(seek), content]


def _taken(chance: Random, most: int) -> tuple[int, int]:
    """How many bytes a part takes of the old image, as they are and changed."""
    copy = min(chance.choice((0, 1, 7, 40, 200, 500, most)), most)
    return copy, min(chance.choice((0, 0, 1, 3, 30, 150)), most - copy)


def _difference(chance: Random, count: int) -> bytes:
    return chance.randbytes(count) if chance.random() < 0.5 else bytes((chance.randrange(256),)) * count


def _made(old: bytes, place: int, copy: int, difference: bytes) -> bytes:
    end = place + copy
    changed = bytes([(old[end + at] + step) % 256 for at, step in enumerate(difference)])
    return old[place:end] + changed


def _extra(chance: Random, new: bytes | bytearray) -> bytes:
    kind = chance.randrange(5)
    if kind == 0:
        return b""
    if kind == 4:
        # What the smallest window, of 512 bytes, holds still, or no more.
        again = chance.randbytes(20)
        return again + chance.randbytes(chance.choice((470, 491, 492, 493, 600))) + again
    if kind == 1:
        return chance.randbytes(chance.choice((1, 5, 60, 300)))
    if kind == 2:
        return bytes((chance.randrange(256),)) * chance.choice((3, 258, 700))
    # What the stream had before: the window is used.
    return bytes(new[: chance.randrange(600)])
