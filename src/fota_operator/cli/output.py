"""What commands say: results on stdout, for people or as JSON; all else, errors too, on stderr."""

import json
import sys
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING

import typer

from fota_operator.errors import OperatorError

if TYPE_CHECKING:
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


def answer(text: str) -> None:
    """The result, as plain text."""
    sys.stdout.write(text + "\n")


def answer_json(result: object) -> None:
    """The result, as JSON for programs."""
    answer(json.dumps(result, indent=2, default=str))


def answer_table(headings: Sequence[str], rows: Iterable[Sequence[str]]) -> None:
    """The result, as a table for people."""
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    console = Console(width=None if sys.stdout.isatty() else _UNBOUNDED_COLUMNS)
    table = Table(box=None, pad_edge=False)
    for heading in headings:
        table.add_column(heading, overflow="fold")
    for row in rows:
        # Text, not markup: a device's words may hold brackets.
        table.add_row(*(Text(cell) for cell in row))
    console.print(table)


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
        "executions": [_execution_as_json(one) for one in status.executions],
    }


def describe_details(execution: "ExecutionStatus") -> str:
    """What the device said besides the reason: its message alone, else every fact."""
    if execution.message is not None:
        return execution.message
    facts = sorted((name, value) for name, value in execution.details.items() if name != "reason")
    return ", ".join(f"{name} {value}" for name, value in facts)


def _execution_as_json(execution: "ExecutionStatus") -> dict[str, object]:
    times = {
        "queued_at": execution.queued_at,
        "started_at": execution.started_at,
        "last_updated_at": execution.last_updated_at,
    }
    return {
        "thing": execution.thing,
        "status": execution.status,
        "reason": execution.reason,
        "message": execution.message,
        "execution_number": execution.execution_number,
        "details": execution.details,
        **{name: None if time is None else time.isoformat() for name, time in times.items()},
    }
