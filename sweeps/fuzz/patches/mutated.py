"""Makes the changed patches. A patch depends on a seed and its number alone, and is the same in every run."""

from __future__ import annotations

import hashlib
import struct
from dataclasses import dataclass
from random import Random

from sweeps.fuzz.patches import damage
from sweeps.fuzz.patches.records import Good, drawn, encoded

RECORDS, STREAM, BYTES, HEAD, OLD, PROMISE = "records", "stream", "bytes", "head", "old", "promise"
_LEVELS = (
    (), (RECORDS,), (RECORDS,), (RECORDS,), (RECORDS,), (STREAM,), (STREAM,), (BYTES,), (BYTES,), (BYTES,), (HEAD,),
    (OLD,), (PROMISE,), (PROMISE,), (RECORDS, STREAM), (STREAM, BYTES), (RECORDS, HEAD), (RECORDS, RECORDS),
    (PROMISE, STREAM),
)  # fmt: skip
"""What is changed of a patch; each as often as another."""

_LAYOUT = ">4sBBxxQ32sQ32s"


@dataclass(frozen=True)
class MutatedPatch:
    """A patch, what the device has that shall apply it, and the image that a release has promised."""

    number: int
    levels: tuple[str, ...]
    """What of it was changed."""
    patch: bytes
    old: bytes
    """What the slot holds whose image runs,"""
    sealed_bytes: int
    """and what it was sealed with."""
    sealed_sha256: bytes
    wanted_bytes: int
    wanted_md5: bytes
    wanted_sha256: bytes

    @property
    def is_odd_stream(self) -> bool:
        """Whether the stream was compressed with another window at times, or the head says another one."""
        return STREAM in self.levels or HEAD in self.levels


def mutated(seed: int, number: int) -> MutatedPatch:
    """The patch of this number."""
    chance = Random(f"patch {seed} {number}")
    good = drawn(chance)
    levels = _LEVELS[number % len(_LEVELS)]
    tokens = good.tokens
    for level in levels:
        if level == RECORDS and tokens:
            tokens = damage.change_records(chance, tokens, len(good.old), len(good.new))
    window_bits = chance.choice((9, 12, 15))
    how = chance.choice(damage.STREAMS) if STREAM in levels else ""
    stream = damage.compressed(chance, encoded(tokens), window_bits, how)
    if BYTES in levels:
        stream = damage.change_stream(chance, stream)
    promised = _promised(chance, good, is_other=PROMISE in levels)
    head = _head(window_bits, good, *promised)
    if HEAD in levels:
        head = damage.change_head(chance, head, len(good.new))
    old, sealed = _held(chance, good, is_other=OLD in levels)
    size, md5, sha256 = promised
    promise = hashlib.sha256(sealed).digest()
    return MutatedPatch(number, levels, head + stream, old, len(sealed), promise, size, md5, sha256)


def _promised(chance: Random, good: Good, *, is_other: bool) -> tuple[int, bytes, bytes]:
    """Size, MD5 and SHA-256 that a release has signed; the head of the patch says the same."""
    content = good.new
    if is_other:
        # The size of another image: the records make more than it, or less.
        size = chance.choice((1, len(content) - 1, len(content) + 1, chance.randrange(2 * len(content) + 1)))
        content = (content + b"\0" * (size - len(content)))[: max(size, 1)]
    return len(content), _md5(content), hashlib.sha256(content).digest()


def _head(window_bits: int, good: Good, size: int, _md5: bytes, sha256: bytes) -> bytes:
    old_sha256 = hashlib.sha256(good.old).digest() if good.old else bytes(32)
    return struct.pack(_LAYOUT, b"FPAT", 1, window_bits, len(good.old), old_sha256, size, sha256)


def _held(chance: Random, good: Good, *, is_other: bool) -> tuple[bytes, bytes]:
    """What the slot holds whose image runs, and what it was sealed with."""
    old = good.old or b"an image that no patch starts from"
    if not is_other:
        return old, old
    wrong = chance.choice((old[:-1], old + b"\0", bytes((old[0] ^ 1,)) + old[1:], b"another image"))
    # An image that was sealed and is damaged now, or one that was installed as it is.
    return wrong, chance.choice((old, wrong))


def _md5(content: bytes) -> bytes:
    return hashlib.md5(content, usedforsecurity=False).digest()
