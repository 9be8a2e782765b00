"""The status of a job: that of each thing's job execution, once or until it ends.

Leaves to others: starting and cancelling (`start`), and how it is shown (`cli.output`).
"""

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime, timezone
from functools import cache
from typing import TYPE_CHECKING, TypedDict

from fota_operator.cloud import Cloud, explaining
from fota_operator.errors import IOT_NOT_FOUND, BadInput, CloudRefused, NotFound, OperatorError, TimedOut
from fota_operator.jobs.deferrals import (
    DEFERRED_TOO_LONG,
    CountedDeferrals,
    SaidDeferral,
    counted,
    deferral_in,
    was_deferred_too_long,
)
from fota_operator.jobs.look_up import signed_within_s
from fota_operator.nearest import job_ids, or_nearest
from fota_operator.plain import plain
from fota_operator.poll import PollOptions, poll

if TYPE_CHECKING:
    from mypy_boto3_iot.literals import JobExecutionStatusType
    from mypy_boto3_iot.type_defs import JobExecutionSummaryTypeDef, PaginatorConfigTypeDef

MAX_DETAILED = 100
"""The number of executions to get details of: each costs a request, and AWS takes ten a second."""

BEGUN = ("FAILED", "REJECTED", "TIMED_OUT", "IN_PROGRESS", "SUCCEEDED", "CANCELED", "REMOVED")
"""The statuses of executions to get details of, in this order; a queued execution has none."""

FAILURES = ("FAILED", "REJECTED", "TIMED_OUT")
"""The statuses of executions that ended badly."""

RUNNING = ("IN_PROGRESS", "SCHEDULED")
"""The statuses of a job that is under way itself."""

_JOB_ID = re.compile(r"[a-zA-Z0-9_-]{1,64}")
_PERCENT = re.compile(r"([0-9]{1,3}) %")
_MAX_OF_A_PAGE = 250
_LONG_AGO = datetime.fromtimestamp(0, timezone.utc)


class _OfJob(TypedDict, total=False):
    """The argument that makes boto3 list the executions of one job only; empty for all jobs."""

    jobId: str


class _OfStatus(TypedDict, total=False):
    """The same for the executions with one status."""

    status: "JobExecutionStatusType"


@dataclass(frozen=True)
class ExecutionStatus:
    """One thing's share of a job. `details` is all that the device said of it."""

    thing: str
    status: str
    execution_number: int
    details: dict[str, str] = field(default_factory=dict)
    queued_at: datetime | None = None
    started_at: datetime | None = None
    last_updated_at: datetime | None = None

    @property
    def pending(self) -> bool:
        """Whether the device may still change its status."""
        return self.status in ("QUEUED", "IN_PROGRESS")

    @property
    def reason(self) -> str | None:
        """The short fixed word reported with FAILED or REJECTED; of what is put off, the reason of the program."""
        too_long = was_deferred_too_long(self.status, self.details)
        return DEFERRED_TOO_LONG if too_long else self.details.get("reason")

    @property
    def message(self) -> str | None:
        """The sentence that the device sent with the reason."""
        return self.details.get("message")

    @property
    def evidence(self) -> tuple[str | None, str | None, str | None]:
        """Why a trial was given up, how its process ended, and the last line of its traceback; None: not said."""
        return self.details.get("cause"), self.details.get("exit"), self.details.get("error")

    @property
    def deferral(self) -> SaidDeferral | None:
        """What the device said of putting it off; None if it does not."""
        return deferral_in(self.status, self.details)

    @property
    def percent(self) -> int | None:
        """How much of the image the device has, if it reported that."""
        found = _PERCENT.fullmatch(self.details.get("progress", ""))
        return None if found is None else min(100, int(found[1]))


