"""Boards each of which breaks one clause of `fota.boards`."""

from typing import Any

from fota import trial
from fota.record import Record
from tests.labs.board_rigs import Esp32Rig, FilesRig


class Altered:
    """An object with some attributes replaced."""

    def __init__(self, base: Any, **replaced: Any) -> None:
        self._base = base
        self.__dict__.update(replaced)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._base, name)


class OneSlot(FilesRig):
    def open(self) -> Any:
        home = super().open()
        return Altered(home, slots=Altered(home.slots, count=1))


class RunsFromNowhere(FilesRig):
    def reset(self) -> "tuple[Any, int]":
        return super().reset()[0], 7


class RunsAnotherImage(FilesRig):
    def image(self, seed: int) -> bytes:
        self.seen = getattr(self, "seen", 0) + 1
        return super().image(seed if self.seen == 1 else seed + 5)


class HoldsRecordsInMemory(FilesRig):
    """Durable when the board is opened the next time, and not when `save` returns."""

    def open(self) -> Any:
        home = super().open()
        return Altered(home, records=Altered(home.records, save=lambda _record: None))


class WritesBeforeItErases(FilesRig):
    """A save that makes an intermediate record durable."""

    def open(self) -> Any:
        home = super().open()

        def save_in_both(record: Record) -> None:
            home.records.save_in_both(Record(record.confirmed_slot, trial_slot=1, attempts_spent=9, cause="crashed"))
            home.records.save_in_both(record)

        return Altered(home, records=Altered(home.records, save_in_both=save_in_both))


class SavesOneCopy(FilesRig):
    def open(self) -> Any:
        home = super().open()
        return Altered(home, records=Altered(home.records, save_in_both=home.records.save))


class StartsTheOldImage(FilesRig):
    def choose(self, home: Any) -> int:
        super().choose(home)
        return 0


class StartsWithoutReading(FilesRig):
    def choose(self, home: Any) -> int:
        record = home.records.load()
        if record.trial_slot == record.boot_slot and not record.attempts_spent:
            home.records.save(trial.attempt_spent(record))
            return int(record.boot_slot)
        return super().choose(home)


class CallsDamageACrash(FilesRig):
    def choose(self, home: Any) -> int:
        slot = super().choose(home)
        record = home.records.load()
        if record.cause == "image-damaged":
            home.records.save(trial.rolled_back(record, "crashed"))
        return slot


class StartsForEver(FilesRig):
    def choose(self, home: Any) -> int:
        record = home.records.load()
        if record.trial_slot == record.boot_slot:
            home.records.save(trial.attempt_spent(trial.begun(record, record.boot_slot)))
            return int(record.boot_slot)
        return super().choose(home)


class CountsAfterTheStart(FilesRig):
    """The start is counted one boot late: a cut gains one."""

    def choose(self, home: Any) -> int:
        record = home.records.load()
        if record.trial_slot == record.boot_slot and record.attempts_spent == 0 and not hasattr(self, "started"):
            self.started = True
            return int(record.boot_slot)
        return super().choose(home)


class ForgetsTheRollback(FilesRig):
    def choose(self, home: Any) -> int:
        slot = super().choose(home)
        record = home.records.load()
        if trial.verdict(record, slot) == trial.ROLLED_BACK:
            home.records.save(trial.settled(record))
        return slot


class ForgetsTheConfirm(FilesRig):
    def choose(self, home: Any) -> int:
        slot = super().choose(home)
        if home.records.load().confirmed_slot == 1:
            home.records.save_in_both(Record(0))
            return 0
        return slot


class NeedsARecord(FilesRig):
    def choose(self, home: Any) -> int:
        return super().choose(home) if home.records.load() else 1


class NeedsToWrite(FilesRig):
    def choose(self, home: Any) -> int:
        slot = super().choose(home)
        return 7 if self._refuses else slot


class ForgetsItsJournal(FilesRig):
    def open(self) -> Any:
        home = super().open()
        home.journal.clear()
        return home


