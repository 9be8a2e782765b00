"""Shows a job or a rollout while it runs: drawn on a terminal, else as a line for each change. All goes to stderr."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Protocol

from fota_operator.cli.job_status import deferred_lines, describe_details, failures_first
from fota_operator.cli.output import new_console, talk
from fota_operator.cli.wording import worded
from fota_operator.plain import plain

if TYPE_CHECKING:
    from rich.live import Live
    from rich.progress import Progress, TaskID

    from fota_operator.jobs.progress import ExecutionStatus, JobStatus
    from fota_operator.rollouts.decide.status import Failures, RolloutStatus


class Display(Protocol):
    """Shows the job: it is called with every status that was read."""

    def show(self, status: "JobStatus") -> None:
        """Show the status of the job now."""


@contextmanager
def live_display() -> Iterator[Display]:
    """Bars on a terminal, lines elsewhere."""
    if not sys.stderr.isatty():
        yield Lines()
        return
    from rich.console import Console
    from rich.progress import BarColumn, TextColumn, TimeElapsedColumn

    from fota_operator.cli.bars import OrderedProgress

    columns = (
        TextColumn("{task.description}", markup=False),
        BarColumn(),
        TextColumn("{task.fields[words]}", markup=False),
        TimeElapsedColumn(),
    )
    # They are erased at the end: the result, which shows the same things, is written to stdout.
    with OrderedProgress(*columns, console=Console(stderr=True), transient=True) as progress:
        yield Bars(progress)


class RolloutDisplay(Protocol):
    """Shows the rollout: it is called with every status that was read."""

    def show(self, status: "RolloutStatus") -> None:
        """Show the status of the rollout now."""


@contextmanager
def live_rollout() -> Iterator[RolloutDisplay]:
    """The dashboard on a terminal, lines elsewhere."""
    if not sys.stderr.isatty():
        yield RolloutLines()
        return
    from rich.live import Live

    # It is erased at the end: the result, which is the same dashboard, is written to stdout.
    with Live(console=new_console(sys.stderr), auto_refresh=False, transient=True) as live:
        yield RolloutDashboard(live)


class Lines:
    """A line for each try of each thing, whenever it changes."""

    def __init__(self) -> None:
        self._said: dict[str, str] = {}

    def show(self, status: "JobStatus") -> None:
        """See Display."""
        for execution in failures_first(status.executions):
            name, words = _name(execution), _words(execution)
            if self._said.get(name) != words:
                self._said[name] = words
                talk(f"{name}: {words}")


class Bars:
    """A bar for each try of each thing."""

    def __init__(self, progress: "Progress") -> None:
        self._progress = progress
        self._bars: dict[str, TaskID] = {}

    def show(self, status: "JobStatus") -> None:
        """See Display."""
        for place, execution in enumerate(failures_first(status.executions)):
            name = _name(execution)
            if name not in self._bars:
                self._bars[name] = self._progress.add_task(name, total=100, words="", place=place)
            bar = self._bars[name]
            self._progress.update(bar, completed=_percent(execution), words=_words(execution), place=place)
            if not execution.pending:
                self._progress.stop_task(bar)


class RolloutLines:
    """A line for each stage, each reason to fail and the rollout itself, whenever it changes."""

    def __init__(self) -> None:
        self._said: dict[str, str] = {}

    def show(self, status: "RolloutStatus") -> None:
        """See RolloutDisplay."""
        from fota_operator.cli.dashboard import headline, in_words, missing_lines, things
        from fota_operator.jobs.ways import ways_in_words

        for stage in status.stages:
            counted = f": {in_words(stage)}" if stage.job_ids else ""
            self._say(
                f"stage {stage.number}",
                f"stage {stage.number} {stage.name} ({things(stage.things)}) {stage.state}{counted}",
            )
            for line in missing_lines(stage):
                self._say(
                    f"missing {stage.number} {line.partition(':')[0]}", f"stage {stage.number} {stage.name}: {line}"
                )
            for number, line in enumerate(deferred_lines(stage.deferred)):
                self._say(f"deferred {stage.number} {number}", f"stage {stage.number} {stage.name}: {line}")
        for failures in status.failures:
            self._say(f"failures {_kind(failures)}", headline(failures))
        if status.ways is not None:
            self._say("ways", f"the image came: {ways_in_words(status.ways)}")
        words = (f"{status.name} {status.state}", status.why, f"next: {status.next}" if status.next else "")
        self._say("rollout", worded("; ".join(part for part in words if part)))

    def _say(self, about: str, words: str) -> None:
        if self._said.get(about) != words:
            self._said[about] = words
            talk(plain(words))


class RolloutDashboard:
    """The whole dashboard, drawn again for each status that was read."""

    def __init__(self, live: "Live") -> None:
        from fota_operator.rollouts.speed import Speed

        self._live = live
        self._speed = Speed()

    def show(self, status: "RolloutStatus") -> None:
        """See RolloutDisplay."""
        from fota_operator.cli.dashboard import Dashboard

        self._speed.look(status)
        self._live.update(Dashboard(status, self._speed), refresh=True)


def _kind(failures: "Failures") -> str:
    evidence = (failures.cause, failures.exit, failures.error)
    return " ".join(part for part in (failures.stage, failures.status, failures.reason, *evidence) if part)


def _name(execution: "ExecutionStatus") -> str:
    """The thing, and which try of the job it is where AWS has offered it again."""
    again = execution.execution_number > 1
    return f"{execution.thing}, try {execution.execution_number}" if again else execution.thing


def _percent(execution: "ExecutionStatus") -> int:
    # A bar is full when the execution has ended, well or badly: the words beside it say how.
    return (execution.percent or 0) if execution.pending else 100


def _words(execution: "ExecutionStatus") -> str:
    return " ".join(part for part in (execution.status, execution.reason, describe_details(execution)) if part)
