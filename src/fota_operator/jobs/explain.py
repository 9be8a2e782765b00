"""The story of a device: what it was offered, how each offer went and when, what that means and what to do.

Leaves to others: what the words mean (`reasons`), and how it is shown (`cli.explain`).
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta, timezone
from functools import cache
from itertools import chain

from fota_operator.bounded_text import parse_json
from fota_operator.cloud import Cloud, explaining, is_forbidden
from fota_operator.errors import IOT_NOT_FOUND, BadInput, CloudRefused, NotFound
from fota_operator.jobs.deferrals import told_meaning
from fota_operator.jobs.look_up import TAG_ROLLOUT, TAG_STAGE, manifest_in, read_tags
from fota_operator.jobs.progress import (
    BEGUN,
    ExecutionStatus,
    executions_of_job,
    executions_of_thing,
    most_telling,
    with_details,
)
from fota_operator.jobs.reasons import Meaning
from fota_operator.nearest import job_ids, or_nearest, thing_names
from fota_operator.plain import plain
from fota_operator.things.connectivity import ThingConnection, connection_of
from fota_operator.things.things import thing_arn

MAX_CHAPTERS = 50
"""Each offer costs between one and four requests."""

NOT_KNOWN = "not-known"
"""The status of a job that we may not read."""
_KINDS = {"fota": "firmware", "fota-keyring": "keyring"}
_LONG_AGO = datetime.fromtimestamp(0, timezone.utc)


@dataclass(frozen=True)
class OfferedJob:
    """A job, and what is known about its content.

    `kind`: "firmware", "keyring" or "other". `job_status` is NOT_KNOWN if we may not read the job. `product` and
    `version` are those of the manifest of a release, whose signatures were not verified here; without one they are
    None. `comment` is why it was cancelled. `within_s`: for how long the release lets a device put it off; None:
    without end, or not known.
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
    within_s: int | None = None


@dataclass(frozen=True)
class Moment:
    """When an execution came to a status. AWS keeps three: queued, started, and changed last."""

    at: datetime
    status: str


@dataclass(frozen=True)
class Chapter:
    """One offer to one thing: how it went, and what that means."""

    offer: OfferedJob
    execution: ExecutionStatus
    moments: tuple[Moment, ...]
    meaning: Meaning

    @property
    def last_at(self) -> datetime | None:
        """If the device puts it off: when it must begin; None if it may do so without end."""
        execution, within_s = self.execution, self.offer.within_s
        if execution.deferral is None or not within_s or execution.queued_at is None:
            return None
        return execution.queued_at + timedelta(seconds=within_s)


@dataclass(frozen=True)
class Story:
    """A thing's offers, the newest first; or a job's, failures first. `left_out`: how many are not included.

    `of_thing`: it is the story of a thing, and `connection` that of its device; None: AWS does not say.
    """

    subject: str
    chapters: tuple[Chapter, ...]
    left_out: int
    of_thing: bool = False
    connection: ThingConnection | None = None


def explain(cloud: Cloud, subject: str, *, most: int = 5) -> Story:
    """The story of a thing, or, if no thing is called that, of a job. *Raises* BadInput, NotFound."""
    _require_bound(most)
    if _is_thing(cloud, subject):
        return _of_thing(cloud, _story(cloud, subject, newest_first(executions_of_thing(cloud, subject)), most))
    try:
        return explain_job(cloud, subject, most=most)
    except (BadInput, NotFound) as no_job:
        raise NotFound(
            f"there is neither a thing nor a job {subject} in {cloud.region}",
            or_nearest("look at the name and region", subject, lambda: chain(thing_names(cloud), job_ids(cloud))),
        ) from no_job


def explain_thing(cloud: Cloud, thing: str, job_id: str | None = None, *, most: int = 5) -> Story:
    """What a thing was offered, by any job or by one, the newest first. *Raises* BadInput, NotFound."""
    _require_bound(most)
    if thing_arn(cloud, thing) is None:
        raise NotFound(
            f"there is no thing {thing} in {cloud.region}",
            or_nearest("look at the name and region", thing, lambda: thing_names(cloud)),
        )
    found = executions_of_thing(cloud, thing, job_id)
    if job_id is not None and not found:
        raise NotFound(f"the job {job_id} was not offered to {thing}", "look at both names")
    return _of_thing(cloud, _story(cloud, thing, newest_first(found), most))


