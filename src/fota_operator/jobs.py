"""Start and cancel the job that brings an image to a thing.

Everything is checked before anything is made, and what was made is taken back if the job is refused.
Leaves to others: how the job fares (`progress`).
"""

import secrets
from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime, timezone
from typing import TYPE_CHECKING

from fota.envelope import Envelope
from fota.keyring import Keyring
from fota_operator.cloud import Cloud, explaining
from fota_operator.errors import IOT_NOT_FOUND, BadInput, CloudRefused, NotFound
from fota_operator.images.image import Image
from fota_operator.new_job import NewJob, create_job
from fota_operator.pace import JOBS_PER_SECOND, Pace, SystemClock
from fota_operator.progress import RUNNING, ExecutionStatus, JobStatus, job_status
from fota_operator.shipment import Firmware, check_shipment, ship
from fota_operator.store import remove_image
from fota_operator.things import thing_arn

if TYPE_CHECKING:
    from mypy_boto3_iot.type_defs import CancelJobRequestTypeDef, JobTypeDef

# AWS: https://docs.aws.amazon.com/iot/latest/apireference/API_PresignedUrlConfig.html
MIN_DURATION_S = 60
MAX_DURATION_S = 3600
# AWS: https://docs.aws.amazon.com/iot/latest/apireference/API_TimeoutConfig.html
MAX_TIMEOUT_MINUTES = 10_080
_NOT_CANCELLABLE = "InvalidRequestException"


@dataclass(frozen=True)
class StartRequest:
    """Which image goes to which thing, by way of which bucket and role (a name or an ARN).

    `duration_s` is how long a presigned URL is good for; each look of a device at its job makes a fresh one.
    `slot` None takes the image's own, or else whichever is spare. `timeout_minutes` is how long an
    execution may be IN_PROGRESS; None leaves it without limit.
    With an `envelope` the image is a release; `keyring` is that of the device, and decides.
    """

    thing: str
    image: Image
    bucket: str
    role: str
    duration_s: int = MAX_DURATION_S
    slot: int | None = None
    timeout_minutes: int | None = None
    envelope: Envelope | None = None
    keyring: Keyring | None = None


@dataclass(frozen=True)
class StartedJob:
    """A job that was made, or with `dry_run` would be.

    `reused`: the image lay in the bucket before. `version_id`: the version of the object that the job of a release
    names; before the upload nobody knows it.
    """

    job_id: str
    thing: str
    bucket: str
    key: str
    document: str
    version_id: str | None
    reused: bool
    dry_run: bool


def start_job(cloud: Cloud, request: StartRequest, *, dry_run: bool = False) -> StartedJob:
    """Check, upload, verify, make the job. With `dry_run`, only check.

    *Raises* BadInput, DeviceWouldRefuse, NotFound, StoredObjectDiffers, CloudRefused; then nothing new is left
    behind. After CloudUnreachable it is not known whether there is a job; an image may be left in the bucket.
    """
    _require_range("--duration", request.duration_s, MIN_DURATION_S, MAX_DURATION_S)
    require_timeout(request.timeout_minutes)
    firmware = Firmware(request.image, request.envelope, request.keyring, request.slot)
    shipment = check_shipment(cloud, firmware, bucket=request.bucket, role=request.role)
    target = target_arn(cloud, request.thing)
    started = StartedJob(
        job_id=new_job_id(),
        thing=request.thing,
        bucket=request.bucket,
        key=shipment.key,
        document=shipment.document(),
        version_id=None,
        reused=False,
        dry_run=dry_run,
    )
    if dry_run:
        return started
    shipped = ship(cloud, shipment)
    job = NewJob(
        started.job_id,
        (target,),
        shipped.document,
        _description(request),
        request.timeout_minutes,
        presigned={"roleArn": shipment.role_arn, "expiresInSec": request.duration_s},
    )
    try:
        create_job(cloud, job)
    except CloudRefused:
        remove_image(cloud, shipped.stored)
        raise
    return replace(started, document=shipped.document, version_id=shipped.version_id, reused=shipped.stored.reused)


def cancel_job(cloud: Cloud, job_id: str, *, force: bool = False, dry_run: bool = False) -> JobStatus:
    """Cancel a job: what is QUEUED, and with `force` what is IN_PROGRESS too. One that has ended stays as is.

    Returns how it stands then. *Raises* NotFound, CloudRefused.
    """
    before = job_status(cloud, job_id)
    if dry_run:
        return before
    if before.running:
        cancel_running(cloud, {"jobId": job_id, "force": force})
    elif force:
        # Cancelled before without force, which AWS does not do to a job twice: what is left are its executions.
        cancel_executions(cloud, job_id, before.executions, Pace(JOBS_PER_SECOND, SystemClock()))
    return job_status(cloud, job_id)


def cancel_running(cloud: Cloud, request: "CancelJobRequestTypeDef") -> None:
    """Cancel a job that runs; one that has come to its end meanwhile stays as it is. *Raises* CloudRefused."""
    try:
        with explaining(f"cancel the job {request['jobId']}"):
            cloud.iot.cancel_job(**request)
    except CloudRefused as error:
        if error.code != _NOT_CANCELLABLE:
            raise
        job = look_up_job(cloud, request["jobId"])
        if job is not None and job["status"] in RUNNING:
            raise


def look_up_job(cloud: Cloud, job_id: str) -> "JobTypeDef | None":
    """What AWS says of a job, or None if there is none of that id. Costs one call. *Raises* CloudRefused."""
    try:
        with explaining(f"look up the job {job_id}"):
            return cloud.iot.describe_job(jobId=job_id)["job"]
    except CloudRefused as error:
        if error.code != IOT_NOT_FOUND:
            raise
        return None


def cancel_executions(cloud: Cloud, job_id: str, executions: Iterable[ExecutionStatus], pace: Pace) -> None:
    """Cancel those of a job's executions that are pending, IN_PROGRESS or not. *Raises* CloudRefused.

    Costs a call for each, and *blocks* for the pace of these.
    """
    for execution in executions:
        if execution.pending:
            pace.wait()
            _cancel_execution(cloud, job_id, execution.thing)


def _cancel_execution(cloud: Cloud, job_id: str, thing: str) -> None:
    try:
        with explaining(f"cancel the job {job_id} for {thing}"):
            cloud.iot.cancel_job_execution(jobId=job_id, thingName=thing, force=True)
    except CloudRefused as error:
        # The device was quicker.
        if error.code != "InvalidStateTransitionException":
            raise


def _description(request: StartRequest) -> str:
    return f"firmware {request.image.version or request.image.sha256[:12]}"


def target_arn(cloud: Cloud, thing: str) -> str:
    """The ARN of a thing that shall get a job. *Raises* BadInput, NotFound."""
    target = thing_arn(cloud, thing)
    if target is None:
        raise NotFound(
            f"there is no thing {thing} in {cloud.region}",
            f"register it with `fota things add {thing}`, or look at the region",
        )
    return target


def require_timeout(timeout_minutes: int | None) -> None:
    """*Raises* BadInput unless AWS IoT takes it."""
    if timeout_minutes is not None:
        _require_range("--timeout-minutes", timeout_minutes, 1, MAX_TIMEOUT_MINUTES)


def new_job_id() -> str:
    """An id for a job: its second, so that lists sort, and 64 random bits, so that no two collide."""
    return f"fota-{datetime.now(timezone.utc):%Y%m%dT%H%M%S}-{secrets.token_hex(8)}"


def _require_range(option: str, value: int, least: int, most: int) -> None:
    if not least <= value <= most:
        raise BadInput(f"{option}: expected {least} to {most}, got {value}", "choose one in that range")
