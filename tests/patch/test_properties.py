"""Any two images: the patch between them makes the second one of the first, however little is read at a time."""

from __future__ import annotations

import random
import zlib

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fota.errors import PatchFailed
from fota.patch.apply import add_to, apply, read_head
from fota.patch.head import HEAD_BYTES
from fota_operator.patches.make import apply_patch, make_patch
from fota_testing.memory_slots import MemoryReader

BITS = st.sampled_from([9, 12, 15])


@st.composite
def pairs(draw: st.DrawFn) -> tuple[bytes, bytes]:
    """An old image, and a new one that has most of its bytes, changed, moved, left out or new."""
    seed = draw(st.integers(0, 2**32))
    alike = random.Random(seed)
    old = draw(st.binary(max_size=200)) + alike.randbytes(draw(st.integers(0, 3000)))
    pieces = []
    for _ in range(draw(st.integers(1, 8))):
        start, size = alike.randrange(len(old) + 1), alike.randrange(1, 800)
        piece = bytearray(old[start : start + size])
        for _ in range(draw(st.integers(0, 3))):
            if piece:
                piece[alike.randrange(len(piece))] ^= alike.randrange(256)
        pieces.append(bytes(piece) + alike.randbytes(alike.choice([0, 0, 3, 200])))
    return old, b"".join(pieces) or b"x"


@given(pairs(), BITS, st.sampled_from([88, 90, 256, 5000]))
@settings(deadline=None)
def test_a_patch_makes_the_new_image(pair: tuple[bytes, bytes], bits: int, buffer_bytes: int) -> None:
    old, new = pair
    patch = make_patch(old, new, window_bits=bits)
    assert apply_patch(patch.content, old) == new
    # A buffer of another size, from readers that give little at a time.
    made, reader = bytearray(), MemoryReader(patch.content)
    buffer = memoryview(bytearray(buffer_bytes))
    head = read_head(reader, buffer)
    apply(head, reader, None if head.starts_from_nothing else MemoryReader(old), made.extend, buffer)
    assert bytes(made) == new


@given(st.binary(min_size=1, max_size=700), st.integers(0, 2**32))
def test_bytes_are_added_each_for_itself(was: bytes, seed: int) -> None:
    difference = random.Random(seed).randbytes(len(was))
    sums = bytearray(was)
    add_to(memoryview(sums), memoryview(difference))
    assert bytes(sums) == bytes((one + other) % 256 for one, other in zip(was, difference, strict=True))


@given(pairs(), st.data())
@settings(deadline=None, max_examples=50)
def test_a_damaged_patch_never_makes_more_than_it_promises(pair: tuple[bytes, bytes], data: st.DataObject) -> None:
    old, new = pair
    content = bytearray(make_patch(old, new).content)
    for _ in range(20):
        damaged = bytearray(content)
        place = data.draw(st.integers(HEAD_BYTES, len(content) - 1))
        damaged[place] ^= data.draw(st.integers(1, 255))
        made = bytearray()
        reader, buffer = MemoryReader(bytes(damaged)), memoryview(bytearray(512))
        head = read_head(reader, buffer)
        try:
            apply(head, reader, None if head.starts_from_nothing else MemoryReader(old), made.extend, buffer)
        except PatchFailed:
            assert len(made) <= len(new)
        else:
            assert len(made) == len(new)


@pytest.mark.parametrize("missing", [1, 5, 100])
def test_an_old_image_that_is_shorter_than_promised_is_refused(missing: int) -> None:
    old = bytes(range(256)) * 8
    patch = make_patch(old, old[::-1] + old)
    with pytest.raises(PatchFailed, match="the old image ends"):
        apply_patch(patch.content, old[:-missing])


def test_a_stream_that_never_ends_is_left_at_the_promised_size() -> None:
    new = b"0123456789"
    endless = zlib.compressobj(9, zlib.DEFLATED, -15)
    # Decompressed it has 100 MB; a reader that is asked for more than a little of it fails.
    content = make_patch(b"", new).content[:HEAD_BYTES] + endless.compress(b"\0\1\x0a\0" + new + bytes(10**8))
    read = []

    class Counting(MemoryReader):
        def readinto(self, buffer: memoryview) -> int:
            count = super().readinto(buffer)
            read.append(count)
            return count

    reader, buffer, made = Counting(content), memoryview(bytearray(512)), bytearray()
    head = read_head(reader, buffer)
    with pytest.raises(PatchFailed, match="goes on"):
        apply(head, reader, None, made.extend, buffer)
    assert bytes(made) in (b"", new)
    assert sum(read) < HEAD_BYTES + 3000
