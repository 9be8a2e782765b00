"""The ancestor's defects in its jobs client, each as the test that would have caught it.

The numbers are those of docs/ancestor-defects.md.
"""

import json
from collections.abc import Callable

import pytest

from aws.iot import topics
from aws.iot.errors import ExecutionOver, NoAnswer, RequestRejected, VersionMismatch
from aws.iot.jobs import Job, Jobs
from fota_testing.jobs import faults
from fota_testing.jobs.memory_connection import matches
from fota_testing.jobs.service import ANY
from tests.labs.device_lab import DeviceLab

CALLS: list[Callable[[Jobs], object]] = [
    lambda jobs: jobs.list(),
    lambda jobs: jobs.job("a-1").describe(),
    lambda jobs: jobs.job("a-1").update(Job.IN_PROGRESS),
]
each_call = pytest.mark.parametrize("call", CALLS, ids=["list", "describe", "update"])


def queued(lab: DeviceLab, job_id: str = "a-1") -> Job:
    """A job as the program has it after a look."""
    lab.service.create(job_id, {"operation": "blink"})
    job = lab.jobs.job(job_id)
    job.describe()
    return job


@each_call
def test_defect_31_every_wait_for_an_answer_ends(lab: DeviceLab, call: Callable[[Jobs], object]) -> None:
    lab.service.create("a-1", {})
    lab.service.expect(ANY, faults.LOST_BEFORE, times=100)
    begin_ms = lab.clock.now_ms()
    with pytest.raises(NoAnswer):
        call(lab.jobs)
    assert lab.clock.now_ms() - begin_ms < 60_000


@each_call
def test_defect_32_a_rejected_answer_is_heard_at_once(lab: DeviceLab, call: Callable[[Jobs], object]) -> None:
    lab.service.create("a-1", {})
    lab.service.expect(ANY, faults.rejected("InvalidRequest"))
    begin_ms = lab.clock.now_ms()
    with pytest.raises(RequestRejected):
        call(lab.jobs)
    assert lab.clock.now_ms() - begin_ms < 1_000


def test_defect_33_an_update_hears_its_answer(lab: DeviceLab) -> None:
    job = queued(lab)
    begin_ms = lab.clock.now_ms()
    assert job.update(Job.SUCCEEDED) is True
    assert lab.clock.now_ms() - begin_ms < 1_000


def test_defect_34_no_subscription_matches_a_request_of_our_own(lab: DeviceLab) -> None:
    requests = [topics.jobs_get("lamp"), topics.job_get("lamp", "a-1"), topics.job_update("lamp", "a-1")]
    for topic_filter in topics.jobs_replies("lamp"):
        assert not any(matches(topic_filter, request) for request in requests)


@pytest.mark.parametrize("code", ["VersionMismatch", "InvalidStateTransition", "RequestThrottled", "SomethingNew"])
def test_defect_35_a_rejected_update_without_a_state_is_an_error_and_not_a_hang(lab: DeviceLab, code: str) -> None:
    job = queued(lab)
    lab.service.expect("update", faults.rejected(code), times=4)
    with pytest.raises(RequestRejected) as refusal:
        job.update(Job.SUCCEEDED)
    assert refusal.value.code == code


def test_defect_36_every_request_has_a_token_and_only_its_answer_is_taken(lab: DeviceLab) -> None:
    job = queued(lab)
    lab.service.expect("update", faults.with_token("constant"))
    job.update(Job.IN_PROGRESS)
    tokens = [request.token for request in lab.service.requests]
    assert len(set(tokens)) == len(tokens) == 3


def test_defect_37_an_answer_that_comes_twice_does_not_answer_the_next_request(lab: DeviceLab) -> None:
    job = queued(lab)
    lab.service.expect("list", faults.TWICE)
    lab.jobs.list()
    lab.service.create("b-1", {})
    lab.service.expect("list", faults.TWICE)
    _, waiting = lab.jobs.list()
    assert [found.jobid for found in waiting] == [job.jobid, "b-1"]


def test_defect_38_an_answer_for_a_job_with_a_longer_name_is_not_taken(lab: DeviceLab) -> None:
    job = queued(lab)
    lab.service.create("a-10", {})
    lab.service.expect("describe", faults.for_job("a-10"), job_id="a-1")
    asked = len(lab.service.asked("describe"))
    job.describe()
    assert len(lab.service.asked("describe")) == asked + 2


def test_defect_39_subscriptions_do_not_pile_up(lab: DeviceLab) -> None:
    before = len(lab.service.filters)
    for number in range(30):
        queued(lab, f"a-{number}").update(Job.SUCCEEDED)
        lab.jobs.list()
    assert len(lab.service.filters) == before


def test_defect_42_a_job_can_be_updated_again_and_again(lab: DeviceLab) -> None:
    job = queued(lab)
    for step in range(5):
        job.update(Job.IN_PROGRESS, {"step": str(step)})
    assert job.update(Job.SUCCEEDED) is True
    assert job.version == 7


def test_defect_43_a_status_that_somebody_else_set_is_not_our_success(lab: DeviceLab) -> None:
    job = queued(lab)
    lab.jobs.job("a-1").update(Job.IN_PROGRESS, {"by": "another"})
    with pytest.raises(VersionMismatch):
        job.update(Job.IN_PROGRESS, {"by": "me"})


def test_defect_44_details_of_one_update_do_not_reach_another(lab: DeviceLab) -> None:
    first, second = queued(lab, "a-1"), queued(lab, "b-1")
    first.update(Job.FAILED, {"reason": "mine"})
    second.update(Job.FAILED)
    assert lab.service.execution("b-1").details == {}


@pytest.mark.parametrize("status", ["TIMED_OUT", "REMOVED", "CANCELED"])
def test_defect_45_what_the_service_ended_is_told_apart_from_every_other_error(lab: DeviceLab, status: str) -> None:
    job = queued(lab)
    lab.service.end("a-1", status)
    with pytest.raises(ExecutionOver):
        job.describe()
    with pytest.raises(ExecutionOver):
        job.update(Job.SUCCEEDED)


@pytest.mark.parametrize("payload", [b"", b"{", b"\xff", b"[1]", b'"a"', b"7", b"[" * 100_000])
def test_defect_46_an_answer_that_is_no_json_raises_nothing_in_the_connection(lab: DeviceLab, payload: bytes) -> None:
    lab.service.create("a-1", {})
    lab.service.expect("list", faults.garbage(payload))
    _, (job,) = lab.jobs.list()
    assert job.jobid == "a-1"
    for name in ("notify-next", "get/accepted", "a-1/update/rejected"):
        lab.service.deliver(f"$aws/things/lamp/jobs/{name}", payload)


def test_defect_47_a_retried_execution_does_not_look_like_the_first(lab: DeviceLab) -> None:
    first = queued(lab)
    first.update(Job.FAILED)
    lab.service.create("a-1", {"operation": "blink"})
    _, (second,) = lab.jobs.list()
    assert (first.execution, second.execution) == (1, 2)
    with pytest.raises(ExecutionOver):
        first.describe()
    second.update(Job.SUCCEEDED)
    assert (lab.service.statuses("a-1", 1)[-1], lab.service.statuses("a-1", 2)[-1]) == ("FAILED", "SUCCEEDED")
    bodies = [request.body for request in lab.service.asked("update")]
    assert [json.dumps(body.get("executionNumber")) for body in bodies] == ["1", "2"]
