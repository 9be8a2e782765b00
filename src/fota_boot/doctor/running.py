"""The doctor's checks of the running device: that it runs, under `fota-boot`, and can be rolled back.

CPython on Linux. The process that holds the lock's file open, and those with the mark of an image of this home, are
read from /proc, so that the lock itself is never touched. `service` checks who starts `fota-boot` again.
"""

import argparse
import os
import time

from fota import boot, trial
from fota.boards.files import FilesBoard
from fota.boot import DEFAULT_ATTEMPTS
from fota_boot import leftovers
from fota_boot.doctor.findings import ERROR, OK, WARNING, Finding
from fota_boot.home_lock import lock_path
from fota_boot.options import DEFAULT_DEADLINE_S

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

_PROC = "/proc"


class Process:
    """One process that runs from a home, as /proc shows it."""

    def __init__(self, number: int) -> None:
        """*Raises* OSError when the process is gone, or belongs to another user."""
        self.number = number
        self.words: list[str] = _words(number, "cmdline")
        self.environment: dict[str, str] = dict(word.partition("=")[::2] for word in _words(number, "environ"))

    @property
    def slot(self) -> int | None:
        """The slot whose image it runs; None for a process that starts images."""
        digits = self.environment.get("FOTA_SLOT", "")
        return int(digits) if digits.isascii() and digits.isdigit() else None

    def lived_s(self) -> float:
        """How long it has been running, by a clock that nobody sets. *Raises* OSError when it is gone."""
        with open(f"{_PROC}/{self.number}/stat", encoding="utf-8", errors="replace") as file:
            # The name, which may hold anything, ends at the last parenthesis: proc(5), field 22.
            ticks = int(file.read().rpartition(")")[2].split()[19])
        return time.clock_gettime(time.CLOCK_BOOTTIME) - ticks / os.sysconf("SC_CLK_TCK")


class RunningDevice:
    """The processes that run from a home."""

    def __init__(self, choosers: list[Process], images: list[Process]) -> None:
        self.chooser: Process | None = choosers[0] if choosers else None
        self.image: Process | None = images[0] if images else None


def running(home_path: str) -> RunningDevice:
    """Find the `fota-boot` that has the lock of this home open, and what images of this home run."""
    lock = _file_of(lock_path(home_path))
    choosers = [] if lock is None else _processes(lambda number: _holds(number, lock))
    marked = leftovers.mark(home_path)
    images = [process for process in _processes(_is_another) if process.environment.get(leftovers.MARK) == marked]
    # The image is older than its own children.
    images = sorted((process for process in images if process.slot is not None), key=lambda one: one.number)
    return RunningDevice([process for process in choosers if process.slot is None], images)


def examine_running(home: FilesBoard, device: RunningDevice) -> list[Finding]:
    """Whether the device runs, and whether a failing image would be rolled back."""
    chooser, image = device.chooser, device.image
    if chooser is None and image is None:
        text = "nothing runs from this home: whether a rollback is armed cannot be told"
        return [Finding("device", WARNING, text, "start fota-boot, and look again"), *_trial(home, None, 0.0)]
    if chooser is None:
        text = f"slot {image.slot if image else '?'} runs without fota-boot: nothing ends a bad trial"
        return [Finding("device", ERROR, text, "stop it, and start it by fota-boot")]
    attempts, deadline_s = _options(chooser.words)
    plural = "boot" if attempts == 1 else "boots"
    armed = Finding("rollback", OK, f"armed: {attempts} {plural}, and at most {deadline_s} s, to confirm an image")
    if image is None:
        text = f"fota-boot (process {chooser.number}) waits before it starts the image again: it ends too soon"
        return [Finding("device", WARNING, text, "look into the log of the image"), armed]
    text = f"slot {image.slot} runs under fota-boot (process {chooser.number})"
    return [Finding("device", OK, text), armed, *_trial(home, image, deadline_s)]


def _trial(home: FilesBoard, image: Process | None, deadline_s: float) -> list[Finding]:
    """The state of a trial, if there is one."""
    record = boot.known(home.records)
    if record is None or record.trial_slot is None:
        return []
    if record.trial_slot != record.boot_slot:
        text = f"slot {record.trial_slot} was rolled back ({record.cause}), and that is not reported yet"
        return [Finding("trial", WARNING, text, "see that the device connects: it reports as soon as it can")]
    slot = record.trial_slot
    if image is None or trial.verdict(record, -1 if image.slot is None else image.slot) != trial.ON_TRIAL:
        return [Finding("trial", WARNING, f"slot {slot} waits for its trial", "restart the device")]
    try:
        return [_in_time(slot, int(image.lived_s()), deadline_s)]
    except OSError:
        return [Finding("trial", WARNING, f"slot {slot}: its image ended just now", "look again")]


def _in_time(slot: int, lived_s: int, deadline_s: float) -> Finding:
    text = f"slot {slot} is on trial for {lived_s} s of {deadline_s}"
    if lived_s > deadline_s:
        return Finding("trial", ERROR, f"{text}: fota-boot did not end it", "restart the device")
    if lived_s > deadline_s / 2:
        remedy = "see that it connects, and what its health check says"
        return Finding("trial", WARNING, f"{text}, not confirmed", remedy)
    return Finding("trial", OK, text)


def _options(words: list[str]) -> tuple[int, int]:
    """The attempts and the deadline that a running `fota-boot` was started with."""
    parser = argparse.ArgumentParser(add_help=False, exit_on_error=False)
    parser.add_argument("--attempts", type=int, default=DEFAULT_ATTEMPTS)
    parser.add_argument("--deadline", type=int, default=DEFAULT_DEADLINE_S)
    try:
        # Arguments after a -- are for the image, and are no options here.
        options, _ = parser.parse_known_args(words)
    except argparse.ArgumentError:
        # This is no `fota-boot` of ours.
        return DEFAULT_ATTEMPTS, DEFAULT_DEADLINE_S
    return options.attempts, options.deadline


def examine_environment(environment: "Mapping[str, str]") -> list[Finding]:
    """Whether a variable changes which code the images of this `fota-boot` import."""
    present = [name for name in ("PYTHONPATH", "PYTHONHOME", "PYTHONSTARTUP") if environment.get(name)]
    if not present:
        return []
    text = f"{', '.join(present)} is set for fota-boot and its images: code may come from outside of slot and library"
    return [Finding("environment", WARNING, text, "take it out of the service's environment")]


def _is_another(number: int) -> bool:
    return number != os.getpid()


def _processes(fits: "Callable[[int], bool]") -> list[Process]:
    found = []
    for name in os.listdir(_PROC):
        if name.isdigit() and fits(int(name)):
            try:
                found.append(Process(int(name)))
            except OSError:
                # It has ended meanwhile.
                continue
    return found


def _holds(number: int, lock: tuple[int, int]) -> bool:
    folder = f"{_PROC}/{number}/fd"
    try:
        names = os.listdir(folder)
    except OSError:
        # It belongs to another user, or is gone. The device's user owns the home, and we are that user.
        return False
    return any(_file_of(f"{folder}/{name}") == lock for name in names)


def _file_of(path: str) -> tuple[int, int] | None:
    """The device and inode number of a file: a service may see it under another path. None: there is no file."""
    try:
        status = os.stat(path)
    except OSError:
        return None
    return status.st_dev, status.st_ino


def _words(number: int, name: str) -> list[str]:
    with open(f"{_PROC}/{number}/{name}", encoding="utf-8", errors="replace") as file:
        return file.read().split("\0")[:-1]
