"""The unit: systemd understands it, fota-boot understands its command line, and its times fit together."""

import re
import shlex
import shutil
import subprocess
from pathlib import Path

import pytest

from fota_boot import supervisor
from fota_boot.options import make_parser
from tests.labs.docs_pages import read

UNIT = "examples/systemd/fota-device.service"


def settings() -> dict[str, str]:
    return dict(re.findall(r"^([A-Za-z]+)=(.*)$", read(UNIT), re.MULTILINE))


def test_fota_boot_understands_the_command_line_of_the_unit() -> None:
    program, *arguments = shlex.split(settings()["ExecStart"])
    options = make_parser().parse_args(arguments)
    assert Path(program).name == "fota-boot"
    assert options.home.startswith(f"/var/lib/{settings()['StateDirectory']}/")
    assert options.arguments == ["/etc/fota-device"]


def test_the_unit_restarts_whatever_happened_and_waits_for_the_first_image() -> None:
    unit = settings()
    assert (unit["Type"], unit["Restart"], unit["StartLimitIntervalSec"]) == ("notify", "always", "0")


def test_the_watchdog_and_the_stop_wait_longer_than_an_image_may_take_to_end() -> None:
    unit = settings()
    assert int(unit["WatchdogSec"]) / 2 > supervisor.STOP_GRACE_S
    assert int(unit["TimeoutStopSec"]) > supervisor.STOP_GRACE_S
    assert unit["KillMode"] == "mixed"


def test_the_how_to_explains_the_settings_that_the_unit_has() -> None:
    page = read("docs/how-to/gateway.md")
    named = [
        name for cell in re.findall(r"^\| (`.*?`) \|", page, re.MULTILINE) for name in re.findall(r"`(\w+)=", cell)
    ]
    assert len(named) > 5
    assert set(named) <= set(settings())


@pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="systemd-analyze is not installed")
def test_systemd_understands_the_unit(tmp_path: Path) -> None:
    # systemd looks for the program, which is not installed here.
    unit = tmp_path / Path(UNIT).name
    unit.write_text(re.sub(r"^ExecStart=\S+", "ExecStart=/bin/true", read(UNIT), flags=re.MULTILINE))
    done = subprocess.run(["systemd-analyze", "verify", unit], capture_output=True, text=True)
    about_us = [line for line in done.stderr.splitlines() if unit.name in line]
    assert (done.returncode, about_us) == (0, [])
