"""A board with firmware in OTA partitions, for the tests of its record and its boot loader."""

from fota import trial
from fota.boards.boot_loader import BootLoaderRecords
from fota.boards.esp32 import OtaBootLoader
from fota.record import Record, RecordStore
from fota.slots.partition import PartitionSlots
from fota_testing.flash.cells import MemoryCell
from fota_testing.flash.esp32 import Esp32, FlashCell, firmware
from fota_testing.flash.esp_boot import VALID
from tests.labs.present import present

ARMED = Record(0, boot_slot=1, trial_slot=1)


def started(spent):
    return Record(0, boot_slot=1, trial_slot=1, attempts_spent=spent)


class Lab:
    """A board with firmware in both slots, slot 0 running and confirmed; what the program does is done by hand."""

    def __init__(self, *, new=None, slots=2, guards=True):
        self.board = Esp32(slots=slots, app_blocks=1, data_blocks=2 * slots + 2, guards=guards)
        self.images = [firmware(b"image %d" % slot) for slot in range(slots)]
        if new is not None:
            self.images[1] = new
        for slot in range(slots):
            self.board.put(slot, self.images[slot])
        self.cells: tuple[MemoryCell | FlashCell, MemoryCell | FlashCell] = self.board.cells(slots)
        self.reboot()

    def reboot(self):
        """The chip is reset, and the image that starts does as it should."""
        self.board.boot()
        self.open()
        return self.records.reconcile()

    def boot_and_die(self):
        """The chip is reset, and the image that starts dies before our code."""
        return self.board.boot()

    def open(self):
        loader = OtaBootLoader(self.board.Partition)
        self.slots = PartitionSlots(loader.devices, self.board.cells)
        self.records = BootLoaderRecords(RecordStore(*self.cells), self.slots, loader)
        return self.records

    def raw(self):
        """The record as it is stored, that no boot loader follows."""
        return RecordStore(*self.cells)

    @property
    def running(self):
        return self.board.loader.running_slot

    @property
    def verdict(self):
        return trial.verdict(present(self.records.load()), self.running)

    @property
    def states(self):
        return self.board.loader.states()

    def begin_trial(self):
        self.records.save(trial.begun(present(self.records.load()), 1))

    def confirm(self):
        self.records.save_in_both(trial.confirmed(present(self.records.load())))

    def settled_in(self, slot):
        """Record and boot loader agree that this is the image, for good."""
        return (self.records.load(), self.running, self.board.loader.next_slot(), self.states[slot]) == (
            Record(slot),
            slot,
            slot,
            VALID,
        )


def keep_the_record_elsewhere(lab):
    """So that it can be written when the flash of the boot loader refuses."""
    cells = (MemoryCell(), MemoryCell())
    lab.cells = cells
    lab.reboot()
    return cells
