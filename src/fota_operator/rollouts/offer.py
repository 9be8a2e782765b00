"""The job by which a stage offers the release to its things. Asked for twice, it is made once.

Leaves to others: which things these are (`stages`), and when (`decision`).
"""

from __future__ import annotations

import math
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from fota_operator.cloud import Cloud
from fota_operator.errors import IOT_ALREADY_EXISTS, IOT_NOT_FOUND, CloudRefused
from fota_operator.new_job import MOST_TARGETS, NewJob, create_named_job
from fota_operator.pace import Clock
from fota_operator.rollouts import names
from fota_operator.rollouts.job_read import read_tags
from fota_operator.rollouts.ledger import require_own
from fota_operator.rollouts.names import Place
from fota_operator.rollouts.plan import AbortRule
from fota_operator.rollouts.plan_store import StoredPlan
from fota_operator.rollouts.stage_group import StageGroup
from fota_operator.rollouts.stages import rate
from fota_operator.rollouts.targets import missing_things
from fota_operator.rollouts.telling import Tell

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
class Offer:
    """What is offered where: the same document in every job of a rollout."""

    stored: StoredPlan
    place: Place
    document: str
    role_arn: str

    def tags(self, things: int | None = None) -> dict[str, str]:
        """What ties the job, and its group, to the rollout."""
        tags = {
            names.TAG_ROLLOUT: self.place.name,
            names.TAG_STAGE: str(self.place.stage),
            names.TAG_PLAN: self.stored.digest,
        }
        return tags if things is None else tags | {names.TAG_THINGS: str(things)}


def make_offer(cloud: Cloud, offer: Offer, things: Sequence[str], clock: Clock, tell: Tell) -> frozenset[str]:
    """Make the job. Returns those of the things that are not registered any more; if they are all, there is no job.

    *Raises* AlreadyThere if a job of that id was not made for this plan; TimedOut, CloudRefused, CloudUnreachable.
    """
    if len(things) > MOST_TARGETS:
        group = StageGroup(cloud, offer.place.job_id, offer.tags(), clock, tell)
        gone = group.fill(frozenset(things))
        if len(gone) < len(things):
            _create(cloud, offer, (_arn(cloud, "thinggroup", offer.place.job_id),), len(things) - len(gone))
        return gone
    try:
        _create(cloud, offer, tuple(_arn(cloud, "thing", thing) for thing in things), len(things))
    except CloudRefused as error:
        if error.code != IOT_NOT_FOUND:
            raise
        gone = frozenset(missing_things(cloud, things, clock))
        left = [thing for thing in things if thing not in gone]
        if not gone:
            raise
        if left:
            _create(cloud, offer, tuple(_arn(cloud, "thing", thing) for thing in left), len(left))
        return gone
    return frozenset()


def _create(cloud: Cloud, offer: Offer, targets: tuple[str, ...], things: int) -> None:
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
    )
    try:
        create_named_job(cloud, job)
    except CloudRefused as error:
        if error.code != IOT_ALREADY_EXISTS:
            raise
        # An answer to us was lost, or another run of this rollout was quicker.
        require_own(offer.stored, job_id, read_tags(cloud, _arn(cloud, "job", job_id)))


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
    # AWS takes TIMED_OUT, and so ALL, only where there is a time-out.
    return {
        "criteriaList": [{"failureType": "FAILED" if timeout_minutes is None else "ALL", "numberOfRetries": retries}]
    }
