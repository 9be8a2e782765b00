"""End a trial that lasts too long: by the program's hook, or by a timer on boards that have one."""

from fota import machine
from fota.log import log

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

DEADLINE_MS = 600_000
"""How long a trial may last by default."""


def end_trial_after(
    deadline_ms: int, is_on_trial: "Callable[[], bool]", arm: "Callable[[int], object] | None" = None
) -> None:
    """Restart the device after that time, if the trial still lasts: by `arm`, else by a timer of this board."""
    if arm is not None:
        arm(deadline_ms)
        return
    timer: "Any" = getattr(__import__("machine"), "Timer", None)

    def end_trial(_timer: object) -> None:
        if is_on_trial():
            machine.restart()

    # Some ports have only software timers, with the number -1, and some have only hardware timers.
    for number in (-1, 0) if timer else ():
        try:
            timer(number).init(mode=timer.ONE_SHOT, period=deadline_ms, callback=end_trial)
            return
        except (ValueError, OSError):
            continue
    log("no-watchdog", problem="this port has no timer for it: hand a hook to start()")
