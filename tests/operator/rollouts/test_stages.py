from dataclasses import replace
from hashlib import sha256

import pytest

from fota_operator.rollouts.decide.stages import least_minutes, ordered, planned, room, split
from fota_operator.rollouts.plan.gate import Gate, needed
from fota_operator.rollouts.plan.model import Plan, Stage, Targets
from fota_operator.rollouts.plan.percent import share_of

FLEET = [f"pump-{number}" for number in range(50)]
PLAN = Plan(name="pump-1-4", release="a" * 64, targets=Targets(groups=("pumps",)))


def sizes(plan: Plan, targets: list[str]) -> list[int]:
    return [len(stage.things) for stage in planned(plan, targets)]


def run_through(plan: Plan, fleets: list[list[str]]) -> list[tuple[str, ...]]:
    """The things of each stage, when the targets are another fleet at each."""
    offered: set[str] = set()
    stages = []
    for number, fleet in enumerate(fleets, start=1):
        stages.append(split(plan, number, fleet, offered))
        offered.update(stages[-1])
    return stages


def test_the_order_is_that_of_sha_256_of_both_names() -> None:
    first, *_ = ordered("pump-1-4", FLEET)
    assert first == min(FLEET, key=lambda thing: sha256(f"pump-1-4/{thing}".encode()).hexdigest())


def test_the_order_does_not_depend_on_where_the_things_come_from() -> None:
    assert ordered("pump-1-4", [*reversed(FLEET), *FLEET]) == ordered("pump-1-4", FLEET)


def test_two_rollouts_do_not_begin_with_the_same_things() -> None:
    assert ordered("pump-1-4", FLEET)[:2] != ordered("pump-1-5", FLEET)[:2]


def test_the_stages_together_have_every_thing_once() -> None:
    things = [thing for stage in planned(PLAN, FLEET) for thing in stage.things]
    assert things == ordered(PLAN.name, FLEET)


@pytest.mark.parametrize(
    ("fleet", "expected"),
    [
        (0, [0, 0, 0]),
        (1, [1, 0, 0]),
        (2, [2, 0, 0]),
        (3, [2, 0, 1]),
        (20, [2, 0, 18]),
        (21, [2, 1, 18]),
        (50, [2, 3, 45]),
    ],
)
def test_how_many_things_the_default_stages_have(fleet: int, expected: list[int]) -> None:
    assert sizes(PLAN, FLEET[:fleet]) == expected


def test_a_stage_that_counts_less_than_one_before_it_is_empty() -> None:
    plan = replace(PLAN, stages=(Stage("ten", things=10), Stage("tenth", percent=10), Stage("all", percent=100)))
    assert sizes(plan, FLEET) == [10, 0, 40]


def test_a_share_of_the_targets_bounds_every_stage() -> None:
    plan = replace(PLAN, targets=Targets(groups=("pumps",), percent=10), stages=(Stage("all", percent=100),))
    assert planned(plan, FLEET)[0].things == tuple(ordered(PLAN.name, FLEET)[:5])


@pytest.mark.parametrize(
    ("percent", "things", "expected"),
    [
        (10, 0, 0),
        (10, 1, 1),
        (10, 10, 1),
        (10, 11, 2),
        (0.01, 5, 1),
        (0, 5, 0),
        (100, 7, 7),
        (14.1, 1000, 141),
        (0.1, 1000, 1),
    ],
)
def test_a_share_is_rounded_up_from_what_was_written(percent: float, things: int, expected: int) -> None:
    assert share_of(percent, things) == expected


def test_a_share_is_of_the_number_that_was_written_not_of_the_binary_one_nearest_to_it() -> None:
    assert [percent / 100 for percent in range(1, 10_001) if share_of(percent / 100, 10_000) != percent] == []


def test_newcomers_come_into_later_stages() -> None:
    newcomers = [f"new-{number}" for number in range(50)]
    canary, some, rest = run_through(PLAN, [FLEET, FLEET + newcomers, FLEET + newcomers])
    assert (len(canary), len(some), len(rest)) == (2, 8, 90)
    assert set(newcomers) & set(some + rest) == set(newcomers)


def test_who_left_is_not_offered_it_any_more() -> None:
    stayed = FLEET[:10]
    canary, some, rest = run_through(PLAN, [FLEET, stayed, stayed])
    assert set(some + rest) == set(stayed) - set(canary)


def test_who_left_and_came_back_is_not_offered_it_twice() -> None:
    canary = split(PLAN, 1, FLEET, ())
    without = [thing for thing in FLEET if thing not in canary]
    some = split(PLAN, 2, without, canary)
    rest = split(PLAN, 3, FLEET, {*canary, *some})
    assert sorted(canary + some + rest) == sorted(FLEET)


def test_room_agrees_with_the_split_when_things_came_and_left() -> None:
    offered = split(PLAN, 1, FLEET, ())
    fleet = [offered[0], *FLEET[20:], "new-1", "new-2"]
    for number in (1, 2, 3):
        assert room(PLAN, number, len(set(fleet)), len(set(fleet) & set(offered))) == len(
            split(PLAN, number, fleet, offered)
        )


@pytest.mark.parametrize(
    ("gate", "things", "expected"),
    [
        (Gate(), 2, 2),
        (Gate(succeeded_percent=90), 10, 9),
        (Gate(succeeded_percent=90), 11, 10),
        (Gate(succeeded_percent=10, succeeded_least=5), 20, 5),
        (Gate(succeeded_percent=10, succeeded_least=5), 3, 3),
        (Gate(succeeded_percent=0), 20, 1),
        (Gate(), 0, 0),
    ],
)
def test_how_many_must_succeed(gate: Gate, things: int, expected: int) -> None:
    assert needed(gate, things) == expected


def test_a_stage_takes_its_things_at_its_rate_and_its_soak() -> None:
    stage = Stage("some", percent=10, gate=Gate(soak_minutes=60), rate_per_minute=50)
    assert least_minutes(PLAN, stage, 500) == 70


def test_a_stage_without_a_rate_takes_the_plans() -> None:
    assert least_minutes(replace(PLAN, rate_per_minute=10), PLAN.stages[-1], 500) == 50


def test_an_empty_stage_takes_no_time() -> None:
    assert least_minutes(PLAN, Stage("some", percent=10, gate=Gate(soak_minutes=60)), 0) == 0


def test_a_planned_stage_tells_all_that_would_happen() -> None:
    _, some, _ = planned(PLAN, FLEET)
    assert (some.number, some.name, len(some.things), some.successes) == (2, "some", 3, 3)
    assert (some.rate_per_minute, some.soak_minutes, some.minutes) == (1000, 0, 0.003)
