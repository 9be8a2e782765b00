"""`fota-boot --doctor` on a home: its file system, its copies of what it keeps, its owner, modes and clock."""

import os
import stat
import time
from pathlib import Path

import pytest

from fota import strict_json
from fota.trust import envelope, manifest
from fota.trust.floor import Floor
from fota_boot.doctor import home as at_home
from fota_boot.doctor.examine import examine_home
from fota_boot.doctor.findings import ERROR, OK, WARNING
from tests.labs.doctor_home import complaints, found, home, one_complaint, spoil

__all__ = ("home",)

# A home that is well, and one that is none.


def test_of_a_home_that_is_well_nothing_is_complained(home):
    assert complaints(home) == []


def test_a_folder_that_holds_no_slots_is_an_error_with_what_to_do(tmp_path):
    (finding,) = examine_home(str(tmp_path))
    assert (finding.subject, finding.level) == ("home", ERROR)
    assert "--factory IMAGE" in finding.remedy


def test_a_home_on_a_file_system_that_forgets_is_an_error(home, monkeypatch):
    monkeypatch.setattr("fota_boot.filesystem._mount_of", lambda path: ("tmpfs", ""))
    (finding,) = at_home.examine_file_system(home.path)
    assert (finding.level, "tmpfs forgets all" in finding.text, "--force" in finding.as_line()) == (
        ERROR,
        True,
        False,
    )


def test_a_home_that_is_mounted_read_only_is_an_error(home, monkeypatch):
    disk = os.statvfs(home.path)
    read_only = os.statvfs_result((*disk[:8], disk.f_flag | os.ST_RDONLY, *disk[9:]))
    monkeypatch.setattr(os, "statvfs", lambda path: read_only)
    one_complaint(home, "file system", ERROR, "read-only")


# Copies.


TWICE = ("record", "journal", "keyring", "floor", "slot-0.seal")


@pytest.mark.parametrize("copy", [0, 1])
@pytest.mark.parametrize("name", TWICE)
def test_one_damaged_copy_is_a_warning_that_names_it(home, name, copy):
    if name == "floor":
        home.releases.floors.save(Floor(seq=1, sha256="a" * 64))
    spoil(home, name, copy)
    one_complaint(home, name, WARNING, f"{name}-{copy} is damaged")


@pytest.mark.parametrize("name", TWICE[:-1])
def test_two_damaged_copies_are_an_error(home, name):
    home.releases.floors.save(Floor(seq=1, sha256="a" * 64))
    spoil(home, name, 0)
    spoil(home, name, 1)
    complaint = complaints(home)
    assert (name, ERROR) in [(one.subject, one.level) for one in complaint]
    assert "both copies" in " ".join(one.text for one in complaint if one.subject == name)


def test_a_copy_that_is_gone_is_a_warning(home):
    Path(home.path, "record-1").unlink()
    one_complaint(home, "record", WARNING, "record-1 is missing")


def test_a_copy_whose_content_makes_no_sense_is_damaged_whatever_its_crc_says(home):
    home.records._value.save(b"\0\0\0\0\0\0")
    assert [level for level, _ in found(home, "record")] == [WARNING]


def test_a_home_without_a_keyring_is_a_warning(lab):
    home = lab.provision()
    one_complaint(home, "keyring", WARNING, "installs whatever a job names")


def test_a_release_that_is_kept_whole_is_fine(home):
    fields = {
        "format": 1, "product": "lamp", "hardware": ["rev-b"], "version": "1", "seq": 1, "secver": 0, "slot": "any",
        "image": "zipapp", "size": 1, "sha256": "a" * 64, "md5": "b" * 32, "release": "lamp-1",
    }  # fmt: skip
    signed = envelope.Envelope(manifest.PAYLOAD_TYPE, strict_json.canonical(fields), [("0" * 16, b"s" * 64)])
    home.releases.keep(0, envelope.fields(signed))
    assert found(home, "slot-0.release") == [(OK, "both copies are whole")]


def test_a_copy_that_lost_all_its_bytes_is_a_warning(home):
    path = Path(home.path, "record-1")
    path.write_bytes(bytes(path.stat().st_size))
    one_complaint(home, "record", WARNING, "record-1 is blank")


def test_a_copy_that_is_being_written_is_read_again(home, monkeypatch):
    whole = Path(home.path, "record-0").read_bytes()
    spoil(home, "record", 0)
    monkeypatch.setattr(time, "sleep", lambda _: Path(home.path, "record-0").write_bytes(whole))
    assert complaints(home) == []


def test_a_release_that_is_kept_is_looked_at_too(home):
    path = Path(home.path, "slot-0.release-0")
    path.write_bytes(b"no release")
    path.chmod(0o600)
    assert found(home, "slot-0.release")[0][0] == ERROR


# Owner and modes.


@pytest.mark.parametrize("name", ["slot-0.img", "record-1", "."])
def test_what_others_may_write_to_is_an_error(home, name):
    path = Path(home.path, name)
    path.chmod(path.stat().st_mode | stat.S_IWGRP)
    one_complaint(home, "modes", ERROR, home.path if name == "." else name)


def test_a_link_in_the_place_of_a_file_is_an_error(home):
    path = Path(home.path, "record-0")
    path.rename(path.with_name("elsewhere"))
    path.symlink_to("elsewhere")
    assert found(home, "files") == [(ERROR, "record-0: a link, which is not followed")]


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give a file away")
def test_a_file_of_another_owner_is_an_error(home):
    os.chown(f"{home.path}/slots.json", 65_534, 65_534)
    assert found(home, "owner")[0][0] == ERROR


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give a folder away")
def test_whoever_is_not_the_device_is_told_to_look_as_the_device(home):
    os.chown(home.path, 65_534, 65_534)
    (finding,) = examine_home(home.path)
    assert (finding.subject, finding.level, "sudo -u" in finding.remedy) == ("owner", ERROR, True)


# The clock.


def test_a_clock_that_was_never_set_is_an_error(home, monkeypatch):
    from fota_boot.doctor import examine as doctor

    monkeypatch.setattr(time, "time", lambda: 86_400.0)
    assert [one.level for one in doctor.examine_connection(home.path, None)] == [ERROR, WARNING]


def test_a_clock_that_went_back_is_a_warning(home):
    from fota_boot.doctor import examine as doctor

    later_s = time.time() + 10_000
    os.utime(f"{home.path}/record-0", (later_s, later_s))
    assert doctor.examine_connection(home.path, None)[0].level == WARNING
