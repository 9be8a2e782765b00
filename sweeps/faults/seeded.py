"""What a seeded bug of the matrix of faults is; `bugs` has the list."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from sweeps.seeding.bugs import Bug


@dataclass(frozen=True)
class Seeded:
    """A bug, its kind, and the cells that are played with it."""

    kind: str
    bug: Bug
    cells: tuple[str, ...]
