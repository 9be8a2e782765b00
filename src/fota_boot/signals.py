"""Makes signals something to wait for, so that a supervisor sleeps until one comes, without polling."""

import os
import select
import signal

_MAX_WAIT_S = 3600
"""The longest time that `select` accepts; a caller that waits for longer calls again."""


class SignalPipe:
    """Once this object is made, the given signals and SIGCHLD wake `wait` instead of ending the process."""

    def __init__(self, signals: "tuple[int, ...]") -> None:
        self._reader, writer = os.pipe2(os.O_NONBLOCK | os.O_CLOEXEC)
        signal.set_wakeup_fd(writer, warn_on_full_buffer=False)
        for number in (*signals, signal.SIGCHLD):
            signal.signal(number, _do_nothing)

    def wait(self, timeout_s: "float | None") -> "list[int]":
        """Block until a signal comes or time is up, for an hour at most; returns which came, without SIGCHLD."""
        at_most_s = _MAX_WAIT_S if timeout_s is None else min(timeout_s, _MAX_WAIT_S)
        ready, _, _ = select.select([self._reader], [], [], at_most_s)
        if not ready:
            return []
        return [number for number in os.read(self._reader, 256) if number != signal.SIGCHLD]


def _do_nothing(_number: int, _frame: object) -> None:
    """Replace the default action and do nothing: the byte in the pipe wakes `wait`."""
