"""`fota-boot --doctor` on a home: what it finds in the files, and of whoever runs from them; it changes nothing."""

import hashlib
import json
import os
import signal
import stat
import subprocess
import sys
import time
from pathlib import Path

import pytest

from boot_lab import WAITS, BootLab, until
from fota import _doctor_copies_cpython as copies
from fota import _doctor_home_cpython as at_home
from fota import _doctor_service_cpython as service
from fota import envelope, keyring, manifest, strict_json, trial
from fota._doctor_cpython import examine_home
from fota._doctor_running_cpython import examine_running, running
from fota.findings import ERROR, OK, WARNING, Finding, worst
from fota.floor import Floor
from fota.image import Digests
from fota.journal import Entry
from fota.keyring import Keyring
from fota.provisioning import put_keyring

POINT = b"\x04" + hashlib.sha512(b"any").digest()
KEYRING = Keyring(product="lamp", hardware="rev-b", version=1, threshold=1, keys={keyring.key_id(POINT): POINT})


@pytest.fixture
def lab(tmp_path):
    made = BootLab(tmp_path)
    yield made
    made.close()


@pytest.fixture
def home(lab):
    """A home with all that a device can remember."""
    made = lab.provision()
    put_keyring(made, KEYRING)
    made.releases.floors.save(Floor(seq=1, sha256="a" * 64))
    made.journal.save(Entry("job-1", 1, Digests(1000, b"m" * 16, b"s" * 32)))
    made.journal.clear()
    return made


def found(home, subject):
    """Level and text of each finding of a subject."""
    return [(one.level, one.text) for one in examine_home(home.path) if one.subject == subject]


def complaints(home, but=("device",)):
    """What is not right; that nothing runs is left out."""
    return [one for one in examine_home(home.path) if one.level != OK and one.subject not in but]


def one_complaint(home, subject, level, *words):
    complaint = complaints(home)
    assert [(one.subject, one.level) for one in complaint] == [(subject, level)]
    assert all(word in complaint[0].text for word in words), complaint
    assert complaint[0].remedy


# Findings.


def test_a_finding_is_one_line_whatever_it_quotes():
    assert Finding("slot 0", ERROR, "two\nlines", "mend\nit").as_line() == "error   slot 0: two lines; mend it"


def test_the_worst_of_no_findings_is_ok():
    assert [worst([]), worst([Finding("a", WARNING, "b"), Finding("a", OK, "b")])] == [OK, WARNING]


def test_there_is_no_other_level():
    with pytest.raises(ValueError, match="ok, warning, error"):
        Finding("slot 0", "bad", "text")


# A home that is well, and one that is none.


def test_of_a_home_that_is_well_nothing_is_complained(home):
    assert complaints(home) == []


def test_a_folder_that_holds_no_slots_is_an_error_with_what_to_do(tmp_path):
    (finding,) = examine_home(str(tmp_path))
    assert (finding.subject, finding.level) == ("home", ERROR)
    assert "--factory IMAGE" in finding.remedy


def test_a_home_on_a_file_system_that_forgets_is_an_error(home, monkeypatch):
    monkeypatch.setattr("fota._filesystem_cpython._kind_of", lambda path: "tmpfs")
    (finding,) = at_home.examine_file_system(home.path)
    assert (finding.level, "tmpfs forgets all" in finding.text, "--force" in finding.as_line()) == (
        ERROR,
        True,
        False,
    )


def test_a_home_that_is_mounted_read_only_is_an_error(home, monkeypatch):
    disk = os.statvfs(home.path)
    read_only = os.statvfs_result((*disk[:8], disk.f_flag | os.ST_RDONLY, *disk[9:]))
    monkeypatch.setattr(at_home.os, "statvfs", lambda path: read_only)
    one_complaint(home, "file system", ERROR, "read-only")


# Copies.

TWICE = ("record", "journal", "keyring", "floor", "slot-0.seal")


