import json
from collections.abc import Callable
from dataclasses import replace

import pytest

from fota_operator.account.roles import TRUST_IOT
from fota_operator.cloud import Cloud
from fota_operator.errors import BadInput, CloudRefused, NotFound, OperatorError
from fota_operator.images.image import Image
from fota_operator.jobs.cancel import cancel_job
from fota_operator.jobs.progress import job_status
from fota_operator.jobs.start import StartRequest, start_job
from tests.labs.device_side import DeviceSide

pytestmark = pytest.mark.e2e

Objects = Callable[[], set[str]]
JobsOf = Callable[[str], list[str]]


@pytest.fixture
def stranger(cloud: Cloud, new_name: Callable[[], str]) -> str:
    """A role that AWS IoT may not assume."""
    name = new_name()
    trust = json.dumps(TRUST_IOT).replace("iot.amazonaws.com", "ec2.amazonaws.com")
    cloud.iam.create_role(RoleName=name, AssumeRolePolicyDocument=trust)
    return name


def test_a_started_job_is_queued_for_the_thing(cloud: Cloud, request_for: StartRequest) -> None:
    started = start_job(cloud, request_for)
    (execution,) = job_status(cloud, started.job_id).executions
    assert (execution.thing, execution.status) == (request_for.thing, "QUEUED")


def test_the_job_carries_document_role_and_duration(cloud: Cloud, request_for: StartRequest) -> None:
    started = start_job(cloud, replace(request_for, duration_s=60))
    job = cloud.iot.describe_job(jobId=started.job_id)["job"]
    document = cloud.iot.get_job_document(jobId=started.job_id)["document"]
    assert json.loads(document) == json.loads(started.document)
    assert job["presignedUrlConfig"] == {
        "roleArn": f"arn:aws:iam::000000000000:role/{request_for.role}",
        "expiresInSec": 60,
    }


def test_a_role_may_be_given_by_its_arn(cloud: Cloud, request_for: StartRequest) -> None:
    start_job(cloud, replace(request_for, role=f"arn:aws:iam::000000000000:role/{request_for.role}"))


def test_a_role_of_another_account_is_refused(cloud: Cloud, request_for: StartRequest) -> None:
    with pytest.raises(NotFound, match="no role arn:aws:iam::111111111111"):
        start_job(cloud, replace(request_for, role=f"arn:aws:iam::111111111111:role/{request_for.role}"))


@pytest.mark.parametrize(
    ("field", "value", "names"),
    [
        ("thing", "nobody", "no thing nobody"),
        ("thing", "not/a/name", "not a thing name"),
        ("role", "nobody", "no role nobody"),
        ("bucket", "nobodys-bucket", "no bucket nobodys-bucket"),
        ("duration_s", 59, "expected 60 to 3600, got 59"),
        ("duration_s", 3601, "expected 60 to 3600, got 3601"),
        ("timeout_minutes", 0, "expected 1 to 10080, got 0"),
        ("slot", -1, "`slot`: expected 0 or more"),
    ],
)
def test_defect_54_nothing_is_made_before_everything_is_checked(
    cloud: Cloud, request_for: StartRequest, objects: Objects, jobs_of: JobsOf, field: str, value: object, names: str
) -> None:
    before = objects()
    with pytest.raises(OperatorError, match=names):
        start_job(cloud, replace(request_for, **{field: value}))  # type: ignore[arg-type]
    assert (objects(), jobs_of(request_for.thing)) == (before, [])


def test_defect_54_a_role_that_iot_may_not_assume_is_found_before_the_upload(
    cloud: Cloud, request_for: StartRequest, objects: Objects, stranger: str
) -> None:
    before = objects()
    with pytest.raises(BadInput, match=f"may not assume the role {stranger}"):
        start_job(cloud, replace(request_for, role=stranger))
    assert objects() == before


def test_defect_54_an_upload_for_a_job_that_is_refused_is_taken_back(
    cloud: Cloud, request_for: StartRequest, objects: Objects, refusing: Callable[[str, str], None]
) -> None:
    before = objects()
    refusing("CreateJob", "LimitExceededException")
    with pytest.raises(CloudRefused, match="LimitExceeded"):
        start_job(cloud, request_for)
    assert objects() == before


def test_an_image_that_others_use_stays_when_a_job_is_refused(
    cloud: Cloud, request_for: StartRequest, objects: Objects, refusing: Callable[[str, str], None]
) -> None:
    key = start_job(cloud, request_for).key
    refusing("CreateJob", "LimitExceededException")
    with pytest.raises(CloudRefused):
        start_job(cloud, request_for)
    assert key in objects()


