"""A timer that ends a trial which lasts too long, on boards that have one."""

from fota import machine
from fota.log import log

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

DEADLINE_MS = 600_000
"""How long a trial may last, unless told otherwise."""


def restart_at(deadline_ms: int, is_on_trial: "Callable[[], bool]") -> None:
    """Restart the device after so long, if the trial still lasts, by a timer of its own, where there is one."""
    timer: "Any" = getattr(__import__("machine"), "Timer", None)

    def end_trial(_timer: object) -> None:
        if is_on_trial():
            machine.restart()

    # Some ports have timers of software alone, of number -1, and some of hardware alone.
    for number in (-1, 0) if timer else ():
        try:
            timer(number).init(mode=timer.ONE_SHOT, period=deadline_ms, callback=end_trial)
            return
        except (ValueError, OSError):
            continue
    log("no-watchdog", problem="this port has no timer for it: hand a hook to start()")