def spoil(home, name, copy):
    flip(Path(home.path, f"{name}-{copy}"), 16)


def flip(path, offset):
    """Change one bit of one byte."""
    content = bytearray(path.read_bytes())
    content[offset] ^= 1
    path.write_bytes(content)


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
    monkeypatch.setattr(copies.time, "sleep", lambda _: Path(home.path, "record-0").write_bytes(whole))
    assert complaints(home) == []


def test_a_release_that_is_kept_is_looked_at_too(home):
    path = Path(home.path, "slot-0.release-0")
    path.write_bytes(b"no release")
    path.chmod(0o600)
    assert found(home, "slot-0.release")[0][0] == ERROR


# Slots and room.


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
    monkeypatch.setattr(at_home.os, "statvfs", lambda path: few)
    one_complaint(home, "space", WARNING, "100000")


def test_what_the_spare_image_takes_up_counts_as_room(lab, home, monkeypatch):
    lab.put_on_trial("new", f"{WAITS}\n# {'x' * 90_000}")
    home.records.save_in_both(trial.settled(home.records.load()))
    disk = os.statvfs(home.path)
    few = os.statvfs_result((*disk[:4], 20_000 // disk.f_frsize, *disk[5:]))
    monkeypatch.setattr(at_home.os, "statvfs", lambda path: few)
    assert found(home, "space")[0][0] == OK


def test_a_disk_without_room_for_the_running_image_is_an_error(home, monkeypatch):
    disk = os.statvfs(home.path)
    none = os.statvfs_result((*disk[:4], 0, *disk[5:]))
    monkeypatch.setattr(at_home.os, "statvfs", lambda path: none)
    one_complaint(home, "space", ERROR, "0 bytes")


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


# What runs.


def test_that_nothing_runs_is_a_warning(home):
    assert [level for level, _ in found(home, "device")] == [WARNING]


def test_a_device_that_runs_is_found_with_its_slot_its_attempts_and_its_deadline(lab, home):
    process = lab.start("--attempts", "3", "--deadline", "77", "--", "--attempts", "9")
    lab.wait_for_start(1)
    assert found(home, "device") == [(OK, f"slot 0 runs under fota-boot (process {process.pid})")]
    assert found(home, "rollback") == [(OK, "armed: 3 boots of at most 77 s to confirm an image")]


def test_a_device_can_start_while_the_doctor_looks(lab, home):
    examine_home(home.path)
    assert not Path(home.path, "lock").exists()
    process = lab.start()
    lab.wait_for_start(1)
    examine_home(home.path)
    assert lab.stop(process) == 0


def test_an_image_whose_fota_boot_is_gone_is_an_error(lab, home):
    process = lab.start()
    lab.wait_for_start(1)
    lab.kill(process)
    assert [level for level, _ in found(home, "device")] == [ERROR]


def test_a_device_that_waits_to_start_its_image_again_is_a_warning(lab):
    home = lab.provision("raise SystemExit(3)")
    lab.start(FOTA_SLOTS="unrelated")
    until(lambda: "restart-delayed" in lab.log(), "a pause")
    until(lambda: [level for level, _ in found(home, "device")] == [WARNING], "nothing but fota-boot")
    assert "ends too soon" in found(home, "device")[0][1]


def trial_of(lab, home, *options):
    lab.put_on_trial("new", WAITS)
    lab.start(*options)
    lab.wait_for_start(1)
    return home


def test_an_image_that_ends_while_it_is_looked_at_is_a_warning(lab, home):
    trial_of(lab, home)
    device = running(home.path)
    device.image.number = 2**22 + 1  # As large as none is given out: its process is gone.
    told = [finding for finding in examine_running(home, device) if finding.subject == "trial"]
    assert [(finding.level, finding.text) for finding in told] == [(WARNING, "slot 1: its image ended just now")]


def test_a_trial_is_told_with_its_time(lab, home):
    trial_of(lab, home)
    assert found(home, "trial") == [(OK, "slot 1 is on trial for 0 s of 600")]


@pytest.mark.parametrize(("lived_s", "level"), [(299, OK), (301, WARNING), (601, ERROR)])
def test_a_trial_that_lasts_long_is_a_warning_and_one_beyond_its_deadline_an_error(lab, home, lived_s, level):
    trial_of(lab, home)
    device = running(home.path)
    device.image.lived_s = lambda: lived_s
    assert [one.level for one in examine_running(home, device) if one.subject == "trial"] == [level]


def test_a_trial_that_nothing_runs_is_a_warning(lab, home):
    lab.put_on_trial("new", WAITS)
    assert found(home, "trial") == [(WARNING, "slot 1 waits for its trial")]


def test_a_rollback_that_is_not_reported_is_a_warning(lab, home):
    lab.put_on_trial("new", WAITS)
    home.records.save(trial.rolled_back(home.records.load(), "deadline"))
    ((level, text),) = found(home, "trial")
    assert (level, "rolled back (deadline)" in text) == (WARNING, True)


# The service.


@pytest.fixture
def systemctl(tmp_path, monkeypatch):
    """Puts a `systemctl` in place that prints what it is given."""

    def put(*lines, script=None):
        path = tmp_path / "bin" / "systemctl"
        path.parent.mkdir()
        told = "\n".join(f"echo {line}" for line in lines)
        path.write_text(f'#!/bin/sh\necho "$*" >> {tmp_path}/asked\n{script or told}\n')
        path.chmod(0o755)
        monkeypatch.setenv("PATH", f"{path.parent}:{os.environ['PATH']}")
        return tmp_path / "asked"

    return put


def test_a_unit_that_is_always_restarted_is_fine(systemctl):
    asked = systemctl("Restart=always", "StartLimitIntervalUSec=0")
    assert [one.level for one in service.restarts("device.service")] == [OK]
    assert asked.read_text() == "show --property=Restart,StartLimitIntervalUSec -- device.service\n"


def test_a_unit_that_is_not_always_restarted_is_an_error(systemctl):
    systemctl("Restart=on-failure", "StartLimitIntervalUSec=0")
    (finding,) = service.restarts("device.service")
    assert (finding.level, "Restart=on-failure" in finding.text) == (ERROR, True)


def test_a_unit_that_systemd_gives_up_is_a_warning(systemctl):
    systemctl("Restart=always", "StartLimitIntervalUSec=10s")
    assert [one.level for one in service.restarts("device.service")] == [WARNING]


def test_a_systemd_that_cannot_be_asked_is_a_warning(systemctl):
    systemctl(script="exit 1")
    assert [one.level for one in service.restarts("device.service")] == [WARNING]


def test_a_systemd_that_does_not_answer_is_given_up(systemctl, monkeypatch):
    monkeypatch.setattr(service, "_ANSWER_WITHIN_S", 0.05)
    systemctl(script="exec sleep 30")
    before_s = time.monotonic()
    assert [one.level for one in service.restarts("device.service")] == [WARNING]
    assert time.monotonic() - before_s < 15


@pytest.mark.parametrize(
    ("cgroups", "unit"),
    [
        ("0::/system.slice/fota-device.service\n", "fota-device.service"),
        ("3:cpu:/\n1:name=systemd:/system.slice/fota-device.service\n", "fota-device.service"),
        ("0::/user.slice/user-0.slice/session-1.scope\n", None),
        ("0::/user.slice/user-1000.slice/user@1000.service/app.slice/device.service\n", None),
        ("0::/\n", None),
        ("", None),
    ],
)
def test_the_unit_of_a_process_is_read_from_its_cgroup(cgroups, unit):
    assert service.unit_of(cgroups) == unit


@pytest.mark.parametrize(
    ("environment", "level"),
    [
        ({"NOTIFY_SOCKET": "/run/x", "WATCHDOG_USEC": "60000000"}, OK),
        ({"NOTIFY_SOCKET": "/run/x"}, WARNING),
        ({"WATCHDOG_USEC": "60000000"}, WARNING),
        ({"NOTIFY_SOCKET": "/run/x", "WATCHDOG_USEC": "0"}, WARNING),
    ],
)
def test_without_a_watchdog_a_hang_is_not_noticed(environment, level):
    assert service.watchdog(environment).level == level


def test_a_device_outside_of_systemd_is_a_warning(lab, home):
    lab.start()
    lab.wait_for_start(1)
    assert [level for level, _ in found(home, "service")] == [WARNING]


# The command.


def state_of(home):
    files = sorted(Path(home.path).iterdir())
    seen = [(path, path.stat().st_mtime_ns, path.stat().st_mode, path.read_bytes()) for path in files]
    return seen, Path(home.path).stat().st_mtime_ns


def test_the_doctor_changes_nothing(lab, home):
    spoil(home, "record", 0)
    before = state_of(home)
    lab.run("--doctor")
    assert state_of(home) == before


def test_the_command_prints_a_line_a_finding_and_ends_with_0(lab, home):
    done = lab.run("--doctor")
    assert (done.returncode, done.stderr) == (0, "")
    assert all(line.split()[0] in {"ok", "warning"} for line in done.stdout.splitlines())
    assert "warning device: nothing runs from this home" in done.stdout
    assert "warning thing folder: certificate and endpoint were not looked at; add --thing DIR" in done.stdout


def test_the_command_ends_with_1_after_an_error(lab, home):
    home.slots.writer(0, 1).close()
    done = lab.run("--doctor")
    assert (done.returncode, done.stderr) == (1, "")
    assert "error   slot 0: " in done.stdout


def test_programs_get_json(lab, home):
    told = json.loads(lab.run("--doctor", "--json").stdout)
    assert told["worst"] == "warning"
    assert all(set(one) == {"subject", "level", "text", "remedy"} for one in told["findings"])


def test_the_command_looks_at_a_device_that_runs_and_leaves_it_be(lab, home):
    process = lab.start()
    lab.wait_for_start(1)
    assert "slot 0 runs under fota-boot" in lab.run("--doctor").stdout
    assert lab.stop(process, signal.SIGINT) == 0
    assert len(lab.events()) == 1


def test_the_operators_command_finds_the_same_on_a_device(lab, home):
    command = [sys.executable, "-m", "fota_operator.cli.main", "doctor", "--home", home.path]
    done = subprocess.run(command, capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (0, "")
    assert subjects(done.stdout) == subjects(lab.run("--doctor").stdout)


def subjects(told):
    return [line.split(":")[0] for line in told.splitlines()]


@pytest.mark.parametrize(
    "options",
    [
        ["--json"],
        ["--thing", "folder"],
        ["--doctor", "--connect"],
        ["--doctor", "--factory", "image"],
        ["--doctor", "--keyring", "file"],
    ],
    ids=" ".join,
)
def test_options_that_do_not_go_together_are_misuse(lab, home, options):
    done = lab.run(*options)
    assert (done.returncode, done.stdout) == (2, "")
    assert lab.started() == []


def test_a_clock_that_was_never_set_is_an_error(home, monkeypatch):
    from fota import _doctor_cpython as doctor

    monkeypatch.setattr(doctor.time, "time", lambda: 86_400.0)
    assert [one.level for one in doctor.examine_connection(home.path, None)] == [ERROR, WARNING]


def test_a_clock_that_went_back_is_a_warning(home):
    from fota import _doctor_cpython as doctor

    later_s = doctor.time.time() + 10_000
    os.utime(f"{home.path}/record-0", (later_s, later_s))
    assert doctor.examine_connection(home.path, None)[0].level == WARNING
