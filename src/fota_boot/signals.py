"""Makes signals something to wait for, so that a supervisor sleeps until one comes, without polling."""

import os
import select
import signal

TYPE_CHECKING = False
if TYPE_CHECKING:
    import socket
    from collections.abc import Sequence

_MAX_WAIT_S = 3600
"""The longest time that `select` accepts; a caller that waits for longer calls again."""


class SignalPipe:
    """Once this object is made, the given signals and SIGCHLD wake `wait` instead of ending the process."""

    def __init__(self, signals: "tuple[int, ...]") -> None:
        self._reader, writer = os.pipe2(os.O_NONBLOCK | os.O_CLOEXEC)
        signal.set_wakeup_fd(writer, warn_on_full_buffer=False)
        for number in (*signals, signal.SIGCHLD):
            signal.signal(number, _do_nothing)

    def wait(self, timeout_s: "float | None", others: "Sequence[socket.socket]" = ()) -> "list[int]":
        """Block until a signal comes, one of `others` can be read, or time is up, for an hour at most.

        Returns which signals came, without SIGCHLD.
        """
        at_most_s = _MAX_WAIT_S if timeout_s is None else min(timeout_s, _MAX_WAIT_S)
        awaited: list[int | socket.socket] = [self._reader, *others]
        ready, _, _ = select.select(awaited, [], [], at_most_s)
        if self._reader not in ready:
            return []
        return [number for number in os.read(self._reader, 256) if number != signal.SIGCHLD]


def _do_nothing(_number: int, _frame: object) -> None:
    """Replace the default action and do nothing: the byte in the pipe wakes `wait`."""
