"""`fota-boot` as a real process: a confirmed image that crashes from its second start on is given up."""

import pytest

from fota.boards.files import FilesBoard
from fota.record import Record
from tests.labs.boot_lab import CRASHES, QUICK, WAITS, until

pytestmark = pytest.mark.slow

PROBATION = Record(1, fallback_slot=0, healthy_boots=1)
STARTS = "starts = len([line for line in open(os.environ['LAB_EVENTS']) if 'started' in line])\n"
WELL_AT_FIRST = STARTS + "if starts <= {}:\n    device.current().confirm()\n    machine.restart()\n"
REFUSED = "import socket; socket.create_connection(('127.0.0.1', 1))"
NOTED = "from fota import boot_note; boot_note.offline(); raise SystemExit(3)"


def put(lab, script, *, well=1):
    """An image that is well in its first starts, and then does what the script says."""
    lab.provision()
    lab.put_on_trial("new", WELL_AT_FIRST.format(well) + script)
    return lab.start(shortened=QUICK)


@pytest.mark.parametrize(
    "script",
    [CRASHES, "raise RuntimeError('second')", "os.kill(os.getpid(), signal.SIGSEGV)", "sys.exit(0)"],
    ids=["status", "exception", "signal", "returns"],
)
def test_an_image_that_crashes_from_its_second_start_on_falls_back(lab, script):
    put(lab, script)
    until(lambda: lab.started()[-1:] == ["factory"], "the old image")
    assert lab.started() == ["new"] * 4 + ["factory"]
    assert lab.record() == Record(0, trial_slot=1, attempts_spent=3, cause="crashed", healthy_boots=1)
    assert "fell-back" in lab.log()


@pytest.mark.parametrize("script", [REFUSED, NOTED], ids=["refused", "noted"])
def test_one_that_only_lacks_the_network_is_started_for_ever(lab, script):
    put(lab, script)
    lab.wait_for_start(7)
    assert set(lab.started()) == {"new"}
    assert lab.record() == PROBATION


def test_a_restart_that_it_asks_for_is_no_crash(lab):
    put(lab, "machine.restart()")
    lab.wait_for_start(7)
    assert set(lab.started()) == {"new"}


def test_a_stop_of_the_service_is_no_crash(lab):
    process = put(lab, WAITS)
    for count in range(2, 7):
        lab.wait_for_start(count)
        lab.stop(process)
        process = lab.start(shortened=QUICK)
    assert lab.record() == PROBATION


def test_crashes_are_counted_over_restarts_of_the_machine(lab):
    process = put(lab, "if starts % 2:\n    wait_to_be_stopped()\nraise SystemExit(3)\n")
    for count in (3, 5, 7):
        lab.wait_for_start(count)
        lab.stop(process)
        process = lab.start(shortened=QUICK)
    until(lambda: lab.started()[-1:] == ["factory"], "the old image")


def test_what_it_died_of_is_kept_for_the_report(lab):
    put(lab, "raise RuntimeError('sensor driver missing')")
    until(lambda: lab.started()[-1:] == ["factory"], "the old image")
    assert "sensor driver missing" in FilesBoard(str(lab.home_path)).note.last_words()["error"]


def test_an_image_after_its_probation_is_started_for_ever(lab):
    put(lab, CRASHES, well=3)
    lab.wait_for_start(8)
    assert set(lab.started()) == {"new"}
    assert lab.record() == Record(1)
