"""Makes the jobs that offer the release to the things of a stage. Asking twice makes each only once.

A job names its things: no thing group of ours is ever made, so that none can be left behind (ADR 21).

Leaves to others: which things these are (`stages`), and when (`decide.next_step`).
"""

from __future__ import annotations

import math
from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from fota_operator.cloud import Cloud, is_passing
from fota_operator.errors import IOT_ALREADY_EXISTS, IOT_LIMIT, IOT_NOT_FOUND, CloudRefused
from fota_operator.jobs.create_job import NewJob, create_named_job
from fota_operator.jobs.limits import MAX_TARGETS
from fota_operator.jobs.look_up import TAG_BY, TAG_PLAN, TAG_ROLLOUT, TAG_STAGE, TAG_THINGS, read_tags
from fota_operator.rate_limiter import RateLimiter, WallClock
from fota_operator.rollouts.aws.names import Place
from fota_operator.rollouts.aws.plan_store import StoredPlan
from fota_operator.rollouts.aws.progress import OnProgress, RolloutProgress
from fota_operator.rollouts.aws.stage_jobs import require_own
from fota_operator.rollouts.aws.targets import missing_things
from fota_operator.rollouts.decide.stages import rate
from fota_operator.rollouts.plan.model import AbortRule
from fota_operator.rollouts.plan.quotas import COMMAND_PER_SECOND, JobSplit, jobs_for

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

_NOT_FOR_THE_PACKAGE = (IOT_ALREADY_EXISTS, IOT_NOT_FOUND, IOT_LIMIT)
"""Why AWS refuses a job whatever package version it names."""


@dataclass(frozen=True)
class StageOffer:
    """What is offered, and where: every job of a rollout has the same document.

    `place` is that of the first job to be made; `total`: for how many things all jobs of the offer are.
    """

    stored: StoredPlan
    place: Place
    document: str
    role_arn: str
    total: int
    by: str
    """Who makes the jobs, as `acts.caller_tag` has it."""
    package_version: str | None = None

    @property
    def jobs(self) -> JobSplit:
        """How many jobs these are, and how fast each is."""
        plan = self.stored.plan
        return jobs_for(self.total, rate(plan, plan.stages[self.place.stage - 1]))

    def tags(self) -> dict[str, str]:
        """The tags that tie a job to the rollout."""
        tags = {
            TAG_ROLLOUT: self.place.name,
            TAG_STAGE: str(self.place.stage),
            TAG_PLAN: self.stored.digest,
            TAG_BY: self.by,
        }
        # The first job says for all: a run that was interrupted goes on to make the others.
        return tags | {TAG_THINGS: str(self.total)} if self.place.part == 1 else tags


def make_stage_jobs(
    cloud: Cloud, offer: StageOffer, things: Sequence[str], clock: WallClock, on_progress: OnProgress
) -> frozenset[str]:
    """Make the jobs of these things, each of at most MAX_TARGETS. Made at a limited rate, with progress.

    A cut after any of them leaves jobs that another run finds. Returns those of the things that are not registered
    any more; no job is made for them alone.
    *Raises* AlreadyThere if a job of that id was not made for this plan; CloudRefused, CloudUnreachable.
    """
    pace = RateLimiter(COMMAND_PER_SECOND, clock)
    gone: set[str] = set()
    for first in range(0, len(things), MAX_TARGETS):
        pace.wait()
        absent, made = _make(cloud, offer, things[first : first + MAX_TARGETS], clock, on_progress)
        gone |= absent
        done = min(first + MAX_TARGETS, len(things))
        if len(things) > MAX_TARGETS:
            title = offer.stored.plan.stages[offer.place.stage - 1].name
            on_progress(RolloutProgress(f"stage {offer.place.stage}, {title}: offered to things", done, len(things)))
        if made:
            offer = replace(offer, place=replace(offer.place, part=offer.place.part + 1))
        elif offer.place.part == 1:
            offer = replace(offer, total=offer.total - len(absent))
    return frozenset(gone)


def _make(
    cloud: Cloud, offer: StageOffer, things: Sequence[str], clock: WallClock, on_progress: OnProgress
) -> tuple[frozenset[str], bool]:
    """Make one job; returns the things that are not registered any more, and whether any were left for a job."""
    try:
        _create(cloud, offer, things, on_progress)
    except CloudRefused as error:
        if error.code != IOT_NOT_FOUND:
            raise
        gone = frozenset(missing_things(cloud, things, clock))
        left = [thing for thing in things if thing not in gone]
        if not gone:
            raise
        if left:
            first = offer.place.part == 1
            _create(cloud, replace(offer, total=offer.total - len(gone)) if first else offer, left, on_progress)
        return gone, bool(left)
    return frozenset(), True


def _create(cloud: Cloud, offer: StageOffer, things: Sequence[str], on_progress: OnProgress) -> None:
    job_id = offer.place.job_id
    plan = offer.stored.plan
    stage = plan.stages[offer.place.stage - 1]
    job = NewJob(
        job_id,
        tuple(_arn(cloud, "thing", thing) for thing in things),
        offer.document,
        f"{offer.stored.product} {offer.stored.version}: {plan.name}, stage {stage.name}",
        plan.timeout_minutes,
        presigned={"roleArn": offer.role_arn, "expiresInSec": plan.duration_s},
        rate={"maximumPerMinute": offer.jobs.rate_per_minute},
        aborts=_aborts(plan.aborts, len(things), offer.total),
        retries=_retries(plan.retries, plan.timeout_minutes),
        tags=offer.tags(),
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
        if job.package_version is None or is_passing(error) or error.code in _NOT_FOR_THE_PACKAGE:
            raise
        # Whatever else it was refused for, it is refused for again.
        create_named_job(cloud, replace(job, package_version=None))
        on_progress(RolloutProgress(f"the job goes on without AWS's package catalog: {error.message}"))


def _arn(cloud: Cloud, kind: str, name: str) -> str:
    return f"arn:{cloud.partition}:iot:{cloud.region}:{cloud.account_id}:{kind}/{name}"


def _aborts(rules: Collection[AbortRule], things: int, total: int) -> AbortConfigTypeDef | None:
    """The plan's rules for a job that has `things` of the `total` of its stage.

    They are for the stage as a whole, which `decide` holds against them too. In one job of many, a few failures prove
    less: AWS cancels it when half of its things have answered, or as many as the rule says for the stage.
    """
    if not rules:
        return None

    def least(rule: AbortRule) -> int:
        of_stage = math.ceil(total / 10) if rule.least is None else rule.least
        return of_stage if things == total else max(1, min(of_stage, math.ceil(things / 2)))

    criteria: list[AbortCriteriaTypeDef] = [
        {
            "failureType": _FAILURE_TYPES[rule.failure],
            "action": "CANCEL",
            "thresholdPercentage": rule.percent,
            "minNumberOfExecutedThings": least(rule),
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
