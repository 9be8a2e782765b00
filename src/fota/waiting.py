"""Tells a program that an update still waits, from anywhere below `update` and `handle_fota_jobs`.

A microcontroller's watchdog bites after some seconds, and the waits are in the connection, in storage and in between.
"""

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from fota.clock import Clock
    from fota.progress import Progress

_PAUSE_MS = 2_000
_listening: "list[Progress]" = []


class Listening:
    """A context: `still_waiting` calls that progress. Within another one it changes nothing."""

    def __init__(self, progress: "Progress") -> None:
        self._progress = progress
        self._is_first = not _listening

    def __enter__(self) -> None:
        """From here on."""
        if self._is_first:
            _listening[:] = [self._progress]

    def __exit__(self, *_: object) -> None:
        """Up to here."""
        if self._is_first:
            _listening[:] = []


def still_waiting() -> None:
    """To be called in each wait below `update` and `handle_fota_jobs`, every second or two, and in long work."""
    for progress in _listening:
        progress.waiting()


def pause(clock: "Clock", duration_ms: int, tell: "Callable[[], None]" = still_waiting) -> None:
    """Sleep, and call `tell` every two seconds."""
    while duration_ms > 0:
        clock.sleep_ms(min(duration_ms, _PAUSE_MS))
        duration_ms -= _PAUSE_MS
        tell()
