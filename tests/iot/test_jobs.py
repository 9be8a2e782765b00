"""`Jobs` and `Job` as a program sees them: list, describe, update, and when to look again."""

import pytest

from aws.iot import errors
from aws.iot.jobs import Job, Jobs, clean_details
from fota_testing import jobs_faults as faults
from fota_testing.jobs_service import JobsService
from iot.lab import Lab


@pytest.fixture
def service(lab: Lab) -> JobsService:
    return lab.service


@pytest.fixture
def jobs(lab: Lab) -> Jobs:
    return lab.jobs


@pytest.fixture
def job(lab: Lab) -> Job:
    """A queued job, described."""
    lab.service.create("a-1", {"operation": "blink"})
    job = lab.jobs.job("a-1")
    job.describe()
    return job


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


def test_a_listed_job_knows_its_thing(lab: Lab) -> None:
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


def test_presigned_urls_are_fresh_at_each_describe(lab: Lab) -> None:
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


# update


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


# changed


def settle(jobs: Jobs) -> None:
    """Look until there is no news."""
    for _ in range(10):
        if not jobs.changed():
            return
        jobs.list()
    pytest.fail("there is always news")


def test_a_new_connection_is_a_reason_to_look_once(jobs: Jobs) -> None:
    assert [jobs.changed(), jobs.changed()] == [True, False]


def test_a_notification_is_a_reason_to_look_once(service: JobsService, jobs: Jobs) -> None:
    settle(jobs)
    service.create("a", {})
    assert [jobs.changed(), jobs.changed()] == [True, False]


def test_a_reconnect_is_a_reason_to_look_since_notifications_are_not_replayed(
    service: JobsService, jobs: Jobs
) -> None:
    settle(jobs)
    service.drop()
    service.create("a", {})
    assert jobs.changed() is False
    service.mend()
    assert [jobs.changed(), jobs.changed()] == [True, False]


def test_what_was_put_off_is_due_once_when_its_time_has_come(lab: Lab, jobs: Jobs) -> None:
    settle(jobs)
    delay_ms = jobs.put_off()
    if delay_ms:
        lab.pass_ms(delay_ms - 1)
        assert jobs.changed() is False
        lab.pass_ms(1)
    assert [jobs.changed(), jobs.changed()] == [True, False]


def test_putting_off_takes_longer_each_time_within_a_bound(jobs: Jobs) -> None:
    delays_ms = [jobs.put_off() for _ in range(40)]
    assert all(delay_ms <= 2_000 * 2**number for number, delay_ms in enumerate(delays_ms))
    assert max(delays_ms) <= 300_000
    assert max(delays_ms[20:]) > 100_000


def test_putting_off_starts_anew_when_nothing_is_left(jobs: Jobs) -> None:
    for _ in range(10):
        jobs.put_off()
    jobs.nothing_left()
    assert jobs.put_off() <= 2_000


def test_asking_whether_there_is_news_asks_nobody(service: JobsService, jobs: Jobs) -> None:
    settle(jobs)
    before = len(service.published)
    for _ in range(100):
        jobs.changed()
    assert len(service.published) == before


# disconnect and reconnect


def test_reconnecting_without_having_disconnected_does_nothing(service: JobsService, jobs: Jobs) -> None:
    jobs.reconnect()
    assert service.sessions == 1


def test_disconnecting_and_reconnecting_is_a_reason_to_look(service: JobsService, jobs: Jobs) -> None:
    settle(jobs)
    jobs.disconnect()
    assert service.is_connected() is False
    jobs.reconnect()
    assert service.is_connected() is True
    assert jobs.changed() is True


def test_a_reconnect_that_fails_is_made_up_for_later(service: JobsService, jobs: Jobs) -> None:
    jobs.disconnect()
    service.reachable = False
    with pytest.raises(errors.ConnectFailed):
        jobs.reconnect()
    service.reachable = True
    jobs.reconnect()
    assert jobs.list() == ([], [])


def test_a_connection_that_the_program_closes_itself_is_left_closed(service: JobsService, jobs: Jobs) -> None:
    jobs.disconnect()
    jobs.reconnect()
    service.disconnect()
    jobs.reconnect()
    assert service.is_connected() is False


def test_jobs_that_cannot_subscribe_say_so_at_once(lab: Lab) -> None:
    lab.service.refused_filters = {"$aws/things/lamp/jobs/notify-next"}
    with pytest.raises(errors.NotConnected):
        Jobs(lab.jobs.thing, clock=lab.clock)
