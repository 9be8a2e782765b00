"""The life of a device: its boots, one after the other, and the program that its images hold.

The boot choosers are the real ones: `fota_boot.supervisor` with processes that are threads here, and `fota.start`.
"""

from __future__ import annotations

import argparse
import errno
import traceback
from collections import Counter
from typing import TYPE_CHECKING
from unittest.mock import patch

from fota import errors as fota_errors
from fota import machine
from fota_boot import command
from sweeps.faults import halves
from sweeps.faults.disk import Door, FaultyDisk
from sweeps.faults.kernel import Entry, Kernel
from sweeps.faults.processes import stderr_of
from sweeps.faults.program import Program
from sweeps.faults.world import World
from sweeps.powercut import factory, seen
from sweeps.powercut.history import MAX_CRASHES

if TYPE_CHECKING:
    from collections.abc import Callable

ATTEMPTS = 2
DEADLINE_MS = 600_000
SERVICE_AGAIN_MS = 5_000
"""What a service manager waits before it starts the boot chooser again."""

BOOT_MS = 1_500

_OPTIONS = argparse.Namespace(
    home=seen.HOME,
    attempts=ATTEMPTS,
    deadline=DEADLINE_MS / 1000,
    arguments=[],
    keep_errors=False,
    heartbeat=60,
    ready_deadline=0,
)
"""Of the command `fota-boot`."""

_RESTART_STATUS = 75


