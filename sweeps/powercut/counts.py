"""What a sweep did, counted; the counts of several processes are added up."""

from __future__ import annotations

from dataclasses import dataclass, field

MAX_KEPT = 40
"""At most this number of violations is kept to be shown; all are counted."""


@dataclass
class Counts:
    """What a sweep did. A recovery is a power session that begins after a cut."""

    runs: int = 0
    """Power sessions without any cut."""
    cuts: int = 0
    """First cuts: an operation and a shape, whether or not the state had been seen before."""
    second_cuts: int = 0
    """Cuts of a recovery, and of the recovery from that."""
    recoveries: int = 0
    """Power sessions from a cut to the end of the case."""
    violations: int = 0
    found: list[tuple[str, str]] = field(default_factory=list)
    """Case and message of the first violations."""

    def add(self, other: Counts) -> None:
        """Sum up, across processes."""
        for name in ("runs", "cuts", "second_cuts", "recoveries", "violations"):
            setattr(self, name, getattr(self, name) + getattr(other, name))
        self.found = (self.found + other.found)[:MAX_KEPT]
