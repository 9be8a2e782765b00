"""Looks at something in AWS, again and again, until it is over or the time is up.

A look that fails because AWS does not answer or is overloaded does not end it: it is reported, and the next follows.
Leaves to others: what is looked at (`jobs.progress`, `rollouts.watch`).
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import timedelta
from typing import TypeVar

from fota_operator.cloud import is_passing
from fota_operator.errors import OperatorError, TimedOut
from fota_operator.rate_limiter import SteadyClock, WallClock, jittered, require_waits

MAX_FAILED_LOOKS = 5
"""How many looks in a row may fail; the first of all may not."""

Seen = TypeVar("Seen")


@dataclass(frozen=True)
class PollOptions:
    """How often to look, and for how long; `problem` is called with each look that failed. *Raises* BadInput."""

    interval_s: float
    timeout_s: float
    problem: Callable[[OperatorError], None] | None = None

    def __post_init__(self) -> None:
        require_waits(interval_s=self.interval_s, timeout_s=self.timeout_s)


def poll(
    look: Callable[[], Seen],
    is_over: Callable[[Seen], bool],
    options: PollOptions,
    on_timeout: Callable[[Seen], TimedOut],
    clock: WallClock | None = None,
) -> Iterator[Seen]:
    """Yield the result of each look; the last one is over. *Raises* an error of a look if waiting cannot help.

    When the time is up, it *raises* what `on_timeout` makes of the last result.
    """
    clock = clock or SteadyClock()
    deadline = clock.now() + timedelta(seconds=options.timeout_s)
    seen, failed = look(), 0
    while True:
        if not failed:
            yield seen
            if is_over(seen):
                return
        left_s = (deadline - clock.now()).total_seconds()
        if left_s <= 0:
            raise on_timeout(seen)
        clock.sleep(max(0.0, min(jittered(options.interval_s), left_s)))
        try:
            seen, failed = look(), 0
        except OperatorError as error:
            failed += 1
            if failed > MAX_FAILED_LOOKS or not is_passing(error):
                raise
            if options.problem is not None:
                options.problem(error)
