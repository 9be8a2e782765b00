"""Slots on flash: power cuts while an image replaces another; what was proven is on record, as for an installer."""

import random
from binascii import crc32

import pytest

from fota import image
from fota_testing.flash.cells import PowerCut
from fota_testing.flash.esp32 import Esp32
from fota_testing.flash.model import SECTOR_BYTES, TORN_SHAPES
from fota_testing.memory_slots import measured
from tests.labs.flash_slots import IMAGE, OTHER, content_of, fill, slots_of
from tests.labs.image_digests import digests_of


class Update:
    """Writes OTHER over IMAGE, flushing now and then; remembers how far it is proven, as the journal does."""

    def __init__(self):
        self.board = Esp32()
        slots = slots_of(self.board)
        fill(slots, 0, IMAGE)
        slots.seal(0, digests_of(IMAGE))
        fill(slots, 1, IMAGE)
        slots.seal(1, digests_of(IMAGE))
        self.proven = 0, 0

    def run(self, flush_every=1500):
        """Once more after a reset; True when the slot is sealed."""
        slots = slots_of(self.board)
        offset, crc = self.proven
        if crc32(content_of(slots, 1)[:offset]) != crc:
            offset = 0
        writer = slots.resume(1, len(OTHER), offset)
        while offset < len(OTHER):
            chunk = memoryview(OTHER)[offset : offset + flush_every]
            writer.write(chunk)
            writer.flush()
            offset += len(chunk)
            self.proven = offset, crc32(OTHER[:offset])
        writer.close()
        slots.seal(1, measured(slots, 1, memoryview(bytearray(1000))))

    def cut(self, operation, shape):
        """The power fails in that operation; whether it came so far."""
        self.board.flash.cut_at(operation, shape)
        try:
            self.run()
        except PowerCut:
            self.board.flash.restore()
            return True
        self.board.flash.restore()
        return False

    def check(self):
        """After a cut, wherever: what is sealed is whole, and the other slot is as it was."""
        slots = slots_of(self.board)
        sealed = slots.seal_of(1)
        if sealed is not None and image.proves_itself(slots, 1, memoryview(bytearray(1000))):
            assert content_of(slots, 1) in (IMAGE, OTHER)
        assert content_of(slots, 0) == IMAGE
        assert image.proves_itself(slots, 0, memoryview(bytearray(1000)))


@pytest.mark.slow
def test_a_cut_in_any_operation_leaves_nothing_that_is_sealed_and_wrong_and_the_update_goes_on():
    cuts = 0
    for shape in TORN_SHAPES:
        operation, came = 0, True
        while came:
            operation += 1
            update = Update()
            came = update.cut(operation, shape)
            update.check()
            update.run()
            assert content_of(slots_of(update.board), 1) == OTHER
            assert slots_of(update.board).seal_of(1).matches(digests_of(OTHER))
            cuts += came
    print(f"{cuts} cuts")
    assert cuts >= 5 * 16


@pytest.mark.slow
def test_a_second_cut_in_what_follows_a_cut_leaves_nothing_that_is_wrong_either():
    chance, cuts = random.Random(5), 0
    for first in range(1, 20):
        for second in range(1, 20, 3):
            update = Update()
            cuts += update.cut(first, chance.choice(TORN_SHAPES))
            cuts += update.cut(second, chance.choice(TORN_SHAPES))
            update.check()
            update.run()
            assert content_of(slots_of(update.board), 1) == OTHER
    print(f"{cuts} cuts")


def test_a_cut_while_the_head_of_a_block_is_rewritten_makes_the_download_begin_anew():
    update = Update()
    # Two flushes into the first block, and a third that is torn behind them.
    assert update.cut(2 + 2 + 1 + 1, "half")
    proven = update.proven[0]
    assert 0 < proven < SECTOR_BYTES
    assert crc32(content_of(slots_of(update.board), 1)[:proven]) == update.proven[1]
    assert update.cut(1, "all")
    assert crc32(content_of(slots_of(update.board), 1)[:proven]) != update.proven[1]
    update.run()
    assert content_of(slots_of(update.board), 1) == OTHER
