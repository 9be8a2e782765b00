"""What becomes of a bundle that does not fit this Python any more: after an upgrade of the gateway, say.

It gives way to an image that fits, before the boot chooser looks, so that the record and the cloud name the cause.
It is not known to be bad: with its own Python it fits again. If no image fits, the supervisor starts it all the same,
since a device that runs nothing cannot get the next one.
"""

from fota import boot, trial
from fota.boards.files import FilesBoard
from fota.bundle.trees_cpython import Tree
from fota.errors import StorageFailed
from fota.log import log
from fota_boot import start_images

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from fota.record import Record

CAUSE = "wrong-runtime"


def misfit_of(home: FilesBoard, slot: int) -> str:
    """Why the bundle in a slot does not fit this Python, this platform or this fota-boot.

    Empty if it fits, if it is no bundle, and while that cannot be read.
    """
    try:
        return start_images.misfit(*Tree(home.path, slot).needs())
    except StorageFailed:
        return ""


def give_way(home: FilesBoard, proves: "Callable[[int], bool | None]") -> None:
    """Save in the record that the image that is due does not fit, if that is so, and which one takes its place.

    A confirmed one gives way only to an image that starts. What cannot be saved stops no boot.
    """
    record = boot.known(home.records)
    if record is None:
        return
    slot = record.trial_slot
    if slot is not None and slot == record.boot_slot and _is_misfit(home, slot):
        record = trial.rolled_back(record, CAUSE)
        log("rollback", slot=slot, cause=CAUSE)
        # Cut after this: the old image boots, finds the verdict rolled-back, and reports it.
        _save(home, record)
    if record.trial_slot is None and _is_misfit(home, record.confirmed_slot):
        others = [other for other in range(home.slots.count) if other != record.confirmed_slot]
        # The one before it comes first, while that is known.
        before = record.fallback_slot
        others.sort(key=lambda other: other != before)
        fitting = next((other for other in others if proves(other)), None)
        if fitting is not None:
            record = trial.displaced(record, fitting, CAUSE)
            log("fell-back", slot=record.trial_slot, cause=CAUSE)
            # Cut after this, or before: the same image boots, and tells why once this is saved.
            _save(home, record)


def _is_misfit(home: FilesBoard, slot: int) -> bool:
    problem = misfit_of(home, slot)
    if problem:
        log("image-misfit", slot=slot, problem=problem)
    return bool(problem)


def _save(home: FilesBoard, record: "Record") -> None:
    try:
        home.records.save_in_both(record)
    except StorageFailed as error:
        log("record-not-saved", problem=error)