class WritesOverTheJournal(FilesRig):
    def open(self) -> Any:
        home = super().open()

        def save_in_both(record: Record) -> None:
            home.records.save_in_both(record)
            home.journal.clear()

        return Altered(home, records=Altered(home.records, save_in_both=save_in_both))


class NamesNoKind(FilesRig):
    def open(self) -> Any:
        home = super().open()
        return Altered(home, releases=Altered(home.releases, image_kinds=("",)))


class WithPatches(FilesRig):
    """A board whose place for a patch is another one."""

    def place(self, home: Any) -> Any:
        raise NotImplementedError

    def open(self) -> Any:
        home = super().open()
        return Altered(home, patches=self.place(home))


class ForgetsThePatch(WithPatches):
    def place(self, home: Any) -> Any:
        home.patches.remove()
        return home.patches


class NeverRemovesThePatch(WithPatches):
    def place(self, home: Any) -> Any:
        return Altered(home.patches, remove=lambda: None)


class BeginsThePatchAgain(WithPatches):
    def place(self, home: Any) -> Any:
        return Altered(home.patches, resume=lambda slot, size, _offset: home.patches.resume(slot, size, 0))


class KeepsThePatchInTheSpareSlot(WithPatches):
    def place(self, home: Any) -> Any:
        spare = home.slots
        return Altered(
            home.patches,
            resume=lambda _slot, size, offset: spare.resume(1, size, offset),
            reader=lambda _slot: spare.reader(1),
            remove=lambda: spare.resume(1, 1, 0).close(),
        )


class FlushesNoPatch(WithPatches):
    def place(self, home: Any) -> Any:
        def resume(*where: int) -> Any:
            return Altered(home.patches.resume(*where), flush=lambda: None)

        return Altered(home.patches, resume=resume)


class RaisesWhatTheSystemRaisesOfPatches(WithPatches):
    def place(self, home: Any) -> Any:
        def remove() -> None:
            if self._refuses:
                raise OSError(30, "Read-only file system")
            home.patches.remove()

        return Altered(home.patches, remove=remove)


class KeepsRefusalsToItself(FilesRig):
    def open(self) -> Any:
        home = super().open()

        def save(record: Record) -> None:
            if not self._refuses:
                home.records.save(record)

        return Altered(home, records=Altered(home.records, save=save))


class RaisesWhatTheSystemRaises(FilesRig):
    def open(self) -> Any:
        home = super().open()

        def save(record: Record) -> None:
            if self._refuses:
                raise OSError(30, "Read-only file system")
            home.records.save(record)

        return Altered(home, records=Altered(home.records, save=save))


class BootLoaderWithoutRollback(Esp32Rig):
    """Built without CONFIG_BOOTLOADER_APP_ROLLBACK_ENABLE, and nobody counts the starts."""

    def __init__(self) -> None:
        super().__init__()
        self.board.loader._guards = False

    def reset(self) -> "tuple[Any, int]":
        opened, _ = super().reset()
        return opened, self.board.loader.next_slot()

    def records(self, slots: Any, loader: Any) -> Any:
        return Altered(super().records(slots, loader), reconcile=lambda: None)


BROKEN = {
    1: (OneSlot, RunsFromNowhere, RunsAnotherImage),
    2: (HoldsRecordsInMemory, WritesBeforeItErases),
    3: (SavesOneCopy,),
    4: (StartsTheOldImage, StartsWithoutReading, CallsDamageACrash),
    5: (StartsForEver, CountsAfterTheStart, ForgetsTheRollback, BootLoaderWithoutRollback),
    6: (ForgetsTheConfirm,),
    7: (NeedsARecord, NeedsToWrite),
    8: (ForgetsItsJournal, WritesOverTheJournal),
    9: (NamesNoKind,),
    10: (
        ForgetsThePatch,
        NeverRemovesThePatch,
        BeginsThePatchAgain,
        KeepsThePatchInTheSpareSlot,
        FlushesNoPatch,
    ),
    11: (KeepsRefusalsToItself, RaisesWhatTheSystemRaises, RaisesWhatTheSystemRaisesOfPatches),
}
