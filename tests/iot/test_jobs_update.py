"""`Job.update`: what the service is told, what counts as accepted, and what is over."""

import pytest

from aws.iot import errors
from aws.iot.exchange import clean_details
from aws.iot.jobs import Job, Jobs
from fota_testing.jobs import faults
from fota_testing.jobs.service import JobsService
from tests.labs.jobs_lab import job, jobs, service

__all__ = ("job", "jobs", "service")


def test_an_accepted_update_returns_true_and_is_seen_by_the_service(service: JobsService, job: Job) -> None:
    assert job.update(Job.IN_PROGRESS, {"step": "one"}) is True
    assert service.execution("a-1").history[-1] == ("IN_PROGRESS", {"step": "one"})
    assert (job.status, job.version) == (Job.IN_PROGRESS, 2)


def test_a_second_update_is_as_good_as_the_first(service: JobsService, job: Job) -> None:
    for number in range(5):
        job.update(Job.IN_PROGRESS, {"step": str(number)})
    job.update(Job.SUCCEEDED)
    assert service.statuses("a-1") == ["QUEUED", "IN_PROGRESS", "SUCCEEDED"]
    assert len(service.asked("update")) == 6


def test_an_update_names_the_version_and_the_execution_as_numbers(service: JobsService, job: Job) -> None:
    job.update(Job.IN_PROGRESS)
    (request,) = service.asked("update")
    assert (request.body["expectedVersion"], request.body["executionNumber"]) == (1, 1)


def test_a_job_known_by_name_only_is_updated_whatever_its_version(service: JobsService, jobs: Jobs, job: Job) -> None:
    job.update(Job.IN_PROGRESS)
    jobs.job("a-1").update(Job.SUCCEEDED)
    assert service.statuses("a-1") == ["QUEUED", "IN_PROGRESS", "SUCCEEDED"]


def test_details_left_out_stay_as_they_are(service: JobsService, job: Job) -> None:
    job.update(Job.IN_PROGRESS, {"step": "one"})
    job.update(Job.SUCCEEDED)
    assert service.execution("a-1").details == {"step": "one"}


def test_a_change_by_somebody_else_is_noticed_and_shown(service: JobsService, jobs: Jobs, job: Job) -> None:
    jobs.job("a-1").update(Job.IN_PROGRESS, {"by": "another"})
    with pytest.raises(errors.VersionMismatch):
        job.update(Job.IN_PROGRESS, {"by": "me"})
    assert (job.status, job.version) == (Job.IN_PROGRESS, 2)
    assert service.execution("a-1").details == {"by": "another"}
    assert job.update(Job.IN_PROGRESS, {"by": "me"}) is True


@pytest.mark.parametrize("status", [Job.IN_PROGRESS, Job.SUCCEEDED, Job.FAILED, Job.REJECTED])
def test_an_update_whose_answer_was_lost_counts_as_accepted(service: JobsService, job: Job, status: str) -> None:
    service.expect("update", faults.LOST_AFTER)
    assert job.update(status, {"reason": "mine"}) is True
    assert service.execution("a-1").history == [("QUEUED", {}), (status, {"reason": "mine"})]
    assert (job.status, job.version) == (status, 2)


@pytest.mark.parametrize("fault", [faults.DROPPED, faults.late(10_000), faults.garbage(), faults.with_token("x")])
def test_an_update_whose_answer_is_no_use_counts_once(service: JobsService, job: Job, fault: faults.Fault) -> None:
    service.expect("update", fault)
    if fault.drops:
        with pytest.raises(errors.NoAnswer):
            job.update(Job.SUCCEEDED, {"reason": "mine"}, tries=1)
        service.mend()
    job.update(Job.SUCCEEDED, {"reason": "mine"})
    assert service.execution("a-1").history == [("QUEUED", {}), ("SUCCEEDED", {"reason": "mine"})]


def test_a_status_of_somebody_else_is_not_taken_for_an_answer_that_was_lost(
    service: JobsService, jobs: Jobs, job: Job
) -> None:
    jobs.job("a-1").update(Job.IN_PROGRESS, {"by": "another"})
    service.expect("update", faults.LOST_BEFORE)
    with pytest.raises(errors.VersionMismatch):
        job.update(Job.IN_PROGRESS, {"by": "me"})


def test_another_end_is_not_taken_for_ours(service: JobsService, jobs: Jobs, job: Job) -> None:
    jobs.job("a-1").update(Job.FAILED)
    with pytest.raises(errors.ExecutionOver):
        job.update(Job.SUCCEEDED)
    assert (job.status, job.version) == (Job.FAILED, 2)


@pytest.mark.parametrize("code", ["InvalidStateTransition", "TerminalStateReached"])
@pytest.mark.parametrize("status", ["CANCELED", "TIMED_OUT", "REMOVED"])
def test_updating_what_the_service_ended_says_that_it_is_over(
    service: JobsService, job: Job, code: str, status: str
) -> None:
    service.ledger.code_of_a_late_update = code
    service.end("a-1", status)
    with pytest.raises(errors.ExecutionOver) as over:
        job.update(Job.SUCCEEDED)
    assert over.value.code == code


def test_updating_a_deleted_job_says_that_it_is_over(service: JobsService, job: Job) -> None:
    service.delete("a-1")
    with pytest.raises(errors.ExecutionOver):
        job.update(Job.SUCCEEDED)


@pytest.mark.parametrize("code", ["VersionMismatch", "InvalidStateTransition"])
def test_a_refusal_without_a_state_is_an_error_of_its_kind(service: JobsService, job: Job, code: str) -> None:
    service.expect("update", faults.rejected(code))
    with pytest.raises((errors.VersionMismatch, errors.ExecutionOver)) as refusal:
        job.update(Job.SUCCEEDED)
    assert refusal.value.code == code
    assert refusal.value.execution_state is None


def test_a_status_that_a_device_may_not_set_is_refused(service: JobsService, job: Job) -> None:
    with pytest.raises(errors.ExecutionOver):
        job.update("CANCELED")
    assert service.statuses("a-1") == ["QUEUED"]


def test_a_word_that_is_no_status_is_refused(job: Job) -> None:
    with pytest.raises(errors.RequestRejected) as refusal:
        job.update("DONE")
    assert refusal.value.code == "InvalidRequest"


def test_details_of_any_kind_reach_the_service(service: JobsService, job: Job) -> None:
    details = {f"name-{number}": "x" for number in range(12)} | {"name-0": "\u00e9\n\t\0\ud83d" * 1000, "name-1": ""}
    job.update(Job.FAILED, details)
    assert len(service.execution("a-1").details) == 9
    assert len(service.execution("a-1").details["name-0"]) == 1024


def test_clean_details_leaves_good_ones_alone() -> None:
    assert clean_details({"reason": "hash-mismatch", "message": "MD5: ~!"}) == {
        "reason": "hash-mismatch",
        "message": "MD5: ~!",
    }


def test_no_details_are_no_details() -> None:
    assert clean_details({}) == {}


def test_updates_do_not_share_their_details(service: JobsService, jobs: Jobs) -> None:
    service.create("a", {})
    service.create("b", {})
    jobs.job("a").update(Job.FAILED, {"reason": "a"})
    jobs.job("b").update(Job.FAILED)
    assert service.execution("b").details == {}
