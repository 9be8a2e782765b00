"""What a boot means: every case of the table, against the same said in plain sentences."""

import itertools

import pytest

from fota import trial
from fota.record import CAUSES, Record
from fota.table import ANY, decide

SETTLED = Record(0)
OPEN = Record(0, boot_slot=1, trial_slot=1, attempts_spent=1)
GIVEN_UP = Record(0, trial_slot=1, attempts_spent=1, cause="crashed")


def meaning(on_trial, running_it, starts_next):
    if not on_trial:
        return "settled" if running_it else "awaiting-trial"
    if running_it and starts_next:
        return "on-trial"
    if not running_it and not starts_next:
        return "rolled-back"
    return "awaiting-trial"


@pytest.mark.parametrize("facts", list(itertools.product([False, True], repeat=3)))
def test_the_table_of_verdicts_says_what_the_sentences_say(facts):
    assert decide(trial.VERDICTS, facts) == meaning(*facts)


@pytest.mark.parametrize(
    ("record", "running_slot", "verdict"),
    [
        (SETTLED, 0, "settled"),
        (SETTLED, 1, "awaiting-trial"),
        (OPEN, 1, "on-trial"),
        (OPEN, 0, "awaiting-trial"),
        (OPEN, 2, "awaiting-trial"),
        (GIVEN_UP, 0, "rolled-back"),
        (GIVEN_UP, 2, "rolled-back"),
        (GIVEN_UP, 1, "awaiting-trial"),
    ],
)
def test_a_boot_means(record, running_slot, verdict):
    assert trial.verdict(record, running_slot) == verdict


def test_every_row_of_the_table_decides_some_boot():
    decided = {meaning(*facts) for facts in itertools.product([False, True], repeat=3)}
    assert decided == {row[-1] for row in trial.VERDICTS}


def test_a_trial_begins_with_no_attempt_spent_and_the_old_slot_to_fall_back_on():
    assert trial.begun(SETTLED, 1) == Record(0, boot_slot=1, trial_slot=1)


def test_a_trial_that_begins_forgets_the_one_before():
    assert trial.begun(GIVEN_UP, 2) == Record(0, boot_slot=2, trial_slot=2)


def test_spending_an_attempt_changes_nothing_else():
    assert trial.attempt_spent(OPEN) == Record(0, boot_slot=1, trial_slot=1, attempts_spent=2)


def test_a_confirmed_image_is_what_the_next_trial_falls_back_on():
    assert trial.confirmed(OPEN).confirmed_slot == 1


def test_confirming_without_a_trial_changes_nothing():
    assert trial.confirmed(SETTLED) == SETTLED


@pytest.mark.parametrize("cause", CAUSES)
def test_a_rollback_starts_the_old_slot_and_remembers_what_was_tried_and_why(cause):
    assert trial.rolled_back(OPEN, cause) == Record(0, boot_slot=0, trial_slot=1, attempts_spent=1, cause=cause)


def test_a_rollback_that_was_told_leaves_nothing_on_trial():
    assert trial.settled(GIVEN_UP) == SETTLED


def test_the_first_row_that_fits_decides():
    rules = ((True, ANY, "first"), (ANY, True, "second"), (ANY, ANY, "third"))
    assert [decide(rules, facts) for facts in ((True, True), (False, True), (False, False))] == [
        "first",
        "second",
        "third",
    ]


def test_a_table_with_a_hole_is_a_defect_and_not_an_answer():
    with pytest.raises(AssertionError, match="cover every case"):
        decide(((True, "only this"),), (False,))
