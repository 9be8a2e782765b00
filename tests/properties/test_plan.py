"""A rollout plan comes back as it was, out of TOML and out of JSON; any other bytes are BadInput."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from fota_operator.errors import BadInput
from fota_operator.rollouts.plan import Gate, Plan, Stage, Targets
from fota_operator.rollouts.plan.table import table_of
from fota_operator.rollouts.plan.text import decode, encode
from fota_operator.rollouts.plan_file import read_plan
from tests.properties.damage import JSON_VALUES, mutated
from tests.properties.plans import PLANS, toml_of

pytestmark = pytest.mark.slow

WHOLE = encode(Plan("a", "a" * 64, Targets(("t",))))


@pytest.fixture(scope="module")
def file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where an example writes its plan."""
    return tmp_path_factory.mktemp("plans") / "plan.toml"


def refused_or_plan(content: bytes) -> Plan | None:
    """The plan; None if it is refused. Every other exception is a failure."""
    try:
        return decode(content)
    except BadInput:
        return None


def tables_in(value: object) -> Iterator[dict[str, object]]:
    """A table, and all tables within."""
    if isinstance(value, dict):
        yield value
        value = list(value.values())
    for inner in value if isinstance(value, list) else []:
        yield from tables_in(inner)


def zero_gate(percent: float) -> dict[str, object]:
    """A plan whose last gate asks for that share."""
    last = Stage("all", percent=100.0, gate=Gate(succeeded_percent=percent))
    return table_of(Plan("a", "a" * 64, Targets(("t",)), stages=(Stage("some", things=2), last)))


@given(PLANS)
def test_a_plan_comes_back_from_json_as_it_was(plan: Plan) -> None:
    assert decode(encode(plan)) == plan


@given(PLANS)
def test_a_plan_comes_back_from_a_file_as_it_was(file: Path, plan: Plan) -> None:
    file.write_text(toml_of({**table_of(plan), "release": "release.json"}))
    found = read_plan(file)
    assert found.plan(plan.release, product="pump", version="1") == plan
    assert found.release_path == file.parent / "release.json"


@given(PLANS, st.data())
def test_any_other_value_in_a_field_is_refused_or_a_plan_in_one_form(plan: Plan, data: st.DataObject) -> None:
    table = table_of(plan)
    changed = data.draw(st.sampled_from(list(tables_in(table))))
    changed[data.draw(st.sampled_from(sorted(changed)))] = data.draw(JSON_VALUES)
    found = refused_or_plan(json.dumps(table).encode())
    assert found is None or decode(encode(found)) == found


def test_a_plan_has_one_form_though_zero_has_two() -> None:
    assert encode(decode(json.dumps(zero_gate(-0.0)).encode())) == encode(decode(json.dumps(zero_gate(0.0)).encode()))


@given(st.binary(max_size=30) | st.just(WHOLE).flatmap(mutated))
def test_bytes_are_a_plan_in_one_form_or_refused(content: bytes) -> None:
    found = refused_or_plan(content)
    assert found is None or decode(encode(found)) == found


@given(st.binary(max_size=30) | st.just(b'release = "r"\ntargets.things = ["t"]\nretries = 1').flatmap(mutated))
@example(b"retries = " + b"9" * 5000)
@example(b"release = 0x" + b"f" * 5000)
@example(b'release = "r"\nretries = 0x' + b"f" * 5000)
@example(b"retries = " + b"[" * 2000)
def test_a_file_is_a_plan_or_refused(file: Path, content: bytes) -> None:
    file.write_bytes(content)
    try:
        found = read_plan(file)
    except BadInput:
        return
    assert found.draft.targets.things


@given(st.text(max_size=20))
@example("../../etc/passwd")
@example("a\0b")
@example("\ud800")
@example("Europe")
def test_any_text_is_a_time_zone_or_refused(zone: str) -> None:
    table = {**json.loads(WHOLE), "window": {"begin": "08:00", "end": "17:00", "zone": zone}}
    found = refused_or_plan(json.dumps(table).encode())
    assert found is None or (found.window is not None and found.window.zone == zone)
