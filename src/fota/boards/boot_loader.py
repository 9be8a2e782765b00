"""A board whose boot loader owns the trial: our record is made to agree with it, over five calls of that boot loader.

A boot loader of this kind starts a new image once, and goes back at the next reset unless the image was marked good.
A port brings a class with the five calls of `BootLoader`, and opens its board with `open_device`.

The record is saved first, then the boot loader is called; the slot that really runs decides. `BootLoaderRecords`
takes the place of a `RecordStore`: it saves a record and carries it out. `reconcile`, called once in each boot,
repairs what a power cut between the two left, and records what the boot loader did by itself.

A trial has one boot. It may have two when the first one left no trace: then nobody can tell an image that died early
from a cut before the boot loader was told. A start that the boot loader does not count, such as waking from deep
sleep or a soft reset of an ESP32, counts here.
"""

from fota import device as devices
from fota import image, trial
from fota.boards import Board, kept_in
from fota.boards.watchdog import end_trial_after
from fota.boot_note import OFFLINE, begin, note_of
from fota.errors import NotProvisioned, StorageFailed
from fota.log import log
from fota.record import Record, RecordStore
from fota.storage import cell_pair
from fota.table import ANY, decide
from fota.trust.errors import WrongFormat

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Protocol

    from fota.boot_note import BootNote
    from fota.device import Device
    from fota.same_attempt import SameAttempt
    from fota.slots import Slots

    class BootLoader(Protocol):
        """The five calls of a boot loader that owns the trial. Each *raises* OSError."""

        def running(self) -> "int | None":
            """The slot whose image runs; None if the image runs from no slot."""

        def next(self) -> "int | None":
            """The slot that the next reset starts."""

        def start_next(self, slot: int) -> None:
            """Make the next reset start that slot, as new: once, unless it is marked good. Durable on return."""

        def mark_good(self) -> None:
            """The image that runs is good: it starts from now on. Called only while it is what starts next."""

        def is_startable(self, slot: int) -> bool:
            """False once `start_next` has refused the image of that slot, so that no retry can help; else True."""


_BUFFER_BYTES = 4096

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
    # It was given up and still runs: the boot loader does not guard it, and must start the old image.
    (True, False, True, ANY, ANY, _GIVE_BACK),
    # The start is counted, the trial goes on.
    (True, True, True, ANY, True, _RUN),
    # It was started too often. Rolled back, and as above.
    (True, True, True, ANY, False, _GIVE_UP),
    # The start is counted; the restart begins the trial.
    (True, True, False, True, True, _WAIT),
    # The boot loader fell back on what runs. Rolled back as damaged; what runs is marked valid.
    (True, True, False, True, False, _CANNOT_START),
    # It was not started, or left no trace: the start is counted, and the boot loader must start it.
    (True, True, False, False, True, _ARM),
    # The boot loader went back. Rolled back.
    (True, True, False, False, False, _REVERTED),
)
"""What a boot leads to. The table asks about the image on trial; if there is no trial, about the confirmed one."""


def action(record: Record, running_slot: int, next_slot: "int | None") -> str:
    """The action of this boot, from the record, the slot that runs, and the slot that starts next. Pure."""
    on_trial = record.trial_slot is not None
    slot = record.trial_slot if on_trial else record.confirmed_slot
    runs = slot == running_slot
    # The image gets one start more: it counts its first start too, which the old image may have counted already.
    has_start_left = record.attempts_spent < (2 if runs else 1)
    return decide(ACTIONS, (on_trial, slot == record.boot_slot, runs, slot == next_slot, has_start_left))


