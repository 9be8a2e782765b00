"""Keeps the plan of a rollout in its bucket: it is written once, before the first job, and never again.

Leaves to others: the bytes (`text`), and what has been done so far (`reader`).
"""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass
from hashlib import sha256

from fota_operator.account.names import PRESIGN_ROLE, default_bucket
from fota_operator.account.no_bucket import no_bucket
from fota_operator.cloud import Cloud, explaining
from fota_operator.errors import AlreadyThere, CloudRefused, CloudUnreachable, NotFound
from fota_operator.nearest import or_nearest
from fota_operator.rollouts.aws.names import PLAN_PREFIX, name_in, plan_key
from fota_operator.rollouts.plan.model import Plan
from fota_operator.rollouts.plan.text import decode, difference, encode

_ABSENT = {"404", "NoSuchBucket", "NoSuchKey", "NotFound"}
# S3 answers so when another conditional write is under way, or was done.
_TAKEN = {"ConditionalRequestConflict", "PreconditionFailed"}
_PRODUCT, _VERSION = "product", "version"


@dataclass(frozen=True)
class StoredPlan:
    """A plan, and the product and version of its release."""

    plan: Plan
    product: str
    version: str

    @property
    def digest(self) -> str:
        """The SHA-256 of the plan's bytes, in hex: what ties a job to it."""
        return sha256(encode(self.plan)).hexdigest()


def bucket_of(cloud: Cloud, bucket: str | None) -> str:
    """The bucket that is meant."""
    return default_bucket(cloud) if bucket is None else bucket


def role_of(plan: Plan) -> str:
    """The role that AWS IoT assumes to sign the URL: a name or an ARN."""
    return plan.role or PRESIGN_ROLE


def store_plan(cloud: Cloud, stored: StoredPlan) -> None:
    """Write a plan, unless it is there. *Raises* AlreadyThere if another plan has its name, CloudRefused."""
    name, bucket = stored.plan.name, bucket_of(cloud, stored.plan.bucket)
    try:
        with explaining(f"store the plan of {name}"):
            cloud.s3.put_object(
                Bucket=bucket,
                Key=plan_key(name),
                Body=encode(stored.plan),
                ContentType="application/json",
                Metadata={_PRODUCT: stored.product, _VERSION: stored.version},
                IfNoneMatch="*",
            )
    except CloudRefused as error:
        if error.code not in _TAKEN:
            raise
        require_same(load_plan(cloud, name, bucket), stored.plan)


def load_plan(cloud: Cloud, name: str, bucket: str | None = None) -> StoredPlan:
    """The plan of a rollout. *Raises* NotFound, BadInput, CloudRefused."""
    found = find_plan(cloud, name, bucket)
    if found is None:
        raise NotFound(
            f"there is no rollout {name} in s3://{bucket_of(cloud, bucket)}",
            _where_to_look(cloud, name, bucket),
        )
    return found


def _where_to_look(cloud: Cloud, name: str, bucket: str | None) -> str:
    """*Raises* NotFound if there is no such bucket either."""
    remedy = "look at `fota rollout list`, at the region, or name its bucket with `bucket`"
    with suppress(CloudRefused, CloudUnreachable):
        known = stored_names(cloud, bucket)
        return or_nearest(remedy, name, lambda: known)
    return remedy


def find_plan(cloud: Cloud, name: str, bucket: str | None = None) -> StoredPlan | None:
    """The plan of a rollout, if there is one. *Raises* BadInput, CloudRefused."""
    where = bucket_of(cloud, bucket)
    try:
        with explaining(f"read s3://{where}/{plan_key(name)}"):
            found = cloud.s3.get_object(Bucket=where, Key=plan_key(name))
            content = found["Body"].read()
    except CloudRefused as error:
        if error.code in _ABSENT:
            return None
        raise
    facts = found.get("Metadata", {})
    return StoredPlan(decode(content), facts.get(_PRODUCT, ""), facts.get(_VERSION, ""))


def require_same(stored: StoredPlan, asked: Plan) -> None:
    """*Raises* AlreadyThere unless the plans are the same."""
    differs = difference(stored.plan, asked)
    if differs is not None:
        raise AlreadyThere(
            f"another plan has the name {asked.name}: {differs}",
            "go on with that plan, or choose another name",
        )


def stored_names(cloud: Cloud, bucket: str | None = None) -> tuple[str, ...]:
    """The names of all rollouts of a bucket. *Raises* NotFound, CloudRefused."""
    where = bucket_of(cloud, bucket)
    try:
        with explaining(f"list s3://{where}/{PLAN_PREFIX}"):
            pages = cloud.s3.get_paginator("list_objects_v2").paginate(Bucket=where, Prefix=PLAN_PREFIX)
            keys = [found["Key"] for page in pages for found in page.get("Contents", [])]
    except CloudRefused as error:
        if error.code in _ABSENT:
            raise no_bucket(cloud, where) from error
        raise
    return tuple(sorted(name for name in map(name_in, keys) if name is not None))
