"""Shows things and what they run, one after the other as they come: as a table, as CSV or as JSON.

No more than a screenful is kept: a hundred thousand things need no more memory than a hundred.
"""

import csv
import io
import json
import re
import sys
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict
from itertools import chain, islice
from typing import TYPE_CHECKING

from fota_operator.cli.fleet_options import ChosenThings, ReadProgress, connected_fleet
from fota_operator.cli.output import answer_table, in_utc, moment, natural, talk, writing_result
from fota_operator.errors import BadInput
from fota_operator.plain import plain, visible

if TYPE_CHECKING:
    from fota_operator.fleet.read import Fleet
    from fota_operator.fleet.running import RunningThing

MAX_FITTED = 200
"""How many things a table has."""
_HEADINGS = ("THING", "PRODUCT", "VERSION", "STATE", "CONNECTION", "NOTE")
_COLUMNS = (
    "thing", "product", "version", "seq", "sha256", "slot", "state", "library", "interpreter", "board", "platform",
    "free_bytes", "last_failure", "reported_at", "connected", "connection_since", "disconnect_reason", "groups",
    "deferred", "uncertain",
)  # fmt: skip
_FORMULA = re.compile(r"[=+\-@\t\r]")
"""What a spreadsheet takes for the beginning of a formula:
https://owasp.org/www-community/attacks/CSV_Injection"""


def answer_things(chosen: ChosenThings) -> None:
    """Write every thing that is meant; then say on stderr of how many that is not known."""
    if chosen.as_json and chosen.as_csv:
        raise BadInput("--json and --csv: expected one of them, got both", "leave one out")
    found = connected_fleet(chosen.asked, no_index=chosen.no_index)
    meant = _Meant(found)
    if chosen.as_json:
        write_json(meant)
    elif chosen.as_csv:
        write_csv(meant)
    else:
        write_table(meant)
    meant.tell()


class _Meant:
    """The things that a filter means, and how many were left out because that is not known of them."""

    def __init__(self, found: "Fleet") -> None:
        self._found = found
        self._undecided = 0
        self._shown = 0
        self._example = ""

    def __iter__(self) -> "Iterator[RunningThing]":
        now = self._found.clock.now()
        for thing in self._found.things(ReadProgress()):
            verdict = self._found.meant.verdict(thing, now)
            if verdict:
                self._shown += 1
                yield thing
            elif verdict is None:
                self._undecided += 1
                self._example = self._example or thing.name

    def tell(self) -> None:
        talk(f"{self._shown} things")
        if self._undecided:
            talk(
                f"{self._undecided} more things may be meant, {plain(self._example)} is one: what they run or when "
                "they were connected is not known; --unknown shows why"
            )


def thing_as_json(thing: "RunningThing") -> dict[str, object]:
    """A thing and what it runs as programs read it; times are in UTC, ISO 8601."""
    connection = thing.connection
    values = {
        "thing": thing.name,
        **asdict(thing.said),
        "reported_at": in_utc(thing.said.reported_at),
        "connected": None if connection is None else connection.connected,
        "connection_since": None if connection is None else in_utc(connection.since),
        "disconnect_reason": None if connection is None else connection.reason,
        "groups": None if thing.groups is None else list(thing.groups),
        "deferred": thing.deferred,
        "uncertain": None if thing.doubt is None else asdict(thing.doubt),
    }
    return {name: values[name] for name in _COLUMNS}


def write_json(things: "Iterable[RunningThing]") -> None:
    """One array, written thing by thing: a program that reads it whole sees whether it was whole."""
    with writing_result():
        sys.stdout.write("[")
        for number, thing in enumerate(things):
            sys.stdout.write(("," if number else "") + "\n  " + json.dumps(thing_as_json(thing)))
        sys.stdout.write("\n]\n")


def write_csv(things: "Iterable[RunningThing]") -> None:
    """One line for each thing, in the columns of JSON."""
    with writing_result():
        sys.stdout.write(_csv_line(_COLUMNS))
        for thing in things:
            sys.stdout.write(_csv_line([_cell(value) for value in thing_as_json(thing).values()]))


def _csv_line(cells: Sequence[str]) -> str:
    line = io.StringIO()
    csv.writer(line, lineterminator="\n").writerow(cells)
    return line.getvalue()


def _cell(value: object) -> str:
    """A value as CSV has it; one that a spreadsheet would obey gets an apostrophe in front."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    text = visible(value if isinstance(value, str) else json.dumps(value))
    return f"'{text}" if isinstance(value, str) and _FORMULA.match(text) else text


def write_table(things: "Iterable[RunningThing]") -> None:
    """Sorted by name if they are few; of more there is a table for each MAX_FITTED, as they come."""
    rows: Iterator[tuple[str, ...]] = (_row(thing) for thing in things)
    first = list(islice(rows, MAX_FITTED + 1))
    if len(first) <= MAX_FITTED:
        first.sort(key=lambda row: natural(row[0]))
    rows = chain(first, rows)
    while part := list(islice(rows, MAX_FITTED)):
        answer_table(_HEADINGS, part)


def _row(thing: "RunningThing") -> tuple[str, ...]:
    said = thing.said
    version = "not known" if said.version is None else plain(said.version)
    return (
        plain(thing.name),
        plain(said.product or ""),
        version,
        said.state or "",
        _connection(thing),
        plain("; ".join(_notes(thing))),
    )


def _connection(thing: "RunningThing") -> str:
    if thing.connection is None:
        return ""
    word = "connected" if thing.connection.connected else "offline"
    return word if thing.connection.since is None else f"{word} since {moment(thing.connection.since)}"


def _notes(thing: "RunningThing") -> Iterator[str]:
    if thing.doubt is not None:
        yield thing.doubt.text
    if thing.deferred is not None:
        yield f"puts an update off: {thing.deferred}"
    failure = thing.said.last_failure
    if failure is not None:
        cause = f" ({failure.cause})" if failure.cause else ""
        yield f"{failure.version or 'an update'} failed: {failure.reason or 'no reason given'}{cause}"
