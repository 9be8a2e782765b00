"""How long to wait before trying again: exponential, with full jitter. Nothing here waits.

With full jitter a fleet that was cut off at one moment does not come back at one moment:
https://aws.amazon.com/blogs/architecture/exponential-backoff-and-jitter/
"""

from fota import machine

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from fota.clock import Clock


class Backoff:
    """Random delays between 0 and a ceiling that doubles from `first_ms` to `most_ms`."""

    def __init__(
        self,
        first_ms: int,
        most_ms: int,
        random_fraction: "Callable[[], float]" = machine.random_fraction,
    ) -> None:
        self._first_ms = min(first_ms, most_ms)
        self._most_ms = most_ms
        self._random_fraction = random_fraction
        self._ceiling_ms = self._first_ms

    def next_ms(self) -> int:
        """The next delay; each call doubles the ceiling of the one after it."""
        delay_ms = int(self._random_fraction() * self._ceiling_ms)
        self._ceiling_ms = min(self._ceiling_ms * 2, self._most_ms)
        return delay_ms

    def reset(self) -> None:
        """Start over from the first ceiling: the try has worked, and lasted."""
        self._ceiling_ms = self._first_ms


class RetryTimer(Backoff):
    """Says when to try again: later each time, until it is reset."""

    def __init__(self, clock: "Clock", first_ms: int, most_ms: int) -> None:
        super().__init__(first_ms, most_ms)
        self._clock = clock
        self._due_at_ms: "int | None" = None

    def start(self) -> int:
        """Be due once, after the next delay; that delay in ms."""
        delay_ms = self.next_ms()
        self._due_at_ms = self._clock.now_ms() + delay_ms
        return delay_ms

    def is_running(self) -> bool:
        """Whether it will be due."""
        return self._due_at_ms is not None

    def is_due(self) -> bool:
        """Whether the delay is over; True once."""
        is_due = self._due_at_ms is not None and self._clock.now_ms() >= self._due_at_ms
        if is_due:
            self._due_at_ms = None
        return is_due
