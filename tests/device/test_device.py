"""What a device may do now, from what its record says: which slot takes an image, when a trial may begin and end."""

import hashlib

import pytest

from fota import device as devices
from fota.boards import Board
from fota.device import Device
from fota.digests import Digests
from fota.errors import Busy, HashMismatch, ImageTooLarge, NoSuchSlot, NotProvisioned, SlotIsRunning
from fota.journal import Journal
from fota.record import Record, RecordStore
from fota_testing.clock import FakeClock
from fota_testing.flash.cells import MemoryCell
from fota_testing.memory_slots import MemorySlots
from fota_testing.releases import releases_in_memory

OPEN = Record(0, boot_slot=1, trial_slot=1, attempts_spent=1)
GIVEN_UP = Record(0, trial_slot=1, attempts_spent=1, cause="crashed")


class Refusing:
    """A client that must not be asked."""

    def get(self, url, headers, timeout_ms):
        raise AssertionError("no request is due")


class Lab:
    def __init__(self, record, running_slot=0, slots=2):
        self.slots = MemorySlots(slots, 1000)
        self.wanted = [self.slots.put(slot, b"image %d" % slot) for slot in range(slots)]
        self.cells = (MemoryCell(), MemoryCell())
        self.records = RecordStore(*self.cells)
        if record is not None:
            self.records.save(record)
        self.device = Device(
            Board(self.slots, self.records, Journal(MemoryCell(), MemoryCell()), releases_in_memory(self.slots)),
            running_slot,
            client=Refusing(),
            clock=FakeClock(),
            restart=lambda: None,
        )

    def writes(self):
        return sum(cell.writes for cell in self.cells)


# Which slot takes an image.


@pytest.mark.parametrize(
    ("slots", "record", "running_slot", "spare"),
    [
        (2, Record(0), 0, 1),
        (2, Record(1), 1, 0),
        (3, Record(0), 0, 1),
        (3, Record(1), 1, 0),
        (3, Record(2), 2, 0),
        (3, OPEN, 1, 2),
        (3, GIVEN_UP, 0, 1),
        (3, None, 1, 0),
    ],
)
def test_whichever_slot_is_spare_is_the_first_that_neither_runs_nor_is_fallen_back_on(
    slots, record, running_slot, spare
):
    assert Lab(record, running_slot, slots).device.slot_for(None, 10) == spare


@pytest.mark.parametrize(
    ("slots", "record", "running_slot", "number"),
    [(2, Record(0), 0, 0), (2, Record(1), 1, 1), (3, Record(2), 2, 2), (3, OPEN, 1, 1), (3, OPEN, 1, 0)],
)
def test_the_slot_that_runs_and_the_one_to_fall_back_on_take_no_image(slots, record, running_slot, number):
    with pytest.raises(SlotIsRunning, match=f"slot {number}"):
        Lab(record, running_slot, slots).device.slot_for(number, 10)


@pytest.mark.parametrize(("slots", "number"), [(2, 1), (3, 1), (3, 2)])
def test_a_spare_slot_that_is_named_is_taken(slots, number):
    assert Lab(Record(0), 0, slots).device.slot_for(number, 1000) == number


@pytest.mark.parametrize(("slots", "number"), [(2, 2), (3, 3), (2, 10**30), (2, -1)])
def test_a_slot_that_is_not_there_is_refused_with_the_ones_that_are(slots, number):
    with pytest.raises(NoSuchSlot, match=f"from 0 to {slots - 1}"):
        Lab(Record(0), 0, slots).device.slot_for(number, 10)


@pytest.mark.parametrize("number", [None, 1])
def test_an_image_past_the_capacity_is_refused(number):
    with pytest.raises(ImageTooLarge, match="slot 1 holds 1000 bytes, got 1001"):
        Lab(Record(0)).device.slot_for(number, 1001)


def test_while_both_slots_are_needed_none_is_spare():
    with pytest.raises((NoSuchSlot, SlotIsRunning)):
        Lab(OPEN, 1).device.slot_for(None, 10)


def test_choosing_a_slot_changes_nothing():
    lab = Lab(Record(0))
    before = lab.writes()
    lab.device.slot_for(None, 10)
    assert (lab.writes(), lab.slots.erases) == (before, [0, 0])


# The trial.


