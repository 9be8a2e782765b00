"""What came of the bugs, as text: a table for people, one line of JSON for programs, the page that lists them."""

from __future__ import annotations

import json
from collections.abc import Sequence

from sweeps.mutants.mutant import Mutant
from sweeps.mutants.trying import Tried

SURVIVED = "-"

_HEAD = """# The bugs that the power-cut sweep must find

<!-- Made by `python -m sweeps.mutants --page docs/power-cuts-mutants.md`; do not edit. -->

Each row is one bug, seeded from outside into a copy of the device's code; the sweep is then run on that copy.
Those of what is signed, and one more, were written by who wrote the checks.
All others were written by someone who had not seen them.
The third column is the check that found the bug first: others may find it too.
A dash there means that none did within the time of a run: the sweep does not see this bug yet.
What the checks are is told in [power-cuts.md](power-cuts.md).

| bug | what is wrong | found by |
|---|---|---|
"""


def row(tried: Tried) -> str:
    """One line of the table."""
    found = tried.check or SURVIVED
    where = tried.case or tried.message
    return f"{tried.name:<42} {found:<8} {tried.seconds:>6.1f} s  {where}"


def page(mutants: Sequence[Mutant], found: Sequence[Tried]) -> str:
    """The list for the documentation."""
    checks = {tried.name: tried.check for tried in found}
    rows = [f"| `{one.name}` | {one.wrong} | {checks.get(one.name) or SURVIVED} |\n" for one in mutants]
    return _HEAD + "".join(rows)


def json_line(found: Sequence[Tried], seconds: float) -> str:
    """The last line."""
    killed = sum(tried.is_killed for tried in found)
    return json.dumps({"mutants": len(found), "killed": killed, "seconds": round(seconds, 1)})
