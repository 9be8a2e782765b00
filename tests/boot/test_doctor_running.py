"""`fota-boot --doctor` on a home from which a device runs: what is found of it, of its trial and of a rollback."""

import os
import subprocess
from pathlib import Path

import pytest

from fota import trial
from fota_boot import leftovers
from fota_boot.doctor.examine import examine_home
from fota_boot.doctor.findings import ERROR, OK, WARNING
from fota_boot.doctor.running import examine_environment, examine_running, running
from tests.labs.boot_lab import WAITS, until
from tests.labs.doctor_home import found, home
from tests.labs.present import present

pytestmark = pytest.mark.slow

__all__ = ("home",)


def test_that_nothing_runs_is_a_warning(home):
    assert [level for level, _ in found(home, "device")] == [WARNING]


def test_a_device_that_runs_is_found_with_its_slot_its_attempts_and_its_deadline(lab, home):
    process = lab.start("--attempts", "3", "--deadline", "77", "--", "--attempts", "9")
    lab.wait_for_start(1)
    assert found(home, "device") == [(OK, f"slot 0 runs under fota-boot (process {process.pid})")]
    assert found(home, "rollback") == [(OK, "armed: 3 boots, and at most 77 s, to confirm an image")]


def test_a_device_can_start_while_the_doctor_looks(lab, home):
    examine_home(home.path)
    assert not Path(home.path, "lock").exists()
    process = lab.start()
    lab.wait_for_start(1)
    examine_home(home.path)
    assert lab.stop(process) == 0


def test_an_image_whose_fota_boot_is_gone_is_an_error(home):
    marked = {leftovers.MARK: leftovers.mark(home.path), "FOTA_SLOT": "0"}
    with subprocess.Popen(["sleep", "60"], env={**os.environ, **marked}) as left:
        assert [level for level, _ in found(home, "device")] == [ERROR]
        left.kill()


def test_a_variable_that_changes_what_is_imported_is_a_warning():
    assert [finding.level for finding in examine_environment({"PYTHONPATH": "/opt"})] == [WARNING]
    assert examine_environment({"PATH": "/bin"}) == []


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
    present(device.image).number = 2**22 + 1  # As large as none is given out: its process is gone.
    told = [finding for finding in examine_running(home, device) if finding.subject == "trial"]
    assert [(finding.level, finding.text) for finding in told] == [(WARNING, "slot 1: its image ended just now")]


def test_a_trial_is_told_with_its_time(lab, home):
    trial_of(lab, home)
    assert found(home, "trial") == [(OK, "slot 1 is on trial for 0 s of 600")]


@pytest.mark.parametrize(("lived_s", "level"), [(299, OK), (301, WARNING), (601, ERROR)])
def test_a_trial_that_lasts_long_is_a_warning_and_one_beyond_its_deadline_an_error(lab, home, lived_s, level):
    trial_of(lab, home)
    device = running(home.path)
    vars(present(device.image))["lived_s"] = lambda: lived_s
    assert [one.level for one in examine_running(home, device) if one.subject == "trial"] == [level]


def test_a_trial_that_nothing_runs_is_a_warning(lab, home):
    lab.put_on_trial("new", WAITS)
    assert found(home, "trial") == [(WARNING, "slot 1 waits for its trial")]


def test_a_rollback_that_is_not_reported_is_a_warning(lab, home):
    lab.put_on_trial("new", WAITS)
    home.records.save(trial.rolled_back(home.records.load(), "deadline"))
    ((level, text),) = found(home, "trial")
    assert (level, "rolled back (deadline)" in text) == (WARNING, True)
