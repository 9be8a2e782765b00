"""This device, as an update sees it: its board, what runs on it, and what may be done with it now.

Everything that touches the machine is handed in; `current` alone gathers it from what `fota-boot` has set.
"""

from fota import errors, machine, trial
from fota.fetched import Fetched
from fota.install import Installer
from fota.log import log
from fota.pace import Pacing
from fota.patches import Patches
from fota.record import EVIDENCE, UNSTARTED, Record
from fota.self_report import SelfReport
from fota.transfer.http import HttpsClient
from fota.update_lock import UpdateLock

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from fota.boards import Board
    from fota.clock import Clock
    from fota.digests import Digests
    from fota.journal import Entry, UpdateInProgress
    from fota.transfer.bounds import Bounds
    from fota.transfer.download import Source
    from fota.transfer.http import Client
    from fota.transfer.limits import Limits
    from fota.trust.keyring import Keyring
    from fota.trust.releases import Admitted


class Device:
    """One device; the image that asks runs in `running_slot`. A caller knows it alone, and no part of it."""

    def __init__(
        self,
        board: "Board",
        running_slot: int,
        *,
        client: "Client",
        clock: "Clock" = machine,
        restart: "Callable[[], None]" = machine.restart,
        **tuning: "Any",
    ) -> None:
        """`client` makes the requests of a download; `tuning`: limits and sizes of `fota.install.Installer`."""
        self._records, self._slots, self._releases = board.records, board.slots, board.releases
        self.running_slot = running_slot
        self.clock = clock
        self.restart = restart
        """Restarts the device and does not return; a test's may."""
        self.update_lock: "UpdateLock" = UpdateLock()
        self.pace: "Pacing" = Pacing(board.journal, clock)
        """How often updates may be begun; a program may set its limits."""
        self.fetched: "Fetched" = Fetched(board.journal, self.pace)
        """How many bytes were fetched in this day and this month."""
        self._installer = installer = Installer(board.slots, client, clock, count=self.fetched.count, **tuning)
        self.limits: "Limits" = installer.limits
        """How long and how often a download is tried; see `fota.transfer.limits`. A program may change them."""
        self.holds: "Callable[[int, Digests], bool | None]" = installer.holds
        """Whether a slot, read now, holds the wanted image."""
        self.is_sealed: "Callable[[int, Digests], bool]" = installer.is_sealed
        """Whether a slot was sealed with the wanted image; nothing is read but its seal."""
        self.patches: "Patches" = Patches(board, installer, running_slot)
        self.admit: "Callable[..., Admitted]" = board.releases.admit
        """Check a job document against the releases that this device accepts; returns what may be installed."""
        self.replace_keyring: "Callable[[object], Keyring]" = board.releases.replace_keyring
        """Trust another keyring from now on."""
        self.require_readable_keyring: "Callable[[], object]" = board.releases.keyrings.load
        """*Raises* StorageFailed while the keyring cannot be read, BadKeyring when it is lost."""
        self.take_up: "Callable[[str, int, Digests], UpdateInProgress]" = board.journal.take_up
        """The update of a job, ready to be carried out."""
        self.update_on_record: "Callable[[], Entry | None]" = board.journal.load
        """The update that was begun and is not forgotten yet."""
        self.forget_update: "Callable[..., None]" = self.patches.forget_update
        """Forget the update: no report to a job is due any more."""
        self.knows_bad: "Callable[[Digests], bool]" = board.journal.knows_bad
        """Whether an image was rolled back here before."""
        self._remember_bad: "Callable[..., None]" = board.journal.remember_bad
        self.self_report: "SelfReport" = SelfReport(board, running_slot)
        """What the cloud is told of this device."""
        self.fall_back_is_told = self.storage_failure_is_told = False
        """Whether the cloud was told in this boot of a fall back, and that a job waits for the storage."""
        self._note = board.note
        # This boot: in the probation, and as healthy.
        self._is_recorded = self._is_counted = self._is_in_doubt = False

    def record(self) -> Record:
        """The boot record; if both copies are lost, the running image counts as confirmed. *Raises* StorageFailed."""
        return self._records.load() or Record(self.running_slot)

    def verdict(self) -> str:
        """The verdict of this boot: one of the words of `fota.trial`."""
        return trial.verdict(self.record(), self.running_slot)

    def runs(self, wanted: "Digests") -> bool:
        """Whether the running image is the wanted one, by the digests its slot was sealed with."""
        return self.is_sealed(self.running_slot, wanted)

    def slot_for(self, number: "int | None", size_bytes: int) -> int:
        """The slot that an image goes to: the one asked for, or, for None, the first spare one.

        *Raises* NoSuchSlot, SlotIsRunning, ImageTooLarge; changes nothing.
        """
        record = self.record()
        kept = (self.running_slot, record.confirmed_slot)
        if number is None:
            spare = [slot for slot in range(self._slots.count + 1) if slot not in kept]
            # The slot that a probation can go back to comes last; with two slots there is no other.
            number = spare[1] if spare[0] == record.fallback_slot and len(spare) > 2 else spare[0]
        if not 0 <= number < self._slots.count:
            raise errors.NoSuchSlot(f"bc_idx: expected a slot from 0 to {self._slots.count - 1}, got {number}")
        if number in kept:
            raise errors.SlotIsRunning(f"bc_idx: slot {number} runs, or is the one to fall back on")
        capacity_bytes = self._slots.capacity_bytes(number)
        if size_bytes > capacity_bytes:
            raise errors.ImageTooLarge(f"bc_size: slot {number} holds {capacity_bytes} bytes, got {size_bytes}")
        return number

    def install(
        self,
        source: "Source",
        wanted: "Digests",
        slot: int,
        *more: "Any",
        tree_bytes: int = 0,
        bounds: "Bounds | None" = None,
        patched: bool = False,
    ) -> bool:
        """Download an image into a slot and verify it; see `fota.install.Installer.install`.

        `tree_bytes`: the room of what is unpacked of it, if that is known. The image that runs cannot fall back any
        more if it was that slot. *Raises* as there; without room NoSpace, before anything is asked for or changed.
        `patched`: the update takes a patch, which the source has; see `fota.patch.patched.PatchedInstaller`.
        """
        if tree_bytes:
            self._slots.require_room(slot, wanted.size_bytes, tree_bytes)
        record = self.record()
        if record.fallback_slot == slot:
            # In both copies: an older one would call what is written now an image to fall back on.
            # Cut after this: the image that runs stays, whatever it does.
            self._records.save_in_both(trial.without_fallback(record))
        installer = self.patches.installer() if patched else self._installer
        return installer.install(source, wanted, slot, *more, bounds=bounds)

    def require_no_trial(self) -> None:
        """*Raises* Busy while an image is on trial or about to be: its fallback must not be written to."""
        if self.verdict() in (trial.ON_TRIAL, trial.AWAITING_TRIAL):
            raise errors.Busy("an image is on trial; confirm it or restart first")

    def require_restart_to_help(self) -> None:
        """*Raises* StorageFailed while no record can be saved: no image whose attempt is not counted is started."""
        # The record as it is. Cut in it: the other copy says the same.
        self._records.save(self.record())

    def begin_trial(self, slot: int, wanted: "Digests") -> None:
        """Make the image in `slot` start at the next restart, on trial. Survives a reset.

        *Raises* HashMismatch unless the slot, read now, holds what is wanted; NotTrusted unless the release kept
        beside it is one that this device takes; Busy during a trial; StorageFailed.
        """
        self.require_no_trial()
        self._releases.require_kept(slot)
        self._installer.require_sealed(slot, wanted)
        # Cut after this: the new image boots, on trial.
        self._records.save(trial.begun(self.record(), slot))
        log("trial-started", slot=slot)

    def confirm(self) -> None:
        """Make the running image final, if it is on trial. Survives a reset.

        This boot then counts as healthy, which matters in the probation of an image: see `boot_was_healthy`.
        """
        if self.verdict() == trial.ON_TRIAL or self._is_in_doubt:
            # Where a flush fails the record reads as confirmed, and may be in a cache only: a second call saves it.
            self._is_in_doubt = True
            # Cut after this: the new image stays; the report is still owed.
            self._records.save_in_both(trial.confirmed(self.record()))
            self._is_in_doubt, self._is_recorded = False, True
            log("confirmed", slot=self.running_slot)
        if self.awaits_healthy_boot():
            self.boot_was_healthy()

    def require_record_on_storage(self) -> None:
        """*Raises* StorageFailed unless the record is there to stay: a flush that failed leaves it in a cache."""
        self._records.save_in_both(self.record())

    def awaits_healthy_boot(self) -> bool:
        """Whether it matters that the confirmed image is well in this boot; see `boot_was_healthy`."""
        if self._is_counted or self.verdict() != trial.SETTLED:
            return False
        # Looked up once, so that an idle device does not read all of it again at every call.
        self._is_counted = not (self._is_in_probation() or self._releases.rises_with(self.running_slot))
        return not self._is_counted

    def _is_in_probation(self) -> bool:
        """Whether this boot counts for the probation of the image, and is not counted yet."""
        return not self._is_recorded and trial.is_in_probation(self.record(), self.running_slot)

    def boot_was_healthy(self) -> None:
        """Count this boot of the confirmed image as healthy, once.

        After `trial.PROBATION_BOOTS` of them the image cannot fall back any more, and the floor rises to it.
        """
        try:
            if self._is_in_probation():
                record = trial.was_healthy(self.record())
                # At its end in both copies: the older one would still name a slot to fall back on.
                save = self._records.save_in_both if record.fallback_slot is None else self._records.save
                # Cut after this: one healthy boot more is known. Before: this boot is not counted.
                save(record)
                self._is_recorded = True
            self._releases.boot_was_healthy(self.running_slot)
        except errors.StorageFailed as error:
            # It is counted at a later call: the report to the cloud does not wait for it.
            log("floor-not-saved", problem=error)
        else:
            self._is_counted = True

    def keep_release(self, slot: int, envelope: object) -> None:
        """Remember which release a slot holds, the running one too. Survives a reset. *Raises* StorageFailed."""
        self._releases.keep(slot, envelope)
        if slot == self.running_slot and self._releases.is_renewed(slot):
            # A newer manifest of the running image: its number counts from now on, and its healthy boots from 0.
            self._is_counted = False
            self.confirm()

    def give_up_trial(self, cause: str) -> None:
        """Give up the running image, which is on trial: the old one starts at the next restart."""
        # Cut after this: the old image boots and finds the verdict rolled-back.
        self._records.save(trial.rolled_back(self.record(), cause))
        log("rollback", slot=self.running_slot, cause=cause)

    def last_words(self) -> "dict[str, str]":
        """How the image that was rolled back ended, as far as that is known: `exit` and `error`."""
        return {} if self._note is None or self.record().cause in UNSTARTED else self._note.last_words()

    def settle(self) -> None:
        """The rollback was reported: forget the trial."""
        if self.verdict() == trial.ROLLED_BACK:
            if self.fall_back():
                bad = self._fallen_back_from() if self.record().cause in EVIDENCE else None
                # Cut after this: it is remembered once more at the next contact.
                self._remember_bad(bad, self.self_report.trial_failure())
            # Cut after this: nothing is left of the update.
            self._records.save(trial.settled(self.record()))

    def fall_back(self) -> "dict[str, object]":
        """The facts of a fall back from a confirmed image, until `settle`; empty if there was none."""
        record, bad = self.record(), self._fallen_back_from()
        if not trial.is_fallen_back(record):
            return {}
        facts: "dict[str, object]" = {"from_slot": record.trial_slot, "to_slot": record.confirmed_slot}
        facts.update(cause=record.cause, crashes=record.attempts_spent, healthy_boots=record.healthy_boots)
        if bad is not None:
            facts["sha256"] = (bad.sha256 or b"").hex()
        facts.update(self.last_words())
        return facts

    def _fallen_back_from(self) -> "Digests | None":
        """The confirmed image that was given up in its probation, if its slot still says which that was."""
        record = self.record()
        slot = record.trial_slot if trial.is_fallen_back(record) else None
        return None if slot is None else self._slots.seal_of(slot)


_current: "Device | None" = None


def current() -> Device:
    """The device that this program runs on, by the settings of `fota-boot`. *Raises* NotProvisioned."""
    global _current
    if _current is None:
        path, slot = machine.setting("FOTA_HOME"), machine.setting("FOTA_SLOT")
        if not path or slot is None or not slot.isdigit():
            raise errors.NotProvisioned(
                "FOTA_HOME and FOTA_SLOT are not set: start the program with fota-boot --home DIR"
            )
        _current = open_device(path, int(slot))
    return _current


def use(device: Device) -> None:
    """From now on `current` returns this device: for boards that none of our boot choosers has started."""
    global _current
    _current = device


def open_device(path: str, running_slot: int) -> Device:
    """The device whose home folder is `path`. *Raises* NotProvisioned."""
    # Imported late: a board whose images are not in files does not need it.
    from fota.boards.files import FilesBoard

    return device_of(FilesBoard(path), running_slot, machine.setting("FOTA_CACERT"))


def device_of(board: "Board", running_slot: int, cacert: "str | None") -> Device:
    """The device of a board; `cacert` names the authorities that a download trusts."""
    return Device(board, running_slot, client=HttpsClient(cacert))
