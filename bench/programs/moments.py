"""Prints a moment as `bench.marks` reads it: `mark NAME SECONDS`, by the clock that all processes share."""

import sys
import time


def mark(name: str, at_s: float | None = None) -> None:
    """Print a moment; without a time it is now."""
    sys.stdout.write(f"mark {name} {time.monotonic() if at_s is None else at_s:.5f}\n")
    sys.stdout.flush()
