"""CPython's half of `machine`."""

import contextlib
import logging
import os
import random
import sys
import threading
import time

RESTART_STATUS = 75
"""The exit status by which an image asks `fota-boot` for a restart (EX_TEMPFAIL of sysexits.h)."""

BUFFER_BYTES = 65_536
"""What passes through memory at once of an image."""

IMAGE_KIND = "zipapp"
"""What `fota-boot` can start, as a manifest names it."""

_logger = logging.getLogger("fota")


def now_ms() -> int:
    """Milliseconds on a clock that never goes back; its zero means nothing."""
    return time.monotonic_ns() // 1_000_000


def sleep_ms(duration_ms: int) -> None:
    """Block for that long."""
    time.sleep(duration_ms / 1000)


def random_fraction() -> float:
    """A number from 0 up to, not including, 1: for jitter, not for secrets."""
    return random.random()  # noqa: S311


def emit(event: str, facts: "dict[str, object]") -> None:
    """Hand one event to the logger `fota`; facts stand as `name=value`."""
    if _logger.isEnabledFor(logging.INFO):
        words = [event, *(f"{name}={value}" for name, value in facts.items())]
        _logger.info("%s", " ".join(words).replace("\n", " "))


def new_lock() -> "threading.Lock":
    """Something that one thread at a time can hold."""
    return threading.Lock()


def setting(name: str) -> "str | None":
    """A setting that the boot chooser hands to the image, from the environment."""
    return os.environ.get(name)


def restart() -> None:
    """Restart the device: the process ends at once, as at a reset, and `fota-boot` starts it again.

    Never returns; runs no finalizers, as a reset would not.
    """
    for stream in (sys.stdout, sys.stderr):
        # None, closed, or on a full disk: what it still holds is lost, and the restart must not be.
        with contextlib.suppress(AttributeError, OSError, ValueError):
            stream.flush()
    os._exit(RESTART_STATUS)
