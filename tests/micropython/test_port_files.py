"""A board whose images are files, as it really starts, in bad weather, against a local AWS over TLS."""

from collections.abc import Callable
from pathlib import Path

import pytest

from sweeps.seeding.verbs import after
from tests.labs.board_lab import CONNECTED, CRASHES, HANGS, BoardLab
from tests.labs.interpreter import only_where_it_runs
from tests.labs.port_of_board import make_port

pytestmark = [pytest.mark.e2e, only_where_it_runs]

EXITS_AT_ITS_START = (
    after(
        "import json",
        """
import hardware
import network
import sys
if not hardware.kept("exited", 0):
    hardware.keep("exited", 1)
    network.WLAN().active(True)
    network.WLAN().connect("my-wifi", "right")
    sys.exit()
""",
    ),
)


@pytest.fixture(params=["esp32", "rp2"])
def kind(request: pytest.FixtureRequest) -> str:
    return str(request.param)


def test_from_the_first_power_on_to_an_update_in_bad_weather(
    make_lab: Callable[..., BoardLab], library: Path, tmp_path: Path, kind: str
) -> None:
    lab = make_lab()
    port = make_port(lab, library, tmp_path, kind=kind)
    port.weather(raises="WLAN", ntp="no address")
    with port:
        port.wait_for("no Wi-Fi:")
        port.weather(password="another", ntp="short")
        port.wait_for("no connection yet:")
        port.weather(raises="connect", ntp="no name")
        port.wait_for("no time: -2")
        port.weather(ntp="")
        port.wait_for("firmware 1 is connected")
        ended = lab.end_of(lab.start(lab.image("2")))
        port.wait_for("firmware 2 is connected")
        found = port.mpremote("exec", "print(6 * 7)")
        assert (found.returncode, found.stdout.strip()) == (0, "42"), found
        port.mpremote("reset")
        port.wait_for("firmware 2 is connected", 2)
    assert ended.status == "SUCCEEDED"
    assert len(port.said("firmware 1 is connected")) == 1


def test_an_image_that_hangs_is_ended_by_the_timer_of_the_board(
    make_lab: Callable[..., BoardLab], library: Path, tmp_path: Path, kind: str
) -> None:
    lab = make_lab()
    port = make_port(lab, library, tmp_path, kind=kind, deadline_ms=9_000)
    with port:
        port.wait_for("firmware 1 is connected")
        hangs = (*HANGS, after("import json", "import gc\ngc.collect()"))
        ended = lab.end_of(lab.start(lab.image("2", hangs)))
        port.wait_for("firmware 1 is connected", 2)
    assert "timer-was-collected" not in port.told
    assert (ended.status, ended.reason, ended.details["cause"]) == ("FAILED", "rolled-back", "not-confirmed")


def test_a_soft_reset_in_the_middle_of_joining_stops_nobody(
    make_lab: Callable[..., BoardLab], library: Path, tmp_path: Path, kind: str
) -> None:
    lab = make_lab(factory_patches=EXITS_AT_ITS_START)
    port = make_port(lab, library, tmp_path, kind=kind)
    port.weather(join_ms=2_000)
    with port:
        port.wait_for("firmware 1 is connected")
    assert port.resets == ["power", "soft"]


def test_a_program_that_ends_is_started_again_and_ctrl_c_ends_that(
    make_lab: Callable[..., BoardLab], library: Path, tmp_path: Path
) -> None:
    lab = make_lab(factory_patches=(after(CONNECTED, "raise ValueError('ends by itself')"),))
    port = make_port(lab, library, tmp_path)
    with port:
        port.wait_for("ends by itself", 2)
        assert port.mpremote("fs", "ls", ":fota-home").returncode == 0
    assert port.resets[1] == "hard"


def test_an_image_that_crashes_is_told_with_its_error_and_the_old_one_runs(
    make_lab: Callable[..., BoardLab], library: Path, tmp_path: Path
) -> None:
    lab = make_lab()
    port = make_port(lab, library, tmp_path)
    with port:
        port.wait_for("firmware 1 is connected")
        ended = lab.end_of(lab.start(lab.image("2", CRASHES)))
        port.wait_for("firmware 1 is connected", 2)
    assert (ended.reason, ended.details["cause"]) == ("rolled-back", "crashed")
    assert "a bad release" in ended.details["error"]
