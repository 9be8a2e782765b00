"""A power session: a device from the moment the power comes back until it has nothing left to do.

The code under test runs unchanged, on the model of a disk and on the model of the cloud. Every change of the disk and
every request is an operation with a number. The state at each operation can be kept, so that the power is cut there.
"""

from __future__ import annotations

import hashlib
import random
from dataclasses import dataclass
from typing import TYPE_CHECKING

from aws.iot import fota
from aws.iot.iot import Thing
from aws.iot.jobs import Jobs
from fota import boot
from fota.boards.files import FilesBoard
from fota.device import Device
from fota.errors import NothingBootable
from fota_boot import last_resort, start_images
from fota_testing.clock import FakeClock
from fota_testing.posix.model import PosixModel, installed
from sweeps.escapes import Escaped, errors_escape
from sweeps.powercut import seen
from sweeps.powercut.bundles import started_by_fota_boot
from sweeps.powercut.cloud import NO_REQUEST_YET, Cloud, CloudState
from sweeps.powercut.device_modules import modules
from sweeps.powercut.history import NOTHING_YET, PROBATION_BOOTS, AtRest, History, Violation
from sweeps.powercut.oracle import BEHAVIOURS, Oracle, ReportsConfirm
from sweeps.powercut.putting_off import PuttingOff
from sweeps.powercut.scenarios import BUFFER_BYTES, CRASHES_LATER, CRASHING, HANGING, HEALTHY, UNHEALTHY, Scenario
from sweeps.powercut.server import ImageServer

if TYPE_CHECKING:
    from collections.abc import Callable

    from fota_testing.posix.disk import Disk

DEADLINE_MS = 600_000
"""The default of `fota-boot`: how long a trial may last."""
_TIME_IS_OVER = ("hung", "offline")
"""After these causes a trial has no attempt left."""

LOOK_EVERY_MS = 5_000
MAX_LOOKS = 400
_ONE_LOOK = ["before list", "after list"]
_REQUESTS = ("before ", "after ")
MAX_STEPS = 3_000
"""I13: a device that makes more operations than this is caught in a loop."""


@dataclass(frozen=True)
class State:
    """One moment: the disk with what is pending, the cloud, the time, and the history."""

    disk: Disk
    cloud: CloudState = NO_REQUEST_YET
    history: History = NOTHING_YET
    clock_ms: int = 1_000_000

    def fingerprint(self) -> int:
        """Two states are equal if their disks, their pending writes and their clouds are equal byte for byte."""
        facts = repr(self.cloud.executions).encode() + self.disk.fingerprint()
        return int.from_bytes(hashlib.blake2b(facts, digest_size=8).digest(), "little")


class _Restarted(BaseException):
    """The program asked for a restart, so nothing of it runs any more."""