def test_a_job_whose_first_answer_was_lost_counts_as_made(
    cloud: Cloud, request_for: StartRequest, refusing: Callable[[str, str], None], objects: Objects
) -> None:
    refusing("CreateJob", "ResourceAlreadyExistsException")
    started = start_job(cloud, request_for)
    assert started.key in objects()


def test_a_dry_run_checks_and_changes_nothing(
    cloud: Cloud, request_for: StartRequest, objects: Objects, jobs_of: JobsOf
) -> None:
    before = objects()
    planned = start_job(cloud, request_for, dry_run=True)
    assert json.loads(planned.document)["bc_crc"] == request_for.image.md5
    assert (objects(), jobs_of(request_for.thing)) == (before, [])


def test_an_image_for_a_slot_goes_to_that_slot(cloud: Cloud, request_for: StartRequest, image: Image) -> None:
    started = start_job(cloud, replace(request_for, image=replace(image, slot=1)), dry_run=True)
    assert json.loads(started.document)["bc_idx"] == 1


def test_defect_58_an_image_linked_for_another_slot_is_refused(
    cloud: Cloud, request_for: StartRequest, image: Image
) -> None:
    with pytest.raises(BadInput, match="linked for slot 1"):
        start_job(cloud, replace(request_for, image=replace(image, slot=1), slot=0))


def test_defect_56_a_job_can_have_a_time_limit(cloud: Cloud, request_for: StartRequest) -> None:
    started = start_job(cloud, replace(request_for, timeout_minutes=5))
    job = cloud.iot.describe_job(jobId=started.job_id)["job"]
    assert job["timeoutConfig"] == {"inProgressTimeoutInMinutes": 5}


def test_defect_57_one_role_is_asked_for_not_all(
    cloud: Cloud, request_for: StartRequest, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[str] = []
    cloud.iam.meta.events.register("before-call.iam", lambda model, **_: asked.append(model.name))
    start_job(cloud, request_for, dry_run=True)
    assert asked == ["GetRole"]


def test_cancelling_ends_what_is_queued(cloud: Cloud, request_for: StartRequest) -> None:
    started = start_job(cloud, request_for)
    status = cancel_job(cloud, started.job_id)
    assert (status.status, status.executions[0].status) == ("CANCELED", "CANCELED")


def test_cancelling_leaves_what_is_in_progress_unless_forced(
    cloud: Cloud, request_for: StartRequest, device: DeviceSide
) -> None:
    started = start_job(cloud, request_for)
    device.report(request_for.thing, started.job_id, "IN_PROGRESS")
    assert cancel_job(cloud, started.job_id).executions[0].status == "IN_PROGRESS"
    assert cancel_job(cloud, started.job_id, force=True).executions[0].status == "CANCELED"


def test_a_device_that_ends_it_before_the_forced_cancelling_comes_to_it_is_left_so(
    cloud: Cloud, request_for: StartRequest, device: DeviceSide
) -> None:
    started = start_job(cloud, request_for)
    device.report(request_for.thing, started.job_id, "IN_PROGRESS")
    cancel_job(cloud, started.job_id)

    def end_it(**_: object) -> None:
        device.report(request_for.thing, started.job_id, "SUCCEEDED")

    cloud.iot.meta.events.register("before-call.iot.CancelJobExecution", end_it)
    try:
        assert cancel_job(cloud, started.job_id, force=True).executions[0].status == "SUCCEEDED"
    finally:
        cloud.iot.meta.events.unregister("before-call.iot.CancelJobExecution", end_it)


def test_a_job_that_ends_just_before_it_is_cancelled_stays_as_it_is(
    cloud: Cloud, request_for: StartRequest, device: DeviceSide
) -> None:
    started = start_job(cloud, request_for)

    def end_it(**_: object) -> None:
        device.report(request_for.thing, started.job_id, "SUCCEEDED")

    cloud.iot.meta.events.register("before-call.iot.CancelJob", end_it)
    try:
        assert cancel_job(cloud, started.job_id).succeeded
    finally:
        cloud.iot.meta.events.unregister("before-call.iot.CancelJob", end_it)


def test_cancelling_what_has_ended_is_harmless(cloud: Cloud, request_for: StartRequest, device: DeviceSide) -> None:
    started = start_job(cloud, request_for)
    device.report(request_for.thing, started.job_id, "SUCCEEDED")
    assert cancel_job(cloud, started.job_id, force=True).succeeded


def test_cancelling_dry_changes_nothing(cloud: Cloud, request_for: StartRequest) -> None:
    started = start_job(cloud, request_for)
    cancel_job(cloud, started.job_id, dry_run=True)
    assert job_status(cloud, started.job_id).status == "IN_PROGRESS"
