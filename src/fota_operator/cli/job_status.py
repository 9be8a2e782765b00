"""The status of a job as the result of a command: a table for people, as JSON for programs."""

from collections.abc import Iterable, Iterator
from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated

import typer

from fota_operator.cli.output import answer_json, answer_table, answer_words, in_utc, moment, natural
from fota_operator.errors import BadInput
from fota_operator.jobs.ways import ways_in_words, ways_of
from fota_operator.plain import plain

if TYPE_CHECKING:
    from fota_operator.jobs.deferrals import CountedDeferrals
    from fota_operator.jobs.progress import ExecutionStatus, JobStatus

ONLY = {
    "failed": ("FAILED", "REJECTED", "TIMED_OUT"),
    "pending": ("QUEUED", "IN_PROGRESS"),
    "succeeded": ("SUCCEEDED",),
}
"""What each word of --only means."""

Only = Annotated[
    str | None, typer.Option(metavar="|".join(ONLY), help="Show only these things of the job. [default: all]")
]


def require_only(word: str | None) -> None:
    """*Raises* BadInput for another word than those of ONLY."""
    if word is not None and word not in ONLY:
        raise BadInput(f"--only: expected {', '.join(ONLY)}, got {word!r}", "use one of these words")


def chosen(executions: "Iterable[ExecutionStatus]", only: str | None) -> "list[ExecutionStatus]":
    """The executions that a word of ONLY means; None: all."""
    return [one for one in executions if only is None or one.status in ONLY[only]]


def failures_first(executions: "Iterable[ExecutionStatus]") -> "list[ExecutionStatus]":
    """The order for people: what failed comes first, and pump-2 before pump-10."""
    return sorted(
        executions,
        key=lambda one: (one.status not in ONLY["failed"], natural(one.thing), one.execution_number),
    )


def answer_job(status: "JobStatus", *, as_json: bool, only: str | None = None) -> None:
    """Write the status of a job; `only`: of its executions those that one of the words of ONLY means."""
    if as_json:
        answer_json(job_as_json(status, only))
        return
    answer_words(f"{status.job_id}: {_headline(status)}")
    shown = failures_first(chosen(status.executions, only))
    rows = [(one.thing, one.status, one.reason or "", describe_details(one)) for one in shown]
    if rows:
        answer_table(("THING", "STATUS", "REASON", "DETAILS"), rows)
    if len(status.executions) > 1:
        for why, ones in status.failures:
            answer_words(f"{len(ones)} {'thing' if len(ones) == 1 else 'things'}: {why}")
    for line in deferred_lines(status.deferred):
        answer_words(line)
    ways = ways_of(status.executions)
    if ways is not None and len(status.executions) > 1:
        answer_words(f"The image came: {ways_in_words(ways)}")


def _headline(status: "JobStatus") -> str:
    failed = sum(len(ones) for _, ones in status.failures)
    if not failed:
        return status.status
    # AWS calls a job COMPLETED whose things have all ended, well or badly.
    return f"{failed} of {len(status.executions)} failed; to AWS the job is {status.status}"


def deferred_lines(deferred: "CountedDeferrals | None") -> Iterator[str]:
    """How many things put the update off, why, and until when at the latest; nothing if none does."""
    if deferred is None:
        return
    sample = "" if deferred.looked_at == deferred.in_progress else f", {deferred.looked_at} of them looked at"
    yield f"{deferred.count} of {deferred.in_progress} in progress put it off{sample}"
    for kind in deferred.kinds:
        yield f"{kind.count} before the {plain(kind.moment)}: {plain(kind.reason)}, such as {plain(kind.example)}"
    others = deferred.count - sum(kind.count for kind in deferred.kinds)
    if others:
        yield f"{others} for other reasons"
    if deferred.last_at is not None:
        yield f"the last of them must have begun by {moment(deferred.last_at)}"


def deferred_as_json(deferred: "CountedDeferrals | None") -> dict[str, object] | None:
    """The same as programs read it."""
    return None if deferred is None else {**asdict(deferred), "last_at": in_utc(deferred.last_at)}


def job_as_json(status: "JobStatus", only: str | None = None) -> dict[str, object]:
    """A job's status as programs read it; times are in UTC, ISO 8601."""
    return {
        "job_id": status.job_id,
        "status": status.status,
        "ended": status.ended,
        "succeeded": status.succeeded,
        "deferred": deferred_as_json(status.deferred),
        "ways": None if (ways := ways_of(status.executions)) is None else asdict(ways),
        "executions": [execution_as_json(one) for one in chosen(status.executions, only)],
    }


def describe_details(execution: "ExecutionStatus") -> str:
    """What the device said besides the reason: its message alone, else every fact; a deferral is put in words."""
    deferral = execution.deferral
    if deferral is not None:
        again = "" if deferral.again_at is None else f"; it asks its program again at {moment(deferral.again_at)}"
        return f"put off before the {deferral.moment}{again}"
    if execution.message is not None:
        return execution.message
    facts = sorted((name, value) for name, value in execution.details.items() if name != "reason")
    return ", ".join(f"{name} {value}" for name, value in facts)


def execution_as_json(execution: "ExecutionStatus") -> dict[str, object]:
    """One thing's share of a job as programs read it."""
    return {
        "thing": execution.thing,
        "status": execution.status,
        "reason": execution.reason,
        "message": execution.message,
        "execution_number": execution.execution_number,
        "details": execution.details,
        "queued_at": in_utc(execution.queued_at),
        "started_at": in_utc(execution.started_at),
        "last_updated_at": in_utc(execution.last_updated_at),
    }
