"""A board with OTA partitions, as it really starts behind ESP-IDF's boot loader, against a local AWS over TLS."""

import json
import shutil
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest

from fota_operator.images.image import Image, image_from
from fota_testing.flash.esp32 import firmware
from sweeps.seeding.verbs import Patch, after, patched
from tests.labs.board import ROOT
from tests.labs.board_lab import CONNECTED, CRASHES, BoardLab
from tests.labs.interpreter import only_where_it_runs
from tests.labs.port_lab import EXAMPLE, PortLab

pytestmark = [pytest.mark.e2e, only_where_it_runs]


def program(version: str, patches: Sequence[Patch] = ()) -> str:
    says_it = after(CONNECTED, f"print('firmware {version} is connected')")
    return patched((EXAMPLE / "main.py").read_text(), (says_it, *patches))


def image(version: str, patches: Sequence[Patch] = ()) -> Image:
    return image_from(firmware(program(version, patches).encode()), version=version)


@pytest.fixture
def lab(make_lab: Callable[..., BoardLab]) -> BoardLab:
    return make_lab()


@pytest.fixture
def port(lab: BoardLab, library: Path, tmp_path: Path) -> PortLab:
    made = PortLab(tmp_path / "port")
    home = made.flash / "fota-home"
    home.mkdir()
    shutil.copytree(lab.home / "thing", home / "thing")
    shutil.copy(lab.home / "ca.pem", home)
    (home / "wifi.json").write_text(json.dumps({"name": "my-wifi", "password": "right"}))
    shutil.copytree(library, made.flash / "lib")
    made.put("main.py", (ROOT / "examples/esp32/main_ota.py").read_text())
    made.put_firmware(program("1"))
    return made


def test_from_the_first_power_on_to_an_update(lab: BoardLab, port: PortLab) -> None:
    port.weather(raises="connect", ntp="no address")
    with port:
        port.wait_for("no connection yet:")
        port.weather()
        port.wait_for("firmware 1 is connected")
        ended = lab.end_of(lab.start(image("2")))
        port.wait_for("firmware 2 is connected")
        assert port.mpremote("exec", "print(6 * 7)").stdout.strip() == "42"
        port.mpremote("reset")
        port.wait_for("firmware 2 is connected", 2)
    assert (ended.status, ended.details) == ("SUCCEEDED", {"slot": "1"})
    assert len(port.said("firmware 1 is connected")) == 1


def test_a_firmware_that_crashes_is_told_with_its_error_and_the_old_one_runs(lab: BoardLab, port: PortLab) -> None:
    with port:
        port.wait_for("firmware 1 is connected")
        ended = lab.end_of(lab.start(image("2", CRASHES)))
        port.wait_for("firmware 1 is connected", 2)
    assert (ended.status, ended.reason, ended.details["cause"]) == ("FAILED", "rolled-back", "crashed")
    assert "a bad release" in ended.details["error"]


RESETS = (after("import json", "import machine as chip\nchip.reset()"),)


def test_a_firmware_that_resets_the_chip_is_taken_back_by_the_boot_loader_and_told(
    lab: BoardLab, port: PortLab
) -> None:
    with port:
        port.wait_for("firmware 1 is connected")
        ended = lab.end_of(lab.start(image("2", RESETS)))
        port.wait_for("firmware 1 is connected", 2)
    assert port.resets[:3] == ["power", "hard", "hard"]
    assert (ended.status, ended.reason, ended.details["cause"]) == ("FAILED", "rolled-back", "not-confirmed")


def test_a_power_cut_before_the_firmware_is_marked_good_brings_the_old_one_back(lab: BoardLab, port: PortLab) -> None:
    with port:
        port.wait_for("firmware 1 is connected")
        job = lab.start(image("2", (after(CONNECTED, "while True: pass"),)))
        port.wait_for("boot verdict=run")
        port.cut_power()
        ended = lab.end_of(job)
    assert (ended.status, ended.reason, ended.details["cause"]) == ("FAILED", "rolled-back", "not-confirmed")


def test_what_is_no_firmware_is_refused_by_the_boot_loader_and_told_as_that(lab: BoardLab, port: PortLab) -> None:
    with port:
        port.wait_for("firmware 1 is connected")
        ended = lab.end_of(lab.start(image_from(b"no firmware" * 500, version="2")))
    assert (ended.status, ended.reason) == ("FAILED", "wrong-format")
    assert port.resets == ["power"]


def test_a_program_that_ends_is_started_again(port: PortLab) -> None:
    port.put("main.py", (ROOT / "examples/esp32/main_ota.py").read_text().replace("pump.main", "another"))
    port.put("another.py", "print('here is another')\n")
    with port:
        port.wait_for("here is another", 2)
    assert port.resets[:2] == ["power", "hard"]
