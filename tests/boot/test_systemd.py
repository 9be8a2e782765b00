"""`fota-boot` as a service of systemd: what it says on the socket it was given, and to whom that socket belongs."""

import os
import signal

import pytest

from tests.labs.boot_lab import CRASHES, WAITS, BootLab
from tests.labs.notified import notified

pytestmark = pytest.mark.slow

__all__ = ("notified",)

TELLS_ITS_ENVIRONMENT = (
    "names = ('NOTIFY_SOCKET', 'WATCHDOG_USEC', 'WATCHDOG_PID')\n"
    "tell('environment', values=[os.environ.get(n) for n in names])\n"
)


@pytest.fixture
def lab(tmp_path):
    made = BootLab(tmp_path)
    made.provision(TELLS_ITS_ENVIRONMENT + WAITS)
    yield made
    made.close()


def test_systemd_hears_that_an_image_runs_and_that_it_stops(lab, notified):
    process = lab.start(NOTIFY_SOCKET=notified.address)
    assert notified.next() == "READY=1\nSTATUS=running slot 0"
    lab.wait_for("environment")
    assert lab.stop(process) == 0
    assert notified.next() == "STOPPING=1"


def test_systemd_hears_which_slot_runs_after_a_rollback(lab, notified):
    lab.put_on_trial("new", CRASHES)
    lab.start(NOTIFY_SOCKET=notified.address)
    assert notified.next() == "READY=1\nSTATUS=running slot 1"
    assert notified.next() == "READY=1\nSTATUS=running slot 0"


def test_the_watchdog_is_fed_for_as_long_as_the_image_runs(lab, notified):
    process = lab.start(NOTIFY_SOCKET=notified.address, WATCHDOG_USEC="100000", WATCHDOG_PID="1")
    came = [notified.next() for _ in range(6)]
    assert came == ["READY=1\nSTATUS=running slot 0", *["WATCHDOG=1"] * 5]
    assert lab.stop(process) == 0
    assert set(notified.until("STOPPING=1")[:-1]) <= {"WATCHDOG=1"}


def test_the_watchdog_is_fed_while_a_crashed_image_waits_for_its_turn(tmp_path, notified):
    made = BootLab(tmp_path)
    made.provision(CRASHES)
    made.start(NOTIFY_SOCKET=notified.address, WATCHDOG_USEC="100000", shortened={"FIRST_DELAY_S": 1000})
    made.wait_for_start(1)
    came = [notified.next() for _ in range(8)]
    made.close()
    assert came[-3:] == ["WATCHDOG=1"] * 3


def test_what_is_meant_for_the_supervisor_does_not_reach_the_image(lab, notified):
    lab.start(NOTIFY_SOCKET=notified.address, WATCHDOG_USEC="100000", WATCHDOG_PID="1")
    assert lab.wait_for("environment")["values"] == [str(lab.home_path / "notify"), "60000000", None]


@pytest.mark.parametrize("watchdog", ["", "0", "soon", "-1", "\u00b2"])
def test_an_odd_watchdog_is_no_reason_not_to_boot(lab, watchdog):
    process = lab.start(NOTIFY_SOCKET="/nowhere/at/all", WATCHDOG_USEC=watchdog)
    pid = lab.wait_for("environment")["pid"]
    assert lab.stop(process) == 0
    with pytest.raises(ProcessLookupError):
        os.kill(pid, signal.SIGCONT)


def test_a_watchdog_of_no_time_is_no_watchdog(lab, notified):
    process = lab.start(NOTIFY_SOCKET=notified.address, WATCHDOG_USEC="0")
    lab.wait_for("environment")
    assert lab.stop(process) == 0
    assert notified.until("STOPPING=1") == ["READY=1\nSTATUS=running slot 0", "STOPPING=1"]


def test_a_systemd_that_does_not_listen_is_not_waited_for(lab, notified):
    notified.fill_up()
    process = lab.start(NOTIFY_SOCKET=notified.address, WATCHDOG_USEC="100000")
    lab.wait_for("environment")
    assert lab.stop(process) == 0
