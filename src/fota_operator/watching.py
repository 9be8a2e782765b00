"""Looks at something in AWS, again and again, until it has ended or the time is up.

A look that fails because AWS does not answer or is overloaded is not the end: it is told, and the next is awaited.
Leaves to others: what is looked at (`progress`, `rollouts.watch`).
"""

import random
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TypeVar

from fota_operator.errors import CloudRefused, CloudUnreachable, OperatorError, TimedOut

MOST_FAILED_LOOKS = 5
"""How many looks in a row may fail; the first of all may not."""

_JITTER = 0.2
_MAY_PASS = {
    "InternalFailureException", "LimitExceededException", "ServiceUnavailableException", "SlowDown", "Throttling",
    "ThrottlingException",
}  # fmt: skip

Seen = TypeVar("Seen")


@dataclass(frozen=True)
class Patience:
    """How often to look, and for how long; `problem` is told of each look that failed."""

    interval_s: float
    timeout_s: float
    problem: Callable[[OperatorError], None] | None = None


def looks(
    look: Callable[[], Seen], is_over: Callable[[Seen], bool], patience: Patience, too_late: TimedOut
) -> Iterator[Seen]:
    """What each look has seen; the last is over. *Raises* `too_late`, and what a look raises that cannot pass."""
    deadline = time.monotonic() + patience.timeout_s
    failed: int | None = None
    while True:
        try:
            seen = look()
        except (CloudRefused, CloudUnreachable) as error:
            if failed is None or failed == MOST_FAILED_LOOKS or not _may_pass(error):
                raise
            failed += 1
            if patience.problem is not None:
                patience.problem(error)
        else:
            failed = 0
            yield seen
            if is_over(seen):
                return
        left_s = deadline - time.monotonic()
        if left_s <= 0:
            raise too_late
        pause_s = patience.interval_s * random.uniform(1 - _JITTER, 1 + _JITTER)  # noqa: S311 - jitter, not a secret
        time.sleep(max(0.0, min(pause_s, left_s)))


def _may_pass(error: CloudRefused | CloudUnreachable) -> bool:
    return isinstance(error, CloudUnreachable) or error.code in _MAY_PASS
