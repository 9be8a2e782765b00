"""Writes the results as text: a table for people, one line of JSON for programs, and the page that lists the bugs."""

from __future__ import annotations

import json
from collections.abc import Sequence

from sweeps.mutants.trying import Tried
from sweeps.seeding.bugs import Bug

SURVIVED = "-"

_HEAD = """# The bugs that the power-cut sweep must find

<!-- Made by `python -m sweeps.mutants --page docs/power-cuts-mutants.md`; do not edit. -->

Each row is one bug. The command seeds it into a copy of the device's code, and runs the sweep on that copy.
The author of the checks also wrote the bugs about signatures, those about bundles, and one more.
Someone who had not seen the checks wrote all the others.
The third column is the check that found the bug first: others may find it too.
A dash there means that no check found it within the time of a run: the sweep does not see this bug yet.
[power-cuts.md](power-cuts.md#what-is-checked) says what each check demands.

| bug | what is wrong | found by |
|---|---|---|
"""


def row(tried: Tried) -> str:
    """One line of the table."""
    found = tried.check or SURVIVED
    where = tried.case if tried.check else tried.message
    return f"{tried.name:<42} {found:<8} {tried.seconds:>6.1f} s  {where}"


def page(mutants: Sequence[Bug], found: Sequence[Tried]) -> str:
    """The list for the documentation."""
    checks = {tried.name: tried.check for tried in found}
    rows = [f"| `{one.name}` | {one.wrong} | {checks.get(one.name) or SURVIVED} |\n" for one in mutants]
    return _HEAD + "".join(rows)


def json_line(found: Sequence[Tried], misfits: int, seconds: float) -> str:
    """The last line. `misfits` are the bugs that could not be tried."""
    killed = sum(tried.is_killed for tried in found)
    counts = {"mutants": len(found) + misfits, "killed": killed, "misfits": misfits}
    return json.dumps({**counts, "seconds": round(seconds, 1)})
