"""Signals as something to wait for, so that a supervisor sleeps until one comes, with no polling."""

import os
import select
import signal

_MOST_WAIT_S = 3600
"""What `select` takes has an end; who waits for longer looks again."""


class SignalPipe:
    """From its making on, the given signals and SIGCHLD wake `wait` instead of ending the process."""

    def __init__(self, signals: "tuple[int, ...]") -> None:
        self._reader, writer = os.pipe2(os.O_NONBLOCK | os.O_CLOEXEC)
        signal.set_wakeup_fd(writer, warn_on_full_buffer=False)
        for number in (*signals, signal.SIGCHLD):
            signal.signal(number, _do_nothing)

    def wait(self, timeout_s: "float | None") -> "list[int]":
        """Block until a signal comes or the time is over, for an hour at most; which came, SIGCHLD left out."""
        at_most_s = _MOST_WAIT_S if timeout_s is None else min(timeout_s, _MOST_WAIT_S)
        ready, _, _ = select.select([self._reader], [], [], at_most_s)
        if not ready:
            return []
        return [number for number in os.read(self._reader, 256) if number != signal.SIGCHLD]


def _do_nothing(_number: int, _frame: object) -> None:
    """Replace the default action; the byte in the pipe is what is waited for."""
