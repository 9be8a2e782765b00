"""Starts one process in the background, in a session of its own; recognises it later, and stops it.

A process is identified by its number and its start time, since numbers are reused. Linux only.
Leaves to others: which command it runs, and whether that is ready.
"""

import os
import select
import signal
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class ServerProcess:
    """A process that was started; `is_running` says whether it still runs."""

    pid: int
    started_ticks: int


def start_process(command: Sequence[str], environment: Mapping[str, str], log: Path) -> ServerProcess:
    """Start `command`, detached from us and our terminal, with its output in `log`, which is emptied first."""
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
    # It is None only if the process has already ended; 0 matches no process.
    return ServerProcess(pid, started_ticks or 0)


def is_running(process: ServerProcess) -> bool:
    """Whether this process, and not a later one with the same number, still runs."""
    return _started_ticks(process.pid) == process.started_ticks


def stop_process(process: ServerProcess, timeout_s: float) -> bool:
    """Ask it to end, and kill it after `timeout_s`. Returns whether it ended without being killed."""
    try:
        handle = os.pidfd_open(process.pid)
    except ProcessLookupError:
        return True
    try:
        # The handle cannot refer to another process between this check and the signal; the number could.
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
