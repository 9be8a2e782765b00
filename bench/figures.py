"""Figures measured for us and for a peer: as medians with their spread, a table, and a line of JSON.

Pure. Leaves to others: measuring.
"""

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from statistics import median

COLUMNS = ("work", "unit", "ours", "spread", "peer", "spread", "ratio")


@dataclass(frozen=True)
class Row:
    """One piece of work, measured for us and for a peer, if there is a peer."""

    work: str
    unit: str
    ours: tuple[float, ...]
    peer: tuple[float, ...] = ()
    more_is_better: bool = False

    @property
    def ratio(self) -> float | None:
        """How much better we are than the peer: 2 is twice as good, 0.5 half as good; None without a ratio."""
        if not self.ours or not self.peer:
            return None
        ours, peer = median(self.ours), median(self.peer)
        better, worse = (ours, peer) if self.more_is_better else (peer, ours)
        return better / worse if worse > 0 and better > 0 else None


@dataclass(frozen=True)
class Outcome:
    """The result of one bench; its first row is the one that counts."""

    bench: str
    beside: str
    aim: str
    rows: tuple[Row, ...]


def json_line(outcome: Outcome) -> str:
    """The row that counts, for programs: medians; `peer` and `ratio` are null if there is no peer."""
    row = outcome.rows[0]
    return json.dumps(
        {
            "bench": outcome.bench,
            "ours": rounded(median(row.ours)),
            "peer": rounded(median(row.peer)) if row.peer else None,
            "ratio": None if row.ratio is None else rounded(row.ratio),
            "unit": row.unit,
        },
        ensure_ascii=False,
    )


def cells(row: Row) -> tuple[str, ...]:
    """A row as the words of a table, in the order of COLUMNS."""
    ratio = "-" if row.ratio is None else f"{row.ratio:.2f}"
    return (row.work, row.unit, *_told(row.ours), *_told(row.peer), ratio)


def table(outcome: Outcome) -> str:
    """All rows, for people."""
    lines = [COLUMNS, *map(cells, outcome.rows)]
    widths = [max(len(line[column]) for line in lines) for column in range(len(COLUMNS))]
    told = [f"{outcome.bench}, beside {outcome.beside}. Aim: {outcome.aim}"]
    told += ["  " + _aligned(line, widths) for line in lines]
    return "\n".join(told)


def rounded(value: float) -> float:
    """Round to four digits: no bench here is more exact."""
    return float(f"{value:.4g}")


def samples(found: Iterable[dict[str, float]], name: str, per: float = 1.0) -> tuple[float, ...]:
    """One figure out of what several runs of a program found."""
    return tuple(one[name] / per for one in found)


def _told(values: Sequence[float]) -> tuple[str, str]:
    if not values:
        return "-", "-"
    spread = "-" if len(values) == 1 else f"{_number(min(values))}..{_number(max(values))}"
    return _number(median(values)), spread


def _number(value: float) -> str:
    return f"{value:.0f}" if abs(value) >= 1000 else f"{value:.3g}"


def _aligned(line: Sequence[str], widths: Sequence[int]) -> str:
    first, *rest = zip(line, widths, strict=True)
    return "  ".join([f"{first[0]:<{first[1]}}", *(f"{word:>{width}}" for word, width in rest)])
