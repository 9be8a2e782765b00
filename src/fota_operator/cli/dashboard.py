"""The status of a rollout, drawn: each stage with a bar of its statuses, speed, failures by reason. Fits 80 columns.

Leaves to others: looking (`rollouts.watch`), and the terminal (`live`, `rollout_status`).
"""

from collections.abc import Iterator
from typing import TYPE_CHECKING, NamedTuple

from rich.console import Console, ConsoleOptions, RenderResult
from rich.padding import Padding
from rich.text import Text

from fota_operator.cli.job_status import deferred_lines
from fota_operator.cli.output import moment, natural
from fota_operator.cli.wording import worded
from fota_operator.jobs import deferrals
from fota_operator.jobs.progress import why_failed
from fota_operator.jobs.reasons import Meaning
from fota_operator.jobs.ways import ways_in_words
from fota_operator.plain import plain, visible
from fota_operator.rollouts.aws.failures import NO_REASON, NOT_ASKED
from fota_operator.rollouts.decide.status import Failures, RolloutStatus, StageStatus

if TYPE_CHECKING:
    from fota_operator.rollouts.speed import Speed

MAX_FAILURES = 8
"""The number of reasons to draw: few enough that what matters stays on the screen."""

_NAME_COLUMNS = 14
_STATE_COLUMNS = 8
_MIN_BAR = 10
_STATE_STYLES = {
    "passed": "green",
    "done": "green",
    "failed": "red",
    "halted": "red",
    "aborted": "red",
    "paused": "yellow",
}


class _Part(NamedTuple):
    """One part of a bar and of its legend: statuses that are drawn together."""

    words: str
    statuses: tuple[str, ...]
    mark: str
    ascii_mark: str
    style: str


PUT_OFF = "deferred"
"""Beside AWS's statuses: the things that are IN_PROGRESS, and known to put the update off."""

_PARTS = (
    _Part("succeeded", ("SUCCEEDED",), "█", "#", "green"),
    _Part("failed", ("FAILED", "REJECTED", "TIMED_OUT"), "x", "x", "red"),
    _Part("in progress", ("IN_PROGRESS",), "▓", "=", "yellow"),
    _Part("put off", (PUT_OFF,), "▒", "~", "blue"),
    _Part("queued", ("QUEUED",), "░", "-", "cyan"),
    _Part("called off", ("CANCELED", "REMOVED"), "/", "/", "magenta"),
    _Part("to come", ("WAITING",), "·", ".", "dim"),
)


class Dashboard:
    """A renderable of rich."""

    def __init__(self, status: RolloutStatus, speed: "Speed | None" = None) -> None:
        self._standing = status
        self._speed = speed

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        """See rich."""
        status = self._standing
        yield Text.assemble(
            (plain(status.name), "bold"),
            f": {plain(status.product)} {plain(status.version)} to {things(status.targets)}, ",
            (status.state, _STATE_STYLES.get(status.state, "bold")),
        )
        for stage in status.stages:
            yield from _stage(stage, status, options)
        yield _legend(status, ascii_only=options.ascii_only)
        yield from _forecast(status, self._speed)
        yield from _deferred(status)
        if status.ways is not None:
            yield Text(f"The image came: {plain(ways_in_words(status.ways))}")
        yield from _failures(status)


def things(count: int) -> str:
    """A number of things, in words."""
    return f"{count} thing{'' if count == 1 else 's'}"


def duration(seconds: float) -> str:
    """How long, roughly."""
    minutes = round(seconds / 60)
    if minutes < 1:
        return "less than a minute"
    hours, minutes = divmod(minutes, 60)
    if hours == 0:
        return f"{minutes} min"
    days, hours = divmod(hours, 24)
    return f"{days} d {hours} h" if days else f"{hours} h {minutes} min"


def in_words(stage: StageStatus) -> str:
    """How many things each part of a bar has: `3 succeeded, 1 failed`."""
    told = [(_count(stage, part), part.words) for part in _PARTS]
    return ", ".join(f"{count} {words}" for count, words in told if count)


def bar(stage: StageStatus, width: int, *, ascii_only: bool) -> Text:
    """The things of a stage by status; every status that occurs gets at least one cell."""
    counts = [_count(stage, part) for part in _PARTS]
    text = Text()
    for part, cells in zip(_PARTS, _cells(counts, width), strict=True):
        text.append((part.ascii_mark if ascii_only else part.mark) * cells, style=part.style)
    text.pad_right(width - len(text))
    return text


def _count(stage: StageStatus, part: _Part) -> int:
    at_it = stage.counts.get("IN_PROGRESS", 0) - stage.put_off
    counts = {**stage.counts, "IN_PROGRESS": at_it, PUT_OFF: stage.put_off}
    return sum(counts.get(status, 0) for status in part.statuses)


def _cells(counts: list[int], width: int) -> list[int]:
    total = sum(counts)
    if total == 0:
        return [0] * len(counts)
    exact = [count * width / total for count in counts]
    cells = [max(1, int(share)) if share else 0 for share in exact]
    while sum(cells) > width:
        cells[cells.index(max(cells))] -= 1
    while sum(cells) < width:
        short = [share - cell for share, cell in zip(exact, cells, strict=True)]
        cells[short.index(max(short))] += 1
    return cells


