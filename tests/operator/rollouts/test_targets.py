"""Who is a target, and what former versions left of groups."""

from collections.abc import Callable
from itertools import product
from typing import TYPE_CHECKING

import pytest

from fota_operator.cloud import Cloud
from fota_operator.jobs import create_job
from fota_operator.jobs.create_job import NewJob
from fota_operator.rate_limiter import RateLimiter, SystemClock
from fota_operator.rollouts.aws.names import Place, name_in, plan_key
from fota_operator.rollouts.aws.targets import current_targets, group_members, missing_things
from fota_operator.rollouts.control import clean_up, pause
from fota_operator.rollouts.decide.stages import ordered
from fota_operator.rollouts.plan.model import Stage, Targets
from fota_operator.rollouts.preview import forecast
from fota_operator.rollouts.run import resume
from tests.labs.fleet_clock import FleetClock
from tests.labs.plan_lab import PlanLab, PlanLabOf

if TYPE_CHECKING:
    from mypy_boto3_iot.type_defs import CreateJobRequestTypeDef

pytestmark = pytest.mark.e2e


def _group(cloud: Cloud, name: str, *things: str, parent: str | None = None) -> str:
    if parent is None:
        cloud.iot.create_thing_group(thingGroupName=name)
    else:
        cloud.iot.create_thing_group(thingGroupName=name, parentGroupName=parent)
    for thing in things:
        cloud.iot.add_thing_to_thing_group(thingGroupName=name, thingName=thing)
    return name


def test_things_and_members_of_groups_are_targets_once(lab: PlanLab, new_name: Callable[[], str]) -> None:
    first, second, third = lab.fleet.names
    group = _group(lab.cloud, new_name(), first, second)
    assert current_targets(lab.cloud, Targets((second, third), (group,))) == {first, second, third}


def test_only_things_that_are_not_registered_are_missing(lab: PlanLab) -> None:
    assert missing_things(lab.cloud, (*lab.fleet.names, "nobody-knows"), lab.clock) == ("nobody-knows",)


def test_who_left_a_group_during_a_pause_is_not_offered_it_again(lab: PlanLab, new_name: Callable[[], str]) -> None:
    group = _group(lab.cloud, new_name(), *lab.fleet.names)
    lab.prepared(targets=Targets(groups=(group,)), stages=(Stage("all", percent=100.0),))
    lab.run(once=True)
    pause(lab.rollout)
    leaver = lab.fleet.names[0]
    lab.cloud.iot.remove_thing_from_thing_group(thingGroupName=group, thingName=leaver)
    resume(lab.rollout, clock=lab.clock)
    assert lab.run().state == "done"
    assert lab.fleet.reached == set(lab.fleet.names[1:])


def test_a_newcomer_to_a_group_comes_into_a_later_stage(lab: PlanLab, new_name: Callable[[], str]) -> None:
    *members, newcomer = lab.fleet.names
    group = _group(lab.cloud, new_name(), *members)
    lab.prepared(targets=Targets(groups=(group,)))
    lab.run(until=1)
    lab.cloud.iot.add_thing_to_thing_group(thingGroupName=group, thingName=newcomer)
    assert lab.run().state == "done"
    assert newcomer in lab.fleet.reached


def test_who_left_a_group_is_not_offered_it_any_more(lab: PlanLab, new_name: Callable[[], str]) -> None:
    group = _group(lab.cloud, new_name(), *lab.fleet.names)
    lab.prepared(targets=Targets(groups=(group,)))
    lab.run(until=1)
    leaver = ordered(lab.plan.name, lab.fleet.names)[-1]
    lab.cloud.iot.remove_thing_from_thing_group(thingGroupName=group, thingName=leaver)
    assert lab.run().state == "done"
    assert leaver not in lab.fleet.reached


def test_a_forecast_tells_what_is_in_the_way(lab: PlanLab) -> None:
    busy, *_ = lab.fleet.names
    arn = lab.cloud.iot.describe_thing(thingName=busy)["thingArn"]
    lab.cloud.iot.create_job(jobId=f"{lab.plan.name}-other", targets=[arn], document="{}")
    told = forecast(lab.cloud, lab.fleet.names, SystemClock(), most=2)
    assert (told.asked, told.with_pending_job) == (2, (busy,))
    assert told.without_certificate == lab.fleet.names[:2]
    assert told.offline is None, "the local AWS has no index of the fleet, and so nobody knows"


def test_no_two_rollouts_have_a_job_id_in_common() -> None:
    numbers = (1, 2)
    names = ("a", "a-1", "a-1-1", "a-1-1-1")
    places = [Place(*one) for one in product(names, numbers, numbers, numbers)]
    assert len({place.job_id for place in places}) == len(places)


def test_the_longest_job_id_is_one_that_aws_takes() -> None:
    assert len(Place("a" * 40, 20, 9999, 100_000).job_id) <= 64


def test_an_object_says_which_rollout_it_is_of() -> None:
    assert name_in(plan_key("pump-1")) == "pump-1"
    assert name_in("rollouts/PUMP.json") is None
    assert name_in("rollouts/deep/pump.json") is None


def test_things_are_asked_for_no_faster_than_aws_allows() -> None:
    waits: list[float] = []

    class Still(FleetClock):
        def sleep(self, seconds: float) -> None:
            waits.append(seconds)
            super().sleep(seconds)

    pace = RateLimiter(10, Still(lambda: None))
    for _ in range(11):
        pace.wait()
    assert sum(waits) == pytest.approx(1.0, abs=0.2)


def test_the_groups_of_former_versions_are_cleaned_up_when_their_rollouts_have_ended(
    lab_of: PlanLabOf, monkeypatch: pytest.MonkeyPatch
) -> None:
    lab = lab_of(2, stages=(Stage("all", percent=100.0),))
    job_id = Place(lab.plan.name, 1).job_id
    group = _group(lab.cloud, job_id, *lab.fleet.names)
    arn = lab.cloud.iot.describe_thing_group(thingGroupName=group)["thingGroupArn"]

    def as_before(job: NewJob) -> "CreateJobRequestTypeDef":
        request = real(job)
        request["targets"] = [arn]
        return request

    real = create_job._request
    monkeypatch.setattr(create_job, "_request", as_before)
    lab.run(once=True)
    assert lab.status().stages[0].things == 2
    assert job_id not in clean_up(lab.cloud, lab.plan.bucket), "its job runs"
    with monkeypatch.context() as broken:
        # As if the run had ended while a thing had not answered.
        broken.setattr("fota_operator.rollouts.run.delete_groups", lambda *_: None)
        assert lab.run().state == "done"
    assert job_id in clean_up(lab.cloud, lab.plan.bucket, dry_run=True)
    assert job_id in clean_up(lab.cloud, lab.plan.bucket)
    assert group_members(lab.cloud, job_id) is None
    assert lab.status().stages[0].counts == {"SUCCEEDED": 2}
