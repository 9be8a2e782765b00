"""What a boot means, and how the record goes on from there. Pure: reads nothing, writes nothing."""

from fota.record import Record
from fota.table import ANY, decide

SETTLED = "settled"
ON_TRIAL = "on-trial"
AWAITING_TRIAL = "awaiting-trial"
ROLLED_BACK = "rolled-back"

#    on trial?  running it?  starts next?  verdict
VERDICTS = (
    (False, ANY, ANY, SETTLED),
    (True, True, True, ON_TRIAL),
    (True, False, True, AWAITING_TRIAL),
    (True, False, False, ROLLED_BACK),
    # Given up while it still runs: the restart into the old image is all that is left.
    (True, True, False, AWAITING_TRIAL),
)
"""The table of `docs/design.md`. AWAITING_TRIAL means: restart, nothing else, whatever starts then."""


def verdict(record: Record, running_slot: int) -> str:
    """What this boot means for the image that runs in `running_slot`."""
    facts = (
        record.trial_slot is not None,
        record.trial_slot == running_slot,
        record.trial_slot == record.boot_slot,
    )
    return decide(VERDICTS, facts)


def begun(record: Record, slot: int) -> Record:
    """A trial of `slot` begins: it starts next, no attempt is spent."""
    return Record(record.confirmed_slot, boot_slot=slot, trial_slot=slot)


def attempt_spent(record: Record) -> Record:
    """One more boot of the image on trial; to be saved before that image runs."""
    return Record(
        record.confirmed_slot,
        boot_slot=record.boot_slot,
        trial_slot=record.trial_slot,
        attempts_spent=record.attempts_spent + 1,
    )


def confirmed(record: Record) -> Record:
    """The image on trial is good: it stays, and is what later trials fall back on."""
    return record if record.trial_slot is None else Record(record.trial_slot)


def rolled_back(record: Record, cause: str) -> Record:
    """The trial is given up; the old slot starts next. Remembered until `settled`."""
    return Record(
        record.confirmed_slot,
        trial_slot=record.trial_slot,
        attempts_spent=record.attempts_spent,
        cause=cause,
    )


def settled(record: Record) -> Record:
    """The rollback has been told: nothing is on trial any more."""
    return Record(record.confirmed_slot)