class BootLoaderRecords:
    """The boot record, and the boot loader that follows it. Takes the place of a `fota.record.RecordStore`."""

    def __init__(
        self, records: RecordStore, slots: "Slots", loader: "BootLoader", note: "BootNote | None" = None
    ) -> None:
        """`note`: how the last trial went. *Raises* NotProvisioned when the firmware does not run from a slot."""
        running_slot = loader.running()
        if running_slot is None:
            raise NotProvisioned("the firmware does not run from a slot")
        self.running_slot: int = running_slot
        self._records = records
        self._slots = slots
        self._loader = loader
        self._note = note

    def load(self) -> "Record | None":
        """See RecordStore."""
        return self._records.load()

    def save(self, record: Record) -> None:
        """Replace both copies of the record; then the boot loader is made to follow it. Survives a reset.

        *Raises* StorageFailed, or WrongFormat for an image that the boot loader would not start; then the record is
        as before, or `reconcile` mends it.
        """
        before = self._records.load()
        # The boot loader counts no crashes, and goes back to no other image once one was marked good.
        record = trial.without_fallback(record)
        # In both copies: an older copy would treat the image that starts now as one that was never on trial.
        self._records.save_in_both(record)
        try:
            if record.trial_slot is None:
                # Cut before this: the boot loader goes back to the old image, and the job says FAILED.
                self._hold()
            elif record.boot_slot == record.trial_slot:
                # Cut before this: the boot loader does not know yet; `reconcile` tells it.
                self._loader.start_next(record.boot_slot)
            # When a trial is given up, the restart alone brings the old image back.
        except OSError as error:
            if before is not None:
                self._records.save_in_both(before)
            if not self._loader.is_startable(record.boot_slot):
                raise WrongFormat("the boot loader finds no firmware for this chip in the slot", cause=error)
            raise StorageFailed(f"boot loader: {error}", cause=error)

    def save_in_both(self, record: Record) -> None:
        """As `save`."""
        self.save(record)

    def reconcile(self, *, goes_on: bool = False) -> Record:
        """Make record and boot loader agree with what runs. Call it once in each boot, as early as possible.

        `goes_on`: this start of the image on trial belongs to the last one, and is not counted.
        A device always boots: what cannot be written is logged, and tried again in the next boot.
        """
        record, decision = None, _KEEP
        try:
            record = self._records.load()
            if record is None or max(record.confirmed_slot, record.trial_slot or 0) >= self._slots.count:
                record = self._rebuilt()
            decision = action(record, self.running_slot, self._loader.next())
            if goes_on and decision in (_RUN, _GIVE_UP):
                return record
            record = self._carry_out(decision, record)
        except (OSError, StorageFailed) as error:
            log("record-not-saved", problem=error)
        log("boot", slot=self.running_slot, verdict=decision)
        return record or Record(self.running_slot)

    def _carry_out(self, decision: str, record: Record) -> Record:
        """The record after the action."""
        if decision in (_RUN, _WAIT, _ARM):
            # Durable before the image goes on or is started, so that a power cut never gives an extra start.
            record = trial.attempt_spent(record)
            self._records.save(record)
        if decision == _ARM:
            try:
                self._loader.start_next(record.boot_slot)
            except OSError:
                decision = _CANNOT_START
        if decision in (_REVERTED, _CANNOT_START, _GIVE_UP):
            cause = "offline" if self._note is not None and self._note.is_offline() else "not-confirmed"
            record = self._rolled_back(record, "image-damaged" if decision == _CANNOT_START else cause)
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
            # The boot loader skips a damaged image without a word: so the image is read here, once.
            slots = self._slots
            if (
                slots.seal_of(slot)
                and image.proves_itself(slots, slot, memoryview(bytearray(_BUFFER_BYTES))) is False
            ):
                cause = "image-damaged"
        given_up = Record(fallback, trial_slot=slot, attempts_spent=record.attempts_spent or 1, cause=cause)
        # Cut after this: the next boot finds the verdict rolled-back, and reports it.
        self._records.save(given_up)
        log("rollback", slot=slot, cause=cause)
        return given_up

    def _given_back(self, record: Record) -> Record:
        """The image on trial, given up, still runs: the boot loader is told to start the old one."""
        if self._loader.next() == record.confirmed_slot:
            return record
        try:
            # Cut after this: the old image is new to the boot loader, until it marks itself valid in its next boot.
            # Cut again, in that boot: neither is good any more, and the boot loader starts any that is whole.
            self._loader.start_next(record.confirmed_slot)
        except OSError:
            if self._loader.is_startable(record.confirmed_slot):
                raise
            # There is nothing to go back to: what runs is what there is.
            record = Record(self.running_slot)
            self._records.save(record)
        return record

    def _rebuilt(self) -> Record:
        """Make a record when there is none: what runs is on trial if there is another image to fall back on."""
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
        """Make what runs start next, and mark it good. Writes nothing when it is so already."""
        loader, running_slot = self._loader, self.running_slot
        if loader.next() != running_slot:
            loader.start_next(running_slot)
        try:
            # A power cut inside the call loses the boot loader's newest entry; the older one is used then.
            loader.mark_good()
        except OSError:
            # There is no entry: the boot loader's very first write was cut, or this one failed before.
            loader.start_next(running_slot)
            loader.mark_good()
        if loader.next() != running_slot:
            raise OSError("the boot loader starts another image next")


def open_device(
    home: str,
    slots: "Slots",
    loader: "BootLoader",
    image_kinds: "tuple[str, ...]",
    *,
    deadline_ms: int,
    arm: "Callable[[int], object] | None",
    same: "SameAttempt | None" = None,
) -> "Device":
    """The device whose images are in `slots` and whose record is in the folder `home`, as `device.current()` now.

    Record and boot loader agree once this returns; an image on trial is ended after `deadline_ms`.
    `same`: the right to a start that is not counted, where the boot chooser gives any.
    *Raises* NotProvisioned when the firmware does not run from a slot.
    """
    note = note_of(home)
    records = BootLoaderRecords(RecordStore(*cell_pair(home + "/record")), slots, loader, note)
    goes_on = same is not None and same.slot(records, lambda slot: slot == records.running_slot) is not None
    records.reconcile(goes_on=goes_on)
    board = Board(slots, records, *kept_in(home, slots, image_kinds), name=image_kinds[0], home=home)
    device = devices.device_of(board, records.running_slot, home + "/ca.pem")
    devices.use(device)
    if is_on_trial(device):
        begin(note, **({"before": OFFLINE} if goes_on else {}))
        end_trial_after(same.left_ms(deadline_ms) if same else deadline_ms, lambda: is_on_trial(device), arm)
    return device


def is_on_trial(device: "Device") -> bool:
    """Whether the image that runs is on trial, and the record tells it now: if not, a reset ends the trial."""
    try:
        return device.verdict() == trial.ON_TRIAL
    except StorageFailed:
        return False
