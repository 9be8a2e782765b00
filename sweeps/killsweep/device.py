"""One run of a device: `fota-boot` and the images it starts, perhaps with strace at one of its roles.

Leaves to others: how strace comes in (`launch`), why the device is run, and what to make of what it did.
"""

import fcntl
import os
import select
import signal
import subprocess
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from types import TracebackType

from sweeps.killsweep.bundle import is_unpacked
from sweeps.killsweep.launch import Tracing, boot_command

TRIAL_DEADLINE_S = 15
_END_WITHIN_S = 20.0


class Lines:
    """The lines that come out of a descriptor."""

    def __init__(self, descriptor: int) -> None:
        os.set_blocking(descriptor, False)
        self.descriptor = descriptor
        self.lines: list[str] = []
        self.ended = False
        self._rest = b""

    def take(self) -> None:
        """Take what is there."""
        try:
            chunk = os.read(self.descriptor, 1 << 16)
        except BlockingIOError:
            return
        self.ended = not chunk
        *whole, self._rest = (self._rest + chunk).split(b"\n")
        self.lines += [line.decode(errors="replace") for line in whole]


class DeviceRun:
    """`fota-boot` on one home, from its start until everything of it is killed; a context manager."""

    def __init__(
        self, home: Path, arguments: Sequence[str], environment: dict[str, str], tracing: Tracing | None = None
    ) -> None:
        self.home = home
        self._trace_pipe = -1
        self._process: subprocess.Popen[bytes] | None = None
        if tracing is not None:
            tracing.output.unlink(missing_ok=True)
            os.mkfifo(tracing.output, 0o600)
            self._trace_pipe = os.open(tracing.output, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
        self.trace = Lines(self._trace_pipe) if tracing is not None else None
        command = boot_command(tracing, home.parent)
        options = ["--home", str(home), "--deadline", str(TRIAL_DEADLINE_S), "--", *arguments]
        self._process = subprocess.Popen(
            [*command, *options], env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT
        )
        assert self._process.stdout is not None
        self.said = Lines(self._process.stdout.fileno())

    def __enter__(self) -> "DeviceRun":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.cut_power()

    @property
    def has_ended(self) -> bool:
        """Whether `fota-boot` has ended by itself."""
        return self._process is None or self._process.poll() is not None

    @property
    def is_idle(self) -> bool:
        """Whether the last thing that its firmware said is that it has nothing left to do."""
        spoken = [line for line in self.said.lines if line.startswith("firmware ")]
        return bool(spoken) and spoken[-1].endswith(" idle")

    def wait(self, condition: Callable[[], bool], within_s: float) -> bool:
        """Whether the condition comes true in time; looked at whenever the device or strace says something."""
        deadline = time.monotonic() + within_s
        while not condition():
            left_s = deadline - time.monotonic()
            if left_s <= 0:
                return False
            self._listen(min(left_s, 0.25))
        return True

    def running_image(self) -> bytes | None:
        """The bytes of the slot whose image runs now, by the command line of its process.

        Of a bundle it is the tree that runs: empty if that is not what its image holds.
        """
        if self.has_ended:
            return None
        for pid in _processes_at(self.home):
            for word in _command_line(str(pid)):
                if word.startswith(f"{self.home}/slot-") and word.endswith(".img"):
                    return Path(word).read_bytes()
                if word.startswith(f"{self.home}/slot-") and word.endswith(".tree"):
                    image = Path(word).with_suffix(".img").read_bytes()
                    return image if is_unpacked(image, Path(word)) else b""
        return None

    def cut_power(self) -> None:
        """Kill all that belongs to this run, and return when nothing of it is left."""
        if self._process is None:
            return
        self._process.kill()
        # More than one look: one of them may start another as it is killed.
        while pids := _processes_at(self.home):
            for pid in pids:
                _kill(pid)
        self._process.wait()
        _wait_until_unlocked(self.home / "lock")
        self.said.take()
        assert self._process.stdout is not None
        self._process.stdout.close()
        self._process = None
        if self._trace_pipe >= 0:
            os.close(self._trace_pipe)

    def _listen(self, within_s: float) -> None:
        poll = select.poll()
        sources = [source for source in (self.said, self.trace) if source is not None and not source.ended]
        for source in sources:
            poll.register(source.descriptor, select.POLLIN)
        ready = {descriptor for descriptor, _ in poll.poll(within_s * 1000)}
        for source in sources:
            if source.descriptor in ready:
                source.take()


def _processes_at(home: Path) -> list[int]:
    """The processes whose command line names the home, which is ours alone."""
    pids = [int(entry.name) for entry in Path("/proc").iterdir() if entry.name.isdigit()]
    return [pid for pid in pids if any(str(home) in word for word in _command_line(str(pid)))]


def _command_line(pid: str) -> list[str]:
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes().decode(errors="replace").split("\0")
    except (FileNotFoundError, ProcessLookupError):
        return []


def _kill(pid: int) -> None:
    try:
        os.kill(pid, signal.SIGKILL)
    except ProcessLookupError:
        return


def _wait_until_unlocked(lock: Path) -> None:
    """Return once no process is left that holds the home: a dying one does until its very end."""
    deadline = time.monotonic() + _END_WITHIN_S
    with lock.open("a") as file:
        while True:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
                return
            except BlockingIOError:
                if time.monotonic() > deadline:
                    raise
            time.sleep(0.002)