class Life:
    """A device from its first boot on, in one world."""

    def __init__(self, half: str, world: World, active: set[str], saw: Callable[[str], None]) -> None:
        self.half = half
        self.world = world
        self.active = active
        self.saw = saw
        """Called with each step that the device takes."""
        self.door = Door()
        self.settings: dict[str, str] = {}
        self.has_policy = False
        """Whether the program has a policy."""
        self.stays_connected = half == halves.CPYTHON
        """Whether MQTT stays open during a download."""
        self.tells_state = self.checks_health = True
        """Whether the program tells what it runs, and has a health check."""
        self.proxy = ""
        """What HTTPS_PROXY says; empty: it is not set."""
        self.disk = factory.factory_disk(is_keyed=False)
        self.kernel = Kernel(world)
        self._running: str | None = None
        self._image: Entry | None = None
        self.stopped: list[str] = []
        """Programs that an exception ended, of no kind that the documentation names."""
        self.boots = 0
        self.causes: list[str] = []
        self._boot: object = None
        self.news: list[str] = []
        self.starts: Counter[str] = Counter()
        """How often each image was started."""
        self.promised_s: float = 0
        """The time in which the image that runs has promised a sign of life; 0: it has promised none."""
        self.longest_silence_ms = 0
        """The longest time in `handle_fota_jobs` without a call of its `Progress`."""
        self._fed_ms = 0
        self.crashing = ""
        self.hangs = False
        """Whether it hangs then, in place of a crash."""
        self.crashes_from = 0
        """The image of that name crashes from this start on; 0: in none."""

    @property
    def running(self) -> str | None:
        """The image that runs; None between two."""
        has_ended = self._image is not None and self._image.status is not None
        return None if has_ended else self._running

    @running.setter
    def running(self, name: str | None) -> None:
        self._running = name

    def power_on(self) -> None:
        """Begin."""
        self.door.model = FaultyDisk(self.disk, self.world, self.active, self._changes)
        self._start_chooser()

    def _start_chooser(self) -> None:
        if self.half == halves.CPYTHON:
            self._boot = self.kernel.start(self._run)
        else:
            self._boot = object()
            self.world.spawn(self._boot, self._run)

    def power_cut(self, shape: str = "kept") -> None:
        """End everything now; what was not flushed is left as `shape` says. Not for a thread of the device."""
        self._end_all()
        assert self.door.model is not None
        self.disk = self.door.model.disk.after_cut(shape)
        self.world.sleep_ms(BOOT_MS)
        self.power_on()

    def restart_service(self) -> None:
        """End the boot chooser and its image, and start them again."""
        self._end_all()
        assert self.door.model is not None
        self.disk = self.door.model.disk.after_cut("kept")
        self.world.sleep_ms(BOOT_MS)
        self.power_on()

    def _end_all(self) -> None:
        self.kernel.end_all()
        self.world.kill(self._boot)
        self.running = None

    def has_crashed_enough(self) -> bool:
        """Whether an image that was well at first has crashed so often that the old one takes its place."""
        return 0 < self.crashes_from <= self.starts[self.crashing] - MAX_CRASHES + 1

    def kill_image(self) -> bool:
        """Kill the image alone, or its launcher, as for want of memory. Returns whether there was one."""
        for entry in self.kernel.living():
            if entry.parent is self._boot and "FOTA_SLOT" in entry.environment:
                self.kernel.kill(entry.pid, 9)
                return True
        return False

    def kill_chooser(self) -> None:
        """Kill the boot chooser alone; a service manager that ends nothing else starts it again."""
        boot = self._boot
        assert isinstance(boot, Entry)
        if boot.status is None:
            self._start_again_after(boot)
            self.kernel.kill(boot.pid, 9)

    def _start_again_after(self, boot: object) -> None:
        self.world.at(SERVICE_AGAIN_MS, lambda: self._start_chooser() if self._boot is boot else None)

    def start_helper(self) -> None:
        """The image that runs starts a process in a session of its own, which takes the port of the images."""
        if self._image is not None and self._image.status is None:
            helper = self.kernel.start(None, parent=self._image, in_new_session=True)
            helper.name, helper.holds_port = "a helper", True

    def says_alive(self, within_s: float | None = None) -> None:
        """What `awsfota.alive` sends, once the program has called it, and the library in its waits."""
        if within_s is not None:
            self.promised_s = within_s
        if self._image is not None and self.promised_s:
            self.kernel.notices.append(
                (self._image, {"WATCHDOG": "1", "WATCHDOG_USEC": str(int(self.promised_s * 1_000_000))})
            )

    def is_fed(self, *, begins: bool = False) -> None:
        """A program feeds its watchdog; `begins`: it has fed it all the time before."""
        now_ms = self.world._now_ms
        if not begins:
            self.longest_silence_ms = max(self.longest_silence_ms, now_ms - self._fed_ms)
        self._fed_ms = now_ms

    def image_in(self, slot: int) -> str | None:
        """The name of the image that a slot holds."""
        assert self.door.model is not None
        return seen.image_name(self.door.model.content, slot)

    def record(self) -> seen.Seen | None:
        """The boot record, read from outside."""
        assert self.door.model is not None
        return seen.record(self.door.model.content)

    def _changes(self, _function: str, path: str) -> None:
        name = path.rpartition("/")[2]
        for prefix, step in (("record", "record"), ("journal", "journal"), ("slot-", "slot")):
            if name.startswith(prefix):
                self.saw(f"{step} seal" if ".seal" in name else step)

    def _run(self) -> None:
        """One boot chooser; the service manager starts another when it ends."""
        self.boots += 1
        halves.forget_the_process()
        try:
            if self.half == halves.CPYTHON:
                command._boot(_OPTIONS)
            else:
                self._start()
        except (fota_errors.FotaError, OSError) as error:
            self.news.append(f"boot chooser: {type(error).__name__}: {error}")
            self.running = None
            self._start_again_after(self._boot)

    # CPython.

    def run_image(self, image: Entry, arguments: list[str]) -> None:
        """What the process of an image does; does not return."""
        assert arguments[1].endswith(".img"), arguments
        others = [entry.name for entry in self.kernel.living() if entry is not image and entry.name]
        if others:
            self.stopped.append(f"beside an image runs {', '.join(others)}")
        self._image, image.name = image, "an image"
        self.promised_s = 0
        self.settings.clear()
        self.settings.update(image.environment)
        if self.proxy:
            self.settings["HTTPS_PROXY"] = self.proxy
        halves.forget_the_process()
        slot = int(image.environment["FOTA_SLOT"])
        try:
            if any(entry.holds_port for entry in self.kernel.living()):
                raise OSError(errno.EADDRINUSE, "Address already in use")
            Program(self, slot, lambda: self.kernel.end(image, _RESTART_STATUS)).run()
        except Exception:  # noqa: BLE001 - as the interpreter does
            stderr = stderr_of(image)
            if stderr is not None:
                stderr.content += traceback.format_exc().encode()
        self.kernel.end(image, 1)

    # MicroPython.

    def _start(self) -> None:
        boot = self._boot

        def restart() -> None:
            self._reset(boot)

        def deadline() -> None:
            record = self.record()
            if boot is self._boot and record is not None and record.is_on_trial and self.running_is_current(boot):
                self.world.spawn(None, lambda: self._reset(boot))

        with (
            patch.object(machine, "restart", restart),
            patch.object(halves.START, "_run", self._run_on_board),
        ):
            try:
                halves.START.start(
                    seen.HOME,
                    attempts=ATTEMPTS,
                    deadline_ms=DEADLINE_MS,
                    arm=lambda duration_ms: self.world.at(duration_ms, deadline),
                    allow_fat=True,
                )
            except SystemExit:
                self._reset(boot)

    def running_is_current(self, boot: object) -> bool:
        """Whether that boot still lasts."""
        return boot is self._boot

    def _reset(self, boot: object) -> None:
        """Reset the board; from a thread of it, this does not return."""
        if boot is not self._boot:
            return
        self.running = None
        assert self.door.model is not None
        # What was not flushed is lost, as on littlefs.
        self.disk = self.door.model.disk.after_cut("lost")
        self._boot = object()
        following = self._boot

        def again() -> None:
            if self._boot is following:
                self.door.model = FaultyDisk(self.disk, self.world, self.active, self._changes)
                self.world.spawn(following, self._run)

        self.world.at(BOOT_MS, again)
        self.world.kill(boot)

    def _run_on_board(self, path: str) -> Exception | None:
        slot = int(path[-5])
        boot = self._boot
        try:
            Program(self, slot, lambda: self._reset(boot)).run()
        except Exception as error:  # noqa: BLE001 - as `fota.start` does
            return error
        return None
