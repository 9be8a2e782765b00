"""What commands print: results on stdout, for people or as JSON; everything else, errors too, on stderr."""

import json
import logging
import os
import re
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict
from datetime import datetime, timezone
from functools import wraps
from typing import TYPE_CHECKING, TextIO

import typer

from fota_operator.cli.wording import exit_status, worded
from fota_operator.errors import OperatorError
from fota_operator.plain import plain, visible
from fota_operator.request_log import LOGGER

if TYPE_CHECKING:
    from rich.console import Console

    from fota_operator.jobs.deferrals import CountedDeferrals
    from fota_operator.jobs.progress import ExecutionStatus, JobStatus

# If stdout is not a terminal, there is no width to fit: a table is as wide as its content.
_UNBOUNDED_COLUMNS = 1000


def reporting_errors() -> Callable[[Callable[..., None]], Callable[..., None]]:
    """For a command: `ending_on_errors`, as JSON if the command is to answer so."""

    def reporting(command: Callable[..., None]) -> Callable[..., None]:
        @wraps(command)
        def reported(*arguments: object, **options: object) -> None:
            with ending_on_errors(as_json=bool(options.get("as_json"))):
                command(*arguments, **options)

        return reported

    return reporting


@contextmanager
def ending_on_errors(*, as_json: bool = False) -> Iterator[None]:
    """End the command with one line and the error's exit status if the block raises an OperatorError."""
    try:
        yield
    except OperatorError as error:
        talk_error(error, as_json=as_json)
        raise typer.Exit(exit_status(error)) from error


def talk_error(error: OperatorError, *, as_json: bool) -> None:
    """Write an error to stderr: a line for people, or for programs an object in one line."""
    talk(json.dumps(error_as_json(error)) if as_json else f"fota: {worded(str(error))}")


def error_as_json(error: OperatorError) -> dict[str, object]:
    """An error as programs read it."""
    return {
        "error": type(error).__name__,
        "message": worded(error.message),
        "remedy": worded(error.remedy),
        "code": getattr(error, "code", None) or None,
        "reason": getattr(error, "reason", None) or None,
        "exit_status": exit_status(error),
    }


def talk(text: str) -> None:
    """Write a message for the user to stderr; it is not part of the result."""
    sys.stderr.write(visible(text) + "\n")
    sys.stderr.flush()


class _Talking(logging.Handler):
    def emit(self, record: logging.LogRecord) -> None:
        talk(f"fota: {record.getMessage()}")


@contextmanager
def showing_requests() -> Iterator[None]:
    """Inside the block, say which requests AWS answered."""
    talking, before = _Talking(), LOGGER.level
    LOGGER.addHandler(talking)
    LOGGER.setLevel(logging.DEBUG)
    try:
        yield
    finally:
        LOGGER.setLevel(before)
        LOGGER.removeHandler(talking)


@contextmanager
def writing_result() -> Iterator[None]:
    """Write to stdout inside the block; it is flushed when the block ends. *Raises* OperatorError on a full disk."""
    try:
        yield
        sys.stdout.flush()
    except BrokenPipeError:
        # The reader has closed the pipe, as `head` does: this is no error of ours.
        raise
    except OSError as error:
        # Python would flush the buffer again when the process ends, and print that error last.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        raise OperatorError(f"cannot write the result: {error.strerror}", "what was to be done is done") from error


def answer(text: str) -> None:
    """The result, as plain text. *Raises* OperatorError."""
    with writing_result():
        sys.stdout.write(visible(text) + "\n")


def answer_json(result: object) -> None:
    """The result, as JSON for programs."""
    answer(json.dumps(result, indent=2, default=str))


def in_utc(at: datetime | None) -> str | None:
    """A moment for programs: ISO 8601, in UTC."""
    return None if at is None else at.astimezone(timezone.utc).isoformat()


def new_console(stream: TextIO, *, width_of_file: int = _UNBOUNDED_COLUMNS) -> "Console":
    """A rich console for a stream, as wide as its terminal, or as a file should be."""
    from rich.console import Console

    return Console(file=stream, width=None if stream.isatty() else width_of_file, highlight=False)


def answer_table(headings: Sequence[str], rows: Iterable[Sequence[str]]) -> None:
    """The result, as a table for people."""
    from rich.table import Table
    from rich.text import Text

    table = Table(box=None, pad_edge=False)
    for heading in headings:
        table.add_column(heading, overflow="fold")
    for row in rows:
        # Text, not markup: a device's words may hold brackets.
        table.add_row(*(Text(visible(cell)) for cell in row))
    with writing_result():
        new_console(sys.stdout).print(table)


def answer_job(status: "JobStatus", *, as_json: bool) -> None:
    """Write the status of a job."""
    if as_json:
        answer_json(job_as_json(status))
        return
    from fota_operator.jobs.progress import FAILURES

    failed = sum(len(ones) for _, ones in status.failures)
    # AWS calls a job COMPLETED whose things have all ended, well or badly.
    but = f", but {failed} of {len(status.executions)} failed" if failed else ""
    answer(f"{status.job_id}: {status.status}{but}")
    failures_first = sorted(status.executions, key=lambda one: (one.status not in FAILURES, natural(one.thing)))
    rows = [(one.thing, one.status, one.reason or "", describe_details(one)) for one in failures_first]
    if rows:
        answer_table(("THING", "STATUS", "REASON", "DETAILS"), rows)
    if len(status.executions) > 1:
        for why, ones in status.failures:
            answer(f"{len(ones)} {'thing' if len(ones) == 1 else 'things'}: {why}")
    for line in deferred_lines(status.deferred):
        answer(line)


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


def moment(at: datetime) -> str:
    """A moment, for people: in UTC, to the second."""
    return f"{at.astimezone(timezone.utc):%Y-%m-%d %H:%M:%S} UTC"


def natural(name: str) -> list[tuple[int, str]]:
    """The sort key of a name in which numbers count as numbers: pump-2 comes before pump-10."""
    return [(int(part), "") if part.isdecimal() else (0, part) for part in re.split(r"([0-9]+)", name)]


def job_as_json(status: "JobStatus") -> dict[str, object]:
    """A job's status as programs read it; times are in UTC, ISO 8601."""
    return {
        "job_id": status.job_id,
        "status": status.status,
        "ended": status.ended,
        "succeeded": status.succeeded,
        "deferred": deferred_as_json(status.deferred),
        "executions": [execution_as_json(one) for one in status.executions],
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
