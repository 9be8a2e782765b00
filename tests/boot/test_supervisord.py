"""The configuration for supervisord, run by a real supervisord, with a real `fota-boot` and a home of its own."""

import configparser
import os
import pwd
import shlex
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from fota_boot import supervisor
from fota_boot.options import make_parser
from tests.labs.boot_lab import CRASHES, PATIENCE_S, WAITS, alive, until
from tests.labs.docs_pages import ROOT

CONFIGURATION = ROOT / "examples/supervisord/fota-device.conf"
PROGRAM = "program:fota-device"
BIN = Path(sys.executable).parent

_OWN = """
[supervisord]
nodaemon=true
logfile={folder}/supervisord.log
pidfile={folder}/supervisord.pid
[unix_http_server]
file={folder}/control
[rpcinterface:supervisor]
supervisor.rpcinterface_factory = supervisor.rpcinterface:make_main_rpcinterface
[supervisorctl]
serverurl=unix://{folder}/control
"""


def settings():
    parser = configparser.RawConfigParser(inline_comment_prefixes=(";",))
    parser.read_string(CONFIGURATION.read_text())
    return dict(parser[PROGRAM])


class Supervisord:
    """One supervisord that has our configuration, with the paths and the user of a test in it."""

    def __init__(self, lab):
        self._folder = lab.folder
        config = lab.folder / "supervisord.conf"
        program = {
            **settings(),
            "command": shlex.join([str(BIN / "fota-boot"), "--home", str(lab.home_path), "--", "one"]),
            "user": pwd.getpwuid(os.geteuid()).pw_name,
            "startsecs": "0",
            "stdout_logfile": str(lab.folder / "log"),
        }
        lines = "".join(f"{name}={value}\n" for name, value in program.items())
        config.write_text(f"{_OWN.format(folder=lab.folder)}[{PROGRAM}]\n{lines}")
        self._config = config
        self.process = subprocess.Popen(
            [BIN / "supervisord", "--configuration", config],
            env=lab._environment({}),
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )

    def control(self, *words):
        command = [BIN / "supervisorctl", "--configuration", self._config, *words]
        return subprocess.run(command, capture_output=True, text=True, timeout=PATIENCE_S * 2).stdout

    def pid(self):
        return int(self.control("pid", "fota-device"))


@pytest.fixture
def start(lab):
    started = []

    def make():
        started.append(Supervisord(lab))
        return started[-1]

    yield make
    for one in started:
        one.process.terminate()
        one.process.wait(PATIENCE_S * 2)


@pytest.mark.e2e
def test_it_starts_the_image_and_stop_ends_it(lab, start):
    lab.provision()
    service = start()
    started = lab.wait_for_start(1)
    assert started["arguments"] == ["one"]
    assert "RUNNING" in service.control("status", "fota-device")
    assert "stopped" in service.control("stop", "fota-device")
    assert not alive(started["pid"])


@pytest.mark.e2e
def test_a_fota_boot_that_was_killed_is_started_again_and_its_image_does_not_run_twice(lab, start):
    lab.provision()
    service = start()
    first = lab.wait_for_start(1)["pid"]
    os.kill(service.pid(), signal.SIGKILL)
    lab.wait_for_start(2)
    assert not alive(first)


@pytest.mark.e2e
def test_an_image_that_crashes_is_rolled_back_while_supervisord_sees_nothing(lab, start):
    lab.provision(WAITS)
    lab.put_on_trial("bad", CRASHES)
    service = start()
    until(lambda: lab.started()[-1:] == ["factory"], "the old image")
    assert lab.started() == ["bad", "factory"]
    assert (lab.folder / "supervisord.log").read_text().count("spawned: 'fota-device'") == 1
    assert "RUNNING" in service.control("status", "fota-device")


@pytest.mark.e2e
def test_supervisord_takes_the_image_with_it_when_it_ends(lab, start):
    lab.provision()
    service = start()
    image = lab.wait_for_start(1)["pid"]
    service.process.terminate()
    assert service.process.wait(PATIENCE_S * 2) == 0
    assert not alive(image)


@pytest.mark.e2e
def test_a_supervisord_that_was_killed_leaves_the_device_at_work_and_the_next_one_does_not_start_a_second(lab, start):
    lab.provision()
    service = start()
    first = lab.wait_for_start(1)["pid"]
    device = service.pid()
    service.process.kill()
    service.process.wait()
    try:
        start()
        until(lambda: "another program runs in this home" in lab.log(), "the refusal of the second")
        assert alive(first)
        assert lab.started() == ["factory"]
    finally:
        os.kill(device, signal.SIGTERM)
        until(lambda: not alive(device), "the end of the first")


def test_fota_boot_understands_the_command_line_of_the_configuration():
    program, *arguments = shlex.split(settings()["command"])
    assert Path(program).name == "fota-boot"
    assert make_parser().parse_args(arguments).arguments == ["/etc/fota-device"]


def test_it_restarts_whatever_happened_and_waits_for_longer_than_an_image_may_take_to_end():
    found = settings()
    assert (found["autorestart"], found["stopsignal"]) == ("true", "TERM")
    assert int(found["startretries"]) >= 1_000_000
    assert int(found["stopwaitsecs"]) > supervisor.STOP_GRACE_S
