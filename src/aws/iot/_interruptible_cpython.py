"""A call of `handle_fota_jobs` in a thread that another thread can end, as an interrupt would: nothing is lost by it.

The progress of an update is told every second or two, and at each piece of a download; there the call is ended.
"""

import threading
from collections.abc import Callable
from functools import partial

from fota.progress import Progress, guarded


class Stopped(BaseException):
    """The call was ended on purpose. No Exception, so that nobody below takes it for a failure."""


class Interruptible(Progress):
    """The progress to hand to the call: the program's own, and the place where the call ends. For one thread."""

    def __init__(self, inner: Progress | None = None) -> None:
        """To be made in any thread; `begin` is for the thread that calls."""
        self.stopping = threading.Event()
        """Set it to end the call within a second or two; name look-ups and single writes of a disk are waited for."""
        self._thread: threading.Thread | None = None
        inner = guarded(inner or Progress())
        for name in vars(Progress):
            if not name.startswith("_"):
                setattr(self, name, partial(self._tell, getattr(inner, name)))

    def begin(self) -> None:
        """From now on this is the thread that calls."""
        self._thread = threading.current_thread()

    def _tell(self, told: Callable[..., None], *facts: object) -> None:
        if threading.current_thread() is not self._thread:
            # Another thread waits for the connection meanwhile: it has no part in the update.
            return
        told(*facts)
        if self.stopping.is_set():
            raise Stopped
