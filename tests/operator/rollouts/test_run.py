"""A rollout that runs: on the local AWS, with things that answer as devices do, and a clock that is handed in."""

from collections import Counter
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from fota_operator.cloud import Cloud
from fota_operator.errors import (
    AlreadyThere,
    BadInput,
    CloudRefused,
    DeviceWouldRefuse,
    NotFound,
    OperatorError,
    TimedOut,
)
from fota_operator.rollouts.names import Place
from fota_operator.rollouts.plan import Stage, Targets
from fota_operator.rollouts.stages import ordered
from fota_operator.rollouts.telling import Progress
from fota_operator.rollouts.wait_gate import wait_for_gate

from ..conftest import Signatures
from ..fleet.fleet import HANGS, SUCCEEDS, Ends, fails
from .conftest import NEVER_ABORTED, Lab, LabOf, soaking

pytestmark = pytest.mark.e2e


def test_a_good_release_reaches_every_thing_and_is_done(lab: Lab) -> None:
    assert lab.run().state == "done"
    assert lab.fleet.reached == set(lab.fleet.names)


def test_the_canary_is_the_first_in_the_order_of_the_rollout(lab: Lab) -> None:
    lab.run(until=1)
    assert lab.fleet.reached == {ordered(lab.plan.name, lab.fleet.names)[0]}


def test_a_release_that_fails_on_the_canary_goes_nowhere_else(lab: Lab) -> None:
    lab.fleet.script = lambda thing, document: fails("hash-mismatch", "not what was promised")
    standing = lab.run()
    (failure,) = standing.failures
    assert (standing.state, failure.reason, failure.count) == ("halted", "hash-mismatch", 1)
    assert len(lab.fleet.reached) == 1


def test_a_job_carries_what_the_plan_says(lab_of: LabOf) -> None:
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


def test_run_once_does_what_is_due_and_waits_for_nothing(lab: Lab) -> None:
    standing = lab.run(once=True)
    assert (standing.state, lab.clock.waits) == ("running", [])
    assert lab.job(Place(lab.plan.name, 1).job_id) == "IN_PROGRESS"


def test_run_once_again_and_again_gets_to_the_end(lab: Lab) -> None:
    states = []
    for _ in range(3):
        states.append(lab.run(once=True).state)
        lab.fleet.turn()
    assert states == ["running", "running", "done"]


def test_a_stage_begins_only_when_the_one_before_has_soaked(lab_of: LabOf) -> None:
    lab = lab_of(2, stages=soaking(minutes=30))
    lab.run(once=True)
    lab.fleet.turn()
    assert lab.run(once=True).stages[0].state == "soaking"
    lab.clock.sleep(timedelta(minutes=31).total_seconds())
    lab.run(once=True)
    assert lab.job(Place(lab.plan.name, 2).job_id) == "IN_PROGRESS"


def test_a_run_that_ends_in_time_leaves_the_rollout_to_the_next(lab: Lab) -> None:
    lab.fleet.script = lambda thing, document: HANGS
    with pytest.raises(TimedOut, match="its jobs go on in AWS"):
        lab.run(timeout_s=60)
    lab.fleet.script = lambda thing, document: SUCCEEDS
    lab.fleet.wake()
    assert lab.run().state == "done"


@pytest.mark.parametrize(
    "operation", ["PutObject", "CreateJob", "GetRole", "DescribeJob", "ListTagsForResource", "HeadObject"]
)
def test_a_run_that_breaks_off_anywhere_is_gone_on_with(lab: Lab, broken: Any, operation: str) -> None:
    broken(operation, "InternalServerThing")
    with pytest.raises(OperatorError):
        lab.run()
    broken.mend()
    assert lab.run().state == "done"
    assert Counter(map(len, lab.fleet.offered.values())) == {1: 3}, "each thing was offered it once"


def test_a_later_stage_offers_what_the_first_did(lab: Lab, broken: Any) -> None:
    lab.run(until=1)
    broken("GetJobDocument", "InternalServerThing")
    with pytest.raises(CloudRefused):
        lab.run()
    broken.mend()
    lab.run()
    first, second = (
        lab.cloud.iot.get_job_document(jobId=Place(lab.plan.name, stage).job_id)["document"] for stage in (1, 2)
    )
    assert first == second


@pytest.mark.parametrize("code", ["ThrottlingException", "ServiceUnavailableException"])
def test_a_run_waits_while_aws_has_no_time(lab: Lab, broken: Any, code: str) -> None:
    prepared = lab.prepared()
    broken("CreateJob", code, times=3)
    assert prepared.run(clock=lab.clock, tell=lab._hear).state == "done"
    assert len([text for text in lab.said if code in text]) == 3


