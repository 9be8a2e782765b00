"""Which slot starts: the decision of every boot, and its one durable write. Imports next to nothing.

Starting the image is left to the supervisor (CPython) or to `fota.start` (MicroPython).
"""

from fota import machine, trial
from fota.errors import NothingBootable, StorageFailed
from fota.log import log
from fota.record import Record
from fota.table import ANY, decide

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from fota.record import Records

_NOTHING = "no slot holds an image that proves itself; provision an empty folder"

DEFAULT_ATTEMPTS = 1
"""As in the library before this one: an image that was not confirmed in its first boot is not started again."""

READ_AGAIN_MS = (500, 2_000)
"""A record that cannot be read is asked for again after these times, before a boot has to do without it."""

_START_CONFIRMED = "start-confirmed"
_START_TRIAL = "start-trial"
_GIVE_UP = "give-up"
_GIVE_UP_DAMAGED = "give-up-damaged"

#    trial starts next?  attempts left?  trial slot verified?  action
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
    records: "Records",
    slot_count: int,
    proves: "Callable[[int], bool | None]",
    *,
    attempts: int = DEFAULT_ATTEMPTS,
    cause: str = "not-confirmed",
    likely: "int | None" = None,
) -> int:
    """The slot to start now; the record of that is saved before this returns.

    `proves(slot)` tells whether a slot holds what it was sealed with, None if it cannot be read now; `cause` is why
    the trial's last boot ended, where that is known; `likely` is the slot to prefer when the record cannot be read.
    A record that cannot be saved stops no boot: then the confirmed image starts, and the one on trial does not,
    since its attempt could not be counted. A record that cannot be read stops none either; it is left as it is.
    *Raises* NothingBootable when no slot is verified, StorageFailed when that may be because nothing can be read.
    """
    try:
        record = _readable(records, slot_count)
    except StorageFailed as error:
        log("record-not-read", problem=error)
        return _guess(_proven(range(slot_count), proves), likely)
    if record is None:
        return _rebuild(records, slot_count, proves)
    pending = record.trial_slot if record.trial_slot == record.boot_slot else None
    is_proven = None if pending is None else proves(pending)
    if pending is not None and is_proven is None and not _proven((record.confirmed_slot,), proves):
        raise StorageFailed("no image can be read now")
    decision = action(record, attempts, trial_is_proven=bool(is_proven))
    if decision == _START_TRIAL:
        # Durable before the image runs, so that a power cut never gives an extra attempt.
        # Cut after this: one attempt fewer, and the image has not run.
        if _save(records, trial.attempt_spent(record)):
            return record.boot_slot
    elif decision != _START_CONFIRMED:
        record = trial.rolled_back(record, "image-damaged" if decision == _GIVE_UP_DAMAGED else cause)
        log("rollback", slot=record.trial_slot, cause=record.cause)
        # Cut after this: the old image boots, finds the verdict rolled-back, and reports it.
        _save(records, record)
    else:
        record = _after_crashes(records, record, proves, cause)
    if proves(record.confirmed_slot):
        return record.confirmed_slot
    others = list(range(slot_count))
    others.remove(record.confirmed_slot)
    if record.trial_slot is not None:
        # The slot that was on trial is tried after all others.
        others.remove(record.trial_slot)
        others.append(record.trial_slot)
    return _adopt(records, _proven(others, proves))


def _proven(slots: "Iterable[int]", proves: "Callable[[int], bool | None]") -> "list[int]":
    """Those of the slots that are verified. *Raises* StorageFailed if there is none, and one cannot be read now."""
    proven, unread = [], False
    for slot in slots:
        answer = proves(slot)
        unread = unread or answer is None
        if answer:
            proven.append(slot)
    if unread and not proven:
        raise StorageFailed("no image can be read now")
    return proven


def _guess(proven: "list[int]", likely: "int | None") -> int:
    """One of the verified slots, while nobody knows which is due. Nothing is saved.

    Any of them, since one that crashes must not be started for ever. *Raises* NothingBootable.
    """
    if not proven:
        raise NothingBootable(_NOTHING)
    if likely is not None and likely in proven:
        return likely
    return proven[int(machine.random_fraction() * len(proven))]


def _after_crashes(records: "Records", record: Record, proves: "Callable[[int], bool | None]", cause: str) -> Record:
    """The record of a settled boot: the one before, unless the confirmed image has crashed too often to go on."""
    slot = record.fallback_slot
    if slot is None or record.crashes < trial.MAX_CRASHES or not proves(slot):
        return record
    record = trial.fallen_back(record, "hung" if cause == "hung" else "crashed")
    log("fell-back", slot=record.trial_slot, crashes=record.attempts_spent)
    # Cut after this: the old image boots, and tells it. Before: this is decided again in the next boot.
    _save(records, record)
    return record


def crashed(records: "Records", slot: int) -> None:
    """Count that the image of a slot has crashed, if it was confirmed there and is in its probation.

    Only an end that speaks against the image is a crash: no power cut, and no want of the network.
    """
    record = known(records)
    if record is not None and trial.is_in_probation(record, slot):
        # Cut before this: the crash is not counted.
        _save(records, trial.crashed(record))


def goes_on(records: "Records", slot: int, proves: "Callable[[int], bool | None]") -> bool:
    """Whether the image on trial in that slot may be started again within the attempt that was spent for it.

    For an image that was not to blame for its end. Nothing is saved, so a power cut never gives an extra attempt.
    """
    record = known(records)
    if record is None or not slot == record.trial_slot == record.boot_slot:
        return False
    return record.attempts_spent > 0 and bool(proves(slot))


def known(records: "Records") -> "Record | None":
    """The boot record; None if there is none, or it cannot be read now. For what a later look puts right."""
    try:
        return records.load()
    except StorageFailed as error:
        log("record-not-read", problem=error)
        return None


def _readable(records: "Records", slot_count: int) -> "Record | None":
    """*Blocks* for 2.5 s at most while it cannot be read; then *raises* StorageFailed."""
    for delay_ms in READ_AGAIN_MS:
        try:
            record = records.load()
            break
        except StorageFailed:
            machine.sleep_ms(delay_ms)
    else:
        record = records.load()
    if record is None:
        return None
    return record if max(record.confirmed_slot, record.boot_slot, record.trial_slot or 0) < slot_count else None


def _rebuild(records: "Records", slot_count: int, proves: "Callable[[int], bool | None]") -> int:
    """Both copies are damaged or gone, so nothing tells which image is the good one.

    The first verified slot starts. If another slot is verified too, the first is on trial and the other its fallback.
    *Raises* NothingBootable.
    """
    proven = _proven(range(slot_count), proves)
    if len(proven) < 2:
        return _adopt(records, proven)
    slot, fallback = proven[:2]
    _save_in_both(records, trial.attempt_spent(trial.begun(Record(fallback), slot)))
    log("record-rebuilt", slot=slot)
    return slot


def _adopt(records: "Records", proven: "list[int]") -> int:
    """Make the first of these verified slots the confirmed one."""
    if not proven:
        raise NothingBootable(_NOTHING)
    _save_in_both(records, Record(proven[0]))
    log("record-rebuilt", slot=proven[0])
    return proven[0]


def _save_in_both(records: "Records", record: Record) -> None:
    """See `Records.save_in_both`; a copy that cannot be written leaves the other one."""
    for _ in range(2):
        _save(records, record)


def _save(records: "Records", record: Record) -> bool:
    """Save the record; returns whether that worked. A device always boots, even with a failing disk."""
    try:
        records.save(record)
    except StorageFailed as error:
        log("record-not-saved", problem=error)
        return False
    return True
