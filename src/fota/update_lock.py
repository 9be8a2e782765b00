"""The lock that lets one thread at a time run an update. Nobody waits for it: the next one comes back later."""

from fota import machine
from fota.errors import Busy


class UpdateLock:
    """One update at a time: a context that only one thread can be in."""

    def __init__(self) -> None:
        self._lock = machine.new_lock()

    def __enter__(self) -> "UpdateLock":
        """*Raises* Busy, without waiting, when another thread is inside."""
        if not self._lock.acquire(False):
            raise Busy("another update is under way")
        return self

    def __exit__(self, *_: object) -> None:
        """Let the next one in."""
        self._lock.release()
