"""What a rollout costs: computed before it runs, and counted on the local AWS."""

import os
from collections import Counter
from collections.abc import Callable
from dataclasses import replace

import pytest

from fota_operator.cli.rollout_cost import cost_as_json, cost_lines, in_bytes
from fota_operator.rollouts.plan.cost import LOOK_EVERY_S, RolloutCost, StageSize, cost_of
from fota_operator.rollouts.plan.model import DEFAULT_STAGES, Targets
from fota_operator.rollouts.plan.prices import money
from tests.labs.aws_for_tests import cloud, local_aws
from tests.labs.plan_lab import PlanLab, PlanLabOf

__all__ = ("cloud", "local_aws")

THINGS = int(os.environ.get("FOTA_COUNTED_THINGS", "200"))
"""As many are counted. The figures of `docs/reference/costs.md` are those of a thousand, which take a minute."""
RAISED_ON_REQUEST = "subscriptions a second"
"""AWS raises this quota; a plan says its share and does not keep below."""
KINDS = ("CreateJob", "DescribeJob", "DescribeThing", "ListTagsForResource", "ListThingsInThingGroup")


def cost(things: int, rate: int = 1000, *, named: int = 0) -> RolloutCost:
    sizes = [StageSize(things, rate, things / rate)]
    return cost_of(sizes, named=named, listed=things - named, image_bytes=1000)


@pytest.mark.parametrize(
    ("executions", "usd"), [(1_000, 3.0), (100_000, 300.0), (250_000, 750.0), (1_000_000, 1875.0)]
)
def test_the_money_for_executions_is_that_of_the_price_list(executions: int, usd: float) -> None:
    assert money(executions, 0, 0).total == pytest.approx(usd)


def test_messages_and_the_registry_are_paid_by_the_million() -> None:
    assert money(0, 34_000_000, 0).total == pytest.approx(34.0)
    assert money(0, 0, 2_000_000).total == pytest.approx(2.5)


@pytest.mark.parametrize("things", [1, 100, 1_000, 100_000, 1_000_000])
@pytest.mark.parametrize("rate", [1, 60, 1000, 2250])
def test_no_rollout_takes_more_of_a_quota_than_it_should(things: int, rate: int) -> None:
    computed = cost(things, rate)
    assert all(0 <= one.percent <= 75 for one in computed.shares if one.name != RAISED_ON_REQUEST)
    assert computed.hours == pytest.approx(things / rate / 60)
    assert computed.bytes_over_the_air == things * 1000


def test_an_empty_rollout_costs_nothing() -> None:
    nothing = cost_of([], named=0, listed=0, image_bytes=5)
    assert (nothing.jobs, nothing.money.total, nothing.bytes_over_the_air) == (0, 0, 0)


def test_the_lines_say_calls_quotas_money_and_bytes() -> None:
    calls, quotas, usd, size = cost_lines(cost(100_000))
    assert "1,000 CreateJob" in calls
    assert "writes of devices a second 150.0 of 200 (75 %)" in quotas
    assert "$305.55" in usd
    assert "2026-09-20" in usd
    assert size == "Over the air: 100.0 MB."


def test_programs_are_told_the_same() -> None:
    told = cost_as_json(cost(100_000))
    assert (told["usd"], told["jobs"]) == (pytest.approx(305.551), 1000)


@pytest.mark.parametrize(("count", "words"), [(0, "0 B"), (999, "999 B"), (1500, "1.5 kB"), (2.5e15, "2500.0 TB")])
def test_bytes_in_words(count: float, words: str) -> None:
    assert in_bytes(count) == words


@pytest.mark.e2e
def test_the_calls_are_those_that_were_computed(
    lab_of: PlanLabOf, calls: Counter[str], new_name: Callable[[], str]
) -> None:
    """Devices answer here as fast as the release is offered to them, as a plan counts with."""
    lab = lab_of(THINGS, stages=DEFAULT_STAGES)
    _in_a_group(lab, new_name())
    lab.fleet.most_a_turn = lab.plan.rate_per_minute * LOOK_EVERY_S / 60
    prepared = lab.prepared()
    computed = prepared.cost
    calls.clear()
    assert prepared.run(clock=lab.clock).state == "done"
    counted = {name: calls[name] for name in KINDS}
    print("computed", computed.calls, "counted", counted, "all", dict(calls))
    assert counted["CreateJob"] == computed.calls["CreateJob"] == computed.jobs
    assert counted["DescribeThing"] == computed.calls["DescribeThing"] == 0
    # One look more was counted whatever the size, which is more than a tenth of a small rollout.
    assert counted["DescribeJob"] == pytest.approx(computed.calls["DescribeJob"], rel=0.1, abs=4)
    assert counted["ListTagsForResource"] == pytest.approx(computed.calls["ListTagsForResource"], rel=0.1)
    assert calls["ListJobExecutionsForJob"] <= computed.jobs
    looked = Counter(calls)
    # It is done when the gate of the last stage is met; the others end their jobs after that.
    lab.fleet.turn()
    calls.clear()
    assert lab.status().stages[-1].counts == {"SUCCEEDED": THINGS * 9 // 10}
    assert calls["DescribeJob"] == computed.jobs
    print("a look", dict(calls), "the rollout", dict(looked))


def _in_a_group(lab: PlanLab, name: str) -> None:
    lab.cloud.iot.create_thing_group(thingGroupName=name)
    for thing in lab.fleet.names:
        lab.cloud.iot.add_thing_to_thing_group(thingGroupName=name, thingName=thing)
    lab.plan = replace(lab.plan, targets=Targets(groups=(name,)))
