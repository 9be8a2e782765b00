"""A rollout that runs: on the local AWS, with things that answer as devices do, and a clock that is handed in."""

from collections import Counter
from dataclasses import replace
from datetime import timedelta

import pytest

from fota_operator.cloud import Cloud
from fota_operator.errors import (
    AlreadyThere,
    BadInput,
    DeviceWouldRefuse,
    NotFound,
    TimedOut,
)
from fota_operator.rollouts.aws.names import Place
from fota_operator.rollouts.decide.stages import ordered
from fota_operator.rollouts.plan.model import Stage, Targets
from tests.labs.fleet import HANGS, SUCCEEDS, fails
from tests.labs.plan_lab import NEVER_ABORTED, PlanLab, PlanLabOf, soaking
from tests.labs.signatures import Signatures

pytestmark = pytest.mark.e2e


def test_a_good_release_reaches_every_thing_and_is_done(lab: PlanLab) -> None:
    assert lab.run().state == "done"
    assert lab.fleet.reached == set(lab.fleet.names)


def test_the_canary_is_the_first_in_the_order_of_the_rollout(lab: PlanLab) -> None:
    lab.run(until=1)
    assert lab.fleet.reached == {ordered(lab.plan.name, lab.fleet.names)[0]}


def test_a_release_that_fails_on_the_canary_goes_nowhere_else(lab: PlanLab) -> None:
    lab.fleet.script = lambda thing, document: fails("hash-mismatch", "not what was promised")
    status = lab.run()
    (failure,) = status.failures
    assert (status.state, failure.reason, failure.count) == ("halted", "hash-mismatch", 1)
    assert len(lab.fleet.reached) == 1


def test_a_job_carries_what_the_plan_says(lab_of: PlanLabOf) -> None:
    lab = lab_of(2, rate_per_minute=7, retries=2, timeout_minutes=9, duration_s=120)
    lab.run(once=True)
    job = lab.cloud.iot.describe_job(jobId=Place(lab.plan.name, 1).job_id)["job"]
    assert job["jobExecutionsRolloutConfig"]["maximumPerMinute"] == 7
    assert job["jobExecutionsRetryConfig"]["criteriaList"] == [{"failureType": "ALL", "numberOfRetries": 2}]
    assert job["timeoutConfig"]["inProgressTimeoutInMinutes"] == 9
    assert job["presignedUrlConfig"]["expiresInSec"] == 120
    assert job["abortConfig"]["criteriaList"][0] == {
        "failureType": "ALL",
        "action": "CANCEL",
        "thresholdPercentage": 20.0,
        "minNumberOfExecutedThings": 1,
    }


def test_run_once_does_what_is_due_and_waits_for_nothing(lab: PlanLab) -> None:
    status = lab.run(once=True)
    assert (status.state, lab.clock.waits) == ("running", [])
    assert lab.job(Place(lab.plan.name, 1).job_id) == "IN_PROGRESS"


def test_run_once_again_and_again_gets_to_the_end(lab: PlanLab) -> None:
    states = []
    for _ in range(3):
        states.append(lab.run(once=True).state)
        lab.fleet.turn()
    assert states == ["running", "running", "done"]


def test_a_stage_begins_only_when_the_one_before_has_soaked(lab_of: PlanLabOf) -> None:
    lab = lab_of(2, stages=soaking(minutes=30))
    lab.run(once=True)
    lab.fleet.turn()
    assert lab.run(once=True).stages[0].state == "soaking"
    lab.clock.sleep(timedelta(minutes=31).total_seconds())
    lab.run(once=True)
    assert lab.job(Place(lab.plan.name, 2).job_id) == "IN_PROGRESS"


def test_a_run_that_ends_in_time_leaves_the_rollout_to_the_next(lab: PlanLab) -> None:
    lab.fleet.script = lambda thing, document: HANGS
    with pytest.raises(TimedOut, match="its jobs go on in AWS"):
        lab.run(timeout_s=60)
    lab.fleet.script = lambda thing, document: SUCCEEDS
    lab.fleet.wake()
    assert lab.run().state == "done"


def test_a_plan_made_by_a_program_is_checked_like_any_other(lab: PlanLab) -> None:
    with pytest.raises(BadInput, match=r"rate-per-minute: expected .*, got 0"):
        lab.prepared(rate_per_minute=0)


def test_a_plan_that_names_its_things_in_another_order_is_the_same(lab: PlanLab) -> None:
    lab.run(once=True)
    lab.prepared(targets=Targets(things=tuple(reversed(lab.fleet.names))))


def test_another_plan_of_the_same_name_is_refused(lab: PlanLab) -> None:
    lab.run(once=True)
    with pytest.raises(AlreadyThere, match="another plan has the name"):
        lab.prepared(retries=3)


def test_a_job_of_somebody_else_under_our_id_is_refused(lab: PlanLab) -> None:
    arn = lab.cloud.iot.describe_thing(thingName=lab.fleet.names[0])["thingArn"]
    lab.cloud.iot.create_job(jobId=Place(lab.plan.name, 1).job_id, targets=[arn], document="{}")
    with pytest.raises(AlreadyThere, match="not made for this plan"):
        lab.run()
    assert lab.fleet.reached == set()


