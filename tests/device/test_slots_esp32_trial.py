"""OTA partitions: a trial, from its begin to its confirm or rollback, as record and boot loader come to agree."""

from fota import trial
from fota.record import Record
from fota_testing.flash.esp_boot import ABORTED, NEW, PENDING_VERIFY, VALID
from tests.labs.esp32_lab import ARMED, Lab, keep_the_record_elsewhere, started
from tests.labs.present import present

# As it should go.


def test_a_new_board_writes_its_record_in_its_first_boot():
    assert Lab().settled_in(0)


def test_a_trial_that_begins_is_known_to_the_boot_loader():
    lab = Lab()
    lab.begin_trial()
    assert (lab.verdict, lab.board.loader.next_slot(), lab.states[1]) == ("awaiting-trial", 1, NEW)


def test_the_image_on_trial_runs_once_and_its_start_is_counted():
    lab = Lab()
    lab.begin_trial()
    record = lab.reboot()
    assert (lab.running, lab.verdict, lab.states[1]) == (1, "on-trial", PENDING_VERIFY)
    assert record == lab.records.load() == started(1)


def test_a_confirmed_image_stays():
    lab = Lab()
    lab.begin_trial()
    lab.reboot()
    lab.confirm()
    assert lab.settled_in(1)
    lab.reboot()
    assert lab.settled_in(1)


def test_a_boot_that_finds_all_as_it_should_be_writes_nothing():
    lab = Lab()
    before = lab.board.flash.operations
    lab.reboot()
    assert lab.board.flash.operations == before


def test_an_update_writes_the_record_five_times_at_most():
    lab = Lab()
    cells = keep_the_record_elsewhere(lab)
    before = cells[0].writes + cells[1].writes
    lab.begin_trial()
    lab.reboot()
    lab.confirm()
    assert cells[0].writes + cells[1].writes - before == 5


# The boot loader goes back by itself.


def test_an_image_that_was_not_confirmed_is_rolled_back_and_the_job_can_say_failed():
    lab = Lab()
    lab.begin_trial()
    lab.reboot()
    record = lab.reboot()
    assert (lab.running, lab.verdict, record.cause) == (0, trial.ROLLED_BACK, "not-confirmed")
    assert (lab.board.loader.next_slot(), lab.states) == (0, {0: VALID, 1: ABORTED})


def test_an_image_that_dies_before_our_code_is_started_twice_and_rolled_back():
    lab = Lab()
    lab.begin_trial()
    assert lab.boot_and_die() == 1
    lab.reboot()
    assert (lab.running, lab.verdict) == (0, "awaiting-trial")
    assert lab.boot_and_die() == 1
    record = lab.reboot()
    assert (lab.running, lab.verdict, record.cause) == (0, trial.ROLLED_BACK, "not-confirmed")


def test_an_image_that_finds_itself_unwell_is_gone_after_a_restart():
    lab = Lab()
    lab.begin_trial()
    lab.reboot()
    lab.records.save(trial.rolled_back(present(lab.records.load()), "health-check"))
    record = lab.reboot()
    assert (lab.running, lab.verdict, record.cause) == (0, trial.ROLLED_BACK, "health-check")


def test_a_rollback_that_was_told_is_forgotten():
    lab = Lab()
    lab.begin_trial()
    lab.reboot()
    lab.reboot()
    lab.records.save(trial.settled(present(lab.records.load())))
    assert lab.settled_in(0)


def test_after_a_rollback_the_next_trial_begins_as_the_first_did():
    lab = Lab()
    for _ in range(3):
        lab.begin_trial()
        lab.reboot()
        lab.reboot()
        lab.records.save(trial.settled(present(lab.records.load())))
    lab.begin_trial()
    lab.reboot()
    lab.confirm()
    assert lab.settled_in(1)


# What a cut between record and boot loader leaves.


def test_a_trial_that_the_boot_loader_was_not_told_of_begins_at_the_next_boot():
    lab = Lab()
    lab.raw().save(ARMED)
    lab.reboot()
    assert (lab.running, lab.verdict, lab.board.loader.next_slot()) == (0, "awaiting-trial", 1)
    lab.reboot()
    assert (lab.running, lab.verdict) == (1, "on-trial")


def test_a_confirm_that_the_boot_loader_was_not_told_of_is_a_rollback():
    lab = Lab()
    lab.begin_trial()
    lab.reboot()
    lab.raw().save_in_both(Record(1))
    record = lab.reboot()
    assert (lab.running, lab.verdict) == (0, trial.ROLLED_BACK)
    assert record == Record(0, trial_slot=1, attempts_spent=1, cause="not-confirmed")


def test_a_boot_loader_that_could_not_even_write_where_it_stands_is_told():
    lab = Lab()
    lab.board.flash.erase(0)
    lab.board.flash.program(0, b"\x01\x00\x00\x00")
    lab.reboot()
    assert lab.settled_in(0)


def test_three_slots_take_turns():
    lab = Lab(slots=3)
    for slot in (2, 1, 0, 1):
        lab.records.save(trial.begun(present(lab.records.load()), slot))
        lab.reboot()
        lab.confirm()
        assert lab.settled_in(slot)
