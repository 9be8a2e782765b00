"""One cell: a fault at a step, on one interpreter's half.

Its text, such as `no-route@75s/claiming/cpython`, replays it.
"""

from __future__ import annotations

import random
from dataclasses import dataclass, field

from sweeps.faults import halves
from sweeps.faults.row import Row
from sweeps.faults.rows import ROWS
from sweeps.faults.steps import STEPS, Step


@dataclass(frozen=True)
class Cell:
    """A fault at a step."""

    row: Row
    step: Step
    half: str

    def __str__(self) -> str:
        return f"{self.row.name}/{self.step.name}/{self.half}"


@dataclass
class Result:
    """How a cell ended."""

    cell: str
    outcome: str = ""
    hang: str = ""
    wrong_reports: list[str] = field(default_factory=list)
    called_bad: list[str] = field(default_factory=list)
    stopped: list[str] = field(default_factory=list)
    undocumented: str = ""
    begun: bool = False
    log: list[str] = field(default_factory=list)

    @property
    def problems(self) -> list[str]:
        """All that is wrong, in sentences."""
        found = [f"hang: {self.hang}"] if self.hang else []
        found += [f"wrong report: {text}" for text in self.wrong_reports]
        found += [f"good image called bad: {text}" for text in self.called_bad]
        found += [f"program stopped: {text}" for text in self.stopped[:1]]
        return found + ([f"not documented: {self.undocumented}"] if self.undocumented else [])


def whole_matrix() -> list[Cell]:
    """Every fault of every duration at every step, on both halves."""
    return [
        Cell(row, step, half)
        for row in ROWS
        for step in STEPS
        for half in halves.HALVES
        if half in row.halves and half in step.halves and (step.name in row.at if row.at else not step.is_patched)
    ]


def cells(seed: int) -> list[Cell]:
    """The matrix with one cell for each fault at each step: `seed` chooses its duration, and its half."""
    found: dict[tuple[str, str], list[Cell]] = {}
    for one in whole_matrix():
        found.setdefault((one.row.family, one.step.name), []).append(one)
    return [random.Random(f"{seed} {key}").choice(alike) for key, alike in found.items()]


def named(text: str) -> list[Cell]:
    """The cells of FAULT/STEP, or of FAULT/STEP/HALF; an empty part is every one. *Raises* ValueError."""
    parts = [*text.split("/"), "", ""][:3]
    found = [
        one
        for one in whole_matrix()
        if parts[0] in {"", one.row.name, one.row.family}
        and parts[1] in {"", one.step.name}
        and parts[2] in {"", one.half}
    ]
    if not found:
        raise ValueError(f"{text}: no such cell; expected FAULT/STEP, such as no-route@75s/claiming")
    return found