class PowerSession:
    """One power session. An instance runs once."""

    def __init__(self, scenario: Scenario, state: State, wanted: range | None = None) -> None:
        """`taken` keeps the states at the steps in `wanted`."""
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
        self._oracle = Oracle(scenario, state.history, self._model.content, self._model.paths)
        self._putting_off = PuttingOff(scenario.puts_off, self._oracle)
        self._cloud.judge = lambda job_id, status: self._oracle.claimed(job_id, status, self._model.disk)

    def run(self) -> State:
        """Run until nothing is left to do. *Raises* Violation."""
        random.seed(1)
        with installed(self._model, *modules()), errors_escape(), started_by_fota_boot():
            try:
                self._boot_until_settled()
                while self._cloud.has_more_to_offer():
                    self._rest()
                    self._cloud.offer_next()
                    self._boot_until_settled()
                return self._again()
            except AtRest:
                return self.state()
            except (Violation, MemoryError):
                raise
            except Escaped as escaped:
                raise Violation("crash", str(escaped)) from escaped
            except Exception as error:
                raise Violation("crash", f"{type(error).__name__}: {error}") from error

    def state(self) -> State:
        """The state at this moment."""
        return State(self._model.disk, self._cloud.state(), self._oracle.history, self._clock.now_ms())

    def _boot_until_settled(self) -> None:
        """Boot, run the program, boot again, until a program finds nothing left to do."""
        cause: str | None = "not-confirmed"
        while cause is not None:
            slot = self._choose(cause)
            behaviour = self._behaviour(slot)
            if behaviour == CRASHING:
                cause = "crashed"
                boot.crashed(FilesBoard(seen.HOME).records, slot)
            elif behaviour == HANGING:
                self._clock.advance_ms(DEADLINE_MS)
                cause = "hung"
            elif self._is_on_trial() and not self._starts_again(slot):
                cause = "not-confirmed"
            else:
                cause = self._program(slot, is_well=behaviour != UNHEALTHY)
        self._oracle.settled(self._cloud.state())

    def _behaviour(self, slot: int) -> str:
        """What the image that starts does in this boot."""
        behaviour = self._starts(slot)
        if behaviour != CRASHES_LATER:
            return behaviour
        if self._is_on_trial():
            return HEALTHY
        self._oracle.crashed()
        return CRASHING

    def _starts(self, slot: int) -> str:
        """Start the image of a slot, as the supervisor does. Returns how it behaves."""
        path, _ = start_images.command(FilesBoard(seen.HOME), slot, "python", [])
        return BEHAVIOURS[self._oracle.booted(slot, path)]

    def _starts_again(self, slot: int) -> bool:
        """The image on trial could not connect at first, and ended: it starts again within the same attempt."""
        home = FilesBoard(seen.HOME)
        goes_on = boot.goes_on(home.records, slot, _prover(home))
        if goes_on:
            self._oracle.started_again(slot)
        return goes_on

    def _rest(self) -> None:
        """Boot until a boot changes nothing: healthy boots add to floor and record, and a fault may delay one."""
        for _ in range(PROBATION_BOOTS + 2):
            steps = self.steps
            self._oracle.rested()
            self._boot_until_settled()
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
            if done == _ONE_LOOK or restarts or not _adds_to_healthy_boots(done):
                break
        after = self.state()
        if not after.history.is_damaged and (restarts or done != _ONE_LOOK):
            raise Violation("I9", f"once settled, another boot did: {', '.join(done)}")
        self._oracle.at_rest()
        return after

    def _boot_and_look(self) -> bool:
        """Boot and look at the jobs once. Returns whether the device restarts."""
        slot = self._choose("not-confirmed")
        self._oracle.rested()
        behaviour = self._starts(slot)
        return self._look(*self._started(slot), forced=True, is_well=behaviour != UNHEALTHY)

    def _choose(self, cause: str) -> int:
        self._cloud.power_off()
        self._oracle.chooses()
        home = FilesBoard(seen.HOME)
        attempts = 0 if cause in _TIME_IS_OVER else self._scenario.attempts
        for is_last in (False, True):
            try:
                return boot.choose(home.records, home.slots.count, _prover(home), attempts=attempts, cause=cause)
            except NothingBootable:
                # As the supervisor does.
                if is_last or not (start_images.unpack_again(home) or last_resort.seal_again(home)):
                    self._oracle.nothing_bootable()
                    raise
        raise AssertionError("chosen, or nothing is bootable")

    def _program(self, slot: int, *, is_well: bool) -> str | None:
        """Run the loop of the program. Returns None when nothing is left to do, else why it ended."""
        device, jobs = self._started(slot)
        started_ms = self._clock.now_ms()
        forced = True
        for _ in range(MAX_LOOKS):
            steps = self.steps
            if self._look(device, jobs, forced=forced, is_well=is_well):
                return "not-confirmed"
            if self._is_on_trial() and self._clock.now_ms() - started_ms > DEADLINE_MS:
                self._oracle.deadline_passed()
                return "offline"
            if forced and self.names[steps:] == _ONE_LOOK and self._cloud.is_idle():
                return None
            self._clock.advance_ms(LOOK_EVERY_MS)
            forced = self._cloud.is_idle()
        raise Violation("I7", f"a job waits after {MAX_LOOKS} looks at the jobs: {self._cloud.state()}")

    def _started(self, slot: int) -> tuple[Device, Jobs]:
        self._putting_off.booted()
        server = ImageServer(self._scenario.server, self._clock, self._putting_off)
        device = Device(
            FilesBoard(seen.HOME),
            slot,
            client=server,
            clock=self._clock,
            restart=_restart,
            buffer_bytes=BUFFER_BYTES,
            checkpoint_every_bytes=BUFFER_BYTES,
        )
        thing = Thing("broker.example", self._cloud.thing_name, b"", b"", connection=self._cloud)
        thing.mqtt.connect()
        return device, Jobs(thing, clock=self._clock)

    def _look(self, device: Device, jobs: Jobs, *, forced: bool, is_well: bool) -> bool:
        """Call the library as the program does. Returns whether the device restarts."""
        was_on_trial = self._is_on_trial()
        try:
            fota.handle_fota_jobs(
                jobs,
                force=forced,
                disconnect_mqtt=not self._scenario.keeps_connection,
                health_check=lambda: is_well,
                progress=ReportsConfirm(self._oracle),
                device=device,
                policy=self._putting_off if self._scenario.puts_off else None,
            )
        except _Restarted:
            if self._is_on_trial() and not was_on_trial:
                self._putting_off.trial_began()
            return True
        return False

    def _is_on_trial(self) -> bool:
        found = seen.record(self._model.content)
        return found is not None and found.is_on_trial

    def _request(self, name: str) -> None:
        if name == "after list":
            self._oracle.listed()
        elif name.startswith("before describe"):
            self._oracle.described()
        self._step(name)

    def _disk_operation(self, _number: int, function: str, path: str) -> None:
        if function != "fsync":
            self._oracle.changing(function, path, self._model.disk, self._cloud.state())
        self._step(f"{function} {path[len(seen.HOME) + 1 :]}")

    def _step(self, name: str) -> None:
        self.steps += 1
        self.names.append(name)
        if self.steps > MAX_STEPS:
            raise Violation("I13", f"{self.steps} operations and no end: {', '.join(self.names[-6:])}")
        if self.steps in self._wanted:
            self.taken.append((self.steps, self.state()))


def _prover(home: FilesBoard) -> Callable[[int], bool | None]:
    return lambda slot: start_images.proves_itself_or_is_mended(home, slot)


def _adds_to_healthy_boots(names: list[str]) -> bool:
    """Whether a boot did nothing but look at the jobs, and write to the record, or to the floor or make its file."""
    files = {name.partition(" ")[2] for name in names if not name.startswith(_REQUESTS)}
    return files <= {"record-0", "record-1", "floor-0", "floor-1", ""}


def _restart() -> None:
    raise _Restarted
