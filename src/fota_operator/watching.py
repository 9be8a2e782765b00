"""Looks at something in AWS, again and again, until it is over or the time is up.

A look that fails because AWS does not answer or is overloaded is not the end: it is told, and the next is awaited.
Leaves to others: what is looked at (`progress`, `rollouts.watch`, `rollouts.wait_gate`).
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import timedelta
from typing import TypeVar

from fota_operator.cloud import is_passing
from fota_operator.errors import OperatorError, TimedOut
from fota_operator.pace import Clock, SteadyClock, jittered, require_waits

MOST_FAILED_LOOKS = 5
"""How many looks in a row may fail; the first of all may not."""

Seen = TypeVar("Seen")


@dataclass(frozen=True)
class Patience:
    """How often to look, and for how long; `problem` is told of each look that failed. *Raises* BadInput."""

    interval_s: float
    timeout_s: float
    problem: Callable[[OperatorError], None] | None = None

    def __post_init__(self) -> None:
        require_waits(interval_s=self.interval_s, timeout_s=self.timeout_s)


def looks(
    look: Callable[[], Seen],
    is_over: Callable[[Seen], bool],
    patience: Patience,
    too_late: Callable[[Seen], TimedOut],
    clock: Clock | None = None,
) -> Iterator[Seen]:
    """What each look has seen; the last is over. *Raises* what a look raises that cannot pass.

    When the time is up it *raises* `too_late` of what was seen last.
    """
    clock = clock or SteadyClock()
    deadline = clock.now() + timedelta(seconds=patience.timeout_s)
    seen, failed = look(), 0
    while True:
        if not failed:
            yield seen
            if is_over(seen):
                return
        left_s = (deadline - clock.now()).total_seconds()
        if left_s <= 0:
            raise too_late(seen)
        clock.sleep(max(0.0, min(jittered(patience.interval_s), left_s)))
        try:
            seen, failed = look(), 0
        except OperatorError as error:
            failed += 1
            if failed > MOST_FAILED_LOOKS or not is_passing(error):
                raise
            if patience.problem is not None:
                patience.problem(error)