def test_a_trial_begins_with_an_image_that_the_slot_proves_to_hold():
    lab = Lab(Record(0))
    lab.device.begin_trial(1, lab.wanted[1])
    assert lab.records.load() == Record(0, boot_slot=1, trial_slot=1)


def test_no_trial_begins_with_another_image_than_the_wanted_one():
    lab = Lab(Record(0))
    with pytest.raises(HashMismatch):
        lab.device.begin_trial(1, lab.wanted[0])
    assert lab.records.load() == Record(0)


def test_no_trial_begins_with_an_image_that_was_damaged_since_it_was_sealed():
    lab = Lab(Record(0))
    lab.slots.damage(1, 3)
    with pytest.raises(HashMismatch):
        lab.device.begin_trial(1, lab.wanted[1])
    assert lab.records.load() == Record(0)


@pytest.mark.parametrize(("record", "running_slot"), [(OPEN, 1), (OPEN, 0), (GIVEN_UP, 1)])
def test_no_trial_begins_while_one_is_open(record, running_slot):
    lab = Lab(record, running_slot, slots=3)
    with pytest.raises(Busy):
        lab.device.begin_trial(2, lab.wanted[2])
    assert lab.records.load() == record


@pytest.mark.parametrize("record", [Record(0), GIVEN_UP])
def test_a_device_that_tries_nothing_is_not_busy(record):
    Lab(record).device.require_no_trial()


def test_a_trial_that_is_confirmed_makes_its_image_the_one_to_fall_back_on():
    lab = Lab(OPEN, 1)
    lab.device.confirm()
    assert lab.records.load() == Record(1, fallback_slot=0, healthy_boots=1)


@pytest.mark.parametrize("copy", [0, 1])
def test_a_confirm_outlives_the_loss_of_either_copy_of_the_record(copy):
    """An older copy would name as the fallback the slot that the next update writes to."""
    lab = Lab(OPEN, 1)
    lab.device.confirm()
    lab.cells[copy].unreadable = True
    assert lab.records.load() == Record(1, fallback_slot=0, healthy_boots=1)


@pytest.mark.parametrize(("record", "running_slot"), [(Record(0), 0), (GIVEN_UP, 0), (GIVEN_UP, 1), (OPEN, 0)])
def test_confirming_what_is_not_on_trial_writes_nothing(record, running_slot):
    lab = Lab(record, running_slot)
    before = lab.writes()
    lab.device.confirm()
    assert lab.writes() == before


def test_a_trial_that_its_own_image_gives_up_starts_the_old_one_next():
    lab = Lab(OPEN, 1)
    lab.device.give_up_trial("health-check")
    assert lab.records.load() == Record(0, trial_slot=1, attempts_spent=1, cause="health-check")
    assert lab.device.verdict() == "awaiting-trial"


def test_a_rollback_that_was_told_is_forgotten():
    lab = Lab(GIVEN_UP)
    lab.device.settle()
    assert lab.records.load() == Record(0)


@pytest.mark.parametrize(("record", "running_slot"), [(Record(0), 0), (OPEN, 1), (GIVEN_UP, 1)])
def test_nothing_else_is_settled(record, running_slot):
    lab = Lab(record, running_slot)
    lab.device.settle()
    assert lab.records.load() == record


def test_while_the_record_is_lost_the_running_image_counts_as_confirmed():
    lab = Lab(None, 1)
    assert lab.device.record() == Record(1)
    assert lab.device.verdict() == "settled"


def test_the_running_image_is_known_by_its_seal():
    lab = Lab(Record(0))
    assert lab.device.runs(lab.wanted[0])
    assert lab.device.runs(Digests(7, hashlib.md5(b"image 0").digest(), None))
    assert not lab.device.runs(lab.wanted[1])


# Which device this is.


@pytest.mark.parametrize(
    "settings", [{}, {"FOTA_HOME": "/somewhere"}, {"FOTA_SLOT": "0"}, {"FOTA_HOME": "/somewhere", "FOTA_SLOT": "one"}]
)
def test_a_program_that_fota_boot_did_not_start_is_told_what_to_do(monkeypatch, settings):
    for name in ("FOTA_HOME", "FOTA_SLOT"):
        monkeypatch.delenv(name, raising=False)
    for name, value in settings.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr(devices, "_current", None)
    with pytest.raises(NotProvisioned, match="fota-boot --home"):
        devices.current()
