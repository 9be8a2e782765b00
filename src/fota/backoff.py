"""How long to wait before trying again: exponential, with full jitter. Pure: it does not wait itself.

Full jitter, so that a fleet cut off at one moment does not come back at one moment:
https://aws.amazon.com/blogs/architecture/exponential-backoff-and-jitter/
"""

from fota import machine

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable


class Backoff:
    """Delays drawn evenly from nothing up to a ceiling that doubles, from `first_ms` to `most_ms`."""

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
        """Start over from the first ceiling: what was tried has worked, and lasted."""
        self._ceiling_ms = self._first_ms
