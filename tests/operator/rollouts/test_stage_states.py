"""How each stage stands: which state it is in, since when its gate is met, and what it counts."""

from dataclasses import replace

import pytest

from fota_operator.rollouts.decide.next_step import decide, needs_times
from fota_operator.rollouts.decide.snapshot import (
    Begin,
    Decision,
    Snapshot,
)
from fota_operator.rollouts.plan.model import Plan, Targets
from tests.labs.snapshots import (
    CANARY_PASSED,
    NOON,
    PAUSED_CANARY,
    PLAN,
    SOAKING,
    after,
    begun,
    job,
    seen,
)


def states(judged: Decision) -> list[str]:
    return [stage.state for stage in judged.status.stages]


@pytest.mark.parametrize(
    ("found", "expected"),
    [
        (seen(10), ["waiting", "waiting", "waiting"]),
        (seen(10, begun(1, 2, QUEUED=2)), ["running", "waiting", "waiting"]),
        (seen(10, CANARY_PASSED), ["passed", "waiting", "waiting"]),
        (seen(4, CANARY_PASSED), ["passed", "passed", "waiting"]),
        (seen(2, CANARY_PASSED), ["passed", "passed", "passed"]),
        (seen(2, begun(1, 2, QUEUED=2)), ["running", "waiting", "waiting"]),
        (seen(10, CANARY_PASSED, begun(3, 8, QUEUED=8)), ["passed", "passed", "running"]),
        (seen(10, begun(1, 2, FAILED=1, QUEUED=1)), ["failed", "waiting", "waiting"]),
        (seen(10, begun(1, 2, QUEUED=2), tag="paused"), ["paused", "waiting", "waiting"]),
        (seen(10, begun(1, 2, PAUSED_CANARY, CANCELED=2, offerable=2)), ["paused", "waiting", "waiting"]),
        (seen(10, begun(1, 2, job(1, "CANCELED", "X"), CANCELED=2)), ["aborted", "waiting", "waiting"]),
    ],
)
def test_how_each_stage_stands(found: Snapshot, expected: list[str]) -> None:
    assert states(decide(PLAN, found, NOON)) == expected


def test_a_stage_that_soaks_says_so() -> None:
    judged = decide(SOAKING, seen(10, begun(1, 2, SUCCEEDED=2)), after(5))
    assert states(judged)[0] == "soaking"
    assert judged.status.next_at == after(30)


def test_the_gate_is_met_when_the_success_came_in_that_met_it_and_not_by_later_ones() -> None:
    late = tuple(after(minutes) for minutes in (50, 0, 10, 40, 20, 30, 60, 70, 80, 90))
    stage = replace(begun(2, 10, SUCCEEDED=10), succeeded_at=late)
    judged = decide(PLAN, seen(40, CANARY_PASSED, stage), after(100))
    assert judged.status.stages[1].gate_met_at == after(80)


def test_a_soak_counts_from_the_last_success_that_the_gate_needed() -> None:
    stage = replace(begun(1, 2, SUCCEEDED=2), succeeded_at=(after(20), after(0)))
    assert decide(SOAKING, seen(10, stage), after(49)).status.next_at == after(50)


def test_without_the_times_that_a_soak_needs_nothing_is_decided() -> None:
    stage = replace(CANARY_PASSED, succeeded_at=None)
    with pytest.raises(ValueError, match="stage 1"):
        decide(SOAKING, seen(10, stage), NOON)


def test_without_a_soak_no_times_are_needed() -> None:
    assert decide(PLAN, seen(10, replace(CANARY_PASSED, succeeded_at=None)), NOON).step == Begin(2)


@pytest.mark.parametrize(
    ("plan", "succeeded", "expected"), [(SOAKING, 2, True), (SOAKING, 1, False), (PLAN, 2, False)]
)
def test_times_are_asked_for_only_when_the_gate_is_met_and_has_to_soak(
    plan: Plan, succeeded: int, expected: bool
) -> None:
    assert needs_times(plan, 1, 2, succeeded) is expected


def test_things_without_an_execution_are_counted_as_waiting() -> None:
    stages = decide(PLAN, seen(100, CANARY_PASSED, begun(2, 48, SUCCEEDED=3, QUEUED=5)), NOON).status.stages
    assert [stage.counts for stage in stages] == [
        {"SUCCEEDED": 2},
        {"SUCCEEDED": 3, "QUEUED": 5, "WAITING": 40},
        {"WAITING": 50},
    ]


def test_a_status_counts_all_things_that_are_or_will_be_offered_the_release() -> None:
    assert decide(PLAN, seen(100, CANARY_PASSED), NOON).status.targets == 100


def test_a_share_of_the_targets_counts_as_such() -> None:
    tenth = replace(PLAN, targets=Targets(groups=("pumps",), percent=10))
    assert decide(tenth, seen(95), NOON).status.targets == 10