def test_nothing_is_made_for_a_thing_that_is_not_registered(lab: PlanLab) -> None:
    with pytest.raises(NotFound, match="1 things of the plan are not registered in us-east-1, nobody-knows"):
        lab.prepared(targets=Targets(things=("nobody-knows", *lab.fleet.names)))


def test_nothing_is_made_for_a_group_that_is_not_there(lab: PlanLab) -> None:
    with pytest.raises(NotFound, match="no thing group nowhere"):
        lab.prepared(targets=Targets(groups=("nowhere",)))


def test_nothing_is_made_of_a_release_that_devices_would_refuse(lab: PlanLab, signatures: Signatures) -> None:
    lab.keyring = signatures.keyring("other")
    with pytest.raises(DeviceWouldRefuse):
        lab.prepared()


def test_more_things_than_allowed_are_refused(lab: PlanLab) -> None:
    with pytest.raises(BadInput, match="goes to 3 things, and `max_things` is 2"):
        lab.prepared().require_at_most(2)


def test_a_thing_that_is_deleted_meanwhile_is_left_out(lab: PlanLab) -> None:
    lab.run(until=1)
    last = ordered(lab.plan.name, lab.fleet.names)[-1]
    lab.cloud.iot.delete_thing(thingName=last)
    lab.fleet.offline.add(last)
    assert lab.run().state == "done"
    assert any("not registered any more" in text for text in lab.said)


def test_a_stage_with_nothing_left_for_it_is_passed_over(lab_of: PlanLabOf) -> None:
    stages = (Stage("canary", things=2), Stage("some", percent=10.0), Stage("all", percent=100.0))
    lab = lab_of(3, stages=stages)
    assert lab.run().state == "done"
    assert lab.job(Place(lab.plan.name, 2).job_id) == "absent"
    assert lab.run().state == "done"


def test_a_gate_that_fails_begins_nothing_more(lab_of: PlanLabOf) -> None:
    lab = lab_of(4, stages=(Stage("canary", things=2), Stage("all", percent=100.0)), aborts=NEVER_ABORTED)
    bad = ordered(lab.plan.name, lab.fleet.names)[0]
    lab.fleet.script = lambda thing, document: fails("rolled-back") if thing == bad else SUCCEEDS
    status = lab.run()
    assert (status.state, status.stages[0].state) == ("halted", "failed")
    assert len(lab.fleet.reached) == 2


def test_a_gate_that_fails_takes_the_release_back_from_those_who_have_not_begun(lab_of: PlanLabOf) -> None:
    lab = lab_of(3, stages=(Stage("all", percent=100.0),), aborts=NEVER_ABORTED)
    bad, offline, _ = ordered(lab.plan.name, lab.fleet.names)
    lab.fleet.offline.add(offline)
    lab.fleet.script = lambda thing, document: fails("rolled-back") if thing == bad else SUCCEEDS
    status = lab.run()
    assert (status.state, status.stages[0].state) == ("halted", "failed")
    assert status.stages[0].counts == {"FAILED": 1, "SUCCEEDED": 1, "CANCELED": 1}
    assert lab.job(Place(lab.plan.name, 1).job_id) == "CANCELED"
    assert lab.run().next == status.next, "seen again, it is the gate that failed"


@pytest.mark.parametrize(("things", "least"), [(1, 1), (10, 1), (11, 2)])
def test_aws_aborts_no_stage_before_a_tenth_of_it_has_ended(lab_of: PlanLabOf, things: int, least: int) -> None:
    lab = lab_of(things, stages=(Stage("all", percent=100.0),))
    lab.run(once=True)
    job = lab.cloud.iot.describe_job(jobId=Place(lab.plan.name, 1).job_id)["job"]
    assert job["abortConfig"]["criteriaList"][0]["minNumberOfExecutedThings"] == least


def _group(cloud: Cloud, name: str, things: tuple[str, ...]) -> str:
    cloud.iot.create_thing_group(thingGroupName=name)
    for thing in things:
        cloud.iot.add_thing_to_thing_group(thingGroupName=name, thingName=thing)
    return name


def test_what_a_rollout_to_a_group_costs(lab_of: PlanLabOf, calls: Counter[str]) -> None:
    lab = lab_of(120, stages=(Stage("canary", things=2), Stage("some", percent=10.0), Stage("all", percent=100.0)))
    group = _group(lab.cloud, f"{lab.plan.name}-all", lab.fleet.names)
    lab.plan = replace(lab.plan, targets=Targets(groups=(group,)))
    calls.clear()
    assert lab.run().state == "done"
    # The last stage has more things than a job can name, and so two jobs; all else is for stages and looks.
    assert calls["CreateJob"] == 4
    assert calls["AddThingToThingGroup"] == 0
    assert sum(calls.values()) < 60, dict(calls)
