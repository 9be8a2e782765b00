"""Whole updates: real devices of both interpreters against mosquitto with mutual TLS; nginx serves the images."""

import contextlib
import json
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from fota_operator.images.image import Image
from fota_operator.jobs.document import build_document
from peers.brokers import Mosquitto
from peers.devices import CRASHES, Device, Running
from peers.objects import Objects
from peers.responder import Responder

JOB = "job-1"
_WITHIN_S = 60.0
_MOVING_BYTES = 300_000
_SLOW_KB_PER_S = 700


class Lab:
    """A broker, the responder for jobs, a server of images and one device; `on` switches all of them on."""

    def __init__(self, kind: type[Device], folder: Path) -> None:
        self.broker = Mosquitto(folder / "broker")
        self.objects = Objects("nginx", folder / "objects", authority=self.broker.folder)
        self.device = kind(self.broker, folder / "device")
        self.jobs: Responder
        self._broker_runs = contextlib.ExitStack()

    @contextlib.contextmanager
    def on(self) -> Iterator[Running]:
        """All of it; the device runs and is connected."""
        with self.objects.serving(), self._broker_runs:
            self._broker_runs.enter_context(self.broker.start())
            with self.broker.responder() as self.jobs, self.device.on() as running:
                running.wait_for("firmware 1 is connected")
                yield running

    def start(self, image: Image) -> None:
        """Offer the image as a job."""
        self.objects.put("firmware", image.content)
        self.jobs.create(JOB, json.loads(build_document(image, self.objects.url("firmware"), None)))

    def restart_broker(self, then: Callable[[], None]) -> None:
        """End the broker, call `then`, and start it again."""
        self._broker_runs.close()
        then()
        self._broker_runs.enter_context(self.broker.start())

    def await_proven(self, count_bytes: int) -> None:
        """Wait until the device has put that much of a download on record. *Raises* AssertionError."""
        deadline = time.monotonic() + _WITHIN_S
        while self.device.proven_bytes() < count_bytes:
            if time.monotonic() >= deadline:
                raise AssertionError(f"the download did not reach {count_bytes} bytes within {_WITHIN_S:.0f} s")
            time.sleep(0.01)

    def end(self) -> tuple[list[str], dict[str, str]]:
        """All statuses of the job and its last details, once it has ended. *Raises* AssertionError."""
        self.jobs.end_of(JOB, _WITHIN_S)
        return self.jobs.statuses(JOB), self.jobs.details(JOB)


def good(kind: type[Device], folder: Path) -> None:
    """A good image: SUCCEEDED, and the new firmware runs, also after a restart."""
    lab = Lab(kind, folder)
    with lab.on() as running:
        lab.start(lab.device.image("2"))
        _require_succeeded(*lab.end())
        running.wait_for("firmware 2 is connected")
    with lab.broker.start(), lab.device.on() as again:
        again.wait_for("firmware 2 is connected")
        _require([line for line in again.lines if "firmware 1 " in line], [])


def crashing(kind: type[Device], folder: Path) -> None:
    """An image that crashes: rolled back, the job FAILED with the cause, and the old firmware runs."""
    lab = Lab(kind, folder)
    with lab.on() as running:
        lab.start(lab.device.image("2", CRASHES))
        statuses, details = lab.end()
        _require(statuses, ["QUEUED", "IN_PROGRESS", "FAILED"])
        _require((details.get("reason"), details.get("cause")), ("rolled-back", "crashed"))
        _require(len([line for line in running.lines if "firmware 1 is connected" in line]), 2)
        _require([line for line in running.lines if "firmware 2 is connected" in line], [])


def broker_restarted(kind: type[Device], folder: Path) -> None:
    """The broker ends in mid-download and comes back after more has arrived: SUCCEEDED all the same."""
    lab = Lab(kind, folder)
    lab.objects.most_kb_per_s = _SLOW_KB_PER_S
    with lab.on() as running:
        lab.start(lab.device.image("2"))
        lab.await_proven(_MOVING_BYTES)
        proven = lab.device.proven_bytes()
        lab.restart_broker(lambda: lab.await_proven(proven + _MOVING_BYTES))
        _require_succeeded(*lab.end())
        running.wait_for("firmware 2 is connected")


CHECKS: dict[str, Callable[[type[Device], Path], None]] = {
    "whole update, good image": good,
    "whole update, image crashes": crashing,
    "whole update, broker restarted": broker_restarted,
}


def _require_succeeded(statuses: Sequence[str], details: dict[str, str]) -> None:
    _require((list(statuses), details.get("slot")), (["QUEUED", "IN_PROGRESS", "SUCCEEDED"], "1"))


def _require(found: object, wanted: object) -> None:
    if found != wanted:
        raise AssertionError(f"expected {wanted}, got {found}")
