"""All that differs between machines: clock, sleep, randomness, log sink, settings, where an error
was raised, the restart.

Only this module asks which interpreter runs. Its other half is `_machine_cpython` or `_machine_micropython`.
"""

import sys

INTERPRETER = sys.implementation.name

TYPE_CHECKING = False
if TYPE_CHECKING or INTERPRETER == "cpython":
    from fota._machine_cpython import (
        BUFFER_BYTES,
        IMAGE_KINDS,
        RESTART_STATUS,
        emit,
        misfit,
        new_lock,
        now_ms,
        place_of,
        platform,
        random_fraction,
        restart,
        setting,
        sleep_ms,
    )
    from fota.heartbeat_cpython import alive, still_alive
else:
    from fota._machine_micropython import (
        BUFFER_BYTES,
        IMAGE_KINDS,
        alive,
        emit,
        misfit,
        new_lock,
        now_ms,
        place_of,
        platform,
        random_fraction,
        restart,
        setting,
        sleep_ms,
        still_alive,
    )

__all__ = (
    "BUFFER_BYTES",
    "IMAGE_KINDS",
    "INTERPRETER",
    "RESTART_STATUS",
    "alive",
    "emit",
    "interpreter",
    "misfit",
    "new_lock",
    "now_ms",
    "place_of",
    "platform",
    "random_fraction",
    "restart",
    "setting",
    "sleep_ms",
    "still_alive",
)


def interpreter() -> str:
    """The interpreter and its version, such as `micropython 1.29.0`."""
    return f"{INTERPRETER} {'.'.join([str(number) for number in sys.implementation.version[:3]])}"
