"""Damage for codecs: bits that flip, and bytes that are almost those of a value. Strategies of Hypothesis."""

from __future__ import annotations

from hypothesis import strategies as st

from fota_testing.flash.cells import MemoryCell

JSON_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=10), inner, max_size=3),
    max_leaves=6,
)


def cells() -> tuple[MemoryCell, MemoryCell]:
    """Where one value is kept: two cells that nothing was written to."""
    return MemoryCell(), MemoryCell()


def burst(cell: MemoryCell, position: int, pattern: int) -> None:
    """Flip one bit of what was written to a cell, and in the 31 behind it those that the pattern names.

    A CRC-32 shows every change that is within 32 bits in a row.
    """
    frame = bytes(cell.read()).rstrip(b"\0")
    first = position % (len(frame) * 8)
    flipped = int.from_bytes(cell.read(), "little") ^ (pattern << first)
    cell.write(flipped.to_bytes(cell.size_bytes, "little"))


POSITIONS = st.integers(0, 2**20)
PATTERNS = st.just(1) | st.integers(0, 2**31 - 1).map(lambda others: 2 * others + 1)


@st.composite
def mutated(draw: st.DrawFn, whole: bytes) -> bytes:
    """Bytes that were whole: cut short, with a byte changed, or with something put in."""
    place = draw(st.integers(0, len(whole)))
    put_in = draw(st.binary(max_size=4))
    skipped = draw(st.integers(0, 4))
    return whole[:place] + put_in + whole[place + skipped :]
