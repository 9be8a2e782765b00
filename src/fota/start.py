"""What `boot.py` of a microcontroller calls: the image that is due is mounted from its slot, and its `main` runs.

    from fota.start import start
    start("/fota")

MicroPython's counterpart of `fota-boot`; the decision is `boot`'s. It imports what a boot needs and no more: no
connection, no journal, no keys. An image is a file system, littlefs, in a file of the home folder.
"""

import gc
import sys

from fota import boot, image, machine, trial
from fota._machine_micropython import put_setting
from fota._storage_micropython import require_no_fat
from fota.errors import StorageFailed
from fota.log import log
from fota.record import RecordStore
from fota.slots.files import FileSlots
from fota.storage import cell_pair
from fota.watchdog import DEADLINE_MS, end_trial_after

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from fota.record import Record

MOUNT_POINT = "/app"
CRASH_DELAY_MS = 5_000
"""A confirmed image that ends is started again after that: a crash loop leaves time to be looked at."""

COLLECT_EVERY_BYTES = 16_384
"""So often the garbage is collected: left until the heap is full, it leaves no room in one piece for a buffer."""

_BUFFER_BYTES = 4096
_BLOCK_BYTES = 4096
_READ_ONLY = 30
"""EROFS: the image is never written to while it is mounted."""


def start(
    home: str,
    *,
    attempts: int = boot.DEFAULT_ATTEMPTS,
    deadline_ms: int = DEADLINE_MS,
    arm: "Callable[[int], object] | None" = None,
    allow_fat: bool = False,
) -> None:
    """Start the image that is due; does not return but by a restart.

    arm: called with the milliseconds that a trial may last, before an image on trial runs. It must restart the device
        when they are over, whatever the image does: a watchdog, or a timer. Without one the timer of this board is
        taken, where it has one; it lets an image be that was confirmed in time.
    allow_fat: start even from a home on FAT, where a power cut can cost every file.
    *Raises* NotProvisioned, NothingBootable, StorageFailed for FAT: then no image runs.
    """
    if not allow_fat:
        require_no_fat(home)
    slots = FileSlots.open(home)
    records = RecordStore(*cell_pair(home + "/record"))
    slot = boot.choose(records, slots.count, _prover(slots), attempts=attempts)
    on_trial = _trial(records, slot) is not None
    log("boot", slot=slot, verdict="on-trial" if on_trial else "settled")
    put_setting("FOTA_HOME", home)
    put_setting("FOTA_SLOT", str(slot))
    put_setting("FOTA_CACERT", home + "/ca.pem")
    if on_trial:
        end_trial_after(deadline_ms, lambda: _trial(records, slot) is not None, arm)
    gc.threshold(COLLECT_EVERY_BYTES)  # type: ignore[attr-defined]  # MicroPython's own
    gc.collect()
    cause = _run(slots.image_path(slot))
    record = _trial(records, slot)
    if record is None:
        machine.sleep_ms(CRASH_DELAY_MS)
    else:
        _give_up(records, record, cause)
    machine.restart()


def _prover(slots: FileSlots) -> "Callable[[int], bool]":
    buffer = memoryview(bytearray(_BUFFER_BYTES))
    return lambda slot: image.proves_itself(slots, slot, buffer)


def _run(path: str) -> str:
    """Mount the image and run its `main` until that ends; why it ended. Lets SystemExit through: a restart."""
    vfs: "Any" = __import__("vfs")
    try:
        vfs.mount(vfs.VfsLfs2(_ImageFile(path)), MOUNT_POINT, readonly=True)
        sys.path.insert(0, MOUNT_POINT)
        __import__("main")
    except Exception as error:  # noqa: BLE001 - whatever it is, the device goes on
        log("image-ended", problem=repr(error))
        return "crashed"
    log("image-ended", problem="main returned")
    return "crashed"


def _trial(records: RecordStore, slot: int) -> "Record | None":
    """The record, while the image in that slot is on trial."""
    record = records.load()
    return record if record is not None and record.trial_slot == slot == record.boot_slot else None


def _give_up(records: RecordStore, record: "Record", cause: str) -> None:
    try:
        # Cut after this: the old image boots, and tells why. Before: it boots once no attempt is left.
        records.save(trial.rolled_back(record, cause))
    except StorageFailed as error:
        log("record-not-saved", problem=error)


class _ImageFile:
    """A file as a block device, for reading: what `vfs.mount` asks for."""

    def __init__(self, path: str) -> None:
        self._file = open(path, "rb")  # noqa: SIM115 - as long as the image is mounted
        self._size_bytes = self._file.seek(0, 2)

    def readblocks(self, block: int, buffer: "memoryview", offset: int = 0) -> None:
        """Fill the buffer from there on."""
        self._file.seek(block * _BLOCK_BYTES + offset)
        self._file.readinto(buffer)

    def writeblocks(self, _block: int, _buffer: "memoryview", _offset: int = 0) -> None:
        """Nothing is written to an image. *Raises* OSError."""
        raise OSError(_READ_ONLY)

    def ioctl(self, request: int, _argument: int) -> int:
        """What vfs asks of a block device: how many blocks, how large; nothing else is needed."""
        if request == 4:
            return self._size_bytes // _BLOCK_BYTES
        return _BLOCK_BYTES if request == 5 else 0
