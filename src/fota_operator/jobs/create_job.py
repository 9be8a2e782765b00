"""Create a job in AWS IoT from one description of it.

Leaves to others: what the document says (`document`), and who gets it (`start`, `rollouts`).
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from fota_operator.cloud import Cloud, explaining
from fota_operator.errors import IOT_ALREADY_EXISTS, CloudRefused

if TYPE_CHECKING:
    from mypy_boto3_iot.type_defs import (
        AbortConfigTypeDef,
        CreateJobRequestTypeDef,
        JobExecutionsRetryConfigTypeDef,
        JobExecutionsRolloutConfigTypeDef,
        PresignedUrlConfigTypeDef,
        TimeoutConfigTypeDef,
    )


@dataclass(frozen=True)
class NewJob:
    """The description of any job. `targets` are ARNs of things and groups; None and empty: AWS's default."""

    job_id: str
    targets: tuple[str, ...]
    document: str
    description: str
    timeout_minutes: int | None = None
    presigned: "PresignedUrlConfigTypeDef | None" = None
    rate: "JobExecutionsRolloutConfigTypeDef | None" = None
    aborts: "AbortConfigTypeDef | None" = None
    retries: "JobExecutionsRetryConfigTypeDef | None" = None
    tags: Mapping[str, str] = field(default_factory=dict)
    package_version: str | None = None
    """The ARN of what a thing has in AWS's package catalog once the job SUCCEEDED."""


def create_job(cloud: Cloud, job: NewJob) -> None:
    """Make a job whose id nobody else can have. *Raises* CloudRefused, CloudUnreachable."""
    try:
        create_named_job(cloud, job)
    except CloudRefused as error:
        # The id is random and ours: the job exists because an answer to us was lost and boto3 sent the request again.
        if error.code != IOT_ALREADY_EXISTS:
            raise


def create_named_job(cloud: Cloud, job: NewJob) -> None:
    """Make a job whose id may be taken. *Raises* CloudRefused with IOT_ALREADY_EXISTS then; CloudUnreachable."""
    with explaining(f"make the job {job.job_id}"):
        cloud.iot.create_job(**_request(job))


def _request(job: NewJob) -> "CreateJobRequestTypeDef":
    timeout: TimeoutConfigTypeDef = (
        {} if job.timeout_minutes is None else {"inProgressTimeoutInMinutes": job.timeout_minutes}
    )
    request: CreateJobRequestTypeDef = {
        "jobId": job.job_id,
        "targets": list(job.targets),
        "targetSelection": "SNAPSHOT",
        "document": job.document,
        "description": job.description,
        "presignedUrlConfig": job.presigned or {},
        "timeoutConfig": timeout,
    }
    if job.rate is not None:
        request["jobExecutionsRolloutConfig"] = job.rate
    if job.aborts is not None:
        request["abortConfig"] = job.aborts
    if job.retries is not None:
        request["jobExecutionsRetryConfig"] = job.retries
    if job.package_version is not None:
        request["destinationPackageVersions"] = [job.package_version]
    if job.tags:
        request["tags"] = [{"Key": key, "Value": value} for key, value in job.tags.items()]
    return request
