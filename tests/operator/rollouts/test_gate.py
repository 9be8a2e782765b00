"""A gate is declared once: what reads, writes, explains and shows it follows its declaration."""

import json
from dataclasses import fields
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fota_operator.rollouts.plan.gate import FACTS, GATE_FIELDS, LOST, MET, OPEN, Counted, Gate, in_words, outlook
from fota_operator.rollouts.plan.model import Plan, Stage, Targets
from fota_operator.rollouts.plan.table import plan_of, table_of

REFERENCE = Path(__file__).parents[3] / "docs" / "reference"
OTHERS = {"succeeded-percent": 25.0, "succeeded-least": 3, "soak-minutes": 1.5, "wait-for-deferred": False}
"""For each field a value that is not its default."""


def test_every_field_of_a_gate_is_declared() -> None:
    assert [one.attribute for one in GATE_FIELDS] == [one.name for one in fields(Gate)]
    assert {one.name for one in GATE_FIELDS} == set(OTHERS)


@pytest.mark.parametrize("field", GATE_FIELDS, ids=lambda field: field.name)
def test_a_plan_takes_the_field_and_says_it_again(field: object) -> None:
    name, attribute = getattr(field, "name", ""), getattr(field, "attribute", "")
    table = {
        "name": "a",
        "release": "a" * 64,
        "targets": {"things": ["t"]},
        "canary": False,
        "stages": [{"name": "all", "percent": 100, "gate": {name: OTHERS[name]}}],
    }
    plan = plan_of(table)
    assert getattr(plan.stages[0].gate, attribute) == OTHERS[name]
    (stage,) = json.loads(json.dumps(table_of(plan)))["stages"]
    assert stage["gate"][name] == OTHERS[name]
    # A field that came later is left out while it has its default: plans of before keep their digest.
    assert set(stage["gate"]) == {name} | {one.name for one in GATE_FIELDS if not one.later}


def test_a_gate_of_whole_numbers_is_written_like_any_other() -> None:
    gate = Gate(succeeded_percent=50, soak_minutes=1)
    (stage,) = json.loads(json.dumps(table_of(Plan("a", "b", Targets(), (Stage("all", percent=100, gate=gate),)))))[
        "stages"
    ]
    assert json.dumps(stage["gate"]) == '{"succeeded-percent": 50.0, "succeeded-least": 1, "soak-minutes": 1.0}'


@pytest.mark.parametrize("fact", FACTS, ids=lambda fact: fact.name)
def test_the_schema_of_a_planned_rollout_has_each_fact_of_a_gate(fact: object) -> None:
    schema = json.loads((REFERENCE / "schemas" / "rollout-plan.json").read_text(encoding="utf-8"))
    stage = schema["properties"]["stages"]["items"]
    name = getattr(fact, "name", "")
    assert stage["properties"][name]["description"] == getattr(fact, "means", None)
    assert name in stage["required"]


@pytest.mark.parametrize(
    ("counts", "still_open", "state", "why"),
    [
        ({"SUCCEEDED": 2}, 0, MET, ""),
        ({"SUCCEEDED": 1}, 1, OPEN, "2 must"),
        ({}, 2, OPEN, "2 must"),
        ({"SUCCEEDED": 1, "FAILED": 1}, 0, LOST, "2 of 2 must succeed, and at most 1 still can"),
    ],
)
def test_a_gate_is_met_open_or_lost(counts: dict[str, int], still_open: int, state: str, why: str) -> None:
    seen = outlook(Gate(), Counted(2, counts, still_open))
    assert (seen.state, seen.why) == (state, why)


def test_a_stage_without_things_has_met_its_gate() -> None:
    assert outlook(Gate(), Counted(0, {}, 0)).state == MET


LEAVING_OUT = Gate(succeeded_percent=90, wait_for_deferred=False)


@pytest.mark.parametrize(
    ("gate", "counts", "deferred", "state", "why"),
    [
        # It waits for them.
        (Gate(succeeded_percent=90), {"SUCCEEDED": 8, "IN_PROGRESS": 2}, 2, OPEN, "9 must"),
        # It leaves them out: 8 of 8 others.
        (LEAVING_OUT, {"SUCCEEDED": 8, "IN_PROGRESS": 2}, 2, MET, ""),
        (LEAVING_OUT, {"SUCCEEDED": 8, "IN_PROGRESS": 2}, 0, OPEN, "9 must"),
        # What has not been looked at is waited for.
        (LEAVING_OUT, {"SUCCEEDED": 7, "IN_PROGRESS": 3}, 2, OPEN, "8 must"),
        # While all put it off, nothing has been shown.
        (LEAVING_OUT, {"IN_PROGRESS": 10}, 10, OPEN, "1 must"),
        (Gate(90, 3, wait_for_deferred=False), {"SUCCEEDED": 2, "IN_PROGRESS": 8}, 8, OPEN, "3 must"),
        # No success of those that put it off could make up for these failures.
        (LEAVING_OUT, {"FAILED": 2, "IN_PROGRESS": 8}, 8, LOST, "9 of 10 must succeed, and at most 8 still can"),
        (LEAVING_OUT, {"FAILED": 1, "IN_PROGRESS": 9}, 9, OPEN, "1 must"),
    ],
)
def test_a_gate_waits_for_those_that_put_it_off_or_leaves_them_out(
    gate: Gate, counts: dict[str, int], deferred: int, state: str, why: str
) -> None:
    seen = outlook(gate, Counted(10, counts, counts.get("IN_PROGRESS", 0), deferred))
    assert (seen.state, seen.why) == (state, why)


@given(
    st.integers(0, 30), st.integers(0, 30), st.integers(0, 30), st.integers(0, 100), st.integers(1, 10), st.booleans()
)
def test_a_gate_is_lost_only_if_no_end_of_those_that_put_it_off_meets_it(
    succeeded: int, failed: int, deferred: int, percent: int, least: int, waits: bool
) -> None:
    gate = Gate(percent, least, wait_for_deferred=waits)
    things = succeeded + failed + deferred
    now = outlook(gate, Counted(things, {"SUCCEEDED": succeeded}, deferred, deferred))
    ends = [
        outlook(
            gate, Counted(things, {"SUCCEEDED": succeeded + well}, deferred - well - badly, deferred - well - badly)
        )
        for well in range(deferred + 1)
        for badly in range(deferred - well + 1)
    ]
    assert (now.state == LOST) == all(one.state != MET for one in ends)


@pytest.mark.parametrize(
    ("gate", "things", "words"),
    [
        (Gate(90, wait_for_deferred=False), 10, "9 succeeded, fewer if some put it off"),
        (Gate(), 2, "2 succeeded"),
        (Gate(soak_minutes=60), 2, "2 succeeded, then 60 minutes"),
        (Gate(soak_minutes=60), 0, "0 succeeded"),
    ],
)
def test_a_gate_in_words(gate: Gate, things: int, words: str) -> None:
    assert in_words(gate, things) == words
