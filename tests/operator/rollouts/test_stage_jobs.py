"""A stage of more than a hundred things: several jobs, no group, one rate, one rule."""

from collections import Counter
from dataclasses import replace

import pytest

from fota_operator.errors import CloudRefused
from fota_operator.rollouts.control import abort, pause
from fota_operator.rollouts.decide.next_step import decide
from fota_operator.rollouts.decide.snapshot import (
    Halted,
    JobSnapshot,
    OfferMore,
    Snapshot,
    StageSnapshot,
    Wait,
)
from fota_operator.rollouts.plan.gate import Gate
from fota_operator.rollouts.plan.model import AbortRule, Plan, Stage
from fota_operator.rollouts.run import resume
from tests.labs.broken_aws import BrokenAws
from tests.labs.fleet import HANGS, SUCCEEDS, fails
from tests.labs.plan_lab import NEVER_ABORTED, PlanLab, PlanLabOf
from tests.labs.snapshots import PLAN, after

ALL = (Stage("all", percent=100.0),)
SLOW = replace(PLAN, stages=(Stage("all", percent=100.0, gate=Gate(succeeded_percent=90), rate_per_minute=2),))
"""Two jobs at a time, each of one thing a minute: a job takes a hundred minutes."""


def stage(made: int, total: int, *, status: str = "IN_PROGRESS", at: float = 0, **counts: int) -> Snapshot:
    jobs = tuple(JobSnapshot(f"j-{part}", status, after(at), part=part) for part in range(1, made + 1))
    left = total - 100 * made
    begun = StageSnapshot(1, jobs, total, counts, (), not_offered=left, offer_total=total)
    return Snapshot("pump", "1.4", total, total - left, (begun,))


def step(snapshot: Snapshot, plan: Plan = SLOW, minutes: float = 0) -> object:
    return decide(plan, snapshot, after(minutes)).step


def test_jobs_that_an_interrupted_run_did_not_make_are_made() -> None:
    assert step(stage(1, 250)) == OfferMore(1, part=2, jobs=1)


def test_no_more_jobs_roll_out_together_than_share_the_rate() -> None:
    waits = step(stage(2, 250), minutes=99)
    assert isinstance(waits, Wait)
    assert waits.until == after(100)


def test_when_jobs_are_through_as_many_follow() -> None:
    assert step(stage(2, 450), minutes=100) == OfferMore(1, part=3, jobs=2)


def test_a_run_that_comes_late_does_not_make_up_for_it_by_a_burst() -> None:
    assert step(stage(2, 1050), minutes=1000) == OfferMore(1, part=3, jobs=2)


def test_a_gate_that_is_met_does_not_leave_out_those_that_have_no_job_yet() -> None:
    passed = stage(9, 1000, status="COMPLETED", SUCCEEDED=900)
    assert step(passed, minutes=100) == OfferMore(1, part=10, jobs=2)


def test_a_gate_is_not_lost_while_things_have_no_job_yet() -> None:
    assert isinstance(step(stage(1, 250, status="COMPLETED", SUCCEEDED=100), minutes=500), OfferMore)


def test_the_rule_of_the_plan_holds_for_the_stage_as_a_whole() -> None:
    bad = stage(10, 1000, SUCCEEDED=80, FAILED=20)
    stopped = step(bad)
    assert isinstance(stopped, Halted)
    assert "20 of the 100 things that have answered failed: the plan stops it at 20 percent" in stopped.why
    assert isinstance(step(stage(10, 1000, SUCCEEDED=79, FAILED=20)), Wait), "fewer than a tenth say little"
    assert isinstance(step(bad, replace(SLOW, aborts=NEVER_ABORTED)), Wait)
    timed_out = replace(SLOW, aborts=(AbortRule("TIMED_OUT", 5.0),))
    assert isinstance(step(bad, timed_out), Wait)
    assert isinstance(step(stage(10, 1000, SUCCEEDED=95, TIMED_OUT=5), timed_out), Halted)


def _jobs(lab: PlanLab) -> list[tuple[str, int]]:
    listed = []
    for page in lab.cloud.iot.get_paginator("list_jobs").paginate():
        listed += [one["jobId"] for one in page["jobs"] if one["jobId"].startswith(f"fota-{lab.plan.name}-")]
    told = [lab.cloud.iot.describe_job(jobId=one)["job"] for one in sorted(listed)]
    assert all(":thing/" in arn for job in told for arn in job["targets"])
    return [(job["jobId"].removeprefix(f"fota-{lab.plan.name}-"), len(job["targets"])) for job in told]


