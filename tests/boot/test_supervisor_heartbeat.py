"""`fota-boot` as a real process: an application that promised a heartbeat and hangs is ended, and started again."""

import os
import signal
import socket
import time

import pytest

from fota.boards.files import FilesBoard
from fota.record import Record
from tests.labs.beating import BEATS, BEATS_FOR_S, BY_HAND, HANGS, IMPORTS, PROMISES, STUCK_LOOP
from tests.labs.boot_lab import QUICK, WAITS, alive, until

pytestmark = pytest.mark.slow

WELL_AT_FIRST = (
    "starts = len([line for line in open(os.environ['LAB_EVENTS']) if 'started' in line])\n"
    "if starts <= 1:\n    device.current().confirm()\n    machine.restart()\n"
)


@pytest.mark.parametrize("hangs", [HANGS, PROMISES + STUCK_LOOP], ids=["sleeps", "loops"])
def test_a_confirmed_image_that_hangs_is_started_again(lab, hangs):
    lab.provision(hangs)
    lab.start(shortened=QUICK)
    first = lab.wait_for_start(1)["pid"]
    lab.wait_for_start(3)
    assert not alive(first)
    assert lab.record() == Record(0)
    assert "image-hangs slot=0 problem=the application hangs: no sign of life for 0." in lab.log()


def test_an_image_on_trial_that_hangs_is_given_up_long_before_its_deadline(lab):
    lab.provision()
    lab.put_on_trial("new", HANGS)
    lab.start("--deadline", "600", shortened=QUICK)
    assert lab.wait_for_start(2)["verdict"] == "rolled-back"
    assert lab.started() == ["new", "factory"]
    assert lab.record() == Record(0, trial_slot=1, attempts_spent=1, cause="hung")


def test_a_hang_on_trial_costs_one_attempt(lab):
    lab.provision()
    lab.put_on_trial("new", HANGS)
    lab.start("--attempts", "2", shortened=QUICK)
    lab.wait_for_start(3)
    assert lab.started() == ["new", "new", "factory"]
    assert lab.record() == Record(0, trial_slot=1, attempts_spent=2, cause="hung")


def test_an_image_that_hangs_in_its_probation_falls_back(lab):
    lab.provision()
    lab.put_on_trial("new", WELL_AT_FIRST + HANGS)
    lab.start(shortened=QUICK)
    until(lambda: lab.started()[-1:] == ["factory"], "the old image")
    assert lab.started() == ["new"] * 4 + ["factory"]
    assert lab.record() == Record(0, trial_slot=1, attempts_spent=3, cause="hung", healthy_boots=1)


def test_an_image_that_something_stops_hangs(lab):
    lab.provision(BEATS)
    lab.start(shortened=QUICK)
    pid = lab.wait_for("promised")["pid"]
    os.kill(pid, signal.SIGSTOP)
    lab.wait_for_start(2)
    assert not alive(pid)


def test_one_that_keeps_its_promise_is_left_alone(lab):
    lab.provision(BEATS_FOR_S + "beat_for(3)\ntell('done')\n" + BEATS)
    process = lab.start(shortened=QUICK)
    lab.wait_for("done")
    assert lab.stop(process) == 0
    assert lab.started() == ["factory"]


@pytest.mark.parametrize(
    "said", ["STATUS=at work", "READY=1", "FOTA_WAITING=1", "WATCHDOG_USEC=500000", "WATCHDOG=0"]
)
def test_one_that_never_promised_is_never_judged(lab, said):
    lab.provision(f"{BY_HAND}say({said!r})\ntime.sleep(2)\ntell('done')\n" + WAITS)
    lab.start("--heartbeat", "1", shortened=QUICK)
    lab.wait_for("done")
    assert lab.started() == ["factory"]


def test_the_time_is_that_of_the_option_unless_the_program_states_one(lab):
    lab.provision(IMPORTS + "awsfota.alive()\ntime.sleep(0.6)\ntell('early')\ntime.sleep(1000)\n")
    lab.start("--heartbeat", "1", shortened=QUICK)
    lab.wait_for("early")
    lab.wait_for_start(2)
    assert "no sign of life for 1." in lab.log()


def test_a_program_that_knows_only_sd_notify_promises_too(lab):
    lab.provision(BY_HAND + "say(f'WATCHDOG_USEC={500_000}\\nWATCHDOG=1\\n')\ntime.sleep(1000)\n")
    lab.start(shortened=QUICK)
    lab.wait_for_start(2)


def test_a_program_that_says_it_is_stuck_is_believed(lab):
    lab.provision(BY_HAND + "say('WATCHDOG=trigger')\ntime.sleep(1000)\n")
    lab.start(shortened=QUICK)
    lab.wait_for_start(2)
    assert "it said so" in lab.log()


