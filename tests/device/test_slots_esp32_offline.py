"""OTA partitions: a trial that ends without the network is told as offline, which speaks against no image."""

import pytest

from fota import boot_note, device, trial
from fota.boards.esp32 import open_board
from fota_testing.flash.esp32 import Esp32, firmware


@pytest.fixture
def opened(tmp_path, monkeypatch):
    """A function that resets the chip and opens its board; the first image has begun a trial of the other one."""
    monkeypatch.setattr(boot_note, "_begun", [])
    monkeypatch.setattr(boot_note, "_told", [])
    monkeypatch.setattr(device, "_current", None)
    board = Esp32()
    for slot in (0, 1):
        board.put(slot, firmware(b"image %d" % slot))

    def reset():
        board.boot()
        boot_note._begun.clear()
        return open_board(str(tmp_path / "home"), partitions=board.Partition, allow_fat=True, arm=lambda _: None)

    first = reset()
    first._records.save(trial.begun(first.record(), 1))
    return reset


@pytest.mark.parametrize(
    ("notes", "cause"),
    [
        ((boot_note.offline,), "offline"),
        ((), "not-confirmed"),
        ((boot_note.offline, boot_note.online), "not-confirmed"),
        ((boot_note.online, boot_note.offline), "offline"),
    ],
    ids=["offline", "silent", "online again", "offline again"],
)
def test_the_cause_says_whether_the_image_reached_the_cloud(opened, notes, cause):
    on_trial = opened()
    assert on_trial.verdict() == trial.ON_TRIAL
    for note in notes:
        note()
    back = opened()
    assert (back.running_slot, back.verdict(), back.record().cause) == (0, trial.ROLLED_BACK, cause)


def test_the_next_trial_begins_with_a_note_of_its_own(opened):
    opened()
    boot_note.offline()
    back = opened()
    back._records.save(trial.begun(trial.settled(back.record()), 1))
    assert opened().verdict() == trial.ON_TRIAL
    assert opened().record().cause == "not-confirmed"
