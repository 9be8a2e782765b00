"""Reads one job from AWS, and the tags that mark a job of a rollout. Changes nothing."""

from typing import TYPE_CHECKING

from fota.errors import FotaError
from fota.trust import envelope, manifest
from fota_operator.bounded_text import parse_json
from fota_operator.cloud import Cloud, explaining, is_forbidden
from fota_operator.errors import IOT_NOT_FOUND, CloudRefused

if TYPE_CHECKING:
    from mypy_boto3_iot.type_defs import JobTypeDef

TAG_ROLLOUT = "fota:rollout"
TAG_STAGE = "fota:stage"
TAG_PLAN = "fota:plan"
"""The SHA-256 of the plan's bytes, in hex."""
TAG_THINGS = "fota:things"
"""How many things a job aims at: for a group AWS does not report it."""
TAG_STATE = "fota:state"
"""Only the first job of a rollout has this tag, and not while the rollout runs."""
TAG_TOLD = "fota:told"
"""What was told of a rollout: the numbers of stages whose gates were passed, and its end."""
TAG_BY = "fota:by"
"""Who made the job, as AWS knows the credentials that were used."""


def look_up_job(cloud: Cloud, job_id: str) -> "JobTypeDef | None":
    """What AWS says of a job, or None if no job has that id. Costs one call. *Raises* CloudRefused."""
    try:
        with explaining(f"look up the job {job_id}"):
            return cloud.iot.describe_job(jobId=job_id)["job"]
    except CloudRefused as error:
        if error.code != IOT_NOT_FOUND:
            raise
        return None


def read_tags(cloud: Cloud, arn: str) -> dict[str, str]:
    """The tags of a job or group. Costs one call. *Raises* CloudRefused."""
    with explaining(f"read the tags of {arn}"):
        pages = cloud.iot.get_paginator("list_tags_for_resource").paginate(resourceArn=arn)
        return {tag["Key"]: tag.get("Value", "") for page in pages for tag in page.get("tags", [])}


def signed_within_s(cloud: Cloud, job_id: str) -> int | None:
    """For how many seconds the release of a job lets a device put it off; None: without end, or it is not known.

    Its signatures are not verified. Costs one call. *Raises* CloudRefused.
    """
    try:
        with explaining(f"read the document of the job {job_id}"):
            document = cloud.iot.get_job_document(jobId=job_id)["document"]
    except CloudRefused as error:
        if error.code == IOT_NOT_FOUND or is_forbidden(error):
            return None
        raise
    release = manifest_in(document)
    return None if release is None else release.within_s


def manifest_in(document: str) -> "manifest.Manifest | None":
    """The manifest in a job document, verified or not; None if there is none that can be read."""
    found = envelope_in(document)
    try:
        return None if found is None else manifest.parse(found.payload)
    except (ValueError, FotaError):
        # It is a keyring, or has a later format.
        return None


def envelope_in(document: str) -> "envelope.Envelope | None":
    """The envelope in a job document, verified or not; None if there is none that can be read."""
    try:
        fields = parse_json(document)
        return envelope.parse(fields.get("envelope")) if isinstance(fields, dict) else None
    except (ValueError, FotaError):
        # It is no JSON, or not signed.
        return None


def read_document(cloud: Cloud, job_id: str) -> str:
    """The document of a job, as it was given to AWS. Costs one call. *Raises* CloudRefused."""
    with explaining(f"read the document of the job {job_id}"):
        return cloud.iot.get_job_document(jobId=job_id)["document"]