@dataclass(frozen=True)
class JobStatus:
    """A job and the executions that it has so far, by thing; `deferred` None: none that was looked at is put off."""

    job_id: str
    status: str
    executions: tuple[ExecutionStatus, ...]
    deferred: CountedDeferrals | None = None

    @property
    def running(self) -> bool:
        """Whether the job itself is under way; one that is cancelled may have executions that still are."""
        return self.status in RUNNING

    @property
    def ended(self) -> bool:
        """Whether nothing about it can change any more."""
        return not self.running and not any(execution.pending for execution in self.executions)

    @property
    def failures(self) -> tuple[tuple[str, tuple[ExecutionStatus, ...]], ...]:
        """The executions that ended badly, by why, in words; the most frequent first."""
        kinds: dict[str, list[ExecutionStatus]] = {}
        for one in self.executions:
            if one.status in FAILURES:
                kinds.setdefault(why_failed(one.status, one.reason, *one.evidence), []).append(one)
        most_first = sorted(kinds.items(), key=lambda kind: -len(kind[1]))
        return tuple((why, tuple(ones)) for why, ones in most_first)

    @property
    def succeeded(self) -> bool:
        """Whether the job has ended and every execution SUCCEEDED."""
        return self.ended and {execution.status for execution in self.executions} == {"SUCCEEDED"}


def why_failed(status: str, reason: str | None, *evidence: str | None) -> str:
    """Why an execution failed, in one line, as `FAILED rolled-back: crashed, exit 1, main.py:12 ValueError: no`.

    `evidence` is cause, exit and error, as the device said them; None where it said nothing.
    """
    kind = " ".join(part for part in (status, reason) if part)
    cause, ended, error = evidence
    told = ", ".join(part for part in (cause, f"exit {ended}" if ended else None, error) if part)
    return f"{kind}: {told}" if told else kind


def job_status(cloud: Cloud, job_id: str) -> JobStatus:
    """The status of a job now.

    Costs one request, one for 250 things, and one for each of the first MAX_DETAILED executions that have begun;
    those that ended badly are the first. If one is put off, one more. *Raises* BadInput, NotFound.
    """
    return _job_status(cloud, job_id, lambda: signed_within_s(cloud, job_id))


def _job_status(cloud: Cloud, job_id: str, within_s: Callable[[], int | None]) -> JobStatus:
    with _naming(cloud, job_id):
        status = cloud.iot.describe_job(jobId=job_id)["job"]["status"]
        # Executions are listed after the job is looked at: whatever had ended then is listed as ended.
        listed = executions_of_job(cloud, job_id)
        telling = most_telling(listed)[:MAX_DETAILED]
        detailed = {_key(one): with_details(cloud, job_id, one) for one in telling}
    executions = (detailed.get(_key(one), one) for one in listed)
    return JobStatus(
        job_id, status, tuple(sorted(executions, key=_key)), _deferred(list(detailed.values()), listed, within_s)
    )


def _deferred(
    detailed: list[ExecutionStatus], listed: list[ExecutionStatus], within_s: Callable[[], int | None]
) -> CountedDeferrals | None:
    looked_at = [one for one in detailed if one.status == "IN_PROGRESS"]
    if all(one.deferral is None for one in looked_at):
        return None
    in_progress = sum(one.status == "IN_PROGRESS" for one in listed)
    return counted([(one.thing, one.queued_at, one.deferral) for one in looked_at], in_progress, within_s())


def watch_job(
    cloud: Cloud,
    job_id: str,
    *,
    interval_s: float = 2.0,
    timeout_s: float = 3600.0,
    problem: Callable[[OperatorError], None] | None = None,
) -> Iterator[JobStatus]:
    """Look at a job every `interval_s`, until it ends: the last status given is its end.

    AWS allows ten of each request in a second for a whole account: 2 s between looks is polite.
    `problem` is called with the error of a look that failed and will be repeated. *Raises* TimedOut, NotFound.
    """
    timed_out = TimedOut(
        f"the job {job_id} has not ended within {timeout_s:g} s",
        f"watch on with `fota watch {job_id}`, or end it with `fota cancel {job_id}`",
    )
    options = PollOptions(interval_s, timeout_s, problem)
    # The document of a job never changes: it is read once.
    within_s = cache(lambda: signed_within_s(cloud, job_id))
    return poll(
        lambda: _job_status(cloud, job_id, within_s), lambda status: status.ended, options, lambda _: timed_out
    )


