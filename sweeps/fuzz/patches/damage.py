"""Changes of a patch, at each of its levels: the numbers of its records, the compressed stream, the head."""

from __future__ import annotations

import zlib
from typing import TYPE_CHECKING

from sweeps.fuzz.patches.records import number

if TYPE_CHECKING:
    from collections.abc import Callable
    from random import Random

    from sweeps.fuzz.patches.records import Tokens

HEAD_BYTES = 88
_WINDOW_AT, _OLD_SIZE_AT, _OLD_SHA_AT, _NEW_SIZE_AT, _NEW_SHA_AT = 5, 8, 16, 48, 56
BOMB_BYTES = 100_000
_STRATEGIES = (zlib.Z_DEFAULT_STRATEGY, zlib.Z_HUFFMAN_ONLY, zlib.Z_RLE, zlib.Z_FIXED)
_HUGE = tuple(2**bits + more for bits in (7, 14, 16, 31, 32, 62, 63, 64, 70) for more in (-1, 0, 1))


def change_records(chance: Random, tokens: Tokens, old_bytes: int, new_bytes: int) -> Tokens:
    """The same with one of its numbers, or a few of its bytes, changed."""
    changed = list(tokens)
    at = chance.randrange(len(changed))
    one = changed[at]
    kind = chance.randrange(8)
    if kind == 0:
        del changed[at : at + chance.choice((1, 1, 2, 5))]
    elif kind == 1:
        changed[at:at] = changed[at : at + chance.choice((1, 2, 5))]
    elif kind == 2:
        changed += chance.choice(((0,), (b"\0",), (1, 3, 0, 0, b"x"), (0, 1, 0, 0), tuple(tokens)))
    elif isinstance(one, bytes):
        changed[at] = change_stream(chance, one) if one else b"\x80"
    elif kind == 3:
        changed[at] = _odd_number(chance, one)
    else:
        edges = (
            0,
            1,
            one + 1,
            one + 2,
            max(one - 1, 0),
            one ^ 1,
            2 * one,
            one // 2,
            *_around(old_bytes),
            *_around(new_bytes),
        )
        changed[at] = chance.choice(edges if kind < 7 else _HUGE)
    return changed


def change_stream(chance: Random, stream: bytes) -> bytes:
    """The same with some bytes changed, taken away or put in, or with its end missing."""
    return chance.choice(_STREAM_CHANGES)(chance, stream)


def compressed(chance: Random, records: bytes, window_bits: int, how: str) -> bytes:
    """The records as a deflate stream: of any strategy, and with what `how` says is wrong with it."""
    if how == "window":
        window_bits = chance.choice((9, 12, 15, 15))
    level = chance.choice((0, 1, 6, 6)) if how != "bomb" else 6
    strategy = chance.choice(_STRATEGIES) if how != "bomb" else zlib.Z_DEFAULT_STRATEGY
    # zlib makes no raw stream of 8 bits, and for 9 it keeps distances below what the window holds.
    stream = zlib.compressobj(level, zlib.DEFLATED, -window_bits, 9, strategy)
    pieces = [stream.compress(records)]
    if how == "bomb":
        pieces.append(stream.compress(bytes((chance.randrange(256),)) * BOMB_BYTES))
    elif how == "blocks":
        cut = chance.randrange(len(records) + 1)
        stream = zlib.compressobj(level, zlib.DEFLATED, -window_bits, 9, strategy)
        flush = chance.choice((zlib.Z_SYNC_FLUSH, zlib.Z_FULL_FLUSH, zlib.Z_PARTIAL_FLUSH, zlib.Z_BLOCK))
        pieces = [stream.compress(records[:cut]), stream.flush(flush), stream.compress(records[cut:])]
    endings = {"unfinished": zlib.Z_SYNC_FLUSH}
    pieces.append(stream.flush(endings.get(how, zlib.Z_FINISH)))
    whole = b"".join(pieces)
    if how == "wrapped":
        return zlib.compress(records)
    return whole + whole if how == "twice" else whole


