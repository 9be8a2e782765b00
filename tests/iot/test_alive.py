"""`awsfota.alive` is a promise, and the library keeps it in its own waits, for the thread that made it."""

import contextlib
import socket
import threading
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path

import pytest

from aws.iot import fota as awsfota
from fota import heartbeat_cpython, machine
from fota.progress import Progress, guarded
from fota.waiting import Listening, still_waiting
from fota_boot.heartbeat import DEFAULT_PERIOD_S
from tests.labs.device_lab import DeviceLab
from tests.labs.interpreter import device, only_where_it_runs, told

__all__ = ("device",)


class Listener:
    """What has started this program, and listens."""

    def __init__(self, listening: socket.socket) -> None:
        self._socket = listening
        listening.setblocking(False)

    def heard(self) -> list[str]:
        """What came since the last look."""
        came = []
        with contextlib.suppress(BlockingIOError):
            while True:
                came.append(self._socket.recv(4096).decode())
        return came


@pytest.fixture
def listener(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Listener]:
    address = f"\0fota-test-{tmp_path}"[:100]
    monkeypatch.setattr(heartbeat_cpython, "_pulse", heartbeat_cpython.Pulse())
    # Nothing is left out because it comes soon after another sign.
    monkeypatch.setattr(heartbeat_cpython, "_MAX_INTERVAL_S", 0)
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as listening:
        listening.bind(address)
        monkeypatch.setenv("NOTIFY_SOCKET", "@" + address[1:])
        yield Listener(listening)


def in_a_thread(function: object) -> None:
    thread = threading.Thread(target=function)  # type: ignore[arg-type]
    thread.start()
    thread.join()


def test_a_sign_of_life_is_the_watchdogs_of_sd_notify(listener: Listener) -> None:
    awsfota.alive()
    assert listener.heard() == ["WATCHDOG=1"]


def test_the_time_is_stated_once_and_again_when_it_changes(listener: Listener) -> None:
    for within_s in (30, 30, 0.5):
        awsfota.alive(within_s)
    assert listener.heard() == [
        "WATCHDOG_USEC=30000000\nWATCHDOG=1",
        "WATCHDOG=1",
        "WATCHDOG_USEC=500000\nWATCHDOG=1",
    ]


def test_signs_in_quick_succession_are_one_message(listener: Listener, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(heartbeat_cpython, "_MAX_INTERVAL_S", 100)
    for _ in range(1_000):
        awsfota.alive(3_600)
    assert len(listener.heard()) == 1


@pytest.mark.parametrize("within_s", [0, -1, 0.09, 86_401, float("nan"), float("inf")])
def test_an_odd_time_is_an_error_of_the_program(listener: Listener, within_s: float) -> None:
    with pytest.raises(ValueError, match=r"within_s: expected 0.1 to 86400 seconds, got"):
        awsfota.alive(within_s)
    assert listener.heard() == []


@pytest.mark.parametrize("address", [None, "", "/nowhere/at/all", "@nobody", "x" * 500])
def test_where_nobody_listens_nothing_happens(monkeypatch: pytest.MonkeyPatch, address: "str | None") -> None:
    monkeypatch.setattr(heartbeat_cpython, "_pulse", heartbeat_cpython.Pulse())
    monkeypatch.delenv("NOTIFY_SOCKET", raising=False)
    if address is not None:
        monkeypatch.setenv("NOTIFY_SOCKET", address)
    awsfota.alive()


def test_a_listener_that_does_not_read_holds_nobody_up(listener: Listener, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(heartbeat_cpython, "_ROOM_WITHIN_S", 0.01)
    for _ in range(20):
        awsfota.alive()
    assert set(listener.heard()) == {"WATCHDOG=1"}


# The promise in the library's own waits.


def test_a_wait_keeps_the_promise_of_the_thread_that_waits(listener: Listener) -> None:
    awsfota.alive()
    with Listening(guarded(Progress())):
        still_waiting()
    assert listener.heard() == ["WATCHDOG=1"] * 2


@pytest.mark.parametrize("step", [name for name in dir(Progress) if name[0] != "_"])
def test_each_step_of_an_update_keeps_it(listener: Listener, step: str) -> None:
    awsfota.alive()
    listener.heard()
    getattr(guarded(Progress()), step)(*range(getattr(Progress, step).__code__.co_argcount - 1))
    assert listener.heard() == ["WATCHDOG=1"]


def test_an_update_in_another_thread_says_nothing_of_the_loop(listener: Listener) -> None:
    awsfota.alive()
    listener.heard()
    in_a_thread(guarded(Progress()).waiting)
    assert listener.heard() == []


def test_a_loop_in_another_thread_has_its_promise_kept_there(listener: Listener) -> None:
    def work() -> None:
        awsfota.alive()
        guarded(Progress()).waiting()

    in_a_thread(work)
    guarded(Progress()).waiting()
    assert listener.heard() == ["WATCHDOG=1"] * 2


def test_without_a_call_of_ours_a_wait_of_the_main_thread_promises_nothing(listener: Listener) -> None:
    guarded(Progress()).waiting()
    in_a_thread(guarded(Progress()).waiting)
    assert listener.heard() == ["FOTA_WAITING=1"]


def test_a_job_that_takes_an_hour_is_never_silent_for_as_long_as_the_shortest_default(
    lab: DeviceLab, monkeypatch: pytest.MonkeyPatch
) -> None:
    signs = [lab.clock.now_ms()]
    monkeypatch.setattr(machine, "still_alive", lambda: signs.append(lab.clock.now_ms()))
    lab.server.ms_per_chunk = 20_000
    lab.server.breaks_after = 2_000
    lab.publish(bytes(9_000))
    lab.wake()
    signs.append(lab.clock.now_ms())
    assert signs[-1] - signs[0] > 2_400_000
    assert max(after - before for before, after in pairwise(signs)) <= DEFAULT_PERIOD_S * 1000 / 2


@only_where_it_runs
def test_on_micropython_it_does_nothing(device: Path) -> None:
    calls = "awsfota.alive()\nawsfota.alive(30)\nprint(json.dumps(['ok']))"
    assert told("import json\nfrom aws.iot import fota as awsfota\n" + calls, folder=device) == [["ok"]]
