"""MicroPython's half of `machine`."""

import gc
import io
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
            """Take the lock; returns whether it was taken."""

        def release(self) -> None:
            """Let go of it."""


_RESTART_STATUS = 75
"""The exit status that asks for a restart where there is no machine to reset: the unix port (EX_TEMPFAIL)."""

BUFFER_BYTES = 4096
"""Bytes of an image that are in memory at one time: a block of flash."""

IMAGE_KINDS = ("littlefs",)
"""The kinds of image that a slot holds here, as manifests name them: a read-only file system."""

_COLLECT_EVERY_BYTES = 16_384
"""Garbage is collected this often: a full heap is fragmented, and has no free piece for a buffer."""

_settings: "dict[str, str]" = {}
_sinks: "list[Callable[[str], object]]" = []
_feeds: "list[Callable[[], object]]" = []
_clock = [0, 0]
"""The ticks and the milliseconds at the last look."""


def misfit(runtime: "str | None", boot: int) -> str:
    """Why an image that was made for that Python cannot start here; empty if it can."""
    if boot:
        return f"boot: the image needs protocol {boot} of fota-boot, this device has 0"
    return f"runtime: the image needs {runtime}, this device is micropython" if runtime else ""


def now_ms() -> int:
    """Milliseconds on a clock that never goes back; its zero means nothing.

    The ticks beneath it wrap after 12 days on most ports: the clock is correct as long as it is called at least once
    per wrap.
    """
    # In this order: a callback may look at the clock between the two, and time must not seem to go back.
    before = _clock[0]
    ticks = time.ticks_ms()  # type: ignore[attr-defined]  # MicroPython's own
    gone_ms = time.ticks_diff(ticks, before)  # type: ignore[attr-defined]
    if gone_ms < 0:
        # The difference is more than half the range of the ticks. It is positive, since time does not go back.
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
    """Write one event as a line, to the program's sink or to stderr; facts are written as `name=value`."""
    try:
        words = [event] + [f"{name}={value}" for name, value in facts.items()]
        line = " ".join(words).replace("\n", " ")
        if _sinks:
            _sinks[0](line)
        else:
            sys.stderr.write(line + "\n")
    except Exception:  # noqa: BLE001, S110 - the program's own sink
        # A log that cannot be written (full disk, closed stream, no memory) is no reason to stop an update.
        pass


def send_log_to(sink: "Callable[[str], object]") -> None:
    """From now on the program's own function is called with each line of the log."""
    _sinks[:] = [sink]


def new_lock() -> "Lock":
    """Something that one thread at a time can hold; on a port without threads it does nothing."""
    try:
        lock: "Lock" = __import__("_thread").allocate_lock()
        return lock
    except ImportError:
        return _Lock()


class _Lock:
    """A lock for one thread. That thread can meet it a second time: in a callback, while it holds the lock."""

    def __init__(self) -> None:
        self._is_held = False

    def acquire(self, blocking: bool = True) -> bool:
        """Try to take the lock; returns whether it was free.

        Never blocks: with one thread, waiting would deadlock.
        """
        del blocking
        was_held, self._is_held = self._is_held, True
        return not was_held

    def release(self) -> None:
        """Let go of it."""
        self._is_held = False


def setting(name: str) -> "str | None":
    """A setting that boot code hands to the image; else the one from the environment, if the port has one."""
    getenv = getattr(os, "getenv", None)
    return _settings.get(name) or (getenv(name) if getenv else None)


def put_setting(name: str, text: str) -> None:
    """Set what `setting` returns from now on, until the next reset."""
    _settings[name] = text


def feed_with(feed: "Callable[[], object] | None") -> None:
    """From now on `alive` feeds a watchdog by this call."""
    _feeds[:] = [feed] if feed is not None else []


def alive(_within_s: "float | None" = None) -> None:
    """Feed the watchdog that `main.py` gave; without one a program feeds its own, in `Progress.waiting` too."""
    for feed in _feeds:
        feed()


still_alive = alive


def platform() -> str:
    """The port of MicroPython, such as `esp32`."""
    return sys.platform


def place_of(error: BaseException) -> str:
    """Where an error was raised, as `file:line` without folders; empty when that is unknown."""
    lines = io.StringIO()
    sys.print_exception(error, lines)  # type: ignore[attr-defined]  # MicroPython's own
    place = ""
    for line in lines.getvalue().split("\n"):
        # As in `  File "main.py", line 7, in <module>`; the last one is the innermost.
        words = line.split('"')
        if len(words) == 3 and words[0] == "  File ":
            place = words[1].split("/")[-1] + ":" + words[2].split(",")[1].split(" ")[-1]
    return place


def collect_early() -> None:
    """Collect garbage now, and from now on before the heap is full."""
    gc.threshold(_COLLECT_EVERY_BYTES)  # type: ignore[attr-defined]  # MicroPython's own
    gc.collect()


def restart_softly() -> None:
    """Restart the interpreter alone: no boot loader runs, and the radio stays as it is. Never returns."""
    __import__("machine").soft_reset()


def restart() -> None:
    """Restart the device. Never returns."""
    # Looked up by name, since type checkers for CPython do not know it.
    reset = getattr(__import__("machine"), "reset", None)
    if reset:
        reset()
    sys.exit(_RESTART_STATUS)
