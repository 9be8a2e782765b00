"""A board with OTA partitions, as `fota.start_firmware` opens it: its program finds it, its boot loader follows."""

import itertools
from pathlib import Path

import pytest

from fota import _storage_micropython, trial
from fota import device as devices
from fota.boards.esp32 import open_board
from fota.digests import Hasher
from fota.errors import NotProvisioned, StorageFailed
from fota_testing.flash.cells import PowerCut
from fota_testing.flash.esp32 import Esp32, firmware
from fota_testing.flash.esp_boot import VALID

OLD, NEW = firmware(b"old " * 600), firmware(b"new " * 1500)


@pytest.fixture(autouse=True)
def _no_device_left(monkeypatch):
    monkeypatch.setattr(devices, "_current", None)


@pytest.fixture
def board():
    made = Esp32()
    made.put(0, OLD)
    made.boot()
    return made


@pytest.fixture
def home(tmp_path):
    return str(tmp_path / "a" / "fota")


def opened(board, home, **more):
    return open_board(home, partitions=board.Partition, **{"arm": lambda _ms: None, **more})


def digests_of(content):
    hasher = Hasher()
    hasher.update(memoryview(content))
    return hasher.digests()


def with_new_image_on_trial(board, home):
    """The old firmware installs the new one, and the board restarts into it."""
    device = opened(board, home)
    writer = device._slots.writer(1, len(NEW))
    writer.write(memoryview(NEW))
    writer.close()
    device._slots.seal(1, digests_of(NEW))
    device.begin_trial(1, digests_of(NEW))
    board.boot()
    return opened(board, home)


def test_a_board_is_found_by_its_program_from_its_first_boot_on(board, home):
    device = opened(board, home)
    assert devices.current() is device
    assert (device.running_slot, device.verdict()) == (0, trial.SETTLED)


def test_a_firmware_is_confirmed_in_both_the_record_and_the_boot_loader(board, home):
    device = with_new_image_on_trial(board, home)
    assert (device.running_slot, device.verdict()) == (1, trial.ON_TRIAL)
    device.confirm()
    assert board.loader.states()[1] == VALID
    assert [board.boot(), opened(board, home).verdict()] == [1, trial.SETTLED]


def test_a_firmware_that_is_not_confirmed_is_gone_at_the_next_reset(board, home):
    with_new_image_on_trial(board, home)
    assert board.boot() == 0
    assert opened(board, home).verdict() == trial.ROLLED_BACK


def test_a_trial_has_its_watchdog_before_the_program_runs_and_no_other_boot_has(board, home):
    armed: list[int] = []
    with_new_image_on_trial(board, home)
    device = opened(board, home, arm=armed.append, deadline_ms=1234)
    assert armed == [1234]
    device.confirm()
    opened(board, home, arm=armed.append)
    assert armed == [1234]


def test_a_home_on_fat_is_refused_before_anything_is_made(board, home, monkeypatch):
    monkeypatch.setattr(_storage_micropython, "file_system_kind", lambda _path: "fat")
    with pytest.raises(StorageFailed, match="FAT"):
        opened(board, home)
    assert not Path(home).exists()
    assert opened(board, home, allow_fat=True).running_slot == 0


def test_a_chip_with_one_partition_takes_no_update(home):
    board = Esp32(slots=1)
    board.put(0, OLD)
    board.boot()
    with pytest.raises(NotProvisioned, match="two OTA partitions"):
        opened(board, home)
    with pytest.raises(NotProvisioned):
        devices.current()


def test_the_kind_of_image_that_it_trusts_is_firmware(board, home):
    assert opened(board, home)._releases.image_kinds == ("esp32",)


def test_cut_at_any_operation_of_the_flash_the_board_comes_to_rest_on_one_whole_image(tmp_path):
    verdicts = set()
    for operation in itertools.count(1):
        board, home = Esp32(), str(tmp_path / str(operation))
        board.put(0, OLD)
        board.boot()
        board.flash.cut_at(operation, "half")
        try:
            with_new_image_on_trial(board, home).confirm()
            was_cut = False
        except PowerCut:
            board.flash.restore()
            was_cut = True
        for _ in range(6):
            slot = board.boot()
            device = opened(board, home)
            if device.verdict() == trial.ON_TRIAL:
                device.confirm()
            device.settle()
        assert device.verdict() == trial.SETTLED
        assert (slot, board.loader.next_slot()) == (device.record().confirmed_slot,) * 2
        assert board.content(slot).startswith(NEW if slot else OLD)
        verdicts.add(slot)
        if not was_cut:
            break
    assert operation > 10
    assert verdicts == {0, 1}
