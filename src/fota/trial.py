"""What a boot means, and which boot record follows. Pure: this file reads nothing and writes nothing."""

from fota.record import Record
from fota.table import ANY, decide

PROBATION_BOOTS = 3
"""A confirmed image needs this many healthy boots, the one of its confirm included, to end its probation."""

MAX_CRASHES = 3
"""A confirmed image in its probation falls back when it crashed so often in a row, with no healthy boot between."""

SETTLED = "settled"
ON_TRIAL = "on-trial"
AWAITING_TRIAL = "awaiting-trial"
ROLLED_BACK = "rolled-back"

#    on trial?  running it?  starts next?  verdict
VERDICTS = (
    (False, True, ANY, SETTLED),
    # The boot chooser could not read the record, and started another image; or could not save what it did start.
    (False, False, ANY, AWAITING_TRIAL),
    (True, True, True, ON_TRIAL),
    (True, False, True, AWAITING_TRIAL),
    (True, False, False, ROLLED_BACK),
    # Given up while it still runs: only the restart into the old image is left to do.
    (True, True, False, AWAITING_TRIAL),
)
"""The table of `docs/design.md`. It asks about the image on trial; if there is no trial, about the confirmed one.

AWAITING_TRIAL means: only a restart may follow, into any slot.
"""


def verdict(record: Record, running_slot: int) -> str:
    """What this boot means for the image that runs in `running_slot`."""
    on_trial = record.trial_slot is not None
    facts = (
        on_trial,
        (record.trial_slot if on_trial else record.confirmed_slot) == running_slot,
        record.trial_slot == record.boot_slot,
    )
    return decide(VERDICTS, facts)


def begun(record: Record, slot: int) -> Record:
    """Begin a trial of `slot`: it starts next, and no attempt is used yet."""
    return Record(record.confirmed_slot, boot_slot=slot, trial_slot=slot)


def attempt_spent(record: Record) -> Record:
    """Count one more boot of the image on trial; save it before that image runs."""
    return Record(
        record.confirmed_slot,
        boot_slot=record.boot_slot,
        trial_slot=record.trial_slot,
        attempts_spent=record.attempts_spent + 1,
    )


def confirmed(record: Record) -> Record:
    """Confirm the image on trial: it stays, and its probation begins, in which it can still fall back."""
    if record.trial_slot is None:
        return record
    return Record(record.trial_slot, fallback_slot=record.confirmed_slot, healthy_boots=1)


def was_healthy(record: Record) -> Record:
    """Count a healthy boot of the confirmed image; the probation ends with the last one that it needs."""
    if record.fallback_slot is None or record.healthy_boots + 1 >= PROBATION_BOOTS:
        return without_fallback(record)
    return Record(record.confirmed_slot, fallback_slot=record.fallback_slot, healthy_boots=record.healthy_boots + 1)


def crashed(record: Record) -> Record:
    """Count a crash of the confirmed image in its probation."""
    return Record(
        record.confirmed_slot,
        fallback_slot=record.fallback_slot,
        healthy_boots=record.healthy_boots,
        crashes=record.crashes + 1,
    )


def is_in_probation(record: Record, slot: int) -> bool:
    """Whether the image of a slot is confirmed, and can still fall back."""
    return record.fallback_slot is not None and record.confirmed_slot == slot


def without_fallback(record: Record) -> Record:
    """The same, with no way back: the probation has ended, or the slot of the fallback is to be written to."""
    return record if record.fallback_slot is None else Record(record.confirmed_slot)


def fallen_back(record: Record, cause: str = "crashed") -> Record:
    """The confirmed image crashes in its probation: the fallback takes its place. Told as a trial given up, later.

    `cause`: how the last of its crashes came.
    """
    if record.fallback_slot is None:
        return record
    return Record(
        record.fallback_slot,
        trial_slot=record.confirmed_slot,
        attempts_spent=record.crashes,
        cause=cause,
        healthy_boots=record.healthy_boots,
    )


def displaced(record: Record, slot: int, cause: str) -> Record:
    """The image of `slot` takes the place of the confirmed one, which cannot start. Told as a fall back."""
    healthy_boots = record.healthy_boots or PROBATION_BOOTS
    return Record(slot, trial_slot=record.confirmed_slot, cause=cause, healthy_boots=healthy_boots)


def is_fallen_back(record: Record) -> bool:
    """Whether the image that was given up had been confirmed before."""
    return record.trial_slot is not None and record.healthy_boots > 0


def rolled_back(record: Record, cause: str) -> Record:
    """Give up the trial; the old slot starts next. The record says so until `settled`."""
    return Record(
        record.confirmed_slot,
        trial_slot=record.trial_slot,
        attempts_spent=record.attempts_spent,
        cause=cause,
    )


def settled(record: Record) -> Record:
    """Forget the trial, once its rollback was reported: nothing is on trial any more."""
    return Record(record.confirmed_slot)
