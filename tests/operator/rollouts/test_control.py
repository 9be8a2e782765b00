"""Pause, resume and abort, against the local AWS."""

from collections import Counter
from typing import Any

import pytest

from fota_operator.errors import BadInput, CloudRefused, NotFound
from fota_operator.jobs.look_up import TAG_STATE
from fota_operator.rollouts.aws import names
from fota_operator.rollouts.aws.names import Place
from fota_operator.rollouts.control import Rollout, abort, pause
from fota_operator.rollouts.plan.gate import Gate
from fota_operator.rollouts.plan.model import Stage
from fota_operator.rollouts.run import resume
from tests.labs.fleet import HANGS, SUCCEEDS, fails
from tests.labs.plan_lab import NEVER_ABORTED, PlanLab, PlanLabOf

pytestmark = pytest.mark.e2e

ONE_STAGE = (Stage("all", percent=100.0, gate=Gate(succeeded_percent=75.0)),)


@pytest.fixture
def under_way(lab_of: PlanLabOf) -> PlanLab:
    """Four things in one stage: one has the release, one is at it, two have not asked yet."""
    lab = lab_of(4, stages=ONE_STAGE, aborts=NEVER_ABORTED)
    first, _, *others = lab.fleet.names
    lab.fleet.script = lambda thing, document: SUCCEEDS if thing == first else HANGS
    lab.fleet.offline.update(others)
    lab.run(once=True)
    lab.fleet.turn()
    lab.fleet.offline.clear()
    lab.fleet.script = lambda thing, document: SUCCEEDS
    return lab


def test_a_pause_offers_it_to_nobody_else(under_way: PlanLab) -> None:
    assert pause(under_way.rollout).state == "paused"
    before = under_way.fleet.reached
    under_way.fleet.turn()
    assert under_way.fleet.reached == before


def test_a_device_that_is_at_it_finishes_during_a_pause(under_way: PlanLab) -> None:
    pause(under_way.rollout)
    assert under_way.fleet.wake() == [""]
    assert under_way.status().stages[0].counts == {"SUCCEEDED": 2, "CANCELED": 2}


def test_a_run_ends_when_it_is_paused(under_way: PlanLab) -> None:
    pause(under_way.rollout)
    assert under_way.run().state == "paused"


def test_what_is_resumed_is_offered_to_those_that_had_no_answer(under_way: PlanLab) -> None:
    pause(under_way.rollout)
    resume(under_way.rollout, clock=under_way.clock)
    under_way.fleet.wake()
    assert under_way.run().state == "done"
    assert Counter(map(len, under_way.fleet.offered.values())) == {1: 4}, "nobody was offered it twice"


def test_what_is_resumed_is_not_offered_to_those_that_failed(under_way: PlanLab) -> None:
    pause(under_way.rollout)
    under_way.fleet.wake(fails("rolled-back"))
    resume(under_way.rollout, clock=under_way.clock)
    under_way.fleet.turn()
    assert under_way.status().stages[0].counts == {"SUCCEEDED": 3, "FAILED": 1}


def test_it_can_be_paused_and_resumed_again(under_way: PlanLab) -> None:
    for _ in range(2):
        pause(under_way.rollout)
        resume(under_way.rollout, clock=under_way.clock)
    status = under_way.status()
    assert status.stages[0].job_ids == tuple(Place(under_way.plan.name, 1, offer).job_id for offer in (1, 2, 3))
    assert status.stages[0].counts == {"SUCCEEDED": 1, "IN_PROGRESS": 1, "QUEUED": 2}


def test_a_resume_that_broke_off_is_gone_on_with_by_a_run(under_way: PlanLab, broken: Any) -> None:
    pause(under_way.rollout)
    broken("CreateJob", "InternalServerThing")
    with pytest.raises(CloudRefused):
        resume(under_way.rollout, clock=under_way.clock)
    broken.mend()
    under_way.fleet.wake()
    assert under_way.run().state == "done"


def test_a_pause_that_broke_off_is_completed_by_a_run(under_way: PlanLab, broken: Any) -> None:
    broken("CancelJob", "InternalServerThing")
    with pytest.raises(CloudRefused):
        pause(under_way.rollout)
    broken.mend()
    under_way.run()
    assert under_way.job(Place(under_way.plan.name, 1).job_id) == "CANCELED"


def test_a_pause_between_stages_begins_no_other(lab: PlanLab) -> None:
    lab.run(until=1)
    pause(lab.rollout)
    assert lab.run().state == "paused"
    assert lab.job(Place(lab.plan.name, 2).job_id) == "absent"


def test_a_pause_between_stages_is_over_after_resume(lab: PlanLab) -> None:
    lab.run(until=1)
    pause(lab.rollout)
    resume(lab.rollout, clock=lab.clock)
    assert lab.run().state == "done"


def test_an_abort_is_for_good(under_way: PlanLab) -> None:
    assert abort(under_way.rollout).state == "aborted"
    assert under_way.run().state == "aborted"
    with pytest.raises(BadInput, match="is aborted"):
        resume(under_way.rollout, clock=under_way.clock)


def test_an_abort_lets_devices_finish_that_are_at_it(under_way: PlanLab) -> None:
    abort(under_way.rollout)
    assert under_way.fleet.wake() == [""]


def test_an_abort_with_force_stops_devices_that_are_at_it(under_way: PlanLab) -> None:
    abort(under_way.rollout, force=True)
    assert under_way.status().stages[0].counts == {"SUCCEEDED": 1, "CANCELED": 3}
    assert under_way.fleet.wake() != [""]


def test_force_may_follow_an_abort_without_it(under_way: PlanLab) -> None:
    abort(under_way.rollout)
    abort(under_way.rollout, force=True)
    assert under_way.status().stages[0].counts == {"SUCCEEDED": 1, "CANCELED": 3}


def test_a_rollout_that_was_halted_can_be_aborted(lab: PlanLab) -> None:
    lab.fleet.script = lambda thing, document: fails("rolled-back")
    assert lab.run().state == "halted"
    assert abort(lab.rollout).state == "aborted"


@pytest.mark.parametrize("steer", [pause, abort])
def test_what_is_done_is_not_stopped(lab: PlanLab, steer: Any) -> None:
    lab.run()
    with pytest.raises(BadInput, match="is done"):
        steer(lab.rollout)


@pytest.mark.parametrize("steer", [pause, abort, resume])
def test_a_rollout_that_nobody_knows_is_not_steered(lab: PlanLab, steer: Any) -> None:
    with pytest.raises(NotFound, match="no rollout nobody-knows"):
        steer(Rollout(lab.cloud, "nobody-knows", lab.plan.bucket))


@pytest.mark.parametrize("steer", [pause, abort])
def test_a_dry_run_changes_nothing(under_way: PlanLab, steer: Any) -> None:
    steer(under_way.rollout, dry_run=True)
    assert under_way.status().state == "running"
    assert under_way.job(Place(under_way.plan.name, 1).job_id) == "IN_PROGRESS"


def test_the_tag_of_a_pause_is_gone_after_resume(under_way: PlanLab) -> None:
    def tags() -> dict[str, str]:
        arn = under_way.cloud.iot.describe_job(jobId=Place(under_way.plan.name, 1).job_id)["job"]["jobArn"]
        listed = under_way.cloud.iot.list_tags_for_resource(resourceArn=arn)["tags"]
        return {tag["Key"]: tag["Value"] for tag in listed}

    pause(under_way.rollout)
    assert tags()[TAG_STATE] == names.PAUSED
    resume(under_way.rollout, clock=under_way.clock)
    assert TAG_STATE not in tags()
