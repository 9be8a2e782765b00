"""OTA partitions: flash that refuses, images that are damaged, and a record that is lost."""

import pytest

from fota import trial
from fota.boards.boot_loader import BootLoaderRecords
from fota.boards.esp32 import OtaBootLoader
from fota.digests import Hasher
from fota.errors import StorageFailed
from fota.record import Record, RecordStore
from fota.trust.errors import WrongFormat
from tests.labs.esp32_lab import ARMED, Lab, keep_the_record_elsewhere, started

# What the storage, or the image, refuses.


def test_an_image_that_is_no_firmware_is_refused_and_no_trial_is_on():
    lab = Lab(new=b"no firmware at all")
    with pytest.raises(WrongFormat):
        lab.begin_trial()
    assert lab.settled_in(0)


def test_a_trial_that_the_flash_refuses_to_note_is_none():
    lab = Lab()
    keep_the_record_elsewhere(lab)
    lab.board.loader.refuses = True
    with pytest.raises(StorageFailed, match="FLASH_OP_FAIL"):
        lab.begin_trial()
    assert lab.settled_in(0)


def test_a_confirm_that_the_flash_refuses_leaves_the_image_on_trial_and_can_be_made_again():
    lab = Lab()
    keep_the_record_elsewhere(lab)
    lab.begin_trial()
    lab.reboot()
    lab.board.loader.refuses = True
    with pytest.raises(StorageFailed):
        lab.confirm()
    assert lab.verdict == "on-trial"
    lab.board.loader.refuses = False
    lab.confirm()
    assert lab.settled_in(1)


def test_a_confirm_whose_entry_got_lost_is_noticed_and_made_again():
    lab = Lab()
    lab.begin_trial()
    lab.reboot()
    # The record takes four operations; the erase of the entry is done, and its program is not.
    lab.board.flash.deaf_at = lab.board.flash.operations + 6
    with pytest.raises(StorageFailed, match="another image next"):
        lab.confirm()
    assert lab.verdict == "on-trial"
    lab.confirm()
    assert lab.settled_in(1)


def wears_out(_content):
    raise StorageFailed("worn out")


def test_a_boot_that_can_write_nothing_goes_on(monkeypatch):
    lab = Lab()
    lab.begin_trial()
    lab.board.boot()
    lab.open()
    for cell in lab.cells:
        monkeypatch.setattr(cell, "write", wears_out)
    lab.records = BootLoaderRecords(RecordStore(*lab.cells), lab.slots, OtaBootLoader(lab.board.Partition))
    assert lab.records.reconcile() == ARMED


def test_an_image_that_was_damaged_after_it_was_proven_is_rolled_back():
    lab = Lab()
    lab.begin_trial()
    lab.board.put(1, b"damaged")
    lab.reboot()
    assert (lab.running, lab.verdict) == (0, "awaiting-trial")
    record = lab.reboot()
    assert (lab.running, lab.verdict) == (0, trial.ROLLED_BACK)
    lab.records.save(trial.settled(record))
    assert lab.settled_in(0)


def test_an_image_that_was_damaged_before_the_boot_loader_was_told_is_rolled_back_as_damaged():
    lab = Lab()
    lab.raw().save(ARMED)
    lab.board.put(1, b"damaged")
    assert lab.reboot().cause == "image-damaged"
    assert lab.verdict == trial.ROLLED_BACK


def test_a_confirmed_image_that_is_damaged_later_leaves_the_old_one_for_good():
    lab = Lab()
    lab.begin_trial()
    lab.reboot()
    lab.confirm()
    lab.board.put(1, b"damaged")
    record = lab.reboot()
    assert (lab.running, lab.verdict, lab.board.loader.next_slot()) == (0, trial.ROLLED_BACK, 0)
    lab.records.save(trial.settled(record))
    assert lab.settled_in(0)


# A record that is lost.


def seal(lab, slot):
    hasher = Hasher()
    hasher.update(memoryview(lab.images[slot]))
    lab.slots.seal(slot, hasher.digests())


def lose_record(lab):
    for cell in lab.cells:
        cell.write(b"gone")


def test_a_lost_record_is_written_anew_for_what_runs():
    lab = Lab()
    lose_record(lab)
    lab.reboot()
    assert lab.settled_in(0)


def test_a_lost_record_makes_a_trial_of_what_runs_when_there_is_another_image():
    lab = Lab()
    seal(lab, 0)
    lab.begin_trial()
    lab.reboot()
    lose_record(lab)
    assert lab.open().reconcile() == started(1)
    lab.confirm()
    assert lab.settled_in(1)


def test_a_record_of_more_slots_than_there_are_is_as_good_as_lost():
    lab = Lab()
    lab.raw().save_in_both(Record(5))
    lab.reboot()
    assert lab.settled_in(0)
