"""What `boot.py` of an ESP32 with OTA partitions calls: record and boot loader agree, and the device is known.

    from fota.ota import open_board
    open_board("/fota")

The program's `handle_fota_jobs` finds the device then. An image is the whole firmware; see `slots.esp32` for who
decides what starts. The home folder, on littlefs, keeps what partitions cannot: the record, the journal, seals, keys.
"""

from fota import device as devices
from fota import trial
from fota._storage_micropython import require_no_fat
from fota.home import releases_in
from fota.journal import Journal
from fota.record import RecordStore
from fota.slots.esp32 import OtaRecords, ota_partitions
from fota.slots.partition import PartitionSlots
from fota.storage import cell_pair, make_folder
from fota.watchdog import DEADLINE_MS, end_trial_after

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from fota.device import Device

IMAGE_KIND = "esp32"
"""What a manifest calls a firmware for such partitions."""


class _Memory:
    """A `home.Home` whose images lie in partitions."""

    def __init__(self, home: str, slots: PartitionSlots, records: OtaRecords) -> None:
        self.slots = slots
        self.records = records
        self.journal = Journal(*cell_pair(home + "/journal"))
        self.releases = releases_in(home, slots, IMAGE_KIND)


def open_board(
    home: str,
    *,
    deadline_ms: int = DEADLINE_MS,
    arm: "Callable[[int], object] | None" = None,
    allow_fat: bool = False,
    partitions: "Any" = None,
) -> "Device":
    """The device of this board, from now on `device.current()`. Call it once in each boot, as early as can be.

    A start on trial is counted, durably, before this returns. A home that is not there is made.
    arm: as in `start.start`: called with the milliseconds that a trial may last.
    partitions: the class `esp32.Partition`, unless another one is to stand for it.
    *Raises* NotProvisioned without two OTA partitions, StorageFailed for FAT or a home that cannot be made: the
    firmware runs, but takes no update; one on trial is gone at the next reset.
    """
    if not allow_fat:
        require_no_fat(home)
    partitions = partitions or __import__("esp32").Partition
    make_folder(home)
    slots = PartitionSlots(ota_partitions(partitions), lambda slot: cell_pair(f"{home}/slot-{slot}.seal"))
    records = OtaRecords(RecordStore(*cell_pair(home + "/record")), slots, partitions)
    records.reconcile()
    device = devices.device_of(_Memory(home, slots, records), records.running_slot, home + "/ca.pem")
    devices.use(device)
    if device.verdict() == trial.ON_TRIAL:
        end_trial_after(deadline_ms, lambda: device.verdict() == trial.ON_TRIAL, arm)
    return device