@pytest.mark.e2e
def test_a_stage_of_201_things_is_three_jobs_that_share_its_rate_and_no_group(
    lab_of: PlanLabOf, calls: Counter[str]
) -> None:
    lab = lab_of(201, stages=ALL)
    assert lab.run().state == "done"
    assert _jobs(lab) == [("1", 100), ("1_1-2", 100), ("1_1-3", 1)]
    assert lab.status().stages[0].counts == {"SUCCEEDED": 201}
    assert not [name for name in calls if "Group" in name]
    names = [f"fota-{lab.plan.name}-{suffix}" for suffix in ("1", "1_1-2", "1_1-3")]
    told = [lab.cloud.iot.describe_job(jobId=one)["job"]["jobExecutionsRolloutConfig"] for one in names]
    assert [one["maximumPerMinute"] for one in told] == [333, 333, 333]


@pytest.mark.e2e
@pytest.mark.parametrize("code", ["LimitExceededException", "ThrottlingException"])
def test_a_quota_that_others_used_up_is_told_in_a_line_and_the_next_run_goes_on(
    lab_of: PlanLabOf, broken: BrokenAws, code: str
) -> None:
    lab = lab_of(101, stages=ALL)
    broken("CreateJob", code, spare=1)
    with pytest.raises(CloudRefused, match="wait and run this again") as told:
        lab.run(once=True)
    assert "\n" not in str(told.value)
    assert _jobs(lab) == [("1", 100)]
    broken.mend()
    assert lab.run().state == "done"
    assert _jobs(lab) == [("1", 100), ("1_1-2", 1)]
    assert {len(jobs) for jobs in lab.fleet.offered.values()} == {1}


@pytest.mark.e2e
def test_what_a_pause_left_out_of_several_jobs_is_offered_again_once(lab_of: PlanLabOf) -> None:
    lab = lab_of(112, stages=ALL)
    lab.fleet.offline = set(lab.fleet.names[10:])
    lab.run(once=True)
    lab.fleet.turn()
    status = pause(lab.rollout)
    assert (status.state, status.stages[0].things) == ("paused", 112)
    resume(lab.rollout, clock=lab.clock)
    assert _jobs(lab) == [("1", 100), ("1_1-2", 12), ("1_2", 100), ("1_2-2", 2)]
    lab.fleet.offline = set()
    assert lab.run().state == "done"
    assert lab.status().stages[0].counts == {"SUCCEEDED": 112}


@pytest.mark.e2e
def test_a_pause_between_two_jobs_of_a_stage_loses_no_thing(lab_of: PlanLabOf, broken: BrokenAws) -> None:
    lab = lab_of(101, stages=ALL)
    broken("CreateJob", "LimitExceededException", spare=1)
    with pytest.raises(CloudRefused):
        lab.run(once=True)
    broken.mend()
    assert pause(lab.rollout).stages[0].things == 101
    resume(lab.rollout, clock=lab.clock)
    assert lab.run().state == "done"
    assert lab.status().stages[0].counts == {"SUCCEEDED": 101}
    assert _jobs(lab) == [("1", 100), ("1_2", 100), ("1_2-2", 1)]


@pytest.mark.e2e
def test_when_aws_aborts_one_job_the_others_of_its_stage_are_cancelled_too(lab_of: PlanLabOf) -> None:
    lab = lab_of(130, stages=ALL)
    lab.fleet.script = lambda thing, document: fails("no-room")
    lab.fleet.offline = set(lab.fleet.names[:60])
    status = lab.run()
    assert status.state == "halted"
    assert {lab.job(f"fota-{lab.plan.name}-{suffix}") for suffix in ("1", "1_1-2")} == {"CANCELED"}
    assert lab.status().state == "halted"


@pytest.mark.e2e
def test_an_abort_with_force_stops_every_job_of_a_stage(lab_of: PlanLabOf) -> None:
    lab = lab_of(102, stages=ALL)
    lab.fleet.script = lambda thing, document: HANGS
    lab.run(once=True)
    lab.fleet.turn()
    status = abort(lab.rollout, force=True)
    assert (status.state, status.stages[0].counts) == ("aborted", {"CANCELED": 102})


@pytest.mark.e2e
def test_things_that_are_gone_are_left_out_of_their_job(lab_of: PlanLabOf, calls: Counter[str]) -> None:
    lab = lab_of(103, stages=ALL)
    prepared = lab.prepared()
    gone = prepared.things[101]
    lab.cloud.iot.delete_thing(thingName=gone)
    lab.fleet.script = lambda thing, document: SUCCEEDS
    assert prepared.run(clock=lab.clock).state == "done"
    assert lab.fleet.reached == set(lab.fleet.names) - {gone}
    assert _jobs(lab) == [("1", 100), ("1_1-2", 2)]
