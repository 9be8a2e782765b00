"""Slots on raw flash: the contract, what flash demands besides, and what a power cut in each operation leaves."""

import random

import pytest

from fota import image
from fota.digests import Digests
from fota.errors import ImageTooLarge, StorageFailed
from fota.slots.partition import PartitionSlots
from fota_testing.flash.esp32 import Esp32
from fota_testing.flash.model import SECTOR_BYTES
from fota_testing.memory_slots import measured
from fota_testing.slots_contract import Hooks, check_slots
from tests.labs.flash_slots import IMAGE, OTHER, content_of, fill, slots_of
from tests.labs.image_digests import digests_of


@pytest.fixture
def boards():
    """Makes slots on a board of their own each; knows which board is whose."""

    class Boards:
        def __init__(self):
            self.of = {}

        def make(self, slots=2):
            board = Esp32(slots=slots, app_blocks=6, data_blocks=2 * slots)
            made = slots_of(board)
            self.of[id(made)] = (board, made)
            return made

        def reopen(self, slots):
            board = self.of[id(slots)][0]
            found = slots_of(board)
            self.of[id(found)] = (board, found)
            return found

        def tear_seal(self, slots, slot):
            for cell in self.of[id(slots)][0].cells(slot):
                cell.write(cell.read()[:30])

        def refuse(self, slots, _slot):
            self.of[id(slots)][0].loader.refuses = True

    return Boards()


def test_slots_on_flash_meet_every_clause(boards):
    assert (
        check_slots(boards.make, Hooks(reopen=boards.reopen, tear_seal=boards.tear_seal, refuse=boards.refuse)) == []
    )


def test_sixteen_slots_on_flash_meet_the_contract(boards):
    check_slots(lambda: boards.make(16))


def test_an_image_may_fill_its_slot_to_the_last_byte():
    board = Esp32(app_blocks=2)
    slots, content = slots_of(board), random.Random(3).randbytes(2 * SECTOR_BYTES)
    assert slots.capacity_bytes(1) == len(content)
    fill(slots, 1, content)
    assert content_of(slots, 1) == content


@pytest.mark.parametrize("slot", [-1, 2])
def test_a_slot_that_is_not_there_has_no_room(slot):
    with pytest.raises(ImageTooLarge, match="holds 0 bytes"):
        slots_of(Esp32()).writer(slot, 1)


def test_each_block_is_erased_once_however_small_the_chunks():
    board = Esp32()
    fill(slots_of(board), 1, IMAGE, chunk_bytes=7)
    assert board.flash.erases[6:10] == [1, 1, 1, 1]


def test_nothing_is_erased_before_there_is_something_to_write():
    board = Esp32()
    slots_of(board).writer(1, len(IMAGE)).close()
    assert board.flash.erases[6:10] == [0, 0, 0, 0]


def test_a_flush_within_a_block_costs_no_further_erase():
    board = Esp32()
    writer = slots_of(board).writer(1, len(IMAGE))
    for start in range(0, len(IMAGE), 500):
        writer.write(memoryview(IMAGE)[start : start + 500])
        writer.flush()
    assert board.flash.erases[6:10] == [1, 1, 1, 1]
    assert content_of(slots_of(board), 1) == IMAGE


def test_a_seal_that_is_broken_already_costs_no_write():
    board = Esp32()
    slots_of(board).writer(1, len(IMAGE))
    before = board.flash.operations
    slots_of(board).resume(1, len(IMAGE), 0)
    assert board.flash.operations == before


@pytest.mark.parametrize("offset", [1, 4095, 4096, 4097, 9000, len(IMAGE) - 1, len(IMAGE)])
def test_a_download_goes_on_at_any_byte_behind_what_was_programmed_after_it(offset):
    board = Esp32()
    fill(slots_of(board), 1, IMAGE)
    writer = slots_of(board).resume(1, len(IMAGE), offset)
    writer.write(memoryview(IMAGE)[offset:])
    writer.close()
    assert content_of(slots_of(board), 1) == IMAGE


def test_a_resumed_download_that_brings_nothing_erases_nothing():
    board = Esp32()
    fill(slots_of(board), 1, IMAGE)
    before = list(board.flash.erases)
    slots_of(board).resume(1, len(IMAGE), 5000).close()
    assert board.flash.erases == before


class FailsOnce:
    """A device that programs what it is given, and says of one write that it failed."""

    def __init__(self, device, write):
        self._device = device
        self._left = write
        self.ioctl, self.readblocks = device.ioctl, device.readblocks

    def writeblocks(self, block, content, offset):
        self._device.writeblocks(block, content, offset)
        self._left -= 1
        if self._left == 0:
            raise OSError(5)


@pytest.mark.parametrize("write", [1, 2])
def test_a_write_that_failed_half_way_is_made_again_in_an_erased_block(write):
    board = Esp32()
    slots = PartitionSlots(
        [FailsOnce(part, write) for part in board.Partition.find(board.Partition.TYPE_APP)], board.cells
    )
    writer = slots.writer(1, len(IMAGE))
    for start in range(0, len(IMAGE), 1000):
        writer.write(memoryview(IMAGE)[start : start + 1000])
        if start == 1000 * (write - 1):
            with pytest.raises(StorageFailed, match="flash"):
                writer.flush()
        elif start < 4000:
            writer.flush()
    writer.close()
    assert content_of(slots_of(board), 1) == IMAGE
    assert board.flash.erases[6] == 2


@pytest.mark.parametrize("copy", [0, 1])
def test_the_loss_of_one_copy_of_a_seal_does_not_cost_the_slot(copy):
    board = Esp32()
    fill(slots_of(board), 1, IMAGE)
    slots_of(board).seal(1, digests_of(IMAGE))
    board.cells(1)[copy].write(b"lost")
    assert image.proves_itself(slots_of(board), 1, memoryview(bytearray(1000)))


def test_a_block_that_cannot_be_erased_is_a_storage_that_failed():
    class NoErase:
        def readblocks(self, block, buffer, offset):
            raise AssertionError("nothing is read before the block is erased")

        def writeblocks(self, block, content, offset):
            raise AssertionError("nothing is written before the block is erased")

        def ioctl(self, command, argument):
            return {4: 4, 5: SECTOR_BYTES}.get(command, -22)

    slots = PartitionSlots([NoErase(), NoErase()], Esp32().cells)
    writer = slots.writer(1, 10)
    writer.write(memoryview(b"0123456789"))
    with pytest.raises(StorageFailed, match="cannot be erased"):
        writer.close()


def test_flash_that_cannot_be_read_proves_nothing():
    board = Esp32()
    slots = slots_of(board)
    # A seal from a larger slot: its image ends past the end.
    slots.seal(1, Digests(1 << 20, bytes(16), bytes(32)))
    with pytest.raises(StorageFailed, match="ESP_ERR_INVALID_SIZE"):
        measured(slots, 1, memoryview(bytearray(1 << 20)))
    assert not image.proves_itself(slots, 1, memoryview(bytearray(1 << 20)))


def test_an_operation_that_did_nothing_is_seen_when_the_slot_is_read_back():
    for operation in range(1, 9):
        board = Esp32()
        fill(slots_of(board), 1, OTHER)
        slots_of(board).writer(1, len(IMAGE))
        board.flash.deaf_at = board.flash.operations + operation
        try:
            fill(slots_of(board), 1, IMAGE)
        except AssertionError:
            # The model refuses to program what is not erased; a chip would give a mixture.
            continue
        assert content_of(slots_of(board), 1) != IMAGE
