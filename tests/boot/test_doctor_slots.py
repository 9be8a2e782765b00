"""`fota-boot --doctor` on the slots of a home: their images and seals, and the room for another one."""

import os
from pathlib import Path

from fota import trial
from fota.boards.provisioning import put_keyring
from fota_boot.doctor.findings import ERROR, OK, WARNING
from tests.labs.boot_lab import WAITS
from tests.labs.doctor_home import KEYRING, complaints, flip, found, home, one_complaint

__all__ = ("home",)


def test_an_image_that_is_to_boot_and_changed_is_an_error(home):
    flip(Path(home.slots.image_path(0)), -1)
    one_complaint(home, "slot 0", ERROR, "other bytes")


def test_a_spare_image_that_is_cut_short_is_a_warning(lab, home):
    lab.put_on_trial("new", WAITS)
    home.records.save_in_both(trial.settled(home.records.load()))
    path = Path(home.slots.image_path(1))
    size_bytes = path.stat().st_size
    os.truncate(path, 100)
    one_complaint(home, "slot 1", WARNING, f"100 of the {size_bytes} bytes")


def test_the_spare_slot_that_holds_an_old_image_is_fine(lab, home):
    lab.put_on_trial("new", WAITS)
    home.records.save_in_both(trial.settled(home.records.load()))
    assert complaints(home) == []
    assert found(home, "slot 1")[0][1].startswith("spare: ")


def test_a_confirmed_slot_without_a_seal_is_an_error(home):
    home.slots.writer(0, 1).close()
    one_complaint(home, "slot 0", ERROR, "seal is broken")


def test_a_geometry_that_cannot_be_read_is_an_error(home):
    Path(home.path, "slots.json").write_text("{")
    one_complaint(home, "slots", ERROR, "takes no update")


def test_a_disk_with_less_room_than_a_slot_is_a_warning(lab, monkeypatch):
    home = lab.provision()
    put_keyring(home, KEYRING)
    disk = os.statvfs(home.path)
    few = os.statvfs_result((*disk[:4], 50_000 // disk.f_frsize, *disk[5:]))
    monkeypatch.setattr(os, "statvfs", lambda path: few)
    one_complaint(home, "space", WARNING, "100000")


def test_what_the_spare_image_takes_up_counts_as_room(lab, home, monkeypatch):
    lab.put_on_trial("new", f"{WAITS}\n# {'x' * 90_000}")
    home.records.save_in_both(trial.settled(home.records.load()))
    disk = os.statvfs(home.path)
    few = os.statvfs_result((*disk[:4], 20_000 // disk.f_frsize, *disk[5:]))
    monkeypatch.setattr(os, "statvfs", lambda path: few)
    assert found(home, "space")[0][0] == OK


def test_a_disk_without_room_for_the_running_image_is_an_error(home, monkeypatch):
    disk = os.statvfs(home.path)
    none = os.statvfs_result((*disk[:4], 0, *disk[5:]))
    monkeypatch.setattr(os, "statvfs", lambda path: none)
    one_complaint(home, "space", ERROR, "0 bytes")
