"""A job shown while it runs: bars on a terminal, else a line for each change. All of it on stderr."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Protocol

from fota_operator.cli.output import describe_details, talk

if TYPE_CHECKING:
    from rich.progress import Progress, TaskID

    from fota_operator.progress import ExecutionStatus, JobStatus


class Display(Protocol):
    """Is shown every look at the job."""

    def show(self, status: "JobStatus") -> None:
        """Show how the job stands now."""


@contextmanager
def live_display() -> Iterator[Display]:
    """Bars if somebody is there to see them, lines if not."""
    if not sys.stderr.isatty():
        yield Lines()
        return
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

    columns = (
        TextColumn("{task.description}", markup=False),
        BarColumn(),
        TextColumn("{task.fields[words]}", markup=False),
        TimeElapsedColumn(),
    )
    with Progress(*columns, console=Console(stderr=True)) as progress:
        yield Bars(progress)


class Lines:
    """A line for each thing whenever it changes."""

    def __init__(self) -> None:
        self._said: dict[str, str] = {}

    def show(self, status: "JobStatus") -> None:
        """See Display."""
        for execution in status.executions:
            words = _words(execution)
            if self._said.get(execution.thing) != words:
                self._said[execution.thing] = words
                talk(f"{execution.thing}: {words}")


class Bars:
    """A bar for each thing."""

    def __init__(self, progress: "Progress") -> None:
        self._progress = progress
        self._bars: dict[str, TaskID] = {}

    def show(self, status: "JobStatus") -> None:
        """See Display."""
        for execution in status.executions:
            if execution.thing not in self._bars:
                self._bars[execution.thing] = self._progress.add_task(execution.thing, total=100, words="")
            bar = self._bars[execution.thing]
            self._progress.update(bar, completed=_percent(execution), words=_words(execution))
            if not execution.pending:
                self._progress.stop_task(bar)


def _percent(execution: "ExecutionStatus") -> int:
    # A bar is full when the execution has ended, whichever way: the words beside it say which.
    return (execution.percent or 0) if execution.pending else 100


def _words(execution: "ExecutionStatus") -> str:
    return " ".join(part for part in (execution.status, execution.reason, describe_details(execution)) if part)
