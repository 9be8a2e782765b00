"""`main.py` of a microcontroller calls this: the image that is due is mounted from its slot, and its `main` runs.

    from fota.start import start
    start("/fota-home")

Not `boot.py`: on most ports USB comes up only behind it, and `mpremote` runs it each time that it connects.
It is MicroPython's counterpart of `fota-boot`; `boot` decides. It imports only what a boot needs: no connection,
no journal, no keys. An image is a file system, littlefs, in a file of the home folder.
"""

import sys

from fota import boot, boot_note, image, machine, trial
from fota._machine_micropython import collect_early, feed_with, put_setting
from fota._storage_micropython import require_no_fat
from fota.boards.watchdog import DEADLINE_MS, end_trial_after
from fota.errors import StorageFailed
from fota.image_error import last_line
from fota.image_files import ImageFiles
from fota.log import log
from fota.network_errors import is_of_the_network
from fota.progress import Progress, guarded
from fota.record import RecordStore
from fota.same_attempt import CRASH_DELAY_MS, SameAttempt
from fota.slots.files import FileSlots
from fota.storage import cell_pair
from fota.waiting import Listening, pause

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from fota.record import Record

MOUNT_POINT = "/app"
_BUFFER_BYTES = 4096


def start(
    home: str,
    *,
    attempts: int = boot.DEFAULT_ATTEMPTS,
    deadline_ms: int = DEADLINE_MS,
    arm: "Callable[[int], object] | None" = None,
    allow_fat: bool = False,
    tells_errors: bool = True,
    feed: "Callable[[], object] | None" = None,
) -> None:
    """Start the image that is due; does not return: it ends with a restart.

    feed: called every second or two while an image is read or the library waits, and by `awsfota.alive`: the `feed`
        of a watchdog that was started before. The image calls `alive` in its loop.

    arm: called with the milliseconds that a trial may last, before an image on trial runs. It must restart the device
        when they are over, whatever the image does: a watchdog, or a timer. Without one the timer of this board is
        taken, where it has one; it does nothing to an image that was confirmed in time.
    allow_fat: start even from a home on FAT, where a power cut can cost every file.
    tells_errors: the job that began a trial is told the error that an image on trial ended with.

    An image on trial whose `main` ends because it could not connect is started again within the same attempt, until
    its time is over: a restart that takes the place of the end is no new attempt. A reset by the image is one.
    *Raises* NotProvisioned, NothingBootable, StorageFailed for FAT: then no image runs.
    """
    feed_with(feed)
    if not allow_fat:
        require_no_fat(home)
    slots = FileSlots.open(home)
    records = RecordStore(*cell_pair(home + "/record"))
    note = boot_note.note_of(home)
    same = SameAttempt(note)
    with Listening(guarded(Progress())):
        slot = same.slot(records, _prover(slots))
        if slot is None:
            cause = "offline" if note.was_offline() else "not-confirmed"
            slot = _chosen(records, slots, attempts, cause)
    on_trial = _trial(records, slot) is not None
    is_in_probation = _is_in_probation(records, slot)
    log("boot", slot=slot, verdict="on-trial" if on_trial else "settled")
    put_setting("FOTA_HOME", home)
    put_setting("FOTA_SLOT", str(slot))
    put_setting("FOTA_CACERT", home + "/ca.pem")
    if on_trial:
        boot_note.begin(note, **({"before": boot_note.OFFLINE} if same.starts else {}))
        end_trial_after(same.left_ms(deadline_ms), lambda: _trial(records, slot) is not None, arm)
    elif is_in_probation:
        boot_note.begin(note)
    collect_early()
    try:
        error = _run(slots.image_path(slot))
    except SystemExit:
        # The image asks for a restart.
        if note.is_offline() and _trial(records, slot) is not None:
            same.allow_another(deadline_ms)
        raise
    if error is not None and tells_errors and (on_trial or is_in_probation):
        note.add(error=last_line(error, MOUNT_POINT))
    is_offline = note.is_offline() or is_of_the_network(error)
    record = _trial(records, slot)
    if record is None:
        _start_again(records, slot, is_offline)
    elif _is_over(record, same, is_offline, attempts, deadline_ms):
        _give_up(records, record, "offline" if is_offline else "crashed")
    machine.restart()


def _chosen(records: RecordStore, slots: FileSlots, attempts: int, cause: str) -> int:
    try:
        return boot.choose(records, slots.count, _prover(slots), attempts=attempts, cause=cause)
    except StorageFailed as error:
        # Nothing can be read now: that may pass, and a device that waited for a person would be lost.
        log("record-not-read", problem=error)
        pause(machine, CRASH_DELAY_MS, machine.alive)
        machine.restart()
        raise


def _prover(slots: FileSlots) -> "Callable[[int], bool | None]":
    buffer = memoryview(bytearray(_BUFFER_BYTES))
    return lambda slot: image.proves_itself(slots, slot, buffer)


def _run(path: str) -> "Exception | None":
    """Mount the image and run its `main`; returns the exception that ended it. SystemExit passes."""
    vfs: "Any" = __import__("vfs")
    try:
        vfs.mount(ImageFiles(path), MOUNT_POINT, readonly=True)
        sys.path.insert(0, MOUNT_POINT)
        __import__("main")
    except Exception as error:  # noqa: BLE001 - whatever it is, the device goes on
        log("image-ended", problem=last_line(error, MOUNT_POINT))
        return error
    log("image-ended", problem="main returned")
    return None


def _trial(records: RecordStore, slot: int) -> "Record | None":
    """The boot record if the image in that slot is on trial; else None."""
    record = boot.known(records)
    return record if record is not None and record.trial_slot == slot == record.boot_slot else None


def _start_again(records: RecordStore, slot: int, is_offline: bool) -> None:
    """The confirmed image has ended: count that in its probation. *Blocks* for the delay before the next start."""
    if not is_offline:
        boot.crashed(records, slot)
    pause(machine, CRASH_DELAY_MS, machine.alive)


def _is_over(record: "Record", same: SameAttempt, is_offline: bool, attempts: int, deadline_ms: int) -> bool:
    """Whether the trial whose image has ended is given up; if not, *blocks* for the delay before the next start."""
    if is_offline:
        return not same.allow_another(deadline_ms)
    if record.attempts_spent >= attempts:
        return True
    pause(machine, CRASH_DELAY_MS, machine.alive)
    return False


def _is_in_probation(records: RecordStore, slot: int) -> bool:
    record = boot.known(records)
    return record is not None and trial.is_in_probation(record, slot)


def _give_up(records: RecordStore, record: "Record", cause: str) -> None:
    try:
        # Cut after this: the old image boots, and reports why. Before: it boots once no attempt is left.
        records.save(trial.rolled_back(record, cause))
    except StorageFailed as error:
        log("record-not-saved", problem=error)