def test_a_promise_can_be_taken_back(lab):
    lab.provision(f"{BY_HAND}{PROMISES}say('WATCHDOG_USEC=0')\ntime.sleep(2)\ntell('done')\n" + WAITS)
    lab.start(shortened=QUICK)
    lab.wait_for("done")
    assert lab.started() == ["factory"]


GRANDCHILD_BEATS = (
    "import os, time\n" + BY_HAND + "for _ in range(150):\n"
    "    say('WATCHDOG_USEC=1500000\\nWATCHDOG=1')\n"
    "    time.sleep(0.02)\n"
)
LEAVES_IT_TO_A_GRANDCHILD = f"""
command = [sys.executable, "-c", {GRANDCHILD_BEATS!r}]
subprocess.Popen(["sh", "-c", '"$@" & wait', "sh", *command], start_new_session=True)
time.sleep(2.5)
tell("done")
time.sleep(1000)
"""


def test_a_grandchild_can_give_the_signs_of_life_and_its_silence_counts(lab):
    lab.provision(LEAVES_IT_TO_A_GRANDCHILD)
    lab.start(shortened=QUICK)
    lab.wait_for("done")
    assert lab.started() == ["factory"]
    lab.wait_for_start(2)


def test_what_is_no_descendant_of_the_image_can_neither_promise_nor_keep_a_promise(lab):
    lab.provision(HANGS)
    lab.start(shortened=QUICK)
    lab.wait_for("promised")
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as stranger:
        until(lambda: send(stranger, lab) and len(lab.started()) > 1, "the next start")


def send(stranger, lab):
    """A stranger's sign of life."""
    stranger.sendto(b"WATCHDOG=1", str(lab.home_path / "notify"))
    return True


# Time in which nobody could run.


@pytest.mark.parametrize("first", ["supervisor", "image"])
def test_a_machine_that_slept_condemns_nobody(lab, first):
    lab.provision(BEATS)
    boot = lab.start(shortened=QUICK)
    pid = lab.wait_for("promised")["pid"]
    time.sleep(0.2)
    for number in (signal.SIGSTOP, signal.SIGCONT):
        for one in (boot.pid, pid) if first == "supervisor" else (pid, boot.pid):
            os.kill(one, number)
        time.sleep(2.5)
    assert lab.stop(boot) == 0
    assert lab.started() == ["factory"]


def test_a_supervisor_that_comes_late_reads_first_and_judges_then(lab):
    # The image beats while the supervisor is stopped: what it said waits in the socket.
    lab.provision(BEATS)
    boot = lab.start(shortened=QUICK)
    lab.wait_for("promised")
    boot.send_signal(signal.SIGSTOP)
    time.sleep(2.5)
    boot.send_signal(signal.SIGCONT)
    time.sleep(0.5)
    assert lab.stop(boot) == 0
    assert lab.started() == ["factory"]


# How it is ended.


def test_an_image_that_hangs_can_say_where(lab):
    lab.provision()
    stuck = (
        "import faulthandler\nfaulthandler.enable()\n" + PROMISES + "def stuck():\n    time.sleep(1000)\nstuck()\n"
    )
    lab.put_on_trial("new", stuck)
    lab.start(shortened=QUICK)
    lab.wait_for_start(2)
    words = FilesBoard(str(lab.home_path)).note.last_words()
    assert words["exit"] == "SIGABRT"
    assert words["error"].startswith("the application hangs: no sign of life for 0.")
    assert "__main__.py:" in words["error"]
    assert words["error"].endswith(" in stuck")


def test_the_error_of_a_hang_stays_on_the_device_if_errors_are_kept(lab):
    lab.provision()
    lab.put_on_trial("new", HANGS)
    lab.start("--keep-errors", shortened=QUICK)
    lab.wait_for_start(2)
    assert FilesBoard(str(lab.home_path)).note.last_words() == {"exit": "SIGABRT"}


def test_one_that_hangs_and_is_deaf_is_killed(lab):
    lab.provision("signal.signal(signal.SIGABRT, signal.SIG_IGN)\n" + HANGS)
    lab.start(shortened=QUICK)
    pid = lab.wait_for("promised")["pid"]
    lab.wait_for_start(2)
    assert not alive(pid)
    assert "image-killed" in lab.log()


def test_an_image_that_confirms_when_it_is_aborted_stays_confirmed(lab):
    lab.provision()
    confirms = "signal.signal(signal.SIGABRT, lambda *_: (device.current().confirm(), sys.exit(0)))\n"
    lab.put_on_trial("new", confirms + HANGS)
    lab.start(shortened=QUICK)
    lab.wait_for_start(2)
    assert lab.started() == ["new", "new"]
    assert lab.record().confirmed_slot == 1
