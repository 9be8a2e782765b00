"""The script for sysvinit, run for real: start-stop-daemon, a real `fota-boot`, a home of its own."""

import os
import pwd
import re
import shlex
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from fota_boot import supervisor
from tests.labs.boot_lab import CONFIRMS, CRASHES, alive, until
from tests.labs.docs_pages import ROOT, read

pytestmark = pytest.mark.slow

SCRIPT = ROOT / "examples/sysvinit/fota-device"
NOT_RUNNING = 3
"""LSB: https://refspecs.linuxbase.org/LSB_5.0.0/LSB-Core-generic/LSB-Core-generic/iniscrptact.html"""

needs_daemon = pytest.mark.skipif(
    shutil.which("start-stop-daemon") is None or os.geteuid() != 0,
    reason="start-stop-daemon is not installed, or this is not root, who may start a program as another user",
)


@pytest.fixture
def service(lab):
    """Runs the script with one of its words, for the lab's home; what was started is stopped at the end."""
    fota_boot = Path(sys.executable).with_name("fota-boot")
    told = {
        "DAEMON": fota_boot,
        "DAEMON_HOME": lab.home_path,
        "DAEMON_ARGUMENTS": "one two",
        "DAEMON_USER": pwd.getpwuid(os.geteuid()).pw_name,
        "PIDFILE": lab.folder / "pid",
        "LOGFILE": lab.folder / "log",
        "START_WITHIN_S": 40,
    }
    defaults = lab.folder / "defaults"
    defaults.write_text("".join(f"{name}={shlex.quote(str(value))}\n" for name, value in told.items()))

    def run(word):
        environment = lab._environment({"FOTA_DEVICE_DEFAULTS": str(defaults)})
        return subprocess.run(["sh", SCRIPT, word], env=environment, capture_output=True, text=True, timeout=60)

    yield run
    run("stop")


SLOW_TO_END = "signal.signal(signal.SIGTERM, lambda *_: (time.sleep(1), os._exit(0)))\nwait_to_be_stopped()"


def pid_of(lab):
    return int((lab.folder / "pid").read_text())


@needs_daemon
def test_start_returns_when_an_image_was_started_and_passes_the_arguments_on(lab, service):
    lab.provision()
    assert service("status").returncode == NOT_RUNNING
    done = service("start")
    assert (done.returncode, done.stderr) == (0, "")
    assert "boot slot=0" in lab.log()
    assert lab.wait_for_start(1)["arguments"] == ["one", "two"]
    assert service("status").returncode == 0


@needs_daemon
def test_a_second_start_starts_nothing(lab, service):
    lab.provision()
    service("start")
    lab.wait_for_start(1)
    pid = pid_of(lab)
    assert service("start").returncode == 0
    assert pid_of(lab) == pid
    assert lab.started() == ["factory"]


@needs_daemon
def test_stop_waits_for_the_end_of_the_image_and_is_no_error_the_second_time(lab, service):
    lab.provision(SLOW_TO_END)
    service("start")
    image = lab.wait_for_start(1)["pid"]
    assert service("stop").returncode == 0
    assert not alive(image)
    assert service("stop").returncode == 0
    assert service("status").returncode == NOT_RUNNING


@needs_daemon
def test_restart_starts_the_confirmed_image(lab, service):
    lab.provision()
    lab.put_on_trial("new", CONFIRMS)
    service("start")
    lab.wait_for("confirmed")
    assert service("restart").returncode == 0
    lab.wait_for_start(2)
    assert lab.started() == ["new", "new"]


@needs_daemon
def test_an_image_that_crashes_is_rolled_back(lab, service):
    lab.provision()
    lab.put_on_trial("bad", CRASHES)
    service("start")
    until(lambda: lab.started()[-1:] == ["factory"], "the old image")
    assert lab.started() == ["bad", "bad", "factory"]


@needs_daemon
def test_it_starts_again_after_fota_boot_was_killed_and_its_pid_file_is_stale(lab, service):
    lab.provision()
    service("start")
    image = lab.wait_for_start(1)["pid"]
    os.kill(pid_of(lab), signal.SIGKILL)
    until(lambda: not alive(image), "the end of the image")
    # Until the system's first process has buried it.
    until(lambda: service("status").returncode != 0, "the burial")
    assert service("start").returncode == 0
    lab.wait_for_start(2)


@needs_daemon
def test_a_home_that_is_not_provisioned_fails_the_start_and_says_why(lab, service):
    with (lab.folder / "defaults").open("a") as defaults:
        defaults.write("START_WITHIN_S=2\n")
    assert service("start").returncode != 0
    assert "fota-boot: " in lab.log()


def test_a_word_that_it_does_not_know_is_misuse():
    done = subprocess.run(["sh", SCRIPT, "dance"], capture_output=True, text=True)
    assert done.returncode == 2
    assert "Usage:" in done.stderr


def test_the_header_has_what_lsb_asks_for():
    header = read(SCRIPT).partition("### BEGIN INIT INFO\n")[2].partition("### END INIT INFO\n")[0]
    named = dict(re.findall(r"^# ([A-Z][\w-]+): +(.+)$", header, re.MULTILINE))
    assert {"Provides", "Required-Start", "Required-Stop", "Default-Start", "Default-Stop"} <= set(named)
    assert named["Provides"] == SCRIPT.name
    assert SCRIPT.stat().st_mode & 0o111


def test_stop_waits_for_longer_than_an_image_may_take_to_end():
    (waits_s,) = re.findall(r"--retry TERM/(\d+)/", read(SCRIPT))
    assert int(waits_s) > supervisor.STOP_GRACE_S
