"""Starts processes that are measured, waits for them within a deadline, and reads their memory.

Each is in a session of its own, so that one that is late can be ended with all that it started.
"""

import json
import os
import select
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO

_ROOT = Path(__file__).parent.parent
_LOOK_S = 0.004
_END_WITHIN_S = 10.0


class ProcessFailed(Exception):
    """A process that is measured failed or was late: then there is no figure."""


@dataclass(frozen=True)
class Finished:
    """A process that ended well."""

    seconds: float
    peak_bytes: int
    """The peak of resident memory of it or of one that it started, as seen while it ran; 0 without `watch`."""
    output: str


def run(
    command: Sequence[str],
    *,
    within_s: float,
    environment: Mapping[str, str] | None = None,
    watch: bool = False,
) -> Finished:
    """Run it to its end. *Raises* ProcessFailed."""
    with tempfile.TemporaryFile() as output, tempfile.TemporaryFile() as complaints:
        began = time.monotonic()
        process = _started(command, output, complaints, environment)
        try:
            peak_bytes = _await(process, began + within_s, watch=watch)
            seconds = time.monotonic() - began
        finally:
            end(process)
        said, complained = _text(output), _text(complaints)
    if process.returncode:
        raise ProcessFailed(f"{_name(command)}: {_how(process.returncode)}\n{complained or said}".rstrip())
    return Finished(seconds, peak_bytes, said)


def run_program(
    name: str,
    settings: Mapping[str, object],
    *,
    python: str,
    within_s: float,
    environment: Mapping[str, str] | None = None,
) -> dict[str, float]:
    """Run one of `programs`; returns what it found. *Raises* ProcessFailed."""
    command = [python, "-m", f"bench.programs.{name}", json.dumps(dict(settings))]
    found = json.loads(
        run(command, within_s=within_s, environment=with_programs(environment)).output.splitlines()[-1]
    )
    return {str(key): float(value) for key, value in found.items()}


def with_programs(environment: Mapping[str, str] | None = None) -> dict[str, str]:
    """The environment in which any Python finds the programs, and nothing else of ours."""
    return {**(environment or {}), "PYTHONPATH": str(_ROOT)}


@contextmanager
def running(
    command: Sequence[str], log: Path, environment: Mapping[str, str] | None = None
) -> Iterator["subprocess.Popen[bytes]"]:
    """A process that runs while the block runs; its output is in `log`."""
    with log.open("wb") as output:
        process = _started(command, output, output, environment)
    try:
        yield process
    finally:
        end(process)


def end(process: "subprocess.Popen[bytes]") -> None:
    """End it and all that it started: ask first, and kill if that takes too long."""
    if process.poll() is None:
        process.terminate()
        try:
            process.wait(_END_WITHIN_S)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
    try:
        os.killpg(process.pid, signal.SIGKILL)
    except ProcessLookupError:
        return


def _started(
    command: Sequence[str],
    output: IO[bytes],
    complaints: IO[bytes],
    environment: Mapping[str, str] | None,
) -> "subprocess.Popen[bytes]":
    return subprocess.Popen(
        command,
        stdin=subprocess.DEVNULL,
        stdout=output,
        stderr=complaints,
        env={**os.environ, **(environment or {})},
        start_new_session=True,
    )


def _await(process: "subprocess.Popen[bytes]", deadline: float, *, watch: bool) -> int:
    """The peak of resident memory. *Raises* ProcessFailed at the deadline."""
    peak_bytes = 0
    poll = select.poll()
    handle = os.pidfd_open(process.pid)
    try:
        poll.register(handle, select.POLLIN)
        while True:
            left_s = deadline - time.monotonic()
            if left_s <= 0:
                raise ProcessFailed(f"process {process.pid}: not done in time")
            if watch:
                peak_bytes = max(peak_bytes, _most_resident(process.pid))
            if poll.poll(1000 * min(left_s, _LOOK_S if watch else left_s)):
                process.wait()
                return peak_bytes
    finally:
        os.close(handle)


def _most_resident(pid: int) -> int:
    """The peak of a process; 0 once it has ended. `ru_maxrss` would include the memory of its parent process."""
    try:
        status = Path(f"/proc/{pid}/status").read_text()
    except OSError:
        return 0
    return next((int(line.split()[1]) * 1024 for line in status.splitlines() if line.startswith("VmHWM:")), 0)


def _text(file: IO[bytes]) -> str:
    file.seek(0)
    return file.read().decode(errors="replace")


def _name(command: Sequence[str]) -> str:
    return " ".join(Path(word).name for word in command[:3])


def _how(status: int) -> str:
    return f"killed by signal {-status}" if status < 0 else f"exit status {status}"
