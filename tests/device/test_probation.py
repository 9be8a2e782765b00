"""A confirmed image that crashes before it was healthy in three boots: the image before it takes its place."""

import pytest

from fota import boot, trial
from fota.durable import DurableValue
from fota.record import Record, RecordStore
from fota_testing.flash.cells import MemoryCell
from tests.labs.device_lab import FACTORY, DeviceLab

NEW = b"new image"
PROBATION = Record(1, fallback_slot=0, healthy_boots=1)


@pytest.fixture
def lab() -> DeviceLab:
    return DeviceLab()


def stored(record):
    cells = (MemoryCell(), MemoryCell())
    store = RecordStore(*cells)
    store.save(record)
    return store, cells


def proving(*slots):
    return lambda slot: slot in slots


def crash(store: RecordStore, times: int, *, slot: int = 1) -> None:
    for _ in range(times):
        boot.crashed(store, slot)


def test_a_confirmed_image_goes_on_with_a_probation_and_a_way_back():
    assert trial.confirmed(Record(0, boot_slot=1, trial_slot=1, attempts_spent=1)) == PROBATION


def test_it_is_started_again_after_two_crashes_in_a_row():
    store, _ = stored(PROBATION)
    crash(store, 2)
    assert boot.choose(store, 2, proving(0, 1)) == 1


def test_after_three_crashes_in_a_row_the_image_before_it_starts():
    store, _ = stored(PROBATION)
    crash(store, 3)
    assert boot.choose(store, 2, proving(0, 1)) == 0
    assert store.load() == Record(0, trial_slot=1, attempts_spent=3, cause="crashed", healthy_boots=1)


def test_a_healthy_boot_between_begins_the_count_again():
    store, _ = stored(PROBATION)
    crash(store, 2)
    store.save(trial.was_healthy(store.load()))
    crash(store, 2)
    assert boot.choose(store, 2, proving(0, 1)) == 1


def test_power_cuts_and_restarts_are_no_crash():
    store, _ = stored(PROBATION)
    for _ in range(20):
        assert boot.choose(store, 2, proving(0, 1)) == 1
    assert store.load() == PROBATION


@pytest.mark.parametrize("cause", ["offline", "not-confirmed", "not-started"])
def test_an_end_that_is_no_crash_is_not_counted(cause):
    store, _ = stored(PROBATION)
    for _ in range(20):
        assert boot.choose(store, 2, proving(0, 1), cause=cause) == 1


def test_it_does_not_fall_back_on_a_slot_that_does_not_prove_itself():
    store, _ = stored(PROBATION)
    crash(store, 9)
    assert boot.choose(store, 2, proving(1)) == 1


def test_a_crash_of_another_slots_image_is_not_counted():
    store, _ = stored(PROBATION)
    crash(store, 9, slot=0)
    assert store.load() == PROBATION


def test_a_crash_on_trial_is_not_counted_here():
    on_trial = Record(0, boot_slot=1, trial_slot=1, attempts_spent=1)
    store, _ = stored(on_trial)
    crash(store, 9)
    assert store.load() == on_trial


def test_more_crashes_than_the_record_can_count_are_still_crashes():
    store, _ = stored(PROBATION)
    crash(store, 300)
    assert boot.choose(store, 2, proving(0, 1)) == 0


@pytest.mark.parametrize("tail", [[9, 1, 3], [1, 1, 3], [0, 0, 3], [99, 1, 3]])
def test_a_record_whose_probation_makes_no_sense_starts_the_confirmed_image(tail):
    cells = (MemoryCell(), MemoryCell())
    DurableValue(b"FREC", *cells).save(bytes([2, 1, 1, 0xFF, 0, 0, *tail]))
    assert boot.choose(RecordStore(*cells), 2, proving(0, 1)) == 1


def test_three_healthy_boots_end_it(lab: DeviceLab):
    lab.update_to(NEW)
    found = []
    for _ in range(3):
        found.append(lab.device.record())
        lab.reboot()
        lab.wake()
    assert found == [PROBATION, Record(1, fallback_slot=0, healthy_boots=2), Record(1)]


def test_a_boot_is_counted_once_however_often_the_program_looks(lab: DeviceLab):
    lab.update_to(NEW)
    for _ in range(5):
        lab.wake()
    assert lab.device.record() == PROBATION


def test_a_boot_that_is_not_well_is_not_counted(lab: DeviceLab):
    lab.update_to(NEW)
    lab.reboot()
    lab.wake(health_check=lambda: False)
    assert lab.device.record() == PROBATION


def test_the_first_download_into_the_slot_of_the_way_back_ends_the_way_back_before_a_byte_changes(lab: DeviceLab):
    lab.update_to(NEW)
    lab.publish(b"newer image", job="job-2", bc_sha256="0" * 64)
    lab.wake()
    assert lab.status("job-2") == "FAILED"
    assert lab.device.record() == Record(1)


def test_either_copy_of_the_record_then_knows_no_way_back(lab: DeviceLab):
    lab.update_to(NEW)
    lab.publish(b"newer image", job="job-2", bc_sha256="0" * 64)
    lab.wake()
    lab.record_cells[0].unreadable = True
    assert lab.device.record() == Record(1)
    lab.record_cells[0].unreadable, lab.record_cells[1].unreadable = False, True
    assert lab.device.record() == Record(1)


def test_with_three_slots_the_next_image_goes_beside_the_way_back():
    lab = DeviceLab(slots=3)
    lab.update_to(NEW)
    assert lab.device.slot_for(None, 1) == 2
    assert lab.device.slot_for(0, 1) == 0


def test_a_crashing_image_falls_back_and_the_device_can_be_updated(lab: DeviceLab):
    lab.update_to(NEW)
    for _ in range(3):
        assert lab.running_image == NEW
        lab.reboot("crashed")
    assert lab.running_image == FACTORY
    lab.publish(b"rescue", job="job-2")
    lab.live()
    assert (lab.status("job-2"), lab.confirmed_image) == ("SUCCEEDED", b"rescue")
