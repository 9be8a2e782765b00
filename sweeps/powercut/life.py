"""A device from the moment the power comes back until nothing is left to do: boots, programs, restarts.

The code under test runs as it is, on the model of a disk and on the model of the cloud. Every change of the disk and
every request is an operation with a number; a state can be taken at each, to be cut there.
"""

from __future__ import annotations

import hashlib
import os
import random
import sys
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING

from sweeps.powercut import seen
from sweeps.powercut.cloud import NO_REQUEST_YET, Cloud, CloudState
from sweeps.powercut.past import NOTHING_YET, PROBATION_BOOTS, AtRest, Past, Violation
from sweeps.powercut.scenarios import BUFFER_BYTES, CRASHING, HANGING, UNHEALTHY, Scenario
from sweeps.powercut.server import ImageServer
from sweeps.powercut.witness import BEHAVIOURS, Witness

from aws.iot import fota
from aws.iot.iot import Thing
from aws.iot.jobs import Jobs
from fota import boot, image
from fota.device import Device
from fota.errors import NothingBootable
from fota.home import Home
from fota.install import Installer
from fota.progress import Progress
from fota_testing.clock import FakeClock
from fota_testing.posix_model import PosixModel, installed

if TYPE_CHECKING:
    from types import ModuleType

    from fota_testing.posix_disk import Disk

DEADLINE_MS = 600_000
"""As `fota-boot` has it: an image is on trial for no longer."""

LOOK_EVERY_MS = 5_000
MOST_LOOKS = 400
_ONE_LOOK = ["before list", "after list"]
_REQUESTS = ("before ", "after ")
MOST_STEPS = 3_000
"""I13: whoever asks for more operations is caught in a loop."""


@dataclass(frozen=True)
class State:
    """All that outlives a moment: the disk with what is pending, the cloud, the time, and what has happened."""

    disk: Disk
    cloud: CloudState = NO_REQUEST_YET
    past: Past = NOTHING_YET
    clock_ms: int = 1_000_000

    def fingerprint(self) -> int:
        """Equal for byte-identical disks, with the same pending, before the same cloud."""
        facts = repr(self.cloud.executions).encode() + self.disk.fingerprint()
        return int.from_bytes(hashlib.blake2b(facts, digest_size=8).digest(), "little")


class _Restarted(BaseException):
    """The program asked for a restart: nothing of it runs on."""


