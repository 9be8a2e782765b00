"""The clock that all code that waits is given. `fota.machine` is one; a test brings another."""

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Protocol

    class Clock(Protocol):
        """A clock that the caller provides."""

        def now_ms(self) -> int:
            """Milliseconds, never going back."""

        def sleep_ms(self, duration_ms: int) -> None:
            """Block for that long."""
