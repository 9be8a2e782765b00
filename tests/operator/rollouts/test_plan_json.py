import json
from dataclasses import replace
from pathlib import Path

import pytest

from fota_operator.errors import BadInput
from fota_operator.rollouts.plan.gate import Gate
from fota_operator.rollouts.plan.model import DEFAULT_STAGES, Plan, Stage, Targets
from fota_operator.rollouts.plan.text import decode, difference, encode
from fota_operator.rollouts.plan_file import read_plan

SHA256 = "a" * 64
EXAMPLE = Path(__file__).parents[3] / "examples" / "rollout" / "plan.toml"
WHOLE = read_plan(EXAMPLE).plan(SHA256, product="pump", version="1.4.0")
"""A plan that leaves no field to its default."""

PLANS = (
    WHOLE,
    Plan("a", SHA256, Targets(("t",))),
    Plan("a", SHA256, Targets(("t",)), stages=DEFAULT_STAGES[-1:], aborts=(), timeout_minutes=None),
    Plan("a", SHA256, Targets(("t",), percent=12.5), stages=(Stage("h", percent=50), Stage("all", percent=100))),
)


@pytest.mark.parametrize("plan", PLANS, ids=range(len(PLANS)))
def test_a_plan_comes_back_as_it_was(plan: Plan) -> None:
    assert decode(encode(plan)) == plan


def test_a_plan_has_one_form_whoever_wrote_it() -> None:
    whole = replace(WHOLE, stages=(Stage("canary", things=2), Stage("all", percent=100)))
    assert encode(whole) == encode(decode(encode(whole)))


def test_the_form_of_a_plan_is_this() -> None:
    assert encode(Plan("a", SHA256, Targets(("t",)), stages=DEFAULT_STAGES[-1:], timeout_minutes=None)) == (
        b'{"aborts":[{"failure":"ALL","percent":20.0}],"canary":false,"duration-s":3600,"name":"a",'
        b'"rate-per-minute":1000,"release":"' + SHA256.encode() + b'","retries":0,"stages":[{"gate":'
        b'{"soak-minutes":0.0,"succeeded-least":1,"succeeded-percent":90.0},"name":"all","percent":100.0}],'
        b'"targets":{"groups":[],"percent":100.0,"things":["t"]},"timeout-minutes":false}'
    )


@pytest.mark.parametrize("text", [b"", b"[]", b"\xff", b"{", b'{"name": "a"}', b"[" * 100_000])
def test_bytes_that_are_no_plan_are_refused(text: bytes) -> None:
    with pytest.raises(BadInput):
        decode(text)


def test_a_field_that_this_program_does_not_know_is_refused() -> None:
    table = json.loads(encode(WHOLE)) | {"colour": "red"}
    with pytest.raises(BadInput, match="colour: no such field"):
        decode(json.dumps(table).encode())


def test_the_same_plan_does_not_differ() -> None:
    assert difference(WHOLE, decode(encode(WHOLE))) is None


CANARY, *LATER = WHOLE.stages


@pytest.mark.parametrize(
    ("changed", "words"),
    [
        (replace(WHOLE, release="b" * 64), f'release: "{SHA256}'[:57]),
        (replace(WHOLE, rate_per_minute=7), "rate-per-minute: 200 there, 7 here"),
        (replace(WHOLE, bucket=None), 'bucket: "fota-123456789012-eu-west-1" there, nothing here'),
        (replace(WHOLE, window=None), 'window.begin: "22:00" there, nothing here'),
        (replace(WHOLE, aborts=()), "aborts: nothing there, false here"),
        (replace(WHOLE, stages=(replace(CANARY, gate=Gate(100, 2, 61)), *LATER)),
         "stages[1].gate.soak-minutes: 60.0 there, 61.0 here"),
        (replace(WHOLE, stages=(CANARY, LATER[-1])), 'stages[2].name: "some" there, "all" here'),
        (replace(WHOLE, targets=Targets(("x",), ("pumps-europe",))),
         'targets.things: ["pump-lab-1", "pump-lab-2"] there, ["x"] here'),
    ],
)  # fmt: skip
def test_a_difference_is_the_first_field_and_both_values(changed: Plan, words: str) -> None:
    assert (difference(WHOLE, changed) or "").startswith(words)
