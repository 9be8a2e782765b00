"""A device whose jobs are handled in a thread: the lab of `device_lab`, and verbs that wait for what the thread does.

The device is on virtual time, the thread on real time, with short pauses.
"""

import threading
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from aws.iot import background_cpython, fota
from aws.iot._interruptible_cpython import Stopped
from aws.iot.background_cpython import Background
from tests.labs.device_lab import JOB, DeviceLab, Restarted

PATIENCE_S = 20.0
IMAGE = bytes(range(256)) * 8
OTHER = IMAGE[::-1]


def until(condition: Callable[[], object]) -> None:
    """Wait for it. *Raises* AssertionError when it never comes."""
    deadline_s = time.monotonic() + PATIENCE_S
    while not condition():
        assert time.monotonic() < deadline_s, "it never came"
        time.sleep(0.002)


class BackgroundLab(DeviceLab):
    """`start` begins to handle jobs. A restart ends the thread, as it ends a process; `reboot` is what follows."""

    def __init__(self) -> None:
        self.restarts = threading.Event()
        self.updates: list[Background] = []
        super().__init__()

    def start(self, **options: Any) -> Background:
        self.device.restart = self._restart
        background = fota.start_background(self.jobs, **{"device": self.device, **options})
        self.updates.append(background)
        return background

    def stop(self) -> None:
        """End every thread that is left."""
        for background in self.updates:
            background.stop()

    def restarted(self) -> None:
        """Wait for the restart, and for the next start of the device."""
        until(self.restarts.is_set)
        self.restarts.clear()
        self.stop()
        self.reboot()

    def _restart(self) -> None:
        self.restarts.set()
        if threading.current_thread().name != "aws-iot-fota":
            raise Restarted
        # As good as the end of the process: nothing of the thread goes on.
        raise Stopped


class Gate:
    """Holds the thread up in the middle of a download, until it is opened."""

    def __init__(self, lab: BackgroundLab) -> None:
        self.reached = threading.Event()
        self.opened = threading.Event()
        lab.server.at(len(IMAGE) // 2, self._hold)

    def _hold(self) -> None:
        self.reached.set()
        assert self.opened.wait(20)


def waits(lab: BackgroundLab, job: str = JOB) -> Callable[[], bool]:
    """Whether the service was told that the job waits for leave."""
    return lambda: lab.details(job).get("step") == "waiting-for-restart"


@pytest.fixture
def lab(monkeypatch: pytest.MonkeyPatch) -> Iterator[BackgroundLab]:
    monkeypatch.setattr(background_cpython, "_LOOK_EVERY_S", 0.005)
    monkeypatch.setattr(background_cpython, "_PAUSE_MS", (5, 20))
    lab = BackgroundLab()
    yield lab
    lab.stop()
