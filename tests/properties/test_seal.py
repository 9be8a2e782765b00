"""The seal of a slot comes back as it was; other bytes are no seal; damage breaks a seal and never changes it."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from fota import digests
from fota.digests import Digests
from fota.slots.partition import PartitionSlots
from fota_testing.flash.esp32 import Esp32
from tests.properties.damage import PATTERNS, POSITIONS, burst, cells, mutated

SEALS = st.builds(
    Digests,
    st.integers(0, 2**32 - 1),
    st.binary(min_size=16, max_size=16),
    st.binary(min_size=32, max_size=32),
)

PARTITIONS = Esp32(slots=2, app_blocks=1, data_blocks=4).Partition
DEVICES = PARTITIONS.find(PARTITIONS.TYPE_APP)


@given(SEALS)
def test_a_seal_comes_back_as_it_was(kept: Digests) -> None:
    found = digests.decode(digests.encode(kept))
    assert found is not None
    assert vars(found) == vars(kept)


@given(st.binary(max_size=60) | st.binary(min_size=52, max_size=52) | SEALS.map(digests.encode).flatmap(mutated))
def test_bytes_are_a_seal_that_says_just_that_or_none(content: bytes) -> None:
    found = digests.decode(content)
    assert (found is None) == (len(content) != 52)
    assert found is None or digests.encode(found) == content


@given(SEALS, POSITIONS, PATTERNS)
def test_a_damaged_copy_is_passed_over_and_two_are_no_seal(kept: Digests, position: int, pattern: int) -> None:
    both = cells()
    slots = PartitionSlots(DEVICES, lambda slot: both)
    slots.seal(0, kept)
    burst(both[1], position, pattern)
    found = slots.seal_of(0)
    assert found is not None
    assert vars(found) == vars(kept)
    burst(both[0], position, pattern)
    assert slots.seal_of(0) is None