def executions_of_job(
    cloud: Cloud, job_id: str, *, status: "JobExecutionStatusType | None" = None, most: int | None = None
) -> list[ExecutionStatus]:
    """The executions of a job, all or those with a status, at most `most`, without their details. A call for 250.

    *Raises* BadInput, NotFound.
    """
    only: _OfStatus = {} if status is None else {"status": status}
    bounds: PaginatorConfigTypeDef = {"PageSize": _MAX_OF_A_PAGE}
    if most is not None:
        bounds["MaxItems"] = most
    with _naming(cloud, job_id):
        pages = cloud.iot.get_paginator("list_job_executions_for_job").paginate(
            jobId=job_id, PaginationConfig=bounds, **only
        )
        return [
            _execution(listed["thingArn"].split(":thing/", 1)[1], listed["jobExecutionSummary"])
            for page in pages
            for listed in page.get("executionSummaries", [])
        ]


def executions_of_thing(cloud: Cloud, thing: str, job_id: str | None = None) -> list[tuple[str, ExecutionStatus]]:
    """Job ids and executions of a thing, of all its jobs or of one, without their details. *Raises* CloudRefused."""
    with explaining(f"list the jobs of {thing}"):
        only: _OfJob = {} if job_id is None else {"jobId": job_id}
        pages = cloud.iot.get_paginator("list_job_executions_for_thing").paginate(
            thingName=thing, PaginationConfig={"PageSize": _MAX_OF_A_PAGE}, **only
        )
        return [
            (listed["jobId"], _execution(thing, listed["jobExecutionSummary"]))
            for page in pages
            for listed in page.get("executionSummaries", [])
        ]


def with_details(cloud: Cloud, job_id: str, execution: ExecutionStatus) -> ExecutionStatus:
    """The same execution with the details that the device sent; unchanged if it is gone. Costs one request."""
    try:
        with explaining(f"look up the job {job_id} for {execution.thing}"):
            described = cloud.iot.describe_job_execution(
                jobId=job_id, thingName=execution.thing, executionNumber=execution.execution_number
            )
    except CloudRefused as error:
        if error.code == IOT_NOT_FOUND:
            # Its thing was deleted since it was listed.
            return execution
        raise
    details = described["execution"].get("statusDetails", {}).get("detailsMap", {})
    # Parsed here, at the edge: what a device said is never shown as it came.
    return replace(execution, details={plain(name): plain(said) for name, said in details.items()})


def most_telling(executions: list[ExecutionStatus]) -> list[ExecutionStatus]:
    """The executions that have begun: failures first, then those under way; the newest of each first."""
    begun = [one for one in executions if one.status in BEGUN]
    newest_first = sorted(begun, key=lambda one: one.last_updated_at or _LONG_AGO, reverse=True)
    return sorted(newest_first, key=lambda one: BEGUN.index(one.status))


@contextmanager
def _naming(cloud: Cloud, job_id: str) -> Iterator[None]:
    """Name the job in the error if its id is malformed or it does not exist."""
    if not _JOB_ID.fullmatch(job_id):
        raise BadInput(f"{job_id!r} is not a job id", "use the one that `fota start` printed")
    try:
        with explaining(f"look up the job {job_id}"):
            yield
    except CloudRefused as error:
        if error.code == IOT_NOT_FOUND:
            raise NotFound(
                f"there is no job {job_id} in {cloud.region}",
                or_nearest("look at the id and region", job_id, lambda: job_ids(cloud)),
            ) from error
        raise


def _key(execution: ExecutionStatus) -> tuple[str, int]:
    return execution.thing, execution.execution_number


def _execution(thing: str, summary: "JobExecutionSummaryTypeDef") -> ExecutionStatus:
    return ExecutionStatus(
        thing=thing,
        status=summary["status"],
        execution_number=summary["executionNumber"],
        queued_at=summary.get("queuedAt"),
        started_at=summary.get("startedAt"),
        last_updated_at=summary.get("lastUpdatedAt"),
    )
