"""OTA partitions: the table that says what each boot leads to."""

import itertools

import pytest

from fota.boards import boot_loader as esp32
from fota.record import Record
from fota.table import ANY, decide
from tests.labs.esp32_lab import ARMED, started

FACTS = list(itertools.product([False, True], repeat=5))


def meaning(on_trial, starts_next, runs, loader_starts_it, has_start_left):
    """The table, told once more."""
    if not on_trial:
        return "keep" if runs else "reverted"
    if not starts_next:
        return "give-back" if runs else "keep"
    if runs:
        return "run" if has_start_left else "give-up"
    if loader_starts_it:
        return "wait" if has_start_left else "cannot-start"
    return "arm" if has_start_left else "reverted"


@pytest.mark.parametrize("facts", FACTS)
def test_the_table_says_what_the_sentences_say(facts):
    assert decide(esp32.ACTIONS, facts) == meaning(*facts)


def test_every_row_of_the_table_is_the_first_that_fits_some_boot():
    first = {
        next(row for row in esp32.ACTIONS if all(row[at] in (ANY, facts[at]) for at in range(5))) for facts in FACTS
    }
    assert len(first) == len(esp32.ACTIONS)


GIVEN_UP = Record(0, trial_slot=1, attempts_spent=1, cause="health-check")


@pytest.mark.parametrize(
    ("record", "running", "next_slot", "action"),
    [
        (Record(0), 0, 0, "keep"),
        (Record(1), 1, 1, "keep"),
        (Record(1), 1, None, "keep"),
        (Record(1), 0, 0, "reverted"),
        (Record(1), 0, 1, "reverted"),
        (ARMED, 1, 1, "run"),
        (started(1), 1, 1, "run"),
        (started(2), 1, 1, "give-up"),
        (started(9), 1, 0, "give-up"),
        (ARMED, 0, 1, "wait"),
        (started(1), 0, 1, "cannot-start"),
        (ARMED, 0, 0, "arm"),
        (ARMED, 0, None, "arm"),
        (started(1), 0, 0, "reverted"),
        (started(1), 2, 2, "reverted"),
        (GIVEN_UP, 0, 0, "keep"),
        (GIVEN_UP, 1, 1, "give-back"),
        (GIVEN_UP, 1, 0, "give-back"),
    ],
)
def test_a_boot_leads_to(record, running, next_slot, action):
    assert esp32.action(record, running, next_slot) == action