def is_bomb(patch: bytes) -> bool:
    """Whether the stream of a patch has as many bytes more than it should as a bomb."""
    inflated = zlib.decompressobj(-15)
    try:
        return len(inflated.decompress(patch[HEAD_BYTES:])) > BOMB_BYTES
    except zlib.error:
        return False


STREAMS = ("blocks", "window", "window", "bomb", "unfinished", "wrapped", "twice")
"""What can be wrong, or odd, about a stream as a whole; blocks are what they may be, and so are windows at times."""


def change_head(chance: Random, head: bytes, new_bytes: int) -> bytes:
    """The same with a field changed, or a bit of any."""
    changed = bytearray(head)
    kind = chance.randrange(6)
    if kind == 0:
        changed[chance.randrange(HEAD_BYTES)] ^= 1 << chance.randrange(8)
    elif kind == 1:
        changed[_WINDOW_AT] = chance.choice((0, 8, 9, 10, 11, 12, 13, 14, 15, 16, 255))
    elif kind == 2:
        size = int.from_bytes(changed[_OLD_SIZE_AT:_OLD_SHA_AT], "big")
        changed[_OLD_SIZE_AT:_OLD_SHA_AT] = _size(chance, size)
    elif kind == 3:
        changed[_NEW_SIZE_AT:_NEW_SHA_AT] = _size(chance, new_bytes)
    elif kind == 4:
        at = chance.choice((_OLD_SHA_AT, _NEW_SHA_AT))
        changed[at : at + 32] = chance.choice((bytes(32), chance.randbytes(32)))
    else:
        return change_stream(chance, head)
    return bytes(changed)


def _around(count: int) -> tuple[int, ...]:
    return (max(count - 1, 0), count, count + 1, 2 * count, 2 * count + 1, 2 * count + 2)


def _size(chance: Random, size: int) -> bytes:
    return chance.choice((0, 1, size + 1, max(size - 1, 0), 2 * size, 2**32, 2**63, 2**64 - 1)).to_bytes(8, "big")


def _odd_number(chance: Random, value: int) -> bytes:
    """A number that is written with more bytes than it needs, or that does not end."""
    plain = number(value)
    padding = plain[:-1] + bytes((plain[-1] | 0x80,)) + b"\x80" * chance.randrange(9)
    return padding + (b"\0" if chance.random() < 0.6 else b"\xff" * chance.randrange(12))


def _flip(chance: Random, stream: bytes) -> bytes:
    changed = bytearray(stream)
    for _ in range(chance.choice((1, 1, 2, 4)) if changed else 0):
        changed[chance.randrange(len(changed))] ^= 1 << chance.randrange(8)
    return bytes(changed)


def _overwrite(chance: Random, stream: bytes) -> bytes:
    changed = bytearray(stream)
    if changed:
        changed[chance.randrange(len(changed))] = chance.choice((0, 1, 3, 4, 5, 127, 128, 255))
    return bytes(changed)


def _shorten(chance: Random, stream: bytes) -> bytes:
    # Where it ends is looked at most closely.
    cut = chance.choice((1, 1, 2, 4, chance.randrange(len(stream) + 1)))
    return stream[: max(len(stream) - cut, 0)]


def _lengthen(chance: Random, stream: bytes) -> bytes:
    return stream + chance.choice((b"\0", b"\x03\0", b"\x01\0\0\xff\xff", chance.randbytes(1), chance.randbytes(40)))


def _take_away(chance: Random, stream: bytes) -> bytes:
    at = chance.randrange(len(stream) + 1)
    return stream[:at] + stream[at + chance.randrange(1, 5) :]


def _put_in(chance: Random, stream: bytes) -> bytes:
    at = chance.randrange(len(stream) + 1)
    return stream[:at] + chance.randbytes(chance.randrange(1, 5)) + stream[at:]


_STREAM_CHANGES: tuple[Callable[[Random, bytes], bytes], ...] = (
    _flip, _flip, _flip, _overwrite, _shorten, _lengthen, _take_away, _put_in,
)  # fmt: skip
