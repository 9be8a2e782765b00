import re
from collections.abc import Callable
from datetime import datetime, timedelta, timezone

import pytest

from fota_operator import rate_limiter
from fota_operator.errors import BadInput, CloudNotTrusted, CloudRefused, CloudUnreachable, OperatorError, TimedOut
from fota_operator.poll import MAX_FAILED_LOOKS, PollOptions, poll
from fota_operator.rate_limiter import RateLimiter
from fota_operator.rollouts.run import RunOptions


class Looking:
    """Sees what it was told to, and fails where it was told to; in the end it sees the last for ever."""

    def __init__(self, *to_see: int | OperatorError) -> None:
        self.to_see = list(to_see)
        self.told: list[OperatorError] = []

    def __call__(self) -> int:
        seen = self.to_see.pop(0) if len(self.to_see) > 1 else self.to_see[0]
        if isinstance(seen, OperatorError):
            raise seen
        return seen

    def all(self, timeout_s: float = 60.0) -> list[int]:
        options = PollOptions(interval_s=0.0, timeout_s=timeout_s, problem=self.told.append)
        return list(poll(self, lambda seen: seen == 0, options, lambda seen: TimedOut(f"too late for {seen}")))


UNREACHABLE = CloudUnreachable("no answer")
THROTTLED = CloudRefused("slower", code="ThrottlingException")
FORBIDDEN = CloudRefused("no", code="AccessDeniedException")
STRANGER = CloudNotTrusted("a stranger answers")


def test_looking_ends_with_the_look_that_is_over() -> None:
    assert Looking(3, 2, 0, 5).all() == [3, 2, 0]


def test_looking_ends_when_the_time_is_up() -> None:
    with pytest.raises(TimedOut, match="too late for 1"):
        Looking(1).all(timeout_s=0.0)


@pytest.mark.parametrize("problem", [UNREACHABLE, THROTTLED], ids=lambda one: type(one).__name__)
def test_a_look_that_may_pass_later_is_told_and_made_again(problem: OperatorError) -> None:
    looking = Looking(1, problem, problem, 0)
    assert (looking.all(), looking.told) == ([1, 0], [problem, problem])


def test_the_first_look_must_succeed() -> None:
    with pytest.raises(CloudUnreachable):
        Looking(UNREACHABLE, 0).all()


@pytest.mark.parametrize("problem", [FORBIDDEN, STRANGER], ids=lambda one: type(one).__name__)
def test_what_cannot_pass_ends_the_looking(problem: OperatorError) -> None:
    with pytest.raises(type(problem), match=problem.message):
        Looking(1, problem, 0).all()


def test_looks_that_fail_and_fail_are_given_up() -> None:
    with pytest.raises(CloudUnreachable):
        Looking(1, *[UNREACHABLE] * (MAX_FAILED_LOOKS + 1), 0).all()


def test_a_look_that_succeeds_makes_up_for_those_before() -> None:
    failing = [UNREACHABLE] * MAX_FAILED_LOOKS
    assert Looking(1, *failing, 2, *failing, 0).all() == [1, 2, 0]


NOON = datetime(2026, 3, 29, 12, tzinfo=timezone.utc)


class SetClock:
    """A clock that is set by a day, forth or back, before each reading but the first."""

    def __init__(self, days: int) -> None:
        self.days, self.readings = days, 0
        self.slept: list[float] = []

    def now(self, _zone: timezone | None = None) -> datetime:
        self.readings += 1
        return NOON + timedelta(days=self.days * (self.readings - 1))

    def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)


def test_a_clock_that_is_set_forth_does_not_end_the_looking(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(
        rate_limiter, "datetime", SetClock(days=1)
    )  # The machine's own clock; a test may not set that.
    assert Looking(3, 2, 0).all() == [3, 2, 0]


def test_a_clock_that_is_set_back_does_not_hold_up_the_turns() -> None:
    clock = SetClock(days=-1)
    turns = RateLimiter(10, clock)
    for _ in range(3):
        turns.wait()
    assert clock.slept == [0.1, 0.1]


@pytest.mark.parametrize("seconds", [float("inf"), float("nan"), -1.0, 1e20])
@pytest.mark.parametrize(
    ("make", "field"),
    [
        (lambda seconds: PollOptions(1.0, seconds), "timeout_s"),
        (lambda seconds: PollOptions(seconds, 1.0), "interval_s"),
        (lambda seconds: RunOptions(timeout_s=seconds), "timeout_s"),
        (lambda seconds: RunOptions(interval_s=seconds), "interval_s"),
    ],
)
def test_a_time_that_cannot_be_waited_for_is_refused(
    make: Callable[[float], object], field: str, seconds: float
) -> None:
    with pytest.raises(
        BadInput, match=f"`{field}`: expected 0 to 1000000000 seconds, got {re.escape(f'{seconds:g}')}"
    ):
        make(seconds)
