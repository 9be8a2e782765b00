"""The program of the tutorial, which is in every image, and what it sees of an update."""

from __future__ import annotations

import traceback
from typing import TYPE_CHECKING

from aws.iot import fota
from aws.iot.errors import IotError, NotConnected
from aws.iot.iot import Thing
from aws.iot.jobs import Jobs
from fota.boards.files import FilesBoard
from fota.device import Device
from fota.errors import FotaError
from fota.policy import Later, Now
from fota.policy import Offer as Offered
from fota.policy.window import Window
from fota.progress import Progress
from sweeps.faults import halves
from sweeps.faults.world import PowerOff
from sweeps.powercut import seen
from sweeps.powercut.oracle import BEHAVIOURS
from sweeps.powercut.scenarios import BETTER, BUFFER_BYTES, CRASHING, HANGING, UNHEALTHY, Offer

if TYPE_CHECKING:
    from collections.abc import Callable

    from sweeps.faults.life import Life

LOOP_MS = 20_000
_WINDOW = Window("02:15", "02:45", zone="Europe/Berlin")
"""Clocks skip it in March, and show it twice in October."""
_AGAIN_S = 60
_HANGS_MS = 90_000
ALIVE_WITHIN_S = 60
"""What the program promises in its loop: three turns of it."""


class Program:
    """The program of the tutorial, which is in every image."""

    def __init__(self, life: Life, slot: int, restart: Callable[[], None]) -> None:
        self._life = life
        self._slot = slot
        self._restart = restart
        self._name = life.image_in(slot) or "rubbish"

    def run(self) -> None:
        """Never returns. *Raises* what ends it."""
        life = self._life
        life.running = self._name
        life.starts[self._name] += 1
        life.saw("started")
        behaviour = BEHAVIOURS.get(self._name, CRASHING)
        if life.crashes_from and self._name == life.crashing and life.starts[self._name] >= life.crashes_from:
            behaviour = HANGING if life.hangs else CRASHING
            fota.alive(within_s=ALIVE_WITHIN_S)
        if behaviour == CRASHING:
            raise RuntimeError("sensor driver missing")
        if behaviour == HANGING:
            life.world.sleep_ms(1 << 40)
        if "helper-left" in life.active:
            life.start_helper()
        try:
            self._serve(is_well=behaviour != UNHEALTHY)
        except IotError:
            raise
        except Exception as error:
            if not isinstance(error, MemoryError) and "no-descriptors" not in life.active:
                life.stopped.append(f"{type(error).__name__}: {error}")
            life.news.append(traceback.format_exc())
            raise

    def _serve(self, *, is_well: bool) -> None:
        life = self._life
        thing = Thing("broker.example", "lamp", b"", b"", connection=halves.connection(life.half))  # type: ignore[arg-type]
        device = Device(
            FilesBoard(seen.HOME),
            self._slot,
            client=halves.client(life.half, life.active),
            restart=self._restarts,
            buffer_bytes=BUFFER_BYTES,
            checkpoint_every_bytes=BUFFER_BYTES,
        )
        thing.mqtt.connect()
        fota.alive(within_s=ALIVE_WITHIN_S)
        jobs = Jobs(thing, tells_state=life.tells_state)
        progress = Report(life)

        def health_check() -> bool:
            life.saw("health-check")
            return is_well

        def look(*, force: bool) -> None:
            life.is_fed(begins=True)
            fota.handle_fota_jobs(
                jobs,
                force=force,
                disconnect_mqtt=not life.stays_connected,
                health_check=health_check if life.checks_health else None,
                progress=progress,
                device=device,
                job_cbk=life_callback,
                policy=self._policy if life.has_policy else None,
            )
            life.is_fed()

        def life_callback(_job: object) -> None:
            if "callbacks-raise" in life.active:
                raise ValueError("a callback of the program")

        look(force=True)
        while True:
            if "client-breaks" in life.active:
                self._updates_by_itself(device)
            fota.alive(within_s=ALIVE_WITHIN_S)
            try:
                thing.mqtt.publish("things/lamp/sample", {"version": 1})
            except NotConnected:
                life.news.append("a sample is lost")
            if life.half == halves.CPYTHON:
                life.world.sleep_ms(LOOP_MS)
            else:
                thing.mqtt.wait(LOOP_MS)
            look(force=False)

    def _policy(self, offer: Offered) -> Now | Later | bool:
        """What the program says when it is asked whether an update may go on."""
        life = self._life
        if "policy-raises" in life.active:
            raise ValueError("the policy of the program")
        if "policy-talks-nonsense" in life.active:
            return "now"  # type: ignore[return-value]
        if "policy-hangs" in life.active:
            life.world.sleep_ms(_HANGS_MS)
        if life.active & {"dst-on", "dst-back"}:
            return _WINDOW(offer)
        if f"policy-later-{offer.moment}" in life.active:
            return Later("busy", again_s=_AGAIN_S)
        return Now()

    def _updates_by_itself(self, device: Device) -> None:
        """As a program that has a document from elsewhere."""
        document = {**Offer("", BETTER).document(), "bc_url": BETTER.url}
        try:
            fota.update(document, device=device)
        except FotaError as error:
            self._life.news.append(f"update: {error.reason}")

    def _restarts(self) -> None:
        self._life.saw("restarting")
        self._restart()
        raise PowerOff


class Report(Progress):
    """Sees the steps that only the program sees."""

    def __init__(self, life: Life) -> None:
        self._life = life

    def _saw(self, step: str) -> None:
        self._life.is_fed()
        self._life.saw(step)
        if "callbacks-raise" in self._life.active:
            raise ValueError("a callback of the program")

    def taken(self, job_id: str) -> None:  # noqa: ARG002
        """A job was taken."""
        self._saw("taken")

    def downloading(self, done_bytes: int, total_bytes: int) -> None:  # noqa: ARG002
        """Bytes came."""
        self._saw("downloading")

    def applying(self, done_bytes: int, total_bytes: int) -> None:  # noqa: ARG002
        """A part of the image was made from a patch."""
        self._saw("applying")

    def waiting(self) -> None:
        """Nothing happens."""
        self._life.is_fed()

    def proving(self, slot: int) -> None:  # noqa: ARG002
        """The slot is read back."""
        self._saw("proving")

    def installed(self, slot: int) -> None:  # noqa: ARG002
        """It is there."""
        self._saw("installed")

    def confirmed(self, slot: int) -> None:  # noqa: ARG002
        """It stays."""
        self._saw("confirmed")

    def restarting(self) -> None:
        """It restarts."""
        self._saw("restarting")
