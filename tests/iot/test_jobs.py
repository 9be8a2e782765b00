"""`Jobs` and `Job` as a program sees them: they are listed and described."""

import pytest

from aws.iot import errors
from aws.iot.jobs import Job, Jobs
from fota_testing.jobs import faults
from fota_testing.jobs.service import JobsService
from tests.labs.device_lab import DeviceLab
from tests.labs.jobs_lab import job, jobs, service

__all__ = ("job", "jobs", "service")


# list


def test_nothing_pending_is_two_empty_lists(jobs: Jobs) -> None:
    assert jobs.list() == ([], [])


def test_jobs_are_listed_by_status_in_the_order_of_the_service(service: JobsService, jobs: Jobs) -> None:
    for name in ("a", "b", "c", "d"):
        service.create(name, {})
    for name in ("c", "b"):
        jobs.job(name).update(Job.IN_PROGRESS)
    in_progress, queued = jobs.list()
    assert [job.jobid for job in in_progress] == ["b", "c"]
    assert [job.jobid for job in queued] == ["a", "d"]


def test_a_listed_job_knows_its_status_version_and_execution(service: JobsService, jobs: Jobs) -> None:
    service.create("a", {})
    jobs.job("a").update(Job.FAILED)
    service.create("a", {})
    jobs.job("a").update(Job.IN_PROGRESS)
    ((job,), _) = jobs.list()
    assert (job.status, job.version, job.execution, job.document) == (Job.IN_PROGRESS, 2, 2, None)


def test_a_listed_job_knows_its_thing(lab: DeviceLab) -> None:
    lab.publish()
    (_, (job,)) = lab.jobs.list()
    assert job.thing is lab.jobs.thing


@pytest.mark.parametrize(
    "payload", [b'{"queuedJobs": 7, "clientToken": "%s"}', b'{"inProgressJobs": {}, "clientToken": "%s"}']
)
def test_a_list_that_is_none_is_not_taken_for_an_empty_one(
    service: JobsService, jobs: Jobs, payload: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("aws.iot.exchange.fresh_token", lambda: "token")
    service.expect("list", faults.garbage(payload % b"token"))
    with pytest.raises(errors.NoAnswer):
        jobs.list()


# describe


def test_describe_fills_everything_and_returns_true(service: JobsService, jobs: Jobs) -> None:
    service.create("a", {"operation": "blink"})
    job = jobs.job("a")
    assert job.describe() is True
    assert (job.status, job.version, job.execution, job.document) == (Job.QUEUED, 1, 1, {"operation": "blink"})


@pytest.mark.parametrize(
    ("sent", "document"),
    [
        ({"a": 1}, {"a": 1}),
        ('{"a": 1}', {"a": 1}),
        ("{}", {}),
        ({}, {}),
        ("no JSON", "no JSON"),
        ("[1]", "[1]"),
        ([1], [1]),
        (7, 7),
        (None, None),
    ],
)
def test_a_document_may_come_as_an_object_or_as_text(
    service: JobsService, jobs: Jobs, sent: object, document: object
) -> None:
    service.create("a", sent)
    job = jobs.job("a")
    job.describe()
    assert job.document == document


def test_presigned_urls_are_fresh_at_each_describe(lab: DeviceLab) -> None:
    lab.publish()
    job = lab.jobs.job("job-1")
    job.describe()
    first = job.document
    job.describe()
    assert job.document != first


@pytest.mark.parametrize("status", ["CANCELED", "TIMED_OUT", "REMOVED"])
def test_describing_what_the_service_ended_says_that_it_is_over(service: JobsService, job: Job, status: str) -> None:
    service.end("a-1", status)
    with pytest.raises(errors.ExecutionOver) as over:
        job.describe()
    assert over.value.code == "TerminalStateReached"


def test_describing_a_deleted_job_says_that_it_is_over(service: JobsService, job: Job) -> None:
    service.delete("a-1")
    with pytest.raises(errors.ExecutionOver) as over:
        job.describe()
    assert over.value.code == "ResourceNotFound"


def test_an_answer_without_an_execution_says_that_there_is_none(service: JobsService, job: Job) -> None:
    service.expect("describe", faults.Fault(acts=False))
    with pytest.raises(errors.ExecutionOver):
        job.describe()


def test_a_retried_job_is_another_execution(service: JobsService, job: Job, jobs: Jobs) -> None:
    job.update(Job.FAILED)
    service.create("a-1", {"operation": "other"})
    (_, (retried,)) = jobs.list()
    retried.describe()
    assert (retried.execution, retried.document) == (2, {"operation": "other"})
    with pytest.raises(errors.ExecutionOver):
        job.describe()
