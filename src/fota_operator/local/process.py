"""One process in the background: started in a session of its own, known again later, and stopped.

A process is known by its number and by when it started, since numbers are given out again. Linux only.
Leaves to others: what it runs and whether that is ready.
"""

import os
import select
import signal
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Process:
    """A process that was started once; whether it still runs, `is_running` says."""

    pid: int
    started_ticks: int


def start_process(command: Sequence[str], environment: Mapping[str, str], log: Path) -> Process:
    """Start `command`, detached from us and our terminal, with its output in `log`, which is begun anew."""
    begin = os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_APPEND
    pid = os.posix_spawn(
        command[0],
        list(command),
        environment,
        file_actions=[
            (os.POSIX_SPAWN_OPEN, 0, os.devnull, os.O_RDONLY, 0),
            (os.POSIX_SPAWN_OPEN, 1, str(log), begin, 0o600),
            (os.POSIX_SPAWN_DUP2, 1, 2),
        ],
        setsid=True,
    )
    started_ticks = _started_ticks(pid)
    # None only if it has ended already; 0 then matches no process.
    return Process(pid, started_ticks or 0)


def is_running(process: Process) -> bool:
    """Whether that very process, and not a later one with its number, still runs."""
    return _started_ticks(process.pid) == process.started_ticks


def stop_process(process: Process, timeout_s: float) -> bool:
    """Ask it to end, and after `timeout_s` kill it. Returns whether it ended when asked."""
    try:
        handle = os.pidfd_open(process.pid)
    except ProcessLookupError:
        return True
    try:
        # Through the handle, which cannot come to mean another process between this look and the signal.
        if not is_running(process):
            return True
        signal.pidfd_send_signal(handle, signal.SIGTERM)
        if _ended(handle, timeout_s):
            return True
        signal.pidfd_send_signal(handle, signal.SIGKILL)
        _ended(handle, timeout_s)
        return False
    finally:
        os.close(handle)
        _reap(process.pid)


def _ended(handle: int, timeout_s: float) -> bool:
    poll = select.poll()
    poll.register(handle, select.POLLIN)
    return bool(poll.poll(timeout_s * 1000))


def _started_ticks(pid: int) -> int | None:
    """When a process started, in ticks since the machine did; None if it has ended.

    Linux: https://man7.org/linux/man-pages/man5/proc_pid_stat.5.html (fields 3 and 22)
    """
    try:
        stat = Path(f"/proc/{pid}/stat").read_bytes()
    except (FileNotFoundError, ProcessLookupError):
        return None
    # The second field, the name in parentheses, may hold anything, also a parenthesis.
    fields = stat[stat.rindex(b")") + 2 :].split()
    return None if fields[0] in (b"Z", b"X") else int(fields[19])


def _reap(pid: int) -> None:
    # Only a child of ours is left as a zombie.
    try:
        os.waitpid(pid, os.WNOHANG)
    except ChildProcessError:
        return
