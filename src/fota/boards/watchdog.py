"""End a trial that lasts too long: by the program's hook, or by a timer on boards that have one."""

import time

from fota import machine
from fota.log import log

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

DEADLINE_MS = 600_000
"""How long a trial may last by default."""

_TICK_MS = 5_000
_timer: "list[Any]" = []
"""Some ports stop a timer that nobody holds at the next collection of garbage, and others crash."""


def end_trial_after(
    deadline_ms: int, is_on_trial: "Callable[[], bool]", arm: "Callable[[int], object] | None" = None
) -> None:
    """Restart the device after that time, if the trial still lasts: by `arm`, else by a timer of this board."""
    if arm is not None:
        arm(deadline_ms)
        return
    timer: "Any" = getattr(__import__("machine"), "Timer", None)
    began = time.ticks_ms()  # type: ignore[attr-defined]  # MicroPython's own

    def end_trial(kept: "Any") -> None:
        # Not `machine.now_ms`: this runs in the middle of anything.
        if time.ticks_diff(time.ticks_ms(), began) >= deadline_ms:  # type: ignore[attr-defined]
            if is_on_trial():
                machine.restart()
            kept.deinit()

    # Some ports have only software timers, with the number -1, and some have only hardware timers.
    for number in (-1, 0) if timer else ():
        try:
            _timer[:] = [timer(number)]
            # Again and again: a port drops the call when its queue of 8 is full.
            _timer[0].init(mode=timer.PERIODIC, period=min(deadline_ms, _TICK_MS), callback=end_trial)
            return
        except (ValueError, OSError):
            continue
    log("no-watchdog", problem="this port has no timer for it: hand a hook to start()")
