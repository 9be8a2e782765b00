"""A deadline for code that may not end. A signal ends it after wall-clock time, in the main thread of a process."""

from __future__ import annotations

import contextlib
import signal
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator
    from types import FrameType


class Hang(BaseException):
    """The time is over. Not an Exception, so that nobody handles it by mistake."""


@contextlib.contextmanager
def deadline(seconds: float) -> Iterator[None]:
    """*Raises* Hang inside the block when the seconds have passed, and again at its end in case it was swallowed."""
    has_rung = False

    def ring(_number: int, _frame: FrameType | None) -> None:
        nonlocal has_rung
        has_rung = True
        raise Hang

    previous = signal.signal(signal.SIGALRM, ring)
    signal.setitimer(signal.ITIMER_REAL, seconds, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, previous)
        if has_rung:
            raise Hang
