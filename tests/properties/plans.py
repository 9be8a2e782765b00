"""Strategies of Hypothesis that make rollout plans, and a writer of TOML for them."""

from __future__ import annotations

import json
from collections.abc import Mapping

from hypothesis import strategies as st

from fota_operator.rollouts.plan import AbortRule, Gate, Plan, Stage, StageWindow, Targets
from fota_operator.rollouts.plan.window import DAYS

SMALL = "abcdefghijklmnopqrstuvwxyz0123456789"
COUNTS = st.integers(1, 10_000_000)
RATES = st.integers(1, 1000)
PERCENTAGES = st.integers(1, 10_000).map(lambda hundredths: hundredths / 100)
NAMES = st.from_regex("[a-z0-9][a-z0-9-]{0,31}", fullmatch=True)
THINGS = st.lists(st.text(SMALL + "ABC:_-", min_size=1, max_size=20), max_size=4, unique=True).map(sorted).map(tuple)
TIMES = st.builds("{:02}:{:02}".format, st.integers(0, 23), st.integers(0, 59))

GATES = st.builds(Gate, PERCENTAGES | st.just(0.0), COUNTS, st.floats(0, 43_200), st.booleans())
WINDOWS = st.builds(
    StageWindow,
    begin=TIMES,
    end=TIMES,
    days=st.sets(st.sampled_from(DAYS), min_size=1).map(lambda days: tuple(day for day in DAYS if day in days)),
    zone=st.sampled_from(["UTC", "Europe/Berlin", "America/New_York"]),
)
ABORTS = st.lists(
    st.builds(
        AbortRule, st.sampled_from(["ALL", "FAILED", "REJECTED", "TIMED_OUT"]), PERCENTAGES, st.none() | COUNTS
    ),
    max_size=4,
    unique_by=lambda rule: rule.failure,
).map(tuple)
TARGETS = st.builds(Targets, THINGS, THINGS, PERCENTAGES).filter(lambda targets: targets.things or targets.groups)


@st.composite
def stages(draw: st.DrawFn) -> tuple[Stage, ...]:
    """Stages that grow, each in its own unit, and end with all."""
    counts = draw(st.lists(COUNTS, max_size=3, unique=True).map(sorted))
    percents = draw(st.lists(PERCENTAGES.filter(lambda percent: percent < 100), max_size=3, unique=True).map(sorted))
    order = draw(st.permutations([*("things" for _ in counts), *("percent" for _ in percents)]))
    names = draw(st.lists(NAMES, min_size=len(order) + 1, max_size=len(order) + 1, unique=True))
    sizes = {"things": iter(counts), "percent": iter([*percents, 100.0])}
    found = []
    for name, unit in zip(names, [*order, "percent"], strict=True):
        things = int(next(sizes[unit])) if unit == "things" else None
        percent = float(next(sizes[unit])) if unit == "percent" else None
        found.append(
            Stage(name, things=things, percent=percent, gate=draw(GATES), rate_per_minute=draw(st.none() | RATES))
        )
    return tuple(found)


PLANS = st.builds(
    Plan,
    name=NAMES,
    release=st.text("0123456789abcdef", min_size=64, max_size=64),
    targets=TARGETS,
    stages=stages(),
    aborts=ABORTS,
    rate_per_minute=RATES,
    retries=st.integers(0, 10),
    timeout_minutes=st.none() | st.integers(1, 10_080),
    window=st.none() | WINDOWS,
    bucket=st.none() | st.text(SMALL, min_size=3, max_size=63),
    role=st.none() | st.text(SMALL + "+=,.@-", min_size=1, max_size=64),
    duration_s=st.integers(60, 3600),
    most_things=st.none() | COUNTS,
    urgency=st.sampled_from([None, "when-convenient"]),
    within_s=st.none() | st.integers(1, 31_622_400),
)
"""Any plan that makes sense."""


def toml_of(table: Mapping[str, object]) -> str:
    """Tables as a TOML file."""
    return "".join(f"{name} = {_value(value)}\n" for name, value in table.items())


def _value(value: object) -> str:
    if isinstance(value, Mapping):
        return "{" + ", ".join(f"{name} = {_value(inner)}" for name, inner in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(map(_value, value)) + "]"
    # Text, numbers, true and false are spelled as in JSON.
    return json.dumps(value)
