"""Writes what a sweep found as text: tables for people, one line of JSON for programs."""

import json
from collections import Counter
from collections.abc import Sequence
from statistics import median

from sweeps.killsweep.attempt import Attempt
from sweeps.killsweep.judge import BRICK, FALSE_REPORT, STUCK
from sweeps.killsweep.points import ELSEWHERE, HOME, ROLES, SOCKET, Call

_LAST_LINES = 25


def table_of_calls(calls: Sequence[Call]) -> str:
    """How many calls a whole update makes, by name and role."""
    rows = [["call", "touches", *ROLES]]
    for place in (HOME, SOCKET):
        count = Counter((call.name, call.role) for call in calls if call.place == place)
        for name in sorted({name for name, _ in count}):
            rows.append([name, place, *(str(count[name, role] or "") for role in ROLES)])
    elsewhere = Counter(call.role for call in calls if call.place == ELSEWHERE)
    rows.append(["all others", ELSEWHERE, *(str(elsewhere[role]) for role in ROLES)])
    return _table(rows)


def table_of_attempts(attempts: Sequence[Attempt]) -> str:
    """What came of the points, by kind of injection."""
    kinds: dict[tuple[str, str], list[Attempt]] = {}
    for one in attempts:
        kinds.setdefault((one.point.effect, one.point.call.name), []).append(one)
    heads = ["effect", "call", "points", "missed", "SUCCEEDED", "FAILED", "bricks", "false", "stuck", "median s"]
    rows = [heads, *(_row(effect, name, kinds[effect, name]) for effect, name in sorted(kinds))]
    return _table([*rows, _row("all", "", list(attempts))])


def table_of_ends(attempts: Sequence[Attempt]) -> str:
    """How the jobs ended, by whom something was done to."""
    ends: dict[tuple[str, str], Counter[str]] = {}
    for one in attempts:
        if one.hit:
            end = f"{one.seen.status} {one.seen.reason}".strip()
            ends.setdefault((one.point.effect, one.point.call.role), Counter())[end] += 1
    rows = [["effect", "role", "job executions"]]
    for (effect, role), counts in sorted(ends.items()):
        rows.append([effect, role, ", ".join(f"{number} {end}" for end, number in counts.most_common())])
    return _table(rows)


def _row(effect: str, name: str, attempts: Sequence[Attempt]) -> list[str]:
    hits = [one for one in attempts if one.hit]
    status = Counter(one.seen.status for one in hits)
    violations = _violations(attempts)
    numbers = [len(hits), len(attempts) - len(hits), status["SUCCEEDED"], status["FAILED"]]
    numbers += [violations[BRICK], violations[FALSE_REPORT], violations[STUCK]]
    seconds = f"{median(one.seconds for one in attempts):.2f}" if attempts else ""
    return [effect, name, *map(str, numbers), seconds]


def told_violation(failed: Attempt) -> str:
    """A violation, how to see it again, and what the device said."""
    seen = failed.seen
    return "\n".join(
        [
            f"{failed.violation}: {failed.point}",
            f"  the job is {seen.status or 'unknown'} {seen.reason}, the device runs {seen.running or 'nothing'}, "
            f"idle: {seen.is_idle}, its home proves itself: {seen.home_proves_itself}",
            f"  at: {failed.hit or '(not reached)'}",
            f"  replay: python -m sweeps.killsweep --image {failed.kind} --replay {failed.point}",
            *(f"  | {line}" for line in failed.lines[-_LAST_LINES:]),
        ]
    )


def json_line(attempts: Sequence[Attempt], seconds: float) -> str:
    """The last line. Violations of points that were missed count too."""
    violations = _violations(attempts)
    return json.dumps(
        {
            "points": sum(bool(one.hit) for one in attempts),
            "bricks": violations[BRICK],
            "false_reports": violations[FALSE_REPORT],
            "stuck": violations[STUCK],
            "seconds": round(seconds, 1),
        }
    )


def _violations(attempts: Sequence[Attempt]) -> "Counter[str | None]":
    return Counter(one.violation for one in attempts)


def _table(rows: Sequence[Sequence[str]]) -> str:
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    return "\n".join(
        "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows
    )
