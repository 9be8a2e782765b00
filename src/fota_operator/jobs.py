"""Start and cancel the job that brings an image to a thing.

Everything is checked before anything is made, and what was made is taken back if the job is refused.
Leaves to others: how the job fares (`progress`).
"""

import secrets
from dataclasses import dataclass, replace
from datetime import datetime, timezone
from typing import TYPE_CHECKING

from fota.envelope import Envelope
from fota.keyring import Keyring
from fota_operator.cloud import Cloud, explaining
from fota_operator.document import build_document
from fota_operator.errors import BadInput, CloudRefused, NotFound
from fota_operator.image import Image
from fota_operator.progress import JobStatus, job_status
from fota_operator.release import refusal, require_taken
from fota_operator.roles import presign_role_arn
from fota_operator.store import (
    bucket_region,
    key_of,
    object_url,
    pinned,
    remove_image,
    require_versions,
    store_image,
)
from fota_operator.things import thing_arn

if TYPE_CHECKING:
    from mypy_boto3_iot.type_defs import PresignedUrlConfigTypeDef

# AWS: https://docs.aws.amazon.com/iot/latest/apireference/API_PresignedUrlConfig.html
MIN_DURATION_S = 60
MAX_DURATION_S = 3600
# AWS: https://docs.aws.amazon.com/iot/latest/apireference/API_TimeoutConfig.html
MAX_TIMEOUT_MINUTES = 10_080
# S3: https://docs.aws.amazon.com/AmazonS3/latest/userguide/versioning-workflows.html
_LONGEST_VERSION = "x" * 1024
_VERSION_BEFORE_VERSIONS = "null"
"""S3's name for the version of an object that lay there before its bucket kept versions."""
_VERSION_TO_COME = "VERSION-OF-THE-UPLOAD"


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


@dataclass(frozen=True)
class _Plan:
    """What passed every check: all that AWS is going to be told, but for the version of the object."""

    job_id: str
    thing_arn: str
    role_arn: str
    object_url: str
    slot: int | None


def start_job(cloud: Cloud, request: StartRequest, *, dry_run: bool = False) -> StartedJob:
    """Check, upload, verify, make the job. With `dry_run`, only check.

    *Raises* BadInput, DeviceWouldRefuse, NotFound, StoredObjectDiffers, CloudRefused; then nothing new is left
    behind. After CloudUnreachable it is not known whether there is a job; an image may be left in the bucket.
    """
    plan = _checked(cloud, request)
    started = StartedJob(
        job_id=plan.job_id,
        thing=request.thing,
        bucket=request.bucket,
        key=key_of(request.image),
        document=_document(cloud, request, plan, _LONGEST_VERSION),
        version_id=None,
        reused=False,
        dry_run=dry_run,
    )
    if dry_run:
        return replace(started, document=_document(cloud, request, plan, _VERSION_TO_COME))
    stored = store_image(cloud, request.image, request.bucket)
    version_id = None if request.envelope is None else stored.version_id or _VERSION_BEFORE_VERSIONS
    document = _document(cloud, request, plan, version_id or "")
    try:
        create_job(
            cloud,
            NewJob(plan.job_id, plan.thing_arn, document, _description(request), request.timeout_minutes),
            presigned={"roleArn": plan.role_arn, "expiresInSec": request.duration_s},
        )
    except CloudRefused:
        remove_image(cloud, stored)
        raise
    return replace(started, document=document, version_id=version_id, reused=stored.reused)


def cancel_job(cloud: Cloud, job_id: str, *, force: bool = False, dry_run: bool = False) -> JobStatus:
    """Cancel a job: what is QUEUED, and with `force` what is IN_PROGRESS too. One that has ended stays as is.

    Returns how it stands then. *Raises* NotFound, CloudRefused.
    """
    before = job_status(cloud, job_id)
    if dry_run:
        return before
    if before.running:
        with explaining(f"cancel the job {job_id}"):
            cloud.iot.cancel_job(jobId=job_id, force=force)
    elif force:
        # Cancelled before without force, which AWS does not do to a job twice: what is left are its executions.
        _cancel_executions(cloud, before)
    return job_status(cloud, job_id)


def _cancel_executions(cloud: Cloud, status: JobStatus) -> None:
    for execution in status.executions:
        if execution.pending:
            with explaining(f"cancel the job {status.job_id} for {execution.thing}"):
                cloud.iot.cancel_job_execution(jobId=status.job_id, thingName=execution.thing, force=True)


def _checked(cloud: Cloud, request: StartRequest) -> _Plan:
    _require_range("--duration", request.duration_s, MIN_DURATION_S, MAX_DURATION_S)
    require_timeout(request.timeout_minutes)
    slot = _slot(request)
    _require_taken(request)
    target = target_arn(cloud, request.thing)
    role_arn = presign_role_arn(cloud, request.role)
    region = bucket_region(cloud, request.bucket)
    if request.envelope is not None:
        require_versions(cloud, request.bucket)
    url = object_url(request.bucket, key_of(request.image), region=region, partition=cloud.partition)
    return _Plan(
        job_id=new_job_id(),
        thing_arn=target,
        role_arn=role_arn,
        object_url=url,
        slot=slot,
    )


def _require_taken(request: StartRequest) -> None:
    if request.envelope is None:
        if request.keyring is not None:
            raise refusal("unsigned", "the image is not signed")
        return
    if request.keyring is None:
        raise BadInput("a release is verified before it is sent, and no keyring was given", "name one with --keyring")
    require_taken(request.envelope, request.image, request.keyring)


def _document(cloud: Cloud, request: StartRequest, plan: _Plan, version_id: str) -> str:
    url = plan.object_url
    if request.envelope is not None:
        url = pinned(url, version_id, is_aws=cloud.is_aws)
    return build_document(request.image, url, plan.slot, request.envelope)


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


def _slot(request: StartRequest) -> int | None:
    if request.slot is not None and request.slot < 0:
        raise BadInput(f"--slot: expected 0 or more, got {request.slot}", "name a slot of the device")
    if request.slot is not None and request.image.slot not in (None, request.slot):
        raise BadInput(
            f"the image is linked for slot {request.image.slot} and cannot run in slot {request.slot}",
            f"leave out --slot, or link it for slot {request.slot}",
        )
    return request.image.slot if request.slot is None else request.slot


def _require_range(option: str, value: int, least: int, most: int) -> None:
    if not least <= value <= most:
        raise BadInput(f"{option}: expected {least} to {most}, got {value}", "choose one in that range")


@dataclass(frozen=True)
class NewJob:
    """What AWS IoT is told of any job."""

    job_id: str
    thing_arn: str
    document: str
    description: str
    timeout_minutes: int | None = None


def create_job(cloud: Cloud, job: NewJob, *, presigned: "PresignedUrlConfigTypeDef | None" = None) -> None:
    """Make a job. *Raises* CloudRefused, CloudUnreachable."""
    timeout = job.timeout_minutes
    try:
        with explaining("make the job"):
            cloud.iot.create_job(
                jobId=job.job_id,
                targets=[job.thing_arn],
                targetSelection="SNAPSHOT",
                document=job.document,
                description=job.description,
                presignedUrlConfig=presigned or {},
                timeoutConfig={} if timeout is None else {"inProgressTimeoutInMinutes": timeout},
            )
    except CloudRefused as error:
        # The id is random and ours: it exists because an answer to us was lost and boto3 asked again.
        if error.code != "ResourceAlreadyExistsException":
            raise
