"""`fota-boot` as a real process: signals that stop it or reach the image, and that it leaves nothing behind."""

import signal
from pathlib import Path

import pytest

from tests.labs.boot_lab import CRASHES, QUICK, WAITS, alive, until

pytestmark = pytest.mark.slow


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_stop_ends_the_image_and_the_command_with_0(lab, number):
    lab.provision("signal.signal(signal.SIGTERM, lambda *_: (tell('asked'), sys.exit(0)))\n" + WAITS)
    process = lab.start()
    pid = lab.wait_for_start(1)["pid"]
    until(lambda: "Term" in handlers(pid), "the handler of the image")
    assert lab.stop(process, number) == 0
    assert len(lab.events("asked")) == 1
    assert not alive(pid)
    assert "stopped status=0" in lab.log()


def handlers(pid):
    """The signals that a process handles, as far as these tests care."""
    status = Path(f"/proc/{pid}/status").read_text()
    caught = int(next(line for line in status.splitlines() if line.startswith("SigCgt")).split()[1], 16)
    return {number.name[3:].title() for number in signal.Signals if caught >> (number - 1) & 1}


def test_a_stop_while_a_crashed_image_waits_for_its_turn_is_obeyed_at_once(lab):
    lab.provision(CRASHES)
    process = lab.start(shortened={"FIRST_DELAY_S": 1000, "MAX_DELAY_S": 1000})
    until(lambda: "restart-delayed" in lab.log(), "the pause")
    assert lab.stop(process) == 0
    assert lab.started() == ["factory"]


def test_an_image_that_does_not_end_when_asked_is_killed(lab):
    lab.provision("signal.signal(signal.SIGTERM, signal.SIG_IGN)\ntell('deaf')\n" + WAITS)
    process = lab.start(shortened=QUICK)
    pid = lab.wait_for("deaf")["pid"]
    assert lab.stop(process) == 0
    assert not alive(pid)
    assert "image-killed" in lab.log()


def test_an_image_on_trial_that_does_not_end_at_its_deadline_is_killed(lab):
    lab.provision()
    lab.put_on_trial("new", "signal.signal(signal.SIGTERM, signal.SIG_IGN)\n" + WAITS)
    lab.start("--deadline", "3", shortened=QUICK)
    lab.wait_for_start(2)
    assert lab.started() == ["new", "factory"]
    assert lab.record().cause == "hung"


def test_what_an_image_started_does_not_outlive_it(lab):
    lab.provision()
    left = "left = subprocess.Popen(['sleep', '1000'])\ntell('left', child=left.pid)\n"
    lab.put_on_trial("new", left + "os._exit(3)")
    process = lab.start()
    child = lab.wait_for("left")["child"]
    lab.wait_for_start(2)
    until(lambda: not alive(child), "the end of what the image left")
    assert lab.stop(process) == 0


@pytest.mark.usefixtures("hangups_are_heard")
@pytest.mark.parametrize("name", ["SIGHUP", "SIGUSR1", "SIGUSR2", "SIGQUIT", "SIGWINCH"])
def test_other_signals_are_the_images(lab, name):
    lab.provision(
        f"signal.signal(signal.{name}, lambda number, _: tell('signal', number=number))\ntell('listens')\n" + WAITS
    )
    process = lab.start()
    lab.wait_for("listens")
    process.send_signal(getattr(signal, name))
    assert lab.wait_for("signal")["number"] == getattr(signal, name)
    assert process.poll() is None
    assert lab.stop(process) == 0


def test_a_signal_that_is_ignored_stays_so_for_the_image_too(lab):
    lab.provision("tell('hangup', action=str(signal.getsignal(signal.SIGHUP)))\n" + WAITS)
    before = signal.signal(signal.SIGHUP, signal.SIG_IGN)  # As nohup does.
    try:
        process = lab.start()
    finally:
        signal.signal(signal.SIGHUP, before)
    assert lab.wait_for("hangup")["action"] == str(signal.SIG_IGN)
    process.send_signal(signal.SIGHUP)
    assert lab.stop(process) == 0
    assert len(lab.started()) == 1
