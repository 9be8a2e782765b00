"""CPython's half of `machine`."""

import contextlib
import logging
import os
import random
import sys
import threading
import time

from fota.visible_cpython import visible

RESTART_STATUS = 75
"""An image that ends with this exit status asks `fota-boot` for a restart (EX_TEMPFAIL of sysexits.h)."""

BUFFER_BYTES = 65_536
"""Bytes of an image that are in memory at one time."""

IMAGE_KINDS = ("zipapp", "bundle")
"""The kinds of image that `fota-boot` can start, as manifests name them."""

_logger = logging.getLogger("fota")


def misfit(runtime: "str | None", boot: int) -> str:
    """Why an image that was made for that Python, platform and protocol of `fota-boot` cannot start here."""
    if runtime is None and not boot:
        return ""
    # Imported late: most images say nothing of it.
    from fota.bundle import tags_cpython

    # A fota-boot that says nothing of a protocol is older than all of them.
    has = setting("FOTA_BOOT_PROTOCOL") or ""
    return tags_cpython.misfit(runtime, boot, int(has) if has.isdecimal() else 0)


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
    """Hand one event to the logger `fota`; facts are written as `name=value`."""
    # A log that cannot be written is no reason to stop an update: the handler may be the program's own.
    with contextlib.suppress(Exception):
        if _logger.isEnabledFor(logging.INFO):
            words = [event, *(f"{name}={value}" for name, value in facts.items())]
            _logger.info("%s", visible(" ".join(words).replace("\n", " ")))


def new_lock() -> "threading.Lock":
    """Something that one thread at a time can hold."""
    return threading.Lock()


def setting(name: str) -> "str | None":
    """A setting that the boot chooser hands to the image, from the environment."""
    return os.environ.get(name)


def platform() -> str:
    """The operating system and the kind of processor, such as `linux x86_64`."""
    return f"{sys.platform} {os.uname().machine}" if hasattr(os, "uname") else sys.platform


def place_of(error: BaseException) -> str:
    """Where an error was raised, as `file:line` without folders; empty when that is unknown."""
    trace = error.__traceback__
    while trace is not None and trace.tb_next is not None:
        trace = trace.tb_next
    return "" if trace is None else f"{os.path.basename(trace.tb_frame.f_code.co_filename)}:{trace.tb_lineno}"


def restart() -> None:
    """Restart the device: the process ends at once, as at a reset, and `fota-boot` starts it again.

    Never returns; runs no finalizers, as a reset would not.
    """
    for stream in (sys.stdout, sys.stderr):
        # The stream may be None, closed, or on a full disk: its text is lost then, but the restart must happen.
        with contextlib.suppress(AttributeError, OSError, ValueError):
            stream.flush()
    os._exit(RESTART_STATUS)
