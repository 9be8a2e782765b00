"""What cannot be read now is not lost: the device boots by what it can read, and writes nothing in its place."""

import errno
import json
import os
from pathlib import Path

import pytest

from fota import boot, machine
from fota._storage_cpython import FileCell
from fota.errors import NothingBootable, NotProvisioned, StorageFailed
from fota.record import Record, RecordStore
from fota.slots.files import FileSlots
from fota.storage import cell_pair
from fota_testing.flash.cells import MemoryCell

SLOTS = 2
CONFIRMED = Record(1)
DUE = Record(0, boot_slot=1, trial_slot=1)


class Device:
    """Its record, and what each of its slots answers: True, False, or None if it cannot be read now."""

    def __init__(self, record: Record, *answers: bool | None) -> None:
        self.cells = (MemoryCell(), MemoryCell())
        self.records = RecordStore(*self.cells)
        self.records.save_in_both(record)
        self.answers = answers
        self.before = self.writes

    @property
    def writes(self) -> int:
        return self.cells[0].writes + self.cells[1].writes

    def refuse(self, *, is_refusing: bool) -> None:
        for cell in self.cells:
            cell.refuses_reads = is_refusing

    def choose(self, likely: int | None = None) -> int:
        return boot.choose(self.records, SLOTS, lambda slot: self.answers[slot], likely=likely)


@pytest.fixture(autouse=True)
def waits(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """How long the boot chooser has waited each time, in milliseconds."""
    waited: list[int] = []
    monkeypatch.setattr(machine, "sleep_ms", waited.append)
    return waited


def test_a_record_that_cannot_be_read_stops_no_boot_and_stays_as_it_is() -> None:
    device = Device(CONFIRMED, False, True)
    device.refuse(is_refusing=True)
    assert device.choose() == 1
    device.refuse(is_refusing=False)
    assert (device.records.load(), device.writes) == (CONFIRMED, device.before)


def test_every_image_that_proves_itself_gets_its_turn_since_one_may_crash() -> None:
    device = Device(CONFIRMED, True, True)
    device.refuse(is_refusing=True)
    assert {device.choose() for _ in range(100)} == {0, 1}


def test_the_image_that_ran_last_is_preferred_if_it_proves_itself() -> None:
    device = Device(CONFIRMED, True, True)
    device.refuse(is_refusing=True)
    assert {device.choose(likely=1) for _ in range(100)} == {1}
    device.answers = (True, None)
    assert device.choose(likely=1) == 0


def test_a_record_that_can_be_read_a_moment_later_decides(monkeypatch: pytest.MonkeyPatch, waits: list[int]) -> None:
    device = Device(CONFIRMED, True, True)
    device.refuse(is_refusing=True)

    def sleep_ms(duration_ms: int) -> None:
        waits.append(duration_ms)
        device.refuse(is_refusing=len(waits) < 2)

    monkeypatch.setattr(machine, "sleep_ms", sleep_ms)
    assert {device.choose() for _ in range(20)} == {1}
    assert tuple(waits) == boot.READ_AGAIN_MS


@pytest.mark.parametrize("record", [CONFIRMED, DUE], ids=["settled", "a trial is due"])
def test_images_that_cannot_be_read_now_are_not_called_damaged(record: Record) -> None:
    device = Device(record, None, None)
    with pytest.raises(StorageFailed):
        device.choose()
    assert (device.records.load(), device.writes) == (record, device.before)


def test_an_image_that_alone_cannot_be_read_is_given_up_as_damaged() -> None:
    device = Device(DUE, True, None)
    assert device.choose() == 0
    assert device.records.load() == Record(0, trial_slot=1, cause="image-damaged")


def test_where_nothing_lies_that_could_be_read_later_nothing_is_bootable() -> None:
    device = Device(CONFIRMED, False, False)
    device.refuse(is_refusing=True)
    with pytest.raises(NothingBootable):
        device.choose()


# Files.


@pytest.mark.parametrize("number", [errno.EIO, errno.EMFILE, errno.ENFILE, errno.ENOMEM, errno.EACCES])
@pytest.mark.parametrize("call", ["open", "pread"])
def test_an_error_that_may_pass_is_no_missing_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, number: int, call: str
) -> None:
    cell = FileCell(str(tmp_path / "record-0"), 64)
    cell.create()
    with monkeypatch.context() as failing:
        refuse(failing, call, number)
        with pytest.raises(StorageFailed) as caught:
            cell.read()
    assert isinstance(caught.value.cause, OSError)


@pytest.mark.parametrize("number", [errno.EBADMSG, errno.EUCLEAN])
def test_what_the_file_system_itself_calls_damaged_is_damaged(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, number: int
) -> None:
    cell = FileCell(str(tmp_path / "record-0"), 64)
    cell.create()
    with monkeypatch.context() as failing:
        refuse(failing, "pread", number)
        assert cell.read() == b""


def test_a_geometry_that_cannot_be_read_now_is_asked_for_again_and_no_image_is_too_large(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "slots.json").write_text(json.dumps({"slots": 2, "slot_size_bytes": 1000}))
    for slot in (0, 1):
        for cell in cell_pair(f"{tmp_path}/slot-{slot}.seal"):
            cell.create()
    with monkeypatch.context() as failing:
        refuse(failing, "open", errno.EMFILE)
        slots = FileSlots.open(str(tmp_path))
        assert slots.count == 2
        with pytest.raises(StorageFailed):
            slots.capacity_bytes(0)
    assert slots.capacity_bytes(0) == 1000


def test_a_home_that_cannot_be_looked_into_is_not_called_empty(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as failing:
        refuse(failing, "stat", errno.EIO)
        FileSlots.open(str(tmp_path))
    with pytest.raises(NotProvisioned):
        FileSlots.open(str(tmp_path))


def refuse(failing: pytest.MonkeyPatch, call: str, number: int) -> None:
    def refused(*_: object, **__: object) -> None:
        raise OSError(number, os.strerror(number))

    failing.setattr(os, call, refused)
