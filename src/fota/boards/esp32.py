"""A board with the OTA partitions of an ESP32, where the boot loader of ESP-IDF owns the trial.

`fota.start_firmware` opens it; the program's `handle_fota_jobs` finds the device then. An image is the whole
firmware, and slot N is the partition `ota_N`. The home folder, on littlefs, keeps what partitions cannot: the record,
the journal, seals, keys.

https://docs.espressif.com/projects/esp-idf/en/stable/esp32/api-reference/system/ota.html#app-rollback
https://docs.micropython.org/en/latest/library/esp32.html#flash-partitions
"""

from fota._storage_micropython import require_no_fat
from fota.boards.boot_loader import open_device
from fota.boards.watchdog import DEADLINE_MS
from fota.errors import NotProvisioned
from fota.record import MAX_SLOTS
from fota.slots.partition import PartitionSlots
from fota.storage import cell_pair, make_folder

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from typing import Any, Protocol

    from fota.device import Device
    from fota.same_attempt import SameAttempt
    from fota.slots.partition import BlockDevice

    class Partition(BlockDevice, Protocol):
        """The part of `esp32.Partition` that is used here. Each call *raises* OSError."""

        def info(self) -> "tuple[int, int, int, int, str, bool]":
            """Type, subtype, address, size, label, encrypted."""

        def set_boot(self) -> None:
            """Start this one next, as new."""

    class Partitions(Protocol):
        """The class `esp32.Partition` itself."""

        BOOT: int
        RUNNING: int
        TYPE_APP: int

        def __call__(self, __which: int) -> Partition:
            """The partition that starts next, or the one that runs."""

        def find(self, __kind: int) -> "Sequence[Partition]":
            """All partitions of a kind."""

        def mark_app_valid_cancel_rollback(self) -> None:
            """Mark the one that starts next as good."""


IMAGE_KINDS = ("esp32",)
"""The kind of image, as a manifest names a firmware for these partitions."""

_FIRST_OTA = 0x10
_NOT_FIRMWARE = -5379
"""ESP_ERR_OTA_VALIDATE_FAILED"""


class OtaBootLoader:
    """The boot loader of ESP-IDF. See `fota.boards.boot_loader.BootLoader`."""

    def __init__(self, partitions: "Partitions") -> None:
        """*Raises* NotProvisioned for fewer than two OTA partitions, or encrypted ones."""
        self._partitions = partitions
        self._refused: "int | None" = None
        """The slot whose image the boot loader refused last."""
        found, is_encrypted = {}, False
        for partition in partitions.find(partitions.TYPE_APP):
            slot = _slot_of(partition)
            if slot is not None:
                found[slot] = partition
                is_encrypted = is_encrypted or partition.info()[5]
        if len(found) < 2 or is_encrypted:
            raise NotProvisioned("expected two OTA partitions or more, not encrypted")
        self.devices: "list[Partition]" = [found[slot] for slot in sorted(found)]
        """The OTA partitions, slot 0 first: the devices for `fota.slots.partition.PartitionSlots`."""

    def running(self) -> "int | None":
        """See BootLoader."""
        return _slot_of(self._partitions(self._partitions.RUNNING))

    def next(self) -> "int | None":
        """See BootLoader."""
        return _slot_of(self._partitions(self._partitions.BOOT))

    def start_next(self, slot: int) -> None:
        """See BootLoader."""
        self._refused = None
        try:
            self.devices[slot].set_boot()
        except OSError as error:
            if error.errno == _NOT_FIRMWARE:
                self._refused = slot
            raise

    def mark_good(self) -> None:
        """See BootLoader. ESP-IDF marks what starts next, whatever runs."""
        self._partitions.mark_app_valid_cancel_rollback()

    def is_startable(self, slot: int) -> bool:
        """See BootLoader. No call of ESP-IDF answers that without a side effect: `set_boot` checks the image."""
        return slot != self._refused


def open_board(
    home: str,
    *,
    deadline_ms: int = DEADLINE_MS,
    arm: "Callable[[int], object] | None" = None,
    allow_fat: bool = False,
    partitions: "Any" = None,
    same: "SameAttempt | None" = None,
) -> "Device":
    """The device of this board, from now on `device.current()`. Call it once in each boot, as early as possible.

    A start on trial is counted, durably, before this returns. A home that is not there is made.
    arm: as in `start.start`: called with the milliseconds that a trial may last.
    partitions: the class `esp32.Partition`, unless another one takes its place. same: see `boot_loader.open_device`.
    *Raises* NotProvisioned without two OTA partitions, StorageFailed for FAT or a home that cannot be made: the
    firmware runs, but takes no update; one on trial is gone at the next reset.
    """
    if not allow_fat:
        require_no_fat(home)
    loader = OtaBootLoader(partitions or __import__("esp32").Partition)
    make_folder(home)
    slots = PartitionSlots(loader.devices, lambda slot: cell_pair(f"{home}/slot-{slot}.seal"))
    return open_device(home, slots, loader, IMAGE_KINDS, deadline_ms=deadline_ms, arm=arm, same=same)


def _slot_of(partition: "Partition") -> "int | None":
    """Its number, if it is `ota_0` to `ota_15`."""
    number = partition.info()[1] - _FIRST_OTA
    return number if 0 <= number < MAX_SLOTS else None
