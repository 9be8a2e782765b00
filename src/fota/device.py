"""This device, as an update sees it: its slots, record and journal, and what may be done with them now.

Everything that touches the machine is handed in; `current` alone gathers it from what `fota-boot` has set.
"""

from fota import errors, machine, trial
from fota.home import Home
from fota.http import HttpsClient
from fota.install import Installer
from fota.log import log
from fota.record import Record

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Protocol

    from fota.download import Clock
    from fota.image import Digests
    from fota.journal import Journal
    from fota.record import Records
    from fota.releases import Releases
    from fota.slots import Slots

    class Memory(Protocol):
        """What survives a reset: a home folder, or what a board has in its place."""

        @property
        def slots(self) -> Slots:
            """Where images are."""

        @property
        def records(self) -> Records:
            """What starts, and what is on trial."""

        @property
        def journal(self) -> Journal:
            """The update under way."""

        @property
        def releases(self) -> Releases:
            """Whom the device trusts."""


class Turn:
    """One update at a time: a context that only one thread can be in."""

    def __init__(self) -> None:
        self._lock = machine.new_lock()

    def __enter__(self) -> "Turn":
        """*Raises* Busy at once when another thread is inside."""
        if not self._lock.acquire(False):
            raise errors.Busy("another update is under way")
        return self

    def __exit__(self, *_: object) -> None:
        """Let the next one in."""
        self._lock.release()


class Device:
    """One device; the image that asks runs in `running_slot`."""

    def __init__(
        self,
        slots: "Slots",
        records: "Records",
        journal: "Journal",
        *,
        releases: "Releases",
        running_slot: int,
        installer: Installer,
        clock: "Clock",
        restart: "Callable[[], None]",
    ) -> None:
        self.slots = slots
        self.journal = journal
        self.releases = releases
        self.running_slot = running_slot
        self.installer = installer
        self.clock = clock
        self.restart = restart
        """Restarts the device and does not return; a test's may."""
        self.turn = Turn()
        self._records = records
        self._is_counted = False
        """Whether this boot, the only one that this object lives through, needs no more counting as a healthy one."""

    def record(self) -> Record:
        """The boot record; while both copies are unreadable, the running image counts as confirmed."""
        return self._records.load() or Record(self.running_slot)

    def verdict(self) -> str:
        """What this boot means: one of the words of `fota.trial`."""
        return trial.verdict(self.record(), self.running_slot)

    def runs(self, wanted: "Digests") -> bool:
        """Whether the running image is the wanted one, by the digests its slot was sealed with."""
        sealed = self.slots.seal_of(self.running_slot)
        return sealed is not None and wanted.matches(sealed)

    def slot_for(self, number: "int | None", size_bytes: int) -> int:
        """The slot that an image goes to: the one asked for, or, for None, the first spare one.

        *Raises* NoSuchSlot, SlotIsRunning, ImageTooLarge; changes nothing.
        """
        kept = (self.running_slot, self.record().confirmed_slot)
        if number is None:
            number = 0
            while number in kept:
                number += 1
        if not 0 <= number < self.slots.count:
            raise errors.NoSuchSlot(f"bc_idx: expected a slot from 0 to {self.slots.count - 1}, got {number}")
        if number in kept:
            raise errors.SlotIsRunning(f"bc_idx: slot {number} runs, or is the one to fall back on")
        capacity_bytes = self.slots.capacity_bytes(number)
        if size_bytes > capacity_bytes:
            raise errors.ImageTooLarge(f"bc_size: slot {number} holds {capacity_bytes} bytes, got {size_bytes}")
        return number

    def require_no_trial(self) -> None:
        """*Raises* Busy while an image is on trial or about to be: its fallback must not be written to."""
        if self.verdict() in (trial.ON_TRIAL, trial.AWAITING_TRIAL):
            raise errors.Busy("an image is on trial; confirm it or restart first")

    def begin_trial(self, slot: int, wanted: "Digests") -> None:
        """The image in `slot` starts at the next restart, on trial. Survives a reset.

        *Raises* HashMismatch unless the slot, read now, holds what is wanted; NotTrusted unless the release kept
        beside it is one that this device takes; Busy during a trial.
        """
        self.require_no_trial()
        self.releases.require_kept(slot)
        if not self.installer.holds(slot, wanted):
            raise errors.HashMismatch(f"slot {slot} does not hold the image; call update() first")
        # Cut after this: the new image boots, on trial.
        self._records.save(trial.begun(self.record(), slot))
        log("trial-started", slot=slot)

    def confirm(self) -> None:
        """Make the running image final, if it is on trial. Survives a reset.

        Says too that it is well in this boot, which counts in its first boots: see `fota.floor`.
        """
        if self.verdict() == trial.ON_TRIAL:
            # Cut after this: the new image stays; the report is still owed.
            self._records.save_in_both(trial.confirmed(self.record()))
            log("confirmed", slot=self.running_slot)
        if self.awaits_healthy_boot():
            self.boot_was_healthy()

    def awaits_healthy_boot(self) -> bool:
        """Whether it matters that the confirmed image is well in this boot; see `fota.floor`."""
        if self._is_counted or self.verdict() != trial.SETTLED:
            return False
        # Looked up once: a device at rest reads none of that again at every look.
        self._is_counted = not self.releases.rises_with(self.running_slot)
        return not self._is_counted

    def boot_was_healthy(self) -> None:
        """The running image, confirmed, is well in this boot: counted once."""
        try:
            self.releases.boot_was_healthy(self.running_slot)
        except errors.StorageFailed as error:
            # Counted at a later look: what is owed to the cloud does not wait for it.
            log("floor-not-saved", problem=error)
        else:
            self._is_counted = True

    def keep_release(self, slot: int, envelope: object) -> None:
        """Remember which release a slot holds, the running one too. Survives a reset. *Raises* StorageFailed."""
        self.releases.keep(slot, envelope)
        if slot == self.running_slot and self.releases.is_renewed(slot):
            # A newer manifest of the image that runs: its number counts from now on, and its boots anew.
            self._is_counted = False
            self.confirm()

    def give_up_trial(self, cause: str) -> None:
        """The running image, on trial, is no good: the old one starts at the next restart."""
        # Cut after this: the old image boots and finds the verdict rolled-back.
        self._records.save(trial.rolled_back(self.record(), cause))
        log("rollback", slot=self.running_slot, cause=cause)

    def settle(self) -> None:
        """The rollback has been told: forget the trial."""
        if self.verdict() == trial.ROLLED_BACK:
            # Cut after this: nothing is left of the update.
            self._records.save(trial.settled(self.record()))


_current: "Device | None" = None


def current() -> Device:
    """The device this program runs on, as `fota-boot` has told it. *Raises* NotProvisioned."""
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
    """From now on `current` is this one: for boards that no boot chooser of ours has started."""
    global _current
    _current = device


def open_device(path: str, running_slot: int) -> Device:
    """The device whose home folder is `path`. *Raises* NotProvisioned."""
    return device_of(Home(path), running_slot, machine.setting("FOTA_CACERT"))


def device_of(home: "Memory", running_slot: int, cacert: "str | None") -> Device:
    """The device that remembers all that; `cacert` names the authorities that a download trusts."""
    installer = Installer(home.slots, client=HttpsClient(cacert), clock=machine)
    return Device(
        home.slots,
        home.records,
        home.journal,
        releases=home.releases,
        running_slot=running_slot,
        installer=installer,
        clock=machine,
        restart=machine.restart,
    )