def _stage(stage: StageStatus, status: RolloutStatus, options: ConsoleOptions) -> Iterator[Text | Padding]:
    counted = [f"{one.counts.get('SUCCEEDED', 0)}/{one.things}" for one in status.stages]
    columns = max(len(each) for each in counted)
    name = Text(f"{stage.number:>2} {plain(stage.name)}", overflow="ellipsis", no_wrap=True)
    name.truncate(_NAME_COLUMNS + 3, overflow="ellipsis", pad=True)
    width = max(_MIN_BAR, options.max_width - len(name) - _STATE_COLUMNS - columns - 3)
    succeeded = counted[status.stages.index(stage)]
    yield Text.assemble(
        name,
        " ",
        (f"{stage.state:<{_STATE_COLUMNS}}", _STATE_STYLES.get(stage.state, "")),
        " ",
        bar(stage, width, ascii_only=options.ascii_only),
        f" {succeeded:>{columns}}",
    )
    if stage.why and stage.state not in ("waiting", "passed"):
        yield _indented(plain(stage.why))
    for line in missing_lines(stage):
        yield _indented(line)


def missing_lines(stage: StageStatus) -> Iterator[str]:
    """Who has not answered, where that is known."""
    for status, words in (("QUEUED", "not taken up, the device may be off"), ("IN_PROGRESS", "in progress")):
        names = sorted((one.thing for one in stage.missing if one.status == status), key=natural)
        if names:
            yield f"{words}: {', '.join(map(plain, names))}"


def _legend(status: RolloutStatus, *, ascii_only: bool) -> Text:
    text = Text("   ")
    for part in _PARTS:
        count = sum(_count(stage, part) for stage in status.stages)
        if count:
            text.append(part.ascii_mark if ascii_only else part.mark, style=part.style)
            text.append(f" {count} {part.words}  ")
    text.rstrip()
    return text


def _forecast(status: RolloutStatus, speed: "Speed | None") -> Iterator[Text]:
    if speed is not None and speed.per_minute is not None:
        words = [f"{speed.per_minute:.3g} things a minute answer"]
        for stage in status.stages:
            left_s = speed.left_s(stage)
            if stage.state == "running" and left_s:
                late = stage.counts.get("QUEUED", 0)
                without = f", without the {late} that have not taken it up" if late else ""
                words.append(f"stage {plain(stage.name)} takes {duration(left_s)} more at that rate{without}")
        yield Text("; ".join(words))
    if status.why and not any(stage.why and stage.why in status.why for stage in status.stages):
        state = "now" if status.state == "running" else status.state
        yield Text(f"{state.capitalize()}: {plain(worded(status.why))}")
    if status.next:
        when = "" if status.next_at is None else f" ({moment(status.next_at)})"
        yield Text(f"Next: {plain(worded(status.next))}{when}")


def _deferred(status: RolloutStatus) -> Iterator[Text | Padding]:
    for stage in status.stages:
        for number, line in enumerate(deferred_lines(stage.deferred)):
            if number:
                yield _indented(line)
            else:
                yield Text("")
                yield Text(f"Stage {plain(stage.name)}: {line}", style="bold")


def _failures(status: RolloutStatus) -> Iterator[Text | Padding]:
    if not status.failures:
        return
    yield Text("")
    yield Text("Why things did not take it", style="bold")
    most_first = sorted(status.failures, key=lambda one: -one.count)
    for failures in most_first[:MAX_FAILURES]:
        yield from _failure(failures)
    if len(most_first) > MAX_FAILURES:
        yield Text(f"and {len(most_first) - MAX_FAILURES} more reasons")


def _failure(failures: Failures) -> Iterator[Text | Padding]:
    yield Text.assemble((headline(failures), "red"))
    meant = _meant(failures)
    if failures.message:
        yield _indented(f"it says: {plain(failures.message)}")
    yield _indented(meant.when)
    if meant.remedy:
        yield _indented(f"to do: {worded(meant.remedy)}")


def _meant(failures: Failures) -> Meaning:
    if failures.reason == NOT_ASKED:
        return Meaning("why was asked of the first of many only", "`fota explain THING` asks for the others")
    if failures.reason == deferrals.DEFERRED_TOO_LONG:
        return deferrals.TIMED_OUT
    details = {} if failures.reason == NO_REASON else {"reason": failures.reason}
    if failures.cause is not None:
        details["cause"] = failures.cause
    return deferrals.told_meaning(failures.status, details)


def _indented(text: str) -> Padding:
    return Padding(Text(visible(text)), (0, 0, 0, 3), expand=False)


def headline(failures: Failures) -> str:
    """The failures of one reason: how many, where, why, and one example."""
    evidence = (None if one is None else plain(one) for one in (failures.cause, failures.exit, failures.error))
    kind = why_failed(failures.status, plain(failures.reason), *evidence)
    return f"{kind}: {things(failures.count)} of stage {plain(failures.stage)}, such as {plain(failures.example)}"
