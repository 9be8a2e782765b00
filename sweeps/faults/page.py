"""The tables of docs/faults.md, made from the two lists."""

from __future__ import annotations

from sweeps.faults import cell
from sweeps.faults.bugs import SEEDED
from sweeps.faults.gaps import GAPS, OPEN
from sweeps.faults.row import OUTCOMES, Row
from sweeps.faults.rows import ROWS
from sweeps.faults.steps import STEPS


def faults_table() -> str:
    """Each fault: what it does, how long it lasts, how a job may end."""
    lines = ["| fault | of | what happens | lasts | how the job may end |", "|---|---|---|---|---|"]
    families: dict[tuple[str, tuple[str, ...], tuple[str, ...], tuple[str, ...]], list[Row]] = {}
    for row in ROWS:
        families.setdefault((row.family, row.outcomes, row.in_trial, row.ways), []).append(row)
    for (family, outcomes, in_trial, ways), rows in families.items():
        lasts = ", ".join(_duration(row.lasts_s) for row in rows)
        ends = ", ".join(outcomes) + (f"; begun before the confirm also {', '.join(in_trial)}" if in_trial else "")
        ends += f"; way: {' or '.join(ways)}" if ways else ""
        where = "" if len(rows[0].halves) > 1 else f" ({rows[0].halves[0]} only)"
        where += f" (at {', '.join(f'`{step}`' for step in rows[0].at)})" if rows[0].at else ""
        lines.append(f"| `{family}` | {rows[0].group} | {rows[0].about}{where} | {lasts} | {ends} |")
    return "\n".join(lines) + "\n"


def steps_table() -> str:
    """Each step."""
    lines = ["| step | by | the fault begins just before |", "|---|---|---|"]
    for step in STEPS:
        where = "" if len(step.halves) > 1 else f" ({step.halves[0]} only)"
        lines.append(f"| `{step.name}` | {step.phase} | {step.about}{where} |")
    return "\n".join(lines) + "\n"


def outcomes_table() -> str:
    """What the words for outcomes mean."""
    lines = ["| outcome | what it means |", "|---|---|"]
    return "\n".join([*lines, *(f"| {name} | {about} |" for name, about in OUTCOMES.items())]) + "\n"


def gaps_list() -> str:
    """What is not yet as it should be."""
    lines = [f"- {gap.sentence}" for gap in GAPS]
    lines += [f"- {gap.sentence} The run fails for this one." for gap in OPEN]
    return "\n".join(lines or ["None is known."]) + "\n"


def bugs_table() -> str:
    """Each seeded bug."""
    lines = ["| bug | what is wrong | kind |", "|---|---|---|"]
    return "\n".join([*lines, *(f"| `{one.bug.name}` | {one.bug.wrong} | {one.kind} |" for one in SEEDED)]) + "\n"


def figures_table() -> str:
    """How many cells and bugs there are, with the command that plays them."""
    kinds = len({one.kind for one in SEEDED})
    figures = (
        ("cells, each fault at each step once", len(cell.cells(1)), "make faults"),
        ("cells, every duration with both interpreters", len(cell.whole_matrix()), "python -m sweeps.faults --all"),
        (f"seeded bugs, of {kinds} kinds", len(SEEDED), "make faults-mutants"),
    )
    lines = ["| what | number | command |", "|---|---:|---|"]
    return (
        "\n".join([*lines, *(f"| {what} | {number:,} | `{command}` |" for what, number, command in figures)]) + "\n"
    )


def _duration(seconds: int) -> str:
    if not seconds:
        return "once"
    if seconds < 120:
        return f"{seconds} s"
    return f"{seconds // 60} min" if seconds < 3600 else f"{seconds // 3600} h"
