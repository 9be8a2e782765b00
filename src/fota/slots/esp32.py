"""OTA partitions of an ESP32, where the boot loader of ESP-IDF owns the trial: our record is made to agree with it.

An image is the whole firmware, and slot N is the partition `ota_N`; `slots.partition` writes them. The boot loader
starts an image that is new once, and goes back at the next reset unless the image was marked valid:
https://docs.espressif.com/projects/esp-idf/en/stable/esp32/api-reference/system/ota.html#app-rollback
https://docs.micropython.org/en/latest/library/esp32.html#flash-partitions

The record goes first, the boot loader follows; what really runs decides. `OtaRecords` stands where a `RecordStore`
does: what it saves, it carries out. `reconcile`, called once in each boot, mends what a cut between the two has left,
and writes down what the boot loader did on its own account.

A trial has one boot, for that is ESP-IDF's rule. It may have two when the first one left no trace: then nobody can
tell an image that died early from a cut before the boot loader was told. Waking from deep sleep is no reset to the
boot loader, and a soft reset is none either, but both count here.
"""

from fota import trial
from fota.errors import NotProvisioned, StorageFailed
from fota.log import log
from fota.record import MOST_SLOTS, Record
from fota.table import ANY, decide
from fota.trust_errors import WrongFormat

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Protocol

    from fota.record import RecordStore
    from fota.slots import Slots
    from fota.slots.partition import BlockDevice

    class Partition(BlockDevice, Protocol):
        """What is used of `esp32.Partition`. Each call *raises* OSError."""

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
            """All of a kind."""

        def mark_app_valid_cancel_rollback(self) -> None:
            """The one that starts next is good."""


_FIRST_OTA = 0x10
_NOT_FIRMWARE = -5379
"""ESP_ERR_OTA_VALIDATE_FAILED"""

_KEEP = "keep"
_REVERTED = "reverted"
_RUN = "run"
_WAIT = "wait"
_ARM = "arm"
_CANNOT_START = "cannot-start"
_GIVE_UP = "give-up"
_GIVE_BACK = "give-back"

#    on trial?  to start next?  running?  boot loader starts it next?  a start left?  action
ACTIONS = (
    # What runs is marked valid.
    (False, ANY, True, ANY, ANY, _KEEP),
    # The boot loader went back: it was confirmed, and not marked valid in time. Rolled back.
    (False, ANY, False, ANY, ANY, _REVERTED),
    # It was given up, and the old image is back.
    (True, False, False, ANY, ANY, _KEEP),
    # It was given up, and runs yet: the boot loader does not guard it, and is told to start the old image.
    (True, False, True, ANY, ANY, _GIVE_BACK),
    # The start is counted, the trial goes on.
    (True, True, True, ANY, True, _RUN),
    # It was started too often. Rolled back, and as above.
    (True, True, True, ANY, False, _GIVE_UP),
    # The start is counted; the restart begins the trial.
    (True, True, False, True, True, _WAIT),
    # The boot loader fell back on what runs. Rolled back as damaged; what runs is marked valid.
    (True, True, False, True, False, _CANNOT_START),
    # It was not started, or left no trace: the start is counted, and the boot loader told to start it.
    (True, True, False, False, True, _ARM),
    # The boot loader went back. Rolled back.
    (True, True, False, False, False, _REVERTED),
)
"""What a boot leads to. The image asked about is the one on trial; when none is, the confirmed one."""


def action(record: Record, running_slot: int, next_slot: "int | None") -> str:
    """What this boot leads to, by the record, by what runs, and by what the boot loader starts next. Pure."""
    on_trial = record.trial_slot is not None
    slot = record.trial_slot if on_trial else record.confirmed_slot
    runs = slot == running_slot
    # One start more for the image itself: it counts its first one too, which the old image may have counted.
    has_start_left = record.attempts_spent < (2 if runs else 1)
    return decide(ACTIONS, (on_trial, slot == record.boot_slot, runs, slot == next_slot, has_start_left))


def ota_partitions(partitions: "Partitions") -> "list[Partition]":
    """The OTA partitions, slot 0 first: the devices for `slots.partition.PartitionSlots`.

    *Raises* NotProvisioned for fewer than two, or encrypted ones.
    """
    found, is_encrypted = {}, False
    for partition in partitions.find(partitions.TYPE_APP):
        slot = _slot_of(partition)
        if slot is not None:
            found[slot] = partition
            is_encrypted = is_encrypted or partition.info()[5]
    if len(found) < 2 or is_encrypted:
        raise NotProvisioned("expected two OTA partitions or more, not encrypted")
    return [found[slot] for slot in sorted(found)]


