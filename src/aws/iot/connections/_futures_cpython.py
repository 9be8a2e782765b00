"""What awscrt's clients have in common: they answer by futures, and their callbacks are given once."""

import itertools
from collections.abc import Callable
from concurrent.futures import Future
from functools import partial
from typing import Any

from aws.iot.connections._events_cpython import ClientAnswer, ClientEvents


class Futures:
    """Gives each request a number, and tells the events what becomes of it."""

    def __init__(self, events: ClientEvents) -> None:
        self.events = events
        # Not awscrt's packet numbers, which come round again.
        self.number: Callable[[], int] = itertools.count(1).__next__

    def watch_message(self, future: "Future[Any]", problem_of: Callable[[Any], str] = lambda _: "") -> int:
        """A message was sent; `problem_of` tells from its result why the broker refused it, "" if it did not."""
        number = self.number()
        future.add_done_callback(partial(self._message_ended, number, problem_of))
        return number

    def _message_ended(self, number: int, problem_of: Callable[[Any], str], ended: "Future[Any]") -> None:
        if ended.cancelled() or ended.exception() is not None:
            self.events.answered(ClientAnswer(number, has_failed=True))
        else:
            self.events.answered(ClientAnswer(number, problem=problem_of(ended.result())))


def followed_by(programs: Callable[..., None] | None, ours: Callable[..., None]) -> Callable[..., None]:
    """A callback that calls the program's one, and then ours."""

    def both(*given: Any, **named: Any) -> None:  # Any: awscrt's callbacks differ in their arguments.
        try:
            if programs is not None:
                programs(*given, **named)
        finally:
            ours(*given, **named)

    return both
