"""What the doctor finds of the service that starts `fota-boot`: its restarts and its watchdog."""

import os
import time

import pytest

from fota_boot.doctor import service
from fota_boot.doctor.findings import ERROR, OK, WARNING
from tests.labs.doctor_home import found, home

__all__ = ("home",)


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
