"""`fota watch` of what may be a rollout or a job, against a real AWS of its own."""

from collections.abc import Callable, Iterator

import pytest
from botocore.exceptions import ClientError

from fota_operator.cloud import Cloud
from fota_operator.errors import CloudRefused
from fota_operator.jobs.progress import MAX_DETAILED, ExecutionStatus, most_telling
from fota_operator.jobs.start import StartRequest, start_job
from fota_operator.rollouts.watch import is_rollout
from tests.labs.fota_command import FotaCommand


@pytest.fixture
def s3_requests(cloud: Cloud) -> Iterator[list[str]]:
    """The operations that S3 is asked for; every one is forbidden."""
    asked: list[str] = []

    def forbid(*, model: object, **_: object) -> None:
        asked.append(str(getattr(model, "name", "")))
        raise ClientError({"Error": {"Code": "AccessDenied", "Message": "not you"}}, "GetObject")

    cloud.s3.meta.events.register("before-call.s3", forbid)
    yield asked
    cloud.s3.meta.events.unregister("before-call.s3", forbid)


@pytest.mark.e2e
def test_a_job_of_start_is_known_by_its_id_alone(
    cloud: Cloud, request_for: StartRequest, s3_requests: list[str]
) -> None:
    assert (is_rollout(cloud, "fota-20260102T030405-0123456789abcdef"), s3_requests) == (False, [])


@pytest.mark.e2e
def test_who_may_not_look_into_the_bucket_can_watch_a_job(
    cloud: Cloud, new_name: Callable[[], str], request_for: StartRequest, s3_requests: list[str]
) -> None:
    job_id = new_name()
    arn = cloud.iot.describe_thing(thingName=request_for.thing)["thingArn"]
    cloud.iot.create_job(jobId=job_id, targets=[arn], document="{}")
    assert (is_rollout(cloud, job_id), len(s3_requests)) == (False, 1)


@pytest.mark.e2e
def test_who_may_not_look_into_the_bucket_is_told_so_if_there_is_no_such_job(
    cloud: Cloud, s3_requests: list[str]
) -> None:
    with pytest.raises(CloudRefused, match="not you"):
        is_rollout(cloud, "pump-1-4-0")


@pytest.mark.e2e
@pytest.mark.parametrize("name", ["pump-none", "No Name", "a:b"])
def test_a_name_of_nothing_ends_in_one_line(fota: FotaCommand, name: str) -> None:
    result = fota("watch", name)
    assert (result.exit_code > 0, result.stdout, result.stderr.count("\n")) == (True, "", 1)


@pytest.mark.e2e
def test_a_job_is_watched_by_its_id(fota: FotaCommand, cloud: Cloud, request_for: StartRequest) -> None:
    job_id = start_job(cloud, request_for).job_id
    cloud.iot.cancel_job(jobId=job_id)
    result = fota("watch", job_id)
    assert (result.exit_code, result.stdout.splitlines()[0]) == (1, f"{job_id}: CANCELED")


def test_of_many_executions_those_that_ended_badly_are_asked_for_first() -> None:
    statuses = ("SUCCEEDED", "QUEUED", "IN_PROGRESS", "FAILED", "CANCELED", "REJECTED")
    listed = [ExecutionStatus(f"t{n}", status, 1) for n in range(MAX_DETAILED) for status in statuses]
    told = [one.status for one in most_telling(listed)]
    assert told[:MAX_DETAILED] == ["FAILED"] * MAX_DETAILED
    assert list(dict.fromkeys(told)) == ["FAILED", "REJECTED", "IN_PROGRESS", "SUCCEEDED", "CANCELED"]
