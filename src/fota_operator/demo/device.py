"""A device on this machine: runs `fota-boot` as a real process, and collects its output line by line.

For the demo and for tests. Leaves no process behind.
"""

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType

from fota_operator.errors import OperatorError, TimedOut

DEFAULT_SLOT_SIZE_BYTES = 4 << 20


def provision(
    home: Path,
    factory: Path,
    *,
    slot_size_bytes: int = DEFAULT_SLOT_SIZE_BYTES,
    options: Sequence[str] = (),
    python: str = sys.executable,
) -> None:
    """Make a home with the factory image in slot 0. *Raises* OperatorError with what `fota-boot` said."""
    command = [
        python,
        *_FOTA_BOOT,
        "--home",
        str(home),
        "--factory",
        str(factory),
        "--slot-size",
        str(slot_size_bytes),
    ]
    command += options
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        raise OperatorError(done.stderr.strip(), "look at the factory image and the folder")


class DeviceProcess:
    """One run of `fota-boot`; a context manager that stops it at the end."""

    def __init__(
        self,
        home: Path,
        arguments: Sequence[str] = (),
        *,
        environment: Mapping[str, str] | None = None,
        options: Sequence[str] = (),
        on_line: Callable[[str], None] = lambda _line: None,
        python: str = sys.executable,
    ) -> None:
        """`python` is the interpreter of the environment in which `fota-boot` is installed."""
        self.lines: list[str] = []
        """All that the boot chooser and the firmware said so far."""
        self._on_line = on_line
        self._process = subprocess.Popen(
            [python, *_FOTA_BOOT, "--home", str(home), *options, "--", *arguments],
            env={**os.environ, **(environment or {}), "PYTHONUNBUFFERED": "1"},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def __enter__(self) -> "DeviceProcess":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    @property
    def pid(self) -> int:
        """The process of `fota-boot`."""
        return self._process.pid

    @property
    def firmware_pids(self) -> list[int]:
        """The process of the firmware that runs now; empty between two."""
        children = Path(f"/proc/{self.pid}/task/{self.pid}/children")
        return [int(word) for word in children.read_text().split()] if children.exists() else []

    @property
    def boots(self) -> int:
        """How often an image was started."""
        return sum(": boot slot=" in line for line in self.lines)

    def wait_for(self, words: str, *, since: int = 0, timeout_s: float = 60.0) -> str:
        """The first line, from number `since` on, that has these words. *Raises* TimedOut."""
        deadline = time.monotonic() + timeout_s
        while time.monotonic() < deadline:
            for line in self.lines[since:]:
                if words in line:
                    return line
            if self._process.poll() is not None and not self._reader.is_alive():
                break
            time.sleep(0.02)
        said = "\n".join(self.lines[-20:])
        raise TimedOut(f"the device has not said {words!r} within {timeout_s:g} s", f"its last lines:\n{said}")

    @contextmanager
    def frozen(self) -> Iterator[None]:
        """Stop the firmware, as if it were busy, while the block runs."""
        pids = self.firmware_pids
        for pid in pids:
            os.kill(pid, signal.SIGSTOP)
        try:
            yield
        finally:
            for pid in pids:
                os.kill(pid, signal.SIGCONT)

    def stop(self, timeout_s: float = 20.0) -> int:
        """Stop `fota-boot` and its firmware; its exit status."""
        if self._process.poll() is None:
            self._process.terminate()
        try:
            status = self._process.wait(timeout_s)
        except subprocess.TimeoutExpired:
            self._process.kill()
            status = self._process.wait()
        self._reader.join(timeout_s)
        if self._process.stdout is not None:
            self._process.stdout.close()
        return status

    def _read(self) -> None:
        assert self._process.stdout is not None
        for line in self._process.stdout:
            self.lines.append(line.rstrip("\n"))
            self._on_line(self.lines[-1])


_FOTA_BOOT = ("-m", "fota_boot.command")
