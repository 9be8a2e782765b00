"""What commands say: results on stdout, for people or as JSON; all else, errors too, on stderr."""

import json
import logging
import os
import sys
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime, timezone
from typing import TYPE_CHECKING, TextIO

import typer

from fota_operator.answers import LOGGER
from fota_operator.errors import OperatorError

if TYPE_CHECKING:
    from rich.console import Console

    from fota_operator.progress import ExecutionStatus, JobStatus

# Where stdout is no terminal there is no width to fit: a table is as wide as its content.
_UNBOUNDED_COLUMNS = 1000


@contextmanager
def reporting_errors() -> Iterator[None]:
    """End the command with one line and the error's exit status if the block raises an OperatorError."""
    try:
        yield
    except OperatorError as error:
        talk(f"fota: {error}")
        raise typer.Exit(error.exit_status) from error


def talk(text: str) -> None:
    """Say something to whoever sits there; it is not part of the result."""
    sys.stderr.write(text + "\n")
    sys.stderr.flush()


class _Talking(logging.Handler):
    def emit(self, record: logging.LogRecord) -> None:
        talk(f"fota: {record.getMessage()}")


@contextmanager
def telling_requests() -> Iterator[None]:
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
    """Around what is written to stdout: there when the block ends. *Raises* OperatorError on a full disk."""
    try:
        yield
        sys.stdout.flush()
    except BrokenPipeError:
        # Whoever reads has enough, as `head` has: no error of ours.
        raise
    except OSError as error:
        # What is left in its buffer would be tried once more at the end of the process, and be its last word.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        raise OperatorError(f"cannot write the result: {error.strerror}", "what was to be done is done") from error


def answer(text: str) -> None:
    """The result, as plain text. *Raises* OperatorError."""
    with writing_result():
        sys.stdout.write(text + "\n")


def answer_json(result: object) -> None:
    """The result, as JSON for programs."""
    answer(json.dumps(result, indent=2, default=str))


def in_utc(at: datetime | None) -> str | None:
    """A moment for programs: ISO 8601, in UTC."""
    return None if at is None else at.astimezone(timezone.utc).isoformat()


def new_console(stream: TextIO, *, width_of_file: int = _UNBOUNDED_COLUMNS) -> "Console":
    """What rich draws to a stream with: as wide as its terminal, or as a file shall be."""
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
        table.add_row(*(Text(cell) for cell in row))
    with writing_result():
        new_console(sys.stdout).print(table)


def answer_job(status: "JobStatus", *, as_json: bool) -> None:
    """How a job stands."""
    if as_json:
        answer_json(job_as_json(status))
        return
    answer(f"{status.job_id}: {status.status}")
    rows = [(one.thing, one.status, one.reason or "", describe_details(one)) for one in status.executions]
    if rows:
        answer_table(("THING", "STATUS", "REASON", "DETAILS"), rows)


def job_as_json(status: "JobStatus") -> dict[str, object]:
    """A job's status as programs read it; times are in UTC, ISO 8601."""
    return {
        "job_id": status.job_id,
        "status": status.status,
        "ended": status.ended,
        "succeeded": status.succeeded,
        "executions": [execution_as_json(one) for one in status.executions],
    }


def describe_details(execution: "ExecutionStatus") -> str:
    """What the device said besides the reason: its message alone, else every fact."""
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
