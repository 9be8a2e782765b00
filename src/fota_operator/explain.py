"""The story of a device: what it was offered, how each offer went and when, what that means and what to do.

Leaves to others: what the words mean (`reasons`), and how it is told (`cli.explain`).
"""

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timezone
from functools import cache

from fota import envelope, manifest
from fota.errors import FotaError
from fota_operator.cloud import Cloud, explaining
from fota_operator.errors import IOT_NOT_FOUND, BadInput, CloudRefused, NotFound
from fota_operator.plain import plain
from fota_operator.progress import (
    BEGUN,
    ExecutionStatus,
    executions_of_job,
    executions_of_thing,
    most_telling,
    with_details,
)
from fota_operator.reasons import Meaning, meaning
from fota_operator.rollouts.job_read import read_tags
from fota_operator.rollouts.names import TAG_ROLLOUT, TAG_STAGE
from fota_operator.things import thing_arn

MOST_CHAPTERS = 50
"""Each costs a request or four."""

_KINDS = {"fota": "firmware", "fota-keyring": "keyring"}
_LONG_AGO = datetime.fromtimestamp(0, timezone.utc)


@dataclass(frozen=True)
class Offer:
    """A job, as far as it tells what it brings.

    `kind`: "firmware", "keyring" or "other". `product` and `version` stand in the manifest of a release, whose
    signatures were not verified here; without one they are None. `comment` is why it was cancelled.
    """

    job_id: str
    job_status: str
    kind: str
    description: str
    product: str | None = None
    version: str | None = None
    rollout: str | None = None
    stage: int | None = None
    comment: str | None = None


@dataclass(frozen=True)
class Moment:
    """When an execution came to a status. AWS keeps three: queued, started, and changed last."""

    at: datetime
    status: str


@dataclass(frozen=True)
class Chapter:
    """One offer to one thing: how it went, what that means."""

    offer: Offer
    execution: ExecutionStatus
    moments: tuple[Moment, ...]
    meaning: Meaning


@dataclass(frozen=True)
class Story:
    """Of a thing, the newest offer first; or of a job, what went wrong first. `left_out`: how many were not told."""

    subject: str
    chapters: tuple[Chapter, ...]
    left_out: int


def explain(cloud: Cloud, subject: str, *, most: int = 5) -> Story:
    """The story of a thing, or, if no thing is called that, of a job. *Raises* BadInput, NotFound."""
    _require_bound(most)
    if _is_thing(cloud, subject):
        return _story(cloud, subject, newest_first(executions_of_thing(cloud, subject)), most)
    try:
        return explain_job(cloud, subject, most=most)
    except (BadInput, NotFound) as no_job:
        raise NotFound(
            f"there is neither a thing nor a job {subject} in {cloud.region}", "look at the name and region"
        ) from no_job


def explain_thing(cloud: Cloud, thing: str, job_id: str | None = None, *, most: int = 5) -> Story:
    """What a thing was offered, by any job or by one, the newest first. *Raises* BadInput, NotFound."""
    _require_bound(most)
    if thing_arn(cloud, thing) is None:
        raise NotFound(f"there is no thing {thing} in {cloud.region}", "look at the name and region")
    found = executions_of_thing(cloud, thing, job_id)
    if job_id is not None and not found:
        raise NotFound(f"the job {job_id} was not offered to {thing}", "look at both names")
    return _story(cloud, thing, newest_first(found), most)


def explain_job(cloud: Cloud, job_id: str, *, most: int = 5) -> Story:
    """How a job went, what ended badly first. *Raises* BadInput, NotFound."""
    _require_bound(most)
    listed = executions_of_job(cloud, job_id)
    ordered = most_telling(listed) + [one for one in listed if one.status not in BEGUN]
    return _story(cloud, job_id, [(job_id, one) for one in ordered], most)


def newest_first(found: Sequence[tuple[str, ExecutionStatus]]) -> list[tuple[str, ExecutionStatus]]:
    """What was queued last comes first; of one job, the latest try."""
    return sorted(found, key=lambda one: (one[1].queued_at or _LONG_AGO, one[1].execution_number), reverse=True)


def _is_thing(cloud: Cloud, name: str) -> bool:
    try:
        return thing_arn(cloud, name) is not None
    except BadInput:
        return False


def _require_bound(most: int) -> None:
    if not 1 <= most <= MOST_CHAPTERS:
        raise BadInput(f"--most: expected 1 to {MOST_CHAPTERS}, got {most}", "choose one in that range")


def _story(cloud: Cloud, subject: str, found: Sequence[tuple[str, ExecutionStatus]], most: int) -> Story:
    offer_of = cache(lambda job_id: _offer(cloud, job_id))
    told = tuple(_chapter(cloud, offer_of, job_id, execution) for job_id, execution in found[:most])
    return Story(subject, told, left_out=len(found) - len(told))


def _chapter(cloud: Cloud, offer_of: Callable[[str], Offer], job_id: str, execution: ExecutionStatus) -> Chapter:
    detailed = with_details(cloud, job_id, execution) if execution.status in BEGUN else execution
    return Chapter(
        offer=offer_of(job_id),
        execution=detailed,
        moments=moments(detailed),
        meaning=meaning(detailed.status, detailed.details),
    )


def moments(execution: ExecutionStatus) -> tuple[Moment, ...]:
    """When an execution was queued, started and, if that was later, changed last."""
    known = (
        (execution.queued_at, "QUEUED"),
        (execution.started_at, "IN_PROGRESS"),
        (None if execution.status == "QUEUED" else execution.last_updated_at, execution.status),
    )
    told: list[Moment] = []
    for at, status in known:
        if at is not None and not (told and told[-1] == Moment(at, status)):
            told.append(Moment(at, status))
    return tuple(told)


def _offer(cloud: Cloud, job_id: str) -> Offer:
    try:
        with explaining(f"look up the job {job_id}"):
            job = cloud.iot.describe_job(jobId=job_id)["job"]
            document = cloud.iot.get_job_document(jobId=job_id)["document"]
        tags = read_tags(cloud, job["jobArn"])
    except CloudRefused as error:
        if error.code == IOT_NOT_FOUND:
            raise NotFound(f"the job {job_id} was deleted just now", "run this again") from error
        raise
    kind, product, version = _brought(document)
    stage = tags.get(TAG_STAGE, "")
    return Offer(
        job_id=job_id,
        job_status=job["status"],
        kind=kind,
        description=plain(job.get("description", "")),
        product=product,
        version=version,
        rollout=tags.get(TAG_ROLLOUT),
        stage=int(stage) if stage.isdecimal() else None,
        comment=plain(job.get("comment", "")) or job.get("reasonCode"),
    )


def _brought(document: str) -> tuple[str, str | None, str | None]:
    """Kind, product and version of what a job brings."""
    try:
        fields = json.loads(document)
    except ValueError:
        return "other", None, None
    if not isinstance(fields, dict):
        return "other", None, None
    kind = _KINDS.get(str(fields.get("operation")), "other")
    try:
        release = manifest.parse(envelope.parse(fields.get("envelope")).payload)
    except FotaError:
        # Not signed, or a keyring, or of a later format: its description is all that is known.
        return kind, None, None
    return kind, release.product, release.version
