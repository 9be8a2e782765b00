"""A clock for tests: time passes only when it is slept away or pushed.

It is published for porters, meets `fota.transfer.download.Clock` and runs on both interpreters.
"""

from fota_testing.misuse import Misuse

MAX_VIRTUAL_MS = 30 * 24 * 3_600_000
"""A month: a test that sleeps for longer waits for something that never comes."""


class FakeClock:
    """Virtual time. `sleeps` lists every sleep in the order they were asked for, in milliseconds."""

    def __init__(self, start_ms: int = 1_000_000, *, tick_ms: int = 0) -> None:
        """`tick_ms` passes at every read of the clock, so that a loop that only reads it reaches its deadline."""
        self._start_ms = start_ms
        self._now_ms = start_ms
        self._tick_ms = tick_ms
        self.sleeps: list[int] = []

    def now_ms(self) -> int:
        """Milliseconds, never going back; the zero means nothing."""
        self._now_ms += self._tick_ms
        return self._now_ms

    def sleep_ms(self, duration_ms: int) -> None:
        """Let that time pass without waiting. *Raises* Misuse for a sleep that no caller can mean."""
        if type(duration_ms) is not int or duration_ms < 0:
            raise Misuse(f"sleep_ms: expected a number of milliseconds from 0, got {duration_ms!r}")
        self.sleeps.append(duration_ms)
        self.advance_ms(duration_ms)

    def advance_ms(self, duration_ms: int) -> None:
        """Let time pass without anybody sleeping: a slow server, a busy program."""
        self._now_ms += duration_ms
        if self._now_ms - self._start_ms > MAX_VIRTUAL_MS:
            raise Misuse("the virtual clock ran for a month: something waits for what never comes")
