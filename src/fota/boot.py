"""Which slot starts: the decision of every boot, and its one durable write. Imports next to nothing.

Starting the image is left to the supervisor (CPython) or to `boot.py` (MicroPython).
"""

from fota import trial
from fota.errors import NothingBootable, StorageFailed
from fota.log import log
from fota.record import Record
from fota.table import ANY, decide

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from fota.record import RecordStore

DEFAULT_ATTEMPTS = 1
"""As the ancestor has it: an image that was not confirmed at its first boot is not started again."""

_START_CONFIRMED = "start-confirmed"
_START_TRIAL = "start-trial"
_GIVE_UP = "give-up"
_GIVE_UP_DAMAGED = "give-up-damaged"

#    trial starts next?  attempts left?  trial slot proves itself?  action
ACTIONS = (
    (False, ANY, ANY, _START_CONFIRMED),
    (True, False, ANY, _GIVE_UP),
    (True, True, False, _GIVE_UP_DAMAGED),
    (True, True, True, _START_TRIAL),
)
"""The table of `docs/design.md`."""


def action(record: Record, attempts: int, *, trial_is_proven: bool) -> str:
    """What this boot does. Pure."""
    facts = (
        record.trial_slot is not None and record.trial_slot == record.boot_slot,
        record.attempts_spent < attempts,
        trial_is_proven,
    )
    return decide(ACTIONS, facts)


def choose(
    records: "RecordStore",
    slot_count: int,
    proves: "Callable[[int], bool]",
    *,
    attempts: int = DEFAULT_ATTEMPTS,
    cause: str = "not-confirmed",
) -> int:
    """The slot to start now, with what must be remembered of that already saved.

    `proves(slot)` tells whether a slot holds what it was sealed with; `cause` is why the trial's last boot ended,
    where that is known. A record that cannot be saved stops no boot: then the confirmed image starts, and the one
    on trial does not, since its attempt could not be spent. *Raises* NothingBootable when no slot proves itself.
    """
    record = _readable(records, slot_count)
    if record is None:
        return _rebuild(records, slot_count, proves)
    pending = record.trial_slot if record.trial_slot == record.boot_slot else None
    decision = action(record, attempts, trial_is_proven=pending is not None and proves(pending))
    if decision == _START_TRIAL:
        # Durable before the image runs, so that no attempt is ever gained.
        # Cut after this: one attempt fewer, and the image has not run.
        if _save(records, trial.attempt_spent(record)):
            return record.boot_slot
    elif decision != _START_CONFIRMED:
        record = trial.rolled_back(record, "image-damaged" if decision == _GIVE_UP_DAMAGED else cause)
        log("rollback", slot=record.trial_slot, cause=record.cause)
        # Cut after this: the old image boots, finds the verdict rolled-back, and reports it.
        _save(records, record)
    if proves(record.confirmed_slot):
        return record.confirmed_slot
    others = list(range(slot_count))
    others.remove(record.confirmed_slot)
    if record.trial_slot is not None:
        # What was tried last is tried last of all.
        others.remove(record.trial_slot)
        others.append(record.trial_slot)
    return _adopt(records, list(filter(proves, others)))


def _readable(records: "RecordStore", slot_count: int) -> "Record | None":
    record = records.load()
    if record is None:
        return None
    return record if max(record.confirmed_slot, record.boot_slot, record.trial_slot or 0) < slot_count else None


def _rebuild(records: "RecordStore", slot_count: int, proves: "Callable[[int], bool]") -> int:
    """Both copies are unreadable, so nothing tells which image is the good one.

    The first slot that proves itself starts: on trial if another one does too, which is then what to fall back on.
    *Raises* NothingBootable.
    """
    proven = list(filter(proves, range(slot_count)))
    if len(proven) < 2:
        return _adopt(records, proven)
    slot, fallback = proven[:2]
    _save_in_both(records, trial.attempt_spent(trial.begun(Record(fallback), slot)))
    log("record-rebuilt", slot=slot)
    return slot


def _adopt(records: "RecordStore", proven: "list[int]") -> int:
    """Make the first of the slots, each of which has proved itself, the confirmed one."""
    if not proven:
        raise NothingBootable("no slot holds an image that proves itself; provision an empty folder")
    _save_in_both(records, Record(proven[0]))
    log("record-rebuilt", slot=proven[0])
    return proven[0]


def _save_in_both(records: "RecordStore", record: Record) -> None:
    """See `RecordStore.save_in_both`; a copy that cannot be written leaves the other one."""
    for _ in range(2):
        _save(records, record)


def _save(records: "RecordStore", record: Record) -> bool:
    """Whether the record could be saved. A device always boots: a disk that fails is not its end."""
    try:
        records.save(record)
    except StorageFailed as error:
        log("record-not-saved", problem=error)
        return False
    return True