def test_a_run_does_not_wait_for_ever_for_aws(lab: Lab, broken: Any) -> None:
    prepared = lab.prepared()
    broken("CreateJob", "ThrottlingException")
    with pytest.raises(CloudRefused, match="ThrottlingException"):
        prepared.run(clock=lab.clock)


def test_a_job_whose_answer_was_lost_counts_as_made(lab: Lab, broken: Any) -> None:
    broken("CreateJob", "ThrottlingException", times=1, after=True)
    assert lab.run().state == "done"
    assert Counter(map(len, lab.fleet.offered.values())) == {1: 3}


def test_a_job_that_boto3_itself_asked_for_again_counts_as_made(lab: Lab, broken: Any) -> None:
    prepared = lab.prepared()
    broken("CreateJob", "ResourceAlreadyExistsException", after=True)
    assert prepared.run(clock=lab.clock).state == "done"


def test_a_plan_made_by_a_program_is_checked_like_any_other(lab: Lab) -> None:
    with pytest.raises(BadInput, match=r"rate-per-minute: expected .*, got 0"):
        lab.prepared(rate_per_minute=0)


def test_a_plan_that_names_its_things_in_another_order_is_the_same(lab: Lab) -> None:
    lab.run(once=True)
    lab.prepared(targets=Targets(things=tuple(reversed(lab.fleet.names))))


def test_another_plan_of_the_same_name_is_refused(lab: Lab) -> None:
    lab.run(once=True)
    with pytest.raises(AlreadyThere, match="another plan has the name"):
        lab.prepared(retries=3)


def test_a_job_of_somebody_else_under_our_id_is_refused(lab: Lab) -> None:
    arn = lab.cloud.iot.describe_thing(thingName=lab.fleet.names[0])["thingArn"]
    lab.cloud.iot.create_job(jobId=Place(lab.plan.name, 1).job_id, targets=[arn], document="{}")
    with pytest.raises(AlreadyThere, match="not made for this plan"):
        lab.run()
    assert lab.fleet.reached == set()


def test_nothing_is_made_for_a_thing_that_is_not_registered(lab: Lab) -> None:
    with pytest.raises(NotFound, match="1 things of the plan are not registered in us-east-1, nobody-knows"):
        lab.prepared(targets=Targets(things=("nobody-knows", *lab.fleet.names)))


def test_nothing_is_made_for_a_group_that_is_not_there(lab: Lab) -> None:
    with pytest.raises(NotFound, match="no thing group nowhere"):
        lab.prepared(targets=Targets(groups=("nowhere",)))


def test_nothing_is_made_of_a_release_that_devices_would_refuse(lab: Lab, signatures: Signatures) -> None:
    lab.keyring = signatures.keyring("other")
    with pytest.raises(DeviceWouldRefuse):
        lab.prepared()


def test_more_things_than_allowed_are_refused(lab: Lab) -> None:
    with pytest.raises(BadInput, match="goes to 3 things, and --max-things is 2"):
        lab.prepared().require_at_most(2)


def test_a_thing_that_is_deleted_meanwhile_is_left_out(lab: Lab) -> None:
    lab.run(until=1)
    last = ordered(lab.plan.name, lab.fleet.names)[-1]
    lab.cloud.iot.delete_thing(thingName=last)
    lab.fleet.offline.add(last)
    assert lab.run().state == "done"
    assert any("not registered any more" in text for text in lab.said)


def test_a_stage_with_nothing_left_for_it_is_passed_over(lab_of: LabOf) -> None:
    stages = (Stage("canary", things=2), Stage("some", percent=10.0), Stage("all", percent=100.0))
    lab = lab_of(3, stages=stages)
    assert lab.run().state == "done"
    assert lab.job(Place(lab.plan.name, 2).job_id) == "absent"
    assert lab.run().state == "done"


def test_a_gate_that_fails_begins_nothing_more(lab_of: LabOf) -> None:
    lab = lab_of(4, stages=(Stage("canary", things=2), Stage("all", percent=100.0)), aborts=NEVER_ABORTED)
    bad = ordered(lab.plan.name, lab.fleet.names)[0]
    lab.fleet.script = lambda thing, document: fails("rolled-back") if thing == bad else SUCCEEDS
    standing = lab.run()
    assert (standing.state, standing.stages[0].state) == ("halted", "failed")
    assert len(lab.fleet.reached) == 2


