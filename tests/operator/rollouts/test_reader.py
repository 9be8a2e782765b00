"""What is read of a rollout, and what a look costs."""

from collections import Counter
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from fota_operator.errors import NotFound
from fota_operator.rollouts.aws.failures import MAX_ASKED, NOT_ASKED
from fota_operator.rollouts.aws.plan_store import load_plan, stored_names
from fota_operator.rollouts.look import Looker, status_of
from fota_operator.rollouts.plan.model import Stage
from tests.labs.fleet import fails
from tests.labs.plan_lab import NEVER_ABORTED, PlanLab, PlanLabOf, soaking

pytestmark = pytest.mark.e2e


def test_the_plan_lies_in_the_bucket_with_what_its_release_is_called(lab: PlanLab) -> None:
    lab.run(once=True)
    stored = load_plan(lab.cloud, lab.plan.name, lab.plan.bucket)
    manifest = lab.release.manifest
    assert (stored.plan, stored.product, stored.version) == (lab.plan, manifest.product, manifest.version)
    assert lab.plan.name in stored_names(lab.cloud, lab.plan.bucket)


def test_a_rollout_that_nobody_knows_has_no_status(lab: PlanLab) -> None:
    with pytest.raises(NotFound, match="no rollout nobody-knows in s3://"):
        status_of(lab.cloud, "nobody-knows", lab.plan.bucket)


def test_a_rollout_whose_plan_alone_is_there_waits(lab: PlanLab) -> None:
    from fota_operator.rollouts.aws.plan_store import store_plan

    store_plan(lab.cloud, lab.prepared().reader.stored)
    assert [stage.state for stage in lab.status().stages] == ["waiting", "waiting"]


def test_things_of_a_stage_that_has_not_begun_are_counted(lab: PlanLab) -> None:
    lab.run(once=True)
    assert [stage.things for stage in lab.status().stages] == [1, 2]


def test_a_gate_is_met_when_aws_heard_of_the_success(lab_of: PlanLabOf) -> None:
    lab = lab_of(2, stages=soaking(30))
    lab.run(once=True)
    lab.fleet.turn()
    (canary, _) = lab.status().stages
    listed = lab.cloud.iot.list_job_executions_for_job(jobId=canary.job_ids[0])["executionSummaries"]
    assert canary.gate_met_at == listed[0]["jobExecutionSummary"]["lastUpdatedAt"]


def test_a_second_look_asks_only_for_what_may_have_changed(lab: PlanLab, calls: Counter[str]) -> None:
    lab.run(until=1)
    lab.run(once=True)
    looker = Looker(lab.cloud, lab.plan.name, lab.plan.bucket, lab.clock)
    looker.status()
    calls.clear()
    looker.status()
    assert calls == {"DescribeJob": 1, "ListTagsForResource": 1}


def test_the_things_that_a_stage_waits_for_are_named_and_asked_for_once(
    lab_of: PlanLabOf, calls: Counter[str]
) -> None:
    lab = lab_of(3, stages=(Stage("all", percent=100.0),))
    late = lab.fleet.names[1]
    lab.fleet.offline = {late}
    lab.run(once=True)
    looker = Looker(lab.cloud, lab.plan.name, lab.plan.bucket, lab.clock)
    assert [stage.missing for stage in looker.status().stages] == [()], "nobody has answered: they are not late"
    lab.fleet.turn()
    (seen,) = looker.status().stages
    calls.clear()
    (again,) = looker.status().stages
    assert [one.thing for one in seen.missing] == [late]
    assert (again.missing, calls["ListJobExecutionsForJob"]) == (seen.missing, 0)


def test_no_more_failures_are_asked_for_than_it_takes_to_know_why(lab_of: PlanLabOf, calls: Counter[str]) -> None:
    lab = lab_of(MAX_ASKED + 5, stages=(Stage("all", percent=100.0),), aborts=NEVER_ABORTED)
    lab.fleet.script = lambda thing, document: fails("no-room", "the slot is too small")
    lab.run(once=True)
    lab.fleet.turn()
    calls.clear()
    failures = {one.reason: one for one in lab.status().failures}
    assert calls["DescribeJobExecution"] == MAX_ASKED
    assert {reason: one.count for reason, one in failures.items()} == {"no-room": MAX_ASKED, NOT_ASKED: 5}
    assert failures["no-room"].message == "the slot is too small"


def test_a_look_counts_each_thing_once_where_aws_offers_again(lab_of: PlanLabOf) -> None:
    lab = lab_of(2, stages=(Stage("all", percent=100.0),), retries=2, aborts=NEVER_ABORTED)
    lab.fleet.script = lambda thing, document: fails("no-network")
    lab.run(once=True)
    lab.fleet.turn()
    assert lab.status().stages[0].counts == {"FAILED": 2}


def test_a_gate_has_not_failed_while_the_counts_of_a_job_that_completed_may_be_late(lab_of: PlanLabOf) -> None:
    lab = lab_of(2, stages=(Stage("all", percent=100.0),))
    lab.run(once=True)
    lab.fleet.turn()

    def one_late(parsed: Any, **_: object) -> None:
        parsed["job"]["jobProcessDetails"]["numberOfSucceededThings"] = 1

    lab.cloud.iot.meta.events.register("after-call.iot.DescribeJob", one_late)
    try:
        states = [lab.status().stages[0].state]
        lab.clock.sleep(timedelta(minutes=3).total_seconds())
        states.append(lab.status().stages[0].state)
    finally:
        lab.cloud.iot.meta.events.unregister("after-call.iot.DescribeJob", one_late)
    assert states == ["running", "failed"]


def test_a_plan_is_not_written_twice(lab: PlanLab, calls: Counter[str]) -> None:
    lab.run(once=True)
    lab.plan = replace(lab.plan)
    assert load_plan(lab.cloud, lab.plan.name, lab.plan.bucket).digest == lab.prepared().reader.stored.digest
    versions = lab.cloud.s3.list_object_versions(Bucket=lab.local.bucket, Prefix=f"rollouts/{lab.plan.name}.json")
    lab.run(once=True)
    again = lab.cloud.s3.list_object_versions(Bucket=lab.local.bucket, Prefix=f"rollouts/{lab.plan.name}.json")
    assert len(versions["Versions"]) == len(again["Versions"]) == 1