class OtaRecords:
    """The boot record, and the boot loader that follows it. Stands in for `fota.record.RecordStore`."""

    def __init__(self, records: "RecordStore", slots: "Slots", partitions: "Partitions") -> None:
        """*Raises* NotProvisioned when the firmware does not run from an OTA partition."""
        running_slot = _slot_of(partitions(partitions.RUNNING))
        if running_slot is None:
            raise NotProvisioned("the firmware does not run from an OTA partition")
        self.running_slot: int = running_slot
        self._records = records
        self._slots = slots
        self._partitions = partitions

    def load(self) -> "Record | None":
        """See RecordStore."""
        return self._records.load()

    def save(self, record: Record) -> None:
        """Replace both copies of the record; then the boot loader is made to follow it. Survives a reset.

        *Raises* StorageFailed, or WrongFormat for an image that the boot loader would not start; then the record is
        as before, or `reconcile` mends it.
        """
        before = self._records.load()
        # In both: an older copy would take the image that starts now for one that was never on trial.
        self._records.save_in_both(record)
        try:
            if record.trial_slot is None:
                # Cut before this: the boot loader goes back to the old image, and the job says FAILED.
                self._hold()
            elif record.boot_slot == record.trial_slot:
                # Cut before this: nothing was told to start; `reconcile` makes up for it.
                self._start(record.boot_slot)
            # When a trial is given up, the restart alone brings the old image back.
        except OSError as error:
            if before is not None:
                self._records.save_in_both(before)
            if error.errno == _NOT_FIRMWARE:
                raise WrongFormat("the boot loader finds no firmware for this chip in the slot", cause=error)
            raise StorageFailed(f"boot loader: {error}", cause=error)

    def save_in_both(self, record: Record) -> None:
        """As `save`."""
        self.save(record)

    def reconcile(self) -> Record:
        """Make record and boot loader agree with what runs. Call it in each boot, once, as early as can be.

        A device always boots: what cannot be written is logged, and tried again in the next boot.
        """
        record, decision = self._records.load(), _KEEP
        try:
            if record is None or max(record.confirmed_slot, record.trial_slot or 0) >= self._slots.count:
                record = self._rebuilt()
            decision = action(record, self.running_slot, self._next_slot())
            record = self._carry_out(decision, record)
        except (OSError, StorageFailed) as error:
            log("record-not-saved", problem=error)
        log("boot", slot=self.running_slot, verdict=decision)
        return record or Record(self.running_slot)

    def _carry_out(self, decision: str, record: Record) -> Record:
        """The record after the action."""
        if decision in (_RUN, _WAIT, _ARM):
            # Durable before the image goes on or is started: no start is ever gained.
            record = trial.attempt_spent(record)
            self._records.save(record)
        if decision == _ARM:
            try:
                self._start(record.boot_slot)
            except OSError:
                decision = _CANNOT_START
        if decision in (_REVERTED, _CANNOT_START, _GIVE_UP):
            record = self._rolled_back(record, "image-damaged" if decision == _CANNOT_START else "not-confirmed")
        if decision in (_KEEP, _REVERTED, _CANNOT_START):
            self._hold()
        elif decision in (_GIVE_UP, _GIVE_BACK):
            record = self._given_back(record)
        return record

    def _rolled_back(self, record: Record, cause: str) -> Record:
        slot, fallback = record.trial_slot, record.confirmed_slot
        if slot is None:
            slot = fallback
        if slot != self.running_slot:
            fallback = self.running_slot
        given_up = Record(fallback, trial_slot=slot, attempts_spent=record.attempts_spent or 1, cause=cause)
        # Cut after this: the next boot finds the verdict rolled-back, and reports it.
        self._records.save(given_up)
        log("rollback", slot=slot, cause=cause)
        return given_up

    def _given_back(self, record: Record) -> Record:
        """The image on trial, given up, still runs: the boot loader is told to start the old one."""
        if self._next_slot() == record.confirmed_slot:
            return record
        try:
            # Cut after this: the old image is new to the boot loader, until it marks itself valid in its next boot.
            # Cut again, in that boot: neither is good any more, and the boot loader starts any that is whole.
            self._start(record.confirmed_slot)
        except OSError as error:
            if error.errno != _NOT_FIRMWARE:
                raise
            # There is nothing to go back to: what runs is what there is.
            record = Record(self.running_slot)
            self._records.save(record)
        return record

    def _rebuilt(self) -> Record:
        """A record, when there is none: what runs is on trial if there is another image to fall back on."""
        running_slot = self.running_slot
        record = Record(running_slot)
        for slot in range(self._slots.count):
            if slot != running_slot and self._slots.seal_of(slot) is not None:
                record = trial.begun(Record(slot), running_slot)
                break
        self._records.save_in_both(record)
        log("record-rebuilt", slot=running_slot)
        return record

    def _hold(self) -> None:
        """What runs starts next, and is valid. Writes nothing when it is so already."""
        if self._next_slot() != self.running_slot:
            self._start(self.running_slot)
        try:
            # It marks what starts next, whatever runs. A cut inside of it loses that entry, and the older one serves.
            self._partitions.mark_app_valid_cancel_rollback()
        except OSError:
            # There is no entry: the boot loader's very first write was cut, or this one failed before.
            self._start(self.running_slot)
            self._partitions.mark_app_valid_cancel_rollback()
        if self._next_slot() != self.running_slot:
            raise OSError("the boot loader starts another image next")

    def _start(self, slot: int) -> None:
        """The boot loader starts that slot next, once: it is new."""
        ota_partitions(self._partitions)[slot].set_boot()

    def _next_slot(self) -> "int | None":
        return _slot_of(self._partitions(self._partitions.BOOT))


def _slot_of(partition: "Partition") -> "int | None":
    """Its number, if it is `ota_0` to `ota_15`."""
    number = partition.info()[1] - _FIRST_OTA
    return number if 0 <= number < MOST_SLOTS else None
