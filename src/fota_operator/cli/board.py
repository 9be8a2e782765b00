"""How a rollout stands, drawn: stages, a bar of statuses each, speed, failures by reason. Fits 80 columns.

Draws alone: leaves the looking to `rollouts.watch`, the terminal to `live` and `standing`.
"""

from collections.abc import Iterator
from datetime import datetime, timezone
from typing import TYPE_CHECKING, NamedTuple

from rich.console import Console, ConsoleOptions, RenderResult
from rich.padding import Padding
from rich.text import Text

from fota_operator.plain import plain
from fota_operator.reasons import Meaning, meaning
from fota_operator.rollouts.failure_reader import NO_REASON, NOT_ASKED
from fota_operator.rollouts.standing import Failures, StageStanding, Standing

if TYPE_CHECKING:
    from fota_operator.rollouts.speed import Speed

MOST_FAILURES = 8
"""How many reasons are drawn: so that what matters stays on the screen."""

_NAME_COLUMNS = 14
_STATE_COLUMNS = 8
_LEAST_BAR = 10
_STATE_STYLES = {
    "passed": "green",
    "done": "green",
    "failed": "red",
    "halted": "red",
    "aborted": "red",
    "paused": "yellow",
}


class _Part(NamedTuple):
    """What of a bar, or of its legend, belongs together."""

    words: str
    statuses: tuple[str, ...]
    mark: str
    ascii_mark: str
    style: str


_PARTS = (
    _Part("succeeded", ("SUCCEEDED",), "█", "#", "green"),
    _Part("failed", ("FAILED", "REJECTED", "TIMED_OUT"), "x", "x", "red"),
    _Part("in progress", ("IN_PROGRESS",), "▓", "=", "yellow"),
    _Part("queued", ("QUEUED",), "░", "-", "cyan"),
    _Part("called off", ("CANCELED", "REMOVED"), "/", "/", "magenta"),
    _Part("to come", ("WAITING",), "·", ".", "dim"),
)


class Board:
    """A renderable of rich."""

    def __init__(self, standing: Standing, speed: "Speed | None" = None) -> None:
        self._standing = standing
        self._speed = speed

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        """See rich."""
        standing = self._standing
        yield Text.assemble(
            (plain(standing.name), "bold"),
            f": {plain(standing.product)} {plain(standing.version)} to {things(standing.targets)}, ",
            (standing.state, _STATE_STYLES.get(standing.state, "bold")),
        )
        for stage in standing.stages:
            yield from _stage(stage, standing, options)
        yield _legend(standing, ascii_only=options.ascii_only)
        yield from _forecast(standing, self._speed)
        yield from _failures(standing)


def things(count: int) -> str:
    """So many things, in words."""
    return f"{count} thing{'' if count == 1 else 's'}"


def moment(at: datetime) -> str:
    """A moment, for people: in UTC, to the second."""
    return f"{at.astimezone(timezone.utc):%Y-%m-%d %H:%M:%S} UTC"


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


def in_words(counts: dict[str, int]) -> str:
    """How many things there are of each part of a bar: `3 succeeded, 1 failed`."""
    told = [(sum(counts.get(status, 0) for status in part.statuses), part.words) for part in _PARTS]
    return ", ".join(f"{count} {words}" for count, words in told if count)


def bar(stage: StageStanding, width: int, *, ascii_only: bool) -> Text:
    """The things of a stage by status; whatever there is of has one cell at least."""
    counts = [_count(stage, part) for part in _PARTS]
    text = Text()
    for part, cells in zip(_PARTS, _cells(counts, width), strict=True):
        text.append((part.ascii_mark if ascii_only else part.mark) * cells, style=part.style)
    text.pad_right(width - len(text))
    return text


def _count(stage: StageStanding, part: _Part) -> int:
    return sum(stage.counts.get(status, 0) for status in part.statuses)


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


def _stage(stage: StageStanding, standing: Standing, options: ConsoleOptions) -> Iterator[Text | Padding]:
    counted = [f"{one.counts.get('SUCCEEDED', 0)}/{one.things}" for one in standing.stages]
    columns = max(len(each) for each in counted)
    name = Text(f"{stage.number:>2} {plain(stage.name)}", overflow="ellipsis", no_wrap=True)
    name.truncate(_NAME_COLUMNS + 3, overflow="ellipsis", pad=True)
    width = max(_LEAST_BAR, options.max_width - len(name) - _STATE_COLUMNS - columns - 3)
    succeeded = counted[standing.stages.index(stage)]
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


def _legend(standing: Standing, *, ascii_only: bool) -> Text:
    text = Text("   ")
    for part in _PARTS:
        count = sum(_count(stage, part) for stage in standing.stages)
        if count:
            text.append(part.ascii_mark if ascii_only else part.mark, style=part.style)
            text.append(f" {count} {part.words}  ")
    text.rstrip()
    return text


def _forecast(standing: Standing, speed: "Speed | None") -> Iterator[Text]:
    if speed is not None and speed.per_minute is not None:
        words = [f"{speed.per_minute:.3g} things a minute answer"]
        for stage in standing.stages:
            left_s = speed.left_s(stage)
            if stage.state == "running" and left_s:
                words.append(f"stage {plain(stage.name)} takes {duration(left_s)} more at that rate")
        yield Text("; ".join(words))
    if standing.next:
        when = "" if standing.next_at is None else f" ({moment(standing.next_at)})"
        yield Text(f"Next: {plain(standing.next)}{when}")


def _failures(standing: Standing) -> Iterator[Text | Padding]:
    if not standing.failures:
        return
    yield Text("")
    yield Text("Why things did not take it", style="bold")
    most_first = sorted(standing.failures, key=lambda one: -one.count)
    for failures in most_first[:MOST_FAILURES]:
        yield from _failure(failures)
    if len(most_first) > MOST_FAILURES:
        yield Text(f"and {len(most_first) - MOST_FAILURES} more reasons")


def _failure(failures: Failures) -> Iterator[Text | Padding]:
    yield Text.assemble((headline(failures), "red"))
    meant = _meant(failures)
    if failures.message:
        yield _indented(f"it says: {plain(failures.message)}")
    yield _indented(meant.when)
    if meant.remedy:
        yield _indented(f"to do: {meant.remedy}")


def _meant(failures: Failures) -> Meaning:
    if failures.reason == NOT_ASKED:
        return Meaning("why was asked of the first of many only", "`fota explain THING` asks for the others")
    return meaning(failures.status, {} if failures.reason == NO_REASON else {"reason": failures.reason})


def _indented(text: str) -> Padding:
    return Padding(Text(text), (0, 0, 0, 3), expand=False)


def headline(failures: Failures) -> str:
    """Which failures these are: how many, where, why, and one of them."""
    kind = " ".join(part for part in (failures.status, plain(failures.reason)) if part)
    return f"{kind}: {things(failures.count)} of stage {plain(failures.stage)}, such as {plain(failures.example)}"
