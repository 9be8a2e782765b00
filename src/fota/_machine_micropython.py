"""MicroPython's half of `machine`."""

import os
import sys
import time

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Protocol

    class Lock(Protocol):
        """Something that one thread at a time can hold."""

        def acquire(self, blocking: bool = True) -> bool:
            """Take it; whether it was taken."""

        def release(self) -> None:
            """Let go of it."""


RESTART_STATUS = 75
"""The exit status that asks for a restart where there is no machine to reset: the unix port (EX_TEMPFAIL)."""

BUFFER_BYTES = 4096
"""What passes through memory at once of an image: a block of flash."""

IMAGE_KIND = "littlefs"
"""What a slot holds here, as a manifest names it: a read-only file system."""

_settings: "dict[str, str]" = {}
_sinks: "list[Callable[[str], object]]" = []
_clock = [0, 0]
"""The ticks and the milliseconds at the last look."""


def now_ms() -> int:
    """Milliseconds on a clock that never goes back; its zero means nothing.

    The ticks beneath it wrap after 12 days on most ports: whoever looks more often is not cheated of any.
    """
    ticks = time.ticks_ms()  # type: ignore[attr-defined]  # MicroPython's own
    gone_ms = time.ticks_diff(ticks, _clock[0])  # type: ignore[attr-defined]
    if gone_ms < 0:
        # More than half a turn: time does not go back.
        gone_ms += time.ticks_add(0, -1) + 1  # type: ignore[attr-defined]
    _clock[0] = ticks
    _clock[1] += gone_ms
    return _clock[1]


def sleep_ms(duration_ms: int) -> None:
    """Block for that long."""
    time.sleep_ms(duration_ms)  # type: ignore[attr-defined]


def random_fraction() -> float:
    """A number from 0 up to, not including, 1: for jitter, which must differ between devices that start together."""
    return int.from_bytes(os.urandom(3), "big") / (1 << 24)


def emit(event: str, facts: "dict[str, object]") -> None:
    """Write one event as a line, to the program's sink or to stderr; facts stand as `name=value`."""
    words = [event] + [f"{name}={value}" for name, value in facts.items()]
    line = " ".join(words).replace("\n", " ")
    try:
        if _sinks:
            _sinks[0](line)
        else:
            sys.stderr.write(line + "\n")
    except OSError:
        # A full disk or a closed line for the log is no reason to stop an update.
        pass


def send_log_to(sink: "Callable[[str], object]") -> None:
    """Have a function of the program's called with each line of the log, from now on."""
    _sinks[:] = [sink]


def new_lock() -> "Lock":
    """Something that one thread at a time can hold; a port without threads has nobody to keep out."""
    try:
        lock: "Lock" = __import__("_thread").allocate_lock()
        return lock
    except ImportError:
        return _Lock()


class _Lock:
    """Of one thread, which can come back to it in the middle of itself: in a callback."""

    def __init__(self) -> None:
        self._is_held = False

    def acquire(self, blocking: bool = True) -> bool:
        """Take it; whether it was free. Who would block for it would wait for itself: never, whatever is asked."""
        del blocking
        was_held, self._is_held = self._is_held, True
        return not was_held

    def release(self) -> None:
        """Let go of it."""
        self._is_held = False


def setting(name: str) -> "str | None":
    """A setting that boot code hands to the image; else one from the environment, where there is one."""
    getenv = getattr(os, "getenv", None)
    return _settings.get(name) or (getenv(name) if getenv else None)


def put_setting(name: str, text: str) -> None:
    """What `setting` answers from now on, until the next reset."""
    _settings[name] = text


def restart() -> None:
    """Restart the device. Never returns."""
    # By its name, which CPython's checkers do not know.
    reset = getattr(__import__("machine"), "reset", None)
    if reset:
        reset()
    sys.exit(RESTART_STATUS)
