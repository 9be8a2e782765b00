"""What ends a trial that lasts too long: the program's hook, or a timer, on boards that have one."""

from fota import machine
from fota.log import log

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

DEADLINE_MS = 600_000
"""How long a trial may last, unless told otherwise."""


def end_trial_after(
    deadline_ms: int, is_on_trial: "Callable[[], bool]", arm: "Callable[[int], object] | None" = None
) -> None:
    """Have the device restarted after so long, if the trial still lasts: by `arm`, else by a timer of this board."""
    if arm is not None:
        arm(deadline_ms)
        return
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