class Life:
    """One power-on. Use it once."""

    def __init__(self, scenario: Scenario, state: State, wanted: range | None = None) -> None:
        """The states at the steps in `wanted` are kept in `taken`."""
        self.steps = 0
        self.names: list[str] = []
        """What each step was."""
        self.taken: list[tuple[int, State]] = []
        self._scenario = scenario
        self._wanted = wanted or range(0)
        self._model = PosixModel(state.disk)
        self._model.watch = self._disk_operation
        self._clock = FakeClock(state.clock_ms)
        self._cloud = Cloud(self._clock, scenario, state.cloud)
        self._cloud.watch = self._request
        self._witness = Witness(scenario, state.past, self._model.content)
        self._cloud.judge = lambda job_id, status: self._witness.claimed(job_id, status, self._model.disk)

    def run(self) -> State:
        """Until nothing is left to do. *Raises* Violation."""
        random.seed(1)
        with installed(self._model, *modules()):
            try:
                self._live()
                while self._cloud.has_more_to_offer():
                    self._rest()
                    self._cloud.offer_next()
                    self._live()
                return self._again()
            except AtRest:
                return self.state()
            except (Violation, MemoryError):
                raise
            except Exception as error:
                raise Violation("crash", f"{type(error).__name__}: {error}") from error

    def state(self) -> State:
        """As of now."""
        return State(self._model.disk, self._cloud.state(), self._witness.past, self._clock.now_ms())

    def _live(self) -> None:
        """Boot, run the program, boot again, until a program finds nothing left to do."""
        cause: str | None = "not-confirmed"
        while cause is not None:
            slot = self._choose(cause)
            behaviour = BEHAVIOURS[self._witness.booted(slot)]
            if behaviour == CRASHING:
                cause = "crashed"
            elif behaviour == HANGING:
                self._clock.advance_ms(DEADLINE_MS)
                cause = "deadline"
            else:
                cause = self._program(slot, is_well=behaviour != UNHEALTHY)
        self._witness.settled(self._cloud.state())

    def _rest(self) -> None:
        """Boots, until one changes nothing on the disk: each healthy one may add to the floor."""
        for _ in range(PROBATION_BOOTS + 1):
            steps = self.steps
            self._witness.rested()
            self._live()
            if all(name.startswith(_REQUESTS) for name in self.names[steps:]):
                return
        raise Violation("I9", f"settled, and every boot changes something: {', '.join(self.names[steps:])}")

    def _again(self) -> State:
        """I9: one more boot and look at the jobs change nothing, once healthy boots have raised the floor."""
        self._cloud.calm()
        for _ in range(PROBATION_BOOTS + 1):
            steps = self.steps
            restarts = self._boot_and_look()
            done = self.names[steps:]
            if done == _ONE_LOOK or restarts or not _adds_to_the_floor(done):
                break
        after = self.state()
        if not after.past.is_damaged and (restarts or done != _ONE_LOOK):
            raise Violation("I9", f"once settled, another boot did: {', '.join(done)}")
        self._witness.at_rest()
        return after

    def _boot_and_look(self) -> bool:
        """True when the device restarts."""
        slot = self._choose("not-confirmed")
        self._witness.rested()
        behaviour = BEHAVIOURS[self._witness.booted(slot)]
        return self._look(*self._started(slot), forced=True, is_well=behaviour != UNHEALTHY)

    def _choose(self, cause: str) -> int:
        self._cloud.power_off()
        home = Home(seen.HOME)
        buffer = memoryview(bytearray(BUFFER_BYTES))
        try:
            return boot.choose(
                home.records,
                home.slots.count,
                lambda slot: image.proves_itself(home.slots, slot, buffer),
                attempts=self._scenario.attempts,
                cause=cause,
            )
        except NothingBootable:
            self._witness.nothing_bootable()
            raise

    def _program(self, slot: int, *, is_well: bool) -> str | None:
        """The program's own loop: None once nothing is left to do, else why it ended."""
        device, jobs = self._started(slot)
        started_ms = self._clock.now_ms()
        forced = True
        for _ in range(MOST_LOOKS):
            steps = self.steps
            if self._look(device, jobs, forced=forced, is_well=is_well):
                return "not-confirmed"
            if self._is_on_trial() and self._clock.now_ms() - started_ms > DEADLINE_MS:
                self._witness.deadline_passed()
                return "deadline"
            if forced and self.names[steps:] == _ONE_LOOK and self._cloud.is_idle():
                return None
            self._clock.advance_ms(LOOK_EVERY_MS)
            forced = self._cloud.is_idle()
        raise Violation("I7", f"a job waits after {MOST_LOOKS} looks at the jobs: {self._cloud.state()}")

    def _started(self, slot: int) -> tuple[Device, Jobs]:
        home = Home(seen.HOME)
        server = ImageServer(self._scenario.server, self._clock, self._witness)
        device = Device(
            home.slots,
            home.records,
            home.journal,
            releases=home.releases,
            running_slot=slot,
            installer=Installer(
                home.slots,
                client=server,
                clock=self._clock,
                buffer_bytes=BUFFER_BYTES,
                prove_every_bytes=BUFFER_BYTES,
            ),
            clock=self._clock,
            restart=_restart,
        )
        thing = Thing("broker.example", self._cloud.thing_name, b"", b"", connection=self._cloud)
        thing.mqtt.connect()
        return device, Jobs(thing, clock=self._clock)

    def _look(self, device: Device, jobs: Jobs, *, forced: bool, is_well: bool) -> bool:
        """The program calls the library; True when the device restarts."""
        try:
            fota.handle_fota_jobs(
                jobs,
                force=forced,
                disconnect_mqtt=not self._scenario.keeps_connection,
                health_check=lambda: is_well,
                progress=_Told(self._witness),
                device=device,
            )
        except _Restarted:
            return True
        return False

    def _is_on_trial(self) -> bool:
        found = seen.record(self._model.content)
        return found is not None and found.is_on_trial

    def _request(self, name: str) -> None:
        if name == "after list":
            self._witness.listed()
        elif name.startswith("before describe"):
            self._witness.described()
        self._step(name)

    def _disk_operation(self, _number: int, function: str, path: str) -> None:
        if function != "fsync":
            self._witness.changing(function, path, self._model.disk, self._cloud.state())
        self._step(f"{function} {path[len(seen.HOME) + 1 :]}")

    def _step(self, name: str) -> None:
        self.steps += 1
        self.names.append(name)
        if self.steps > MOST_STEPS:
            raise Violation("I13", f"{self.steps} operations and no end: {', '.join(self.names[-6:])}")
        if self.steps in self._wanted:
            self.taken.append((self.steps, self.state()))


class _Told(Progress):
    """Passes on what the library says of itself: only that a confirm has returned."""

    def __init__(self, witness: Witness) -> None:
        self._witness = witness

    def confirmed(self, slot: int) -> None:  # noqa: ARG002 - the witness knows better which image runs
        self._witness.confirmed()


def _adds_to_the_floor(names: list[str]) -> bool:
    """Whether a boot did nothing but look at the jobs, and write to the floor or make its file."""
    files = {name.partition(" ")[2] for name in names if not name.startswith(_REQUESTS)}
    return files <= {"floor-0", "floor-1", ""}


def _restart() -> None:
    raise _Restarted


@lru_cache(maxsize=1)
def modules() -> tuple[ModuleType, ...]:
    """The modules of the device that keep state in files, whichever those are: what the model is installed in."""
    found = [module for name, module in sorted(sys.modules.items()) if name.startswith("fota.")]
    return tuple(module for module in found if vars(module).get("os") is os and module.__name__ not in _PROCESSES)


_PROCESSES = ("fota._machine_cpython", "fota._signals_cpython", "fota._systemd_cpython", "fota.supervisor")
"""These use `os` for processes and their environment."""