def explain_job(cloud: Cloud, job_id: str, *, most: int = 5) -> Story:
    """How a job went, what ended badly first. *Raises* BadInput, NotFound."""
    _require_bound(most)
    listed = executions_of_job(cloud, job_id)
    ordered = most_telling(listed) + [one for one in listed if one.status not in BEGUN]
    return _story(cloud, job_id, [(job_id, one) for one in ordered], most)


def newest_first(found: Sequence[tuple[str, ExecutionStatus]]) -> list[tuple[str, ExecutionStatus]]:
    """The sort order: what was queued last comes first; within one job, the latest try."""
    return sorted(found, key=lambda one: (one[1].queued_at or _LONG_AGO, one[1].execution_number), reverse=True)


def _is_thing(cloud: Cloud, name: str) -> bool:
    try:
        return thing_arn(cloud, name) is not None
    except BadInput:
        return False


def _require_bound(most: int) -> None:
    if not 1 <= most <= MAX_CHAPTERS:
        raise BadInput(f"`most`: expected 1 to {MAX_CHAPTERS}, got {most}", "choose one in that range")


def _story(cloud: Cloud, subject: str, found: Sequence[tuple[str, ExecutionStatus]], most: int) -> Story:
    offer_of = cache(lambda job_id: _offer(cloud, job_id))
    told = tuple(_chapter(cloud, offer_of, job_id, execution) for job_id, execution in found[:most])
    return Story(subject, told, left_out=len(found) - len(told))


def _of_thing(cloud: Cloud, story: Story) -> Story:
    try:
        connection = connection_of(cloud, story.subject)
    except CloudRefused:
        # What was offered is told all the same.
        connection = None
    return replace(story, of_thing=True, connection=connection)


def _chapter(cloud: Cloud, offer_of: Callable[[str], OfferedJob], job_id: str, execution: ExecutionStatus) -> Chapter:
    detailed = _detailed(cloud, job_id, execution) if execution.status in BEGUN else execution
    return Chapter(
        offer=offer_of(job_id),
        execution=detailed,
        moments=moments(detailed),
        meaning=told_meaning(detailed.status, detailed.details),
    )


def _detailed(cloud: Cloud, job_id: str, execution: ExecutionStatus) -> ExecutionStatus:
    try:
        return with_details(cloud, job_id, execution)
    except CloudRefused as error:
        if not is_forbidden(error):
            raise
        return execution


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


def _offer(cloud: Cloud, job_id: str) -> OfferedJob:
    try:
        with explaining(f"look up the job {job_id}"):
            job = cloud.iot.describe_job(jobId=job_id)["job"]
            document = cloud.iot.get_job_document(jobId=job_id)["document"]
        tags = read_tags(cloud, job["jobArn"])
    except CloudRefused as error:
        if error.code == IOT_NOT_FOUND:
            raise NotFound(f"the job {job_id} was deleted just now", "run this again") from error
        if is_forbidden(error):
            # A job of somebody else: the policy of operators allows the jobs of this package.
            return OfferedJob(job_id, NOT_KNOWN, "other", "a job that you may not read")
        raise
    kind, release = _kind_of(document), manifest_in(document)
    stage = tags.get(TAG_STAGE, "")
    return OfferedJob(
        job_id=job_id,
        job_status=job["status"],
        kind=kind,
        description=plain(job.get("description", "")),
        product=None if release is None else release.product,
        version=None if release is None else release.version,
        rollout=tags.get(TAG_ROLLOUT),
        stage=int(stage) if stage.isdecimal() else None,
        comment=plain(job.get("comment", "")) or job.get("reasonCode"),
        within_s=None if release is None else release.within_s,
    )


def _kind_of(document: str) -> str:
    try:
        fields = parse_json(document)
    except ValueError:
        return "other"
    return _KINDS.get(str(fields.get("operation")), "other") if isinstance(fields, dict) else "other"
