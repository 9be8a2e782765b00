"""`fota-boot` as a real process: a trial that fails is given up, and the cause is remembered."""

import os
import signal

import pytest

from fota.record import Record
from tests.labs.boot_lab import CONFIRMS, CRASHES, QUICK, WAITS, alive, until

pytestmark = pytest.mark.slow


# Each row: what the image on trial does, and the cause that is remembered.
@pytest.mark.parametrize(
    ("script", "cause"),
    [
        (CRASHES, "crashed"),
        ("import a_module_that_is_not_there", "crashed"),
        ("os.kill(os.getpid(), signal.SIGSEGV)", "crashed"),
        ("pass", "crashed"),
        ("machine.restart()", "not-confirmed"),
        (WAITS, "hung"),
        ("device.current().give_up_trial('health-check')\nmachine.restart()", "health-check"),
    ],
    ids=["fails", "cannot import", "is killed", "just ends", "restarts", "hangs", "gives up"],
)
def test_a_trial_that_fails_ends_in_the_old_image_which_knows_why(lab, script, cause):
    lab.provision()
    lab.put_on_trial("new", script)
    process = lab.start("--deadline", "3")
    start = lab.wait_for_start(2)
    assert lab.started() == ["new", "factory"]
    assert start["verdict"] == "rolled-back"
    assert start["record"] == repr(Record(0, trial_slot=1, attempts_spent=1, cause=cause))
    assert not alive(lab.events()[0]["pid"])
    assert lab.stop(process) == 0


def test_a_damaged_image_is_never_started(lab):
    lab.provision()
    lab.put_on_trial("new", WAITS)
    path = lab.home_path / "slot-1.img"
    path.write_bytes(path.read_bytes()[:-1] + b"\x01")
    lab.start()
    lab.wait_for_start(1)
    assert lab.started() == ["factory"]
    assert lab.record() == Record(0, trial_slot=1, cause="image-damaged")


@pytest.mark.parametrize("slot", [0, 1])
def test_an_image_that_cannot_even_be_read_does_not_stop_the_other(lab, slot):
    lab.provision()
    lab.put_on_trial("new", CONFIRMS)
    path = lab.home_path / f"slot-{slot}.img"
    path.unlink()
    path.mkdir()  # reading it is an error of the system, as from a bad block
    lab.start()
    assert lab.wait_for_start(1)["image"] == ("new" if slot == 0 else "factory")


def test_a_trial_with_three_attempts_is_started_three_times(lab):
    lab.provision()
    lab.put_on_trial("new", CRASHES)
    lab.start("--attempts", "3", shortened=QUICK)
    lab.wait_for_start(4)
    assert lab.started() == ["new", "new", "new", "factory"]
    assert lab.record() == Record(0, trial_slot=1, attempts_spent=3, cause="crashed")


def test_attempts_past_the_most_are_cut_to_it(lab):
    lab.provision()
    lab.put_on_trial("new", CRASHES)
    lab.start("--attempts", "1000", shortened={**QUICK, "MAX_DELAY_S": 0.1})
    lab.wait_for_start(11)
    assert lab.started() == ["new"] * 10 + ["factory"]


def test_an_image_that_confirms_when_its_deadline_stops_it_stays_confirmed(lab):
    lab.provision()
    script = "signal.signal(signal.SIGTERM, lambda *_: (device.current().confirm(), sys.exit(0)))\n" + WAITS
    lab.put_on_trial("new", script)
    lab.start("--deadline", "3", shortened=QUICK)
    lab.wait_for_start(2)
    assert lab.started() == ["new", "new"]
    assert lab.record() == Record(1, fallback_slot=0, healthy_boots=1)


def test_a_stop_during_a_trial_spends_the_attempt(lab):
    lab.provision()
    lab.put_on_trial("new", WAITS)
    process = lab.start()
    lab.wait_for_start(1)
    assert lab.stop(process) == 0
    lab.start()
    lab.wait_for_start(2)
    assert lab.started() == ["new", "factory"]
    assert lab.record().cause == "not-confirmed"


def test_a_power_cut_during_a_trial_spends_the_attempt(lab):
    lab.provision()
    lab.put_on_trial("new", WAITS)
    process = lab.start()
    pid = lab.wait_for_start(1)["pid"]
    lab.kill(process)
    os.killpg(pid, signal.SIGKILL)
    until(lambda: not alive(pid), "the end of the image")
    lab.start()
    lab.wait_for_start(2)
    assert lab.started() == ["new", "factory"]
