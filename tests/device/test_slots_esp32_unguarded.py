"""OTA partitions: boot loaders, and programs, that do not guard the trial."""

import pytest

from fota import trial
from fota.record import Record
from fota_testing.flash.esp_boot import VALID
from tests.labs.esp32_lab import Lab
from tests.labs.present import present


def test_without_a_guard_an_image_that_is_never_confirmed_is_given_up_by_itself():
    lab = Lab(guards=False)
    lab.begin_trial()
    assert [lab.reboot() and lab.running for _ in range(4)] == [1, 1, 1, 0]
    assert (lab.verdict, present(lab.records.load()).cause) == (trial.ROLLED_BACK, "not-confirmed")


def test_without_a_guard_a_damaged_image_does_not_make_the_board_restart_for_ever():
    lab = Lab(guards=False)
    lab.begin_trial()
    lab.board.put(1, b"damaged")
    lab.reboot()
    assert lab.verdict == "awaiting-trial"
    assert lab.reboot().cause == "image-damaged"
    assert (lab.verdict, lab.board.loader.next_slot()) == (trial.ROLLED_BACK, 0)


def test_a_program_that_marks_itself_valid_too_early_is_given_up_all_the_same():
    lab = Lab()
    lab.begin_trial()
    lab.reboot()
    lab.board.Partition.mark_app_valid_cancel_rollback()
    lab.records.save(trial.rolled_back(present(lab.records.load()), "health-check"))
    lab.reboot()
    assert (lab.running, lab.verdict) == (1, "awaiting-trial")
    lab.reboot()
    assert (lab.running, lab.verdict) == (0, trial.ROLLED_BACK)
    assert lab.states[0] == VALID


@pytest.mark.parametrize("old", [0, 1])
def test_an_image_that_was_given_up_and_reset_softly_gives_back_and_a_cut_then_leaves_a_way_back(old):
    lab = Lab()
    if old:
        lab.begin_trial()
        lab.reboot()
        lab.confirm()
    lab.records.save(trial.begun(present(lab.records.load()), 1 - old))
    lab.reboot()
    lab.records.save(trial.rolled_back(present(lab.records.load()), "health-check"))
    # The boot loader knows nothing of a soft reset.
    lab.open().reconcile()
    assert lab.boot_and_die() == old
    for _ in range(3):
        lab.reboot()
    assert (lab.running, lab.verdict, lab.states[old]) == (old, trial.ROLLED_BACK, VALID)


def test_when_there_is_nothing_to_go_back_to_what_runs_is_kept():
    lab = Lab(guards=False)
    lab.begin_trial()
    lab.reboot()
    lab.board.put(0, b"damaged")
    lab.records.save(trial.rolled_back(present(lab.records.load()), "health-check"))
    lab.reboot()
    assert lab.running == 1
    assert lab.records.load() == Record(1)
