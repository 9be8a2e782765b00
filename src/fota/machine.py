"""All that differs between machines: clock, sleep, randomness, log sink, settings, the restart.

The one module that reads which interpreter runs. Its other half is `_machine_cpython`.
"""

import sys

INTERPRETER = sys.implementation.name

from fota._machine_cpython import (  # noqa: E402
    IMAGE_KIND,
    emit,
    new_lock,
    now_ms,
    random_fraction,
    restart,
    setting,
    sleep_ms,
)

__all__ = (
    "IMAGE_KIND",
    "INTERPRETER",
    "emit",
    "new_lock",
    "now_ms",
    "random_fraction",
    "restart",
    "setting",
    "sleep_ms",
)