def test_a_gate_that_fails_takes_the_release_back_from_those_who_have_not_begun(lab_of: LabOf) -> None:
    lab = lab_of(3, stages=(Stage("all", percent=100.0),), aborts=NEVER_ABORTED)
    bad, offline, _ = ordered(lab.plan.name, lab.fleet.names)
    lab.fleet.offline.add(offline)
    lab.fleet.script = lambda thing, document: fails("rolled-back") if thing == bad else SUCCEEDS
    standing = lab.run()
    assert (standing.state, standing.stages[0].state) == ("halted", "failed")
    assert standing.stages[0].counts == {"FAILED": 1, "SUCCEEDED": 1, "CANCELED": 1}
    assert lab.job(Place(lab.plan.name, 1).job_id) == "CANCELED"
    assert lab.run().next == standing.next, "seen again, it is the gate that failed"


@pytest.mark.parametrize(("things", "least"), [(1, 1), (10, 1), (11, 2)])
def test_aws_aborts_no_stage_before_a_tenth_of_it_has_ended(lab_of: LabOf, things: int, least: int) -> None:
    lab = lab_of(things, stages=(Stage("all", percent=100.0),))
    lab.run(once=True)
    job = lab.cloud.iot.describe_job(jobId=Place(lab.plan.name, 1).job_id)["job"]
    assert job["abortConfig"]["criteriaList"][0]["minNumberOfExecutedThings"] == least


def test_waiting_for_a_gate_ends_when_it_is_passed(lab: Lab) -> None:
    lab.run(once=True)
    assert wait_for_gate(lab.rollout, "canary", timeout_s=60, clock=lab.clock).stages[0].state == "passed"


def test_waiting_for_a_gate_that_failed_is_an_error(lab: Lab) -> None:
    lab.run(once=True)
    lab.fleet.script = lambda thing, document: Ends("REJECTED", {"reason": "too-large"})
    with pytest.raises(OperatorError, match="the gate of canary will not be passed"):
        wait_for_gate(lab.rollout, "1", timeout_s=60, clock=lab.clock)


def test_waiting_for_a_gate_outlasts_a_moment_in_which_aws_has_no_time(lab: Lab, broken: Any) -> None:
    lab.run(once=True)
    said: list[str] = []

    def hear(progress: Progress) -> None:
        if not said:
            broken("DescribeJob", "ThrottlingException", times=2)
        said.append(progress.text)

    standing = wait_for_gate(lab.rollout, "canary", timeout_s=60, clock=lab.clock, tell=hear)
    assert standing.stages[0].state == "passed"
    assert len([text for text in said if "ThrottlingException" in text]) == 2


def test_waiting_for_a_gate_has_an_end(lab: Lab) -> None:
    lab.run(once=True)
    lab.fleet.offline.update(lab.fleet.names)
    with pytest.raises(TimedOut, match="is not passed within 60 s"):
        wait_for_gate(lab.rollout, "canary", timeout_s=60, clock=lab.clock)


def test_a_gate_that_nobody_has_is_refused(lab: Lab) -> None:
    lab.run(once=True)
    with pytest.raises(BadInput, match="no stage half"):
        wait_for_gate(lab.rollout, "half", timeout_s=60, clock=lab.clock)


def test_a_stage_that_is_called_by_the_number_of_another_is_asked_for_by_the_other_word(lab_of: LabOf) -> None:
    lab = lab_of(2, stages=(Stage("2", things=1), Stage("all", percent=100.0)))
    lab.run(once=True)
    with pytest.raises(BadInput, match="2 is the name of stage 1 and the number of stage all"):
        wait_for_gate(lab.rollout, "2", timeout_s=60, clock=lab.clock)
    assert wait_for_gate(lab.rollout, "1", timeout_s=60, clock=lab.clock).stages[0].state == "passed"


def _group(cloud: Cloud, name: str, things: tuple[str, ...]) -> str:
    cloud.iot.create_thing_group(thingGroupName=name)
    for thing in things:
        cloud.iot.add_thing_to_thing_group(thingGroupName=name, thingName=thing)
    return name


def test_what_a_rollout_to_a_group_costs(lab_of: LabOf, calls: Counter[str]) -> None:
    lab = lab_of(120, stages=(Stage("canary", things=2), Stage("some", percent=10.0), Stage("all", percent=100.0)))
    group = _group(lab.cloud, f"{lab.plan.name}-all", lab.fleet.names)
    lab.plan = replace(lab.plan, targets=Targets(groups=(group,)))
    calls.clear()
    assert lab.run().state == "done"
    # One for each thing of a stage that has more than a job can name; all else is for stages and looks.
    assert calls.pop("AddThingToThingGroup") == 108
    assert calls["CreateJob"] == 3
    assert sum(calls.values()) < 60, dict(calls)
