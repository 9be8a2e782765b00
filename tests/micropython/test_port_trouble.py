"""What happens to a board in the middle of its work, and the board comes through: as it really starts, over TLS."""

from collections.abc import Callable
from pathlib import Path

import pytest

from sweeps.seeding.verbs import after
from tests.labs.board_lab import CONNECTED, HANGS, BoardLab
from tests.labs.interpreter import only_where_it_runs
from tests.labs.port_lab import PortLab
from tests.labs.port_of_board import make_port

pytestmark = [pytest.mark.e2e, only_where_it_runs]

LONGEST_SILENCE_MS = 6_000
"""The library feeds a watchdog that often: RP2040's bites after 8,388 ms. Names take 1.5 s to be found here."""

STOPS_HALF_WAY = (
    after(
        "import json",
        """
import os
import time as clock
from fota.progress import Progress
def slowly(self, done_bytes, total_bytes):
    clock.sleep_ms(2)
    if done_bytes > 1 << 20 and "half" not in os.listdir("/"):
        open("/half", "w").close()
        print("half of it is there")
        clock.sleep(1000)
Progress.downloading = slowly
""",
    ),
)

WATCHED = """
import machine
wdt = machine.WDT(timeout=8_000)
from fota.start import start
start("/fota-home", feed=wdt.feed)
"""


@pytest.fixture
def lab(make_lab: Callable[..., BoardLab]) -> BoardLab:
    return make_lab()


@pytest.fixture
def port(lab: BoardLab, library: Path, tmp_path: Path) -> PortLab:
    return make_port(lab, library, tmp_path)


def test_a_download_goes_on_where_the_power_was_cut(
    make_lab: Callable[..., BoardLab], library: Path, tmp_path: Path
) -> None:
    lab = make_lab(factory_patches=STOPS_HALF_WAY)
    port = make_port(lab, library, tmp_path)
    with port:
        port.wait_for("firmware 1 is connected")
        job = lab.start(lab.image("2", ballast_bytes=2 << 20))
        port.wait_for("half of it is there")
        port.cut_power()
        ended = lab.end_of(job)
        port.wait_for("firmware 2 is connected")
    assert port.resets[:2] == ["power", "power"]
    assert (ended.status, len(port.said("download-started"))) == ("SUCCEEDED", 2)
    assert "offset_bytes=0" not in port.said("download-started")[1]


def test_a_power_cut_in_a_trial_brings_the_old_image_back(lab: BoardLab, port: PortLab) -> None:
    with port:
        port.wait_for("firmware 1 is connected")
        job = lab.start(lab.image("2", HANGS))
        port.wait_for("verdict=on-trial")
        port.cut_power()
        ended = lab.end_of(job)
    assert (ended.status, ended.reason, ended.details["cause"]) == ("FAILED", "rolled-back", "not-confirmed")


def test_an_image_that_is_damaged_on_the_flash_is_not_started_and_the_other_one_is(
    lab: BoardLab, port: PortLab
) -> None:
    with port:
        port.wait_for("firmware 1 is connected")
        assert lab.end_of(lab.start(lab.image("2"))).status == "SUCCEEDED"
        image = port.flash / "fota-home/slot-1.img"
        content = bytearray(image.read_bytes())
        content[-1] ^= 1
        image.write_bytes(content)
        port.cut_power()
        port.wait_for("firmware 1 is connected", 2)


def test_an_image_that_is_damaged_in_the_bucket_is_told_and_never_started(lab: BoardLab, port: PortLab) -> None:
    image = lab.image("damaged-in-the-bucket")
    job = lab.start(image)
    lab.damage(job, image)
    with port:
        ended = lab.end_of(job)
    assert (ended.status, ended.reason) == ("FAILED", "hash-mismatch")
    assert port.resets == ["power"]


def test_an_image_that_takes_all_memory_is_told_by_that_and_the_old_one_runs(lab: BoardLab, port: PortLab) -> None:
    hogs = after("import json", "hog = []\nwhile True:\n    hog.append(bytes(65_536))")
    with port:
        port.wait_for("firmware 1 is connected")
        ended = lab.end_of(lab.start(lab.image("2", (hogs,))))
        port.wait_for("firmware 1 is connected", 2)
    assert (ended.reason, ended.details["cause"]) == ("rolled-back", "crashed")
    assert "MemoryError" in ended.details["error"]


def test_a_broker_that_is_away_in_a_trial_costs_no_image(lab: BoardLab, port: PortLab) -> None:
    port.weather_at[2] = {"names": "none"}
    with port:
        port.wait_for("firmware 1 is connected")
        job = lab.start(lab.image("2"))
        port.wait_for("no connection yet:")
        port.weather()
        ended = lab.end_of(job)
    assert (ended.status, port.resets) == ("SUCCEEDED", ["power", "hard"])


def test_a_broker_that_stays_away_is_told_as_that_and_the_image_may_come_again(
    lab: BoardLab, library: Path, tmp_path: Path
) -> None:
    port = make_port(lab, library, tmp_path, deadline_ms=20_000)
    port.weather_at.update({2: {"names": "none"}, 3: {}})
    with port:
        port.wait_for("firmware 1 is connected")
        ended = lab.end_of(lab.start(lab.image("2")))
    assert (ended.status, ended.reason, ended.details["cause"]) == ("FAILED", "rolled-back", "offline")


def test_a_watchdog_that_is_armed_first_is_fed_all_the_way_through_an_update(
    lab: BoardLab, library: Path, tmp_path: Path
) -> None:
    port = make_port(lab, library, tmp_path, kind="rp2")
    port.put("main.py", WATCHED)
    port.weather(raises="WLAN", names_ms=1_500)
    with port:
        port.wait_for("no connection yet:")
        port.weather(names_ms=1_500)
        port.wait_for("firmware 1 is connected")
        ended = lab.end_of(lab.start(lab.image("2", ballast_bytes=1 << 20)))
        port.wait_for("firmware 2 is connected")
    assert (ended.status, port.resets) == ("SUCCEEDED", ["power", "hard"])
    assert port.silences_ms
    assert max(port.silences_ms) <= LONGEST_SILENCE_MS


def test_that_watchdog_ends_an_image_that_hangs(lab: BoardLab, library: Path, tmp_path: Path) -> None:
    port = make_port(lab, library, tmp_path, kind="rp2")
    port.put("main.py", WATCHED)
    with port:
        port.wait_for("firmware 1 is connected")
        hangs = after(CONNECTED, "while True:\n    pass")
        ended = lab.end_of(lab.start(lab.image("2", (hangs,))))
        port.wait_for("firmware 1 is connected", 2)
    assert port.resets == ["power", "hard", "watchdog"]
    assert (ended.reason, ended.details["cause"]) == ("rolled-back", "not-confirmed")
