"""Known gaps: cells that do not end yet as they should, each kind with a sentence that docs/faults.md shows.

A gap that no cell of the whole matrix shows any more fails the run, so that this list only gets shorter.
No gap may hide a hang, a wrong report or a good image called bad: `gap_of` says no to those.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from sweeps.faults.cell import Result


@dataclass(frozen=True)
class Gap:
    """What is not as it should be."""

    sentence: str
    cells: str
    """A pattern of the texts of cells."""
    outcome: str
    """A pattern of the outcome that is not documented, or of the quota."""

    def covers(self, result: Result) -> bool:
        """Whether a cell shows this gap."""
        return (
            re.fullmatch(self.cells, result.cell) is not None
            and re.match(self.outcome, result.undocumented) is not None
        )


GAPS: tuple[Gap, ...] = ()


OPEN: tuple[Gap, ...] = ()
"""Defects that are worse than a gap. They are counted in the last line, and the run fails while they are there."""


def is_open(text: str) -> bool:
    """Whether a cell may show one of the defects that are known."""
    return any(re.fullmatch(defect.cells, text) for defect in OPEN)


def gap_of(result: Result) -> Gap | None:
    """The gap that a cell shows; None if it shows none, or if it shows worse."""
    if result.hang or result.wrong_reports or result.called_bad or result.stopped:
        return None
    return next((gap for gap in GAPS if gap.covers(result)), None)
