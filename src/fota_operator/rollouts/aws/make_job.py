"""Makes the job that offers the release to the things of a stage. Asking twice makes it only once.

Leaves to others: which things these are (`stages`), and when (`decide.next_step`).
"""

from __future__ import annotations

import math
from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from fota_operator.cloud import Cloud, is_passing
from fota_operator.errors import IOT_ALREADY_EXISTS, IOT_NOT_FOUND, CloudRefused
from fota_operator.jobs.create_job import NewJob, create_named_job
from fota_operator.jobs.limits import MAX_TARGETS
from fota_operator.jobs.look_up import TAG_BY, TAG_PLAN, TAG_ROLLOUT, TAG_STAGE, TAG_THINGS, read_tags
from fota_operator.rate_limiter import WallClock
from fota_operator.rollouts.aws.names import Place
from fota_operator.rollouts.aws.plan_store import StoredPlan
from fota_operator.rollouts.aws.progress import OnProgress, RolloutProgress
from fota_operator.rollouts.aws.reader import require_own
from fota_operator.rollouts.aws.stage_group import StageGroup
from fota_operator.rollouts.aws.targets import missing_things
from fota_operator.rollouts.decide.stages import rate
from fota_operator.rollouts.plan.model import AbortRule

if TYPE_CHECKING:
    from mypy_boto3_iot.literals import JobExecutionFailureTypeType
    from mypy_boto3_iot.type_defs import (
        AbortConfigTypeDef,
        AbortCriteriaTypeDef,
        JobExecutionsRetryConfigTypeDef,
    )

_FAILURE_TYPES: dict[str, JobExecutionFailureTypeType] = {
    "ALL": "ALL",
    "FAILED": "FAILED",
    "REJECTED": "REJECTED",
    "TIMED_OUT": "TIMED_OUT",
}


@dataclass(frozen=True)
class StageJob:
    """What is offered, and where: every job of a rollout has the same document."""

    stored: StoredPlan
    place: Place
    document: str
    role_arn: str
    by: str
    """Who makes the job, as `acts.caller_tag` has it."""
    package_version: str | None = None

    def tags(self, things: int | None = None) -> dict[str, str]:
        """The tags that tie the job and its group to the rollout."""
        tags = {
            TAG_ROLLOUT: self.place.name,
            TAG_STAGE: str(self.place.stage),
            TAG_PLAN: self.stored.digest,
        }
        return tags if things is None else tags | {TAG_THINGS: str(things), TAG_BY: self.by}


def make_stage_job(
    cloud: Cloud, offer: StageJob, things: Sequence[str], clock: WallClock, on_progress: OnProgress
) -> frozenset[str]:
    """Make the job. Returns those of the things that are not registered any more; if they are all, there is no job.

    *Raises* AlreadyThere if a job of that id was not made for this plan; TimedOut, CloudRefused, CloudUnreachable.
    """
    if len(things) > MAX_TARGETS:
        group = StageGroup(cloud, offer.place.job_id, offer.tags(), clock, on_progress)
        gone = group.fill(frozenset(things))
        if len(gone) < len(things):
            targets = [_arn(cloud, "thinggroup", offer.place.job_id)]
            targets += [_arn(cloud, "thing", thing) for thing in group.outside]
            _create(cloud, offer, tuple(targets), len(things) - len(gone), on_progress)
        return gone
    try:
        _create(cloud, offer, tuple(_arn(cloud, "thing", thing) for thing in things), len(things), on_progress)
    except CloudRefused as error:
        if error.code != IOT_NOT_FOUND:
            raise
        gone = frozenset(missing_things(cloud, things, clock))
        left = [thing for thing in things if thing not in gone]
        if not gone:
            raise
        if left:
            _create(cloud, offer, tuple(_arn(cloud, "thing", thing) for thing in left), len(left), on_progress)
        return gone
    return frozenset()


def _create(cloud: Cloud, offer: StageJob, targets: tuple[str, ...], things: int, on_progress: OnProgress) -> None:
    job_id = offer.place.job_id
    plan = offer.stored.plan
    stage = plan.stages[offer.place.stage - 1]
    job = NewJob(
        job_id,
        targets,
        offer.document,
        f"{offer.stored.product} {offer.stored.version}: {plan.name}, stage {stage.name}",
        plan.timeout_minutes,
        presigned={"roleArn": offer.role_arn, "expiresInSec": plan.duration_s},
        rate={"maximumPerMinute": rate(plan, stage)},
        aborts=_aborts(plan.aborts, things),
        retries=_retries(plan.retries, plan.timeout_minutes),
        tags=offer.tags(things),
        package_version=offer.package_version,
    )
    try:
        _create_with_package(cloud, job, on_progress)
    except CloudRefused as error:
        if error.code != IOT_ALREADY_EXISTS:
            raise
        # An answer to us was lost, or another run of this rollout made the job first.
        require_own(offer.stored, job_id, read_tags(cloud, _arn(cloud, "job", job_id)))


def _create_with_package(cloud: Cloud, job: NewJob, on_progress: OnProgress) -> None:
    """Make the job; if AWS refuses it for the package version that it names, without that."""
    try:
        create_named_job(cloud, job)
    except CloudRefused as error:
        if job.package_version is None or is_passing(error) or error.code in (IOT_ALREADY_EXISTS, IOT_NOT_FOUND):
            raise
        # Whatever else it was refused for, it is refused for again.
        create_named_job(cloud, replace(job, package_version=None))
        on_progress(RolloutProgress(f"the job goes on without AWS's package catalog: {error.message}"))


def _arn(cloud: Cloud, kind: str, name: str) -> str:
    return f"arn:{cloud.partition}:iot:{cloud.region}:{cloud.account_id}:{kind}/{name}"


def _aborts(rules: Collection[AbortRule], things: int) -> AbortConfigTypeDef | None:
    if not rules:
        return None
    criteria: list[AbortCriteriaTypeDef] = [
        {
            "failureType": _FAILURE_TYPES[rule.failure],
            "action": "CANCEL",
            "thresholdPercentage": rule.percent,
            "minNumberOfExecutedThings": math.ceil(things / 10) if rule.least is None else rule.least,
        }
        for rule in rules
    ]
    return {"criteriaList": criteria}


def _retries(retries: int, timeout_minutes: int | None) -> JobExecutionsRetryConfigTypeDef | None:
    if not retries:
        return None
    # AWS takes TIMED_OUT, and so ALL, only if the job has a time-out.
    return {
        "criteriaList": [{"failureType": "FAILED" if timeout_minutes is None else "ALL", "numberOfRetries": retries}]
    }
