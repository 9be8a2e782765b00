"""OTA partitions: they meet the contract of slots, and which table of partitions makes slots."""

import pytest

from fota.boards.boot_loader import BootLoaderRecords
from fota.boards.esp32 import OtaBootLoader
from fota.errors import NotProvisioned
from fota.record import RecordStore
from fota.slots.partition import PartitionSlots
from fota_testing.flash.cells import MemoryCell
from fota_testing.flash.esp32 import Esp32, firmware
from fota_testing.memory_slots import MemorySlots
from fota_testing.slots_contract import Hooks, check_slots


def test_slots_in_ota_partitions_meet_the_contract():
    def make():
        board = Esp32(slots=4, app_blocks=6, data_blocks=8)
        board.put(3, firmware(b"that runs"))
        board.boot()
        # The one that runs is left out: it is never written to, and the board sees to that.
        return PartitionSlots(OtaBootLoader(board.Partition).devices[:3], board.cells)

    assert len(check_slots(make, Hooks(reopen=lambda slots: slots))) == 2


class OnePartition:
    """A board whose table holds what is given: type, subtype, encrypted."""

    TYPE_APP, RUNNING, BOOT = 0, 1, 0

    def __init__(self, *rows):
        self._rows = rows

    def mark_app_valid_cancel_rollback(self):
        raise AssertionError("nothing is marked before the table was looked at")

    def find(self, _kind):
        return [self._Row(*row) for row in self._rows]

    def __call__(self, _which):
        return self.find(0)[0]

    class _Row:
        def __init__(self, subtype, encrypted=False):
            self._info = (0, subtype, 0, 0, "", encrypted)

        def info(self):
            return self._info


@pytest.mark.parametrize(
    "board",
    [
        OnePartition((0x00,)),
        OnePartition((0x10,)),
        OnePartition((0x10,), (0x20,)),
        OnePartition((0x10,), (0x11, True)),
    ],
)
def test_a_board_without_two_ota_partitions_that_can_be_written_is_not_provisioned(board):
    with pytest.raises(NotProvisioned):
        OtaBootLoader(board)


def test_ota_partitions_are_numbered_by_their_subtype_whatever_their_order():
    board = OnePartition((0x00,), (0x11,), (0x10,), (0x20,))
    assert [part.info()[1] for part in OtaBootLoader(board).devices] == [0x10, 0x11]


def test_firmware_that_runs_from_the_factory_partition_takes_no_update():
    loader = OtaBootLoader(OnePartition((0x00,), (0x10,), (0x11,)))
    with pytest.raises(NotProvisioned, match="does not run from"):
        BootLoaderRecords(RecordStore(MemoryCell(), MemoryCell()), MemorySlots(), loader)
