"""`fota fleet`: how many things run which version; and which things, as `fota things list` does."""

from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated

import typer

from fota_operator.cli.options import Json
from fota_operator.cli.output import answer, answer_json, answer_table, in_utc, moment, reporting_errors, talk
from fota_operator.errors import BadInput
from fota_operator.plain import plain

if TYPE_CHECKING:
    from datetime import datetime

    from fota_operator.fleet.distribution import Distribution
    from fota_operator.fleet.read import Fleet, FleetSource
    from fota_operator.fleet.running import FleetFilter

Version = Annotated[
    str | None,
    typer.Option(metavar="RULE", help='Show things that run such a version, as "<1.3.0", 1.4.0 or ">=1.2,<1.3".'),
]
Product = Annotated[str | None, typer.Option(metavar="NAME", help="Show things that run this product.")]
Group = Annotated[str | None, typer.Option(metavar="NAME", help="Show the things of this thing group itself.")]
Silent = Annotated[
    str | None,
    typer.Option(metavar="TIME", help="Show things that have not been connected for this time, as 7d."),
]
Deferred = Annotated[bool, typer.Option("--deferred", help="Show things that put an update off, and why.")]
Unknown = Annotated[
    bool, typer.Option("--unknown", help="Show things where it is not known which version they run, and why.")
]
NoIndex = Annotated[
    bool, typer.Option("--no-index", help="Ask for the shadow of each thing instead of AWS's index. This is slower.")
]
Csv = Annotated[bool, typer.Option("--csv", help="Print the things as CSV.")]


@reporting_errors()
def fleet(
    version: Version = None,
    product: Product = None,
    group: Group = None,
    silent: Silent = None,
    deferred: Deferred = False,
    unknown: Unknown = False,
    no_index: NoIndex = False,
    as_json: Json = False,
    as_csv: Csv = False,
) -> None:
    """Show how many things run which version; with an option that chooses things, show these things.

    A version is what the device itself last said. Where that is not known, it says why. This changes nothing.
    """
    asked = filter_of(version, product, group, silent, deferred=deferred, unknown=unknown)
    from fota_operator.cli.running_things import answer_things
    from fota_operator.fleet.running import EVERYTHING

    if asked != EVERYTHING or as_csv:
        answer_things(asked, no_index=no_index, as_json=as_json, as_csv=as_csv)
        return
    found = connected_fleet(asked, no_index=no_index)
    counts = _counted(found)
    if as_json:
        answer_json(_as_json(counts, found.source, found.clock.now()))
    else:
        _answer_counts(counts, found.source, found.clock.now())


def filter_of(
    version: str | None, product: str | None, group: str | None, silent: str | None, *, deferred: bool, unknown: bool
) -> "FleetFilter":
    """What the options mean. *Raises* BadInput."""
    from fota_operator.fleet.running import FleetFilter
    from fota_operator.fleet.versions import parse_rules
    from fota_operator.time_span import parse_span

    try:
        silent_s = None if silent is None else parse_span(silent)
    except ValueError as error:
        raise BadInput(f"--silent: expected {error}, got {silent!r}", "write it as --silent 7d") from error
    rules = () if version is None else parse_rules(version)
    return FleetFilter(rules, product, group, silent_s, deferred=deferred, unknown=unknown)


def connected_fleet(asked: "FleetFilter", *, no_index: bool) -> "Fleet":
    """The fleet of the account, and a word on stderr if it must be read device by device."""
    from fota_operator.cloud import connect
    from fota_operator.fleet.read import BY_INDEX, fleet_of

    found = fleet_of(connect(), asked, no_index=no_index)
    if found.source.kind != BY_INDEX:
        talk(f"The shadow of each thing is read by itself, which is slower: {found.source.why}.")
        if not no_index:
            talk("`fota bootstrap` turns the index on; AWS charges for it.")
    return found


class Progress:
    """Says on stderr how many things were read, each time that many more were."""

    STEP = 1000

    def __init__(self) -> None:
        self._said = 0

    def __call__(self, read: int) -> None:
        """See OnRead."""
        if read - self._said >= self.STEP:
            self._said = read
            talk(f"{read} things read")


def _counted(found: "Fleet") -> "Distribution":
    from fota_operator.fleet.distribution import Distribution

    counts = Distribution()
    for thing in found.things(Progress()):
        counts.add(thing)
    return counts


def _answer_counts(counts: "Distribution", source: "FleetSource", now: "datetime") -> None:
    from fota_operator.fleet.read import BY_INDEX
    from fota_operator.fleet.said_state import DOUBTS

    where = "by the index of AWS, which may be some seconds behind" if source.kind == BY_INDEX else "by each shadow"
    answer(f"{counts.things} things, {where}, {moment(now)}")
    rows = [
        (
            plain(one.product or "not said"),
            plain(one.version),
            str(one.things),
            _share(one.things, counts.things),
            str(one.on_trial) if one.on_trial else "",
        )
        for one in counts.versions()
    ]
    if rows:
        answer_table(("PRODUCT", "VERSION", "THINGS", "SHARE", "ON TRIAL"), rows)
    if counts.others:
        answer(f"{counts.others} things run further versions")
    if counts.doubts:
        answer("Not known which version:")
        answer_table(
            ("THINGS", "WHY", "SUCH AS"),
            [(str(count), DOUBTS[kind], plain(counts.examples[kind])) for kind, count in counts.doubts.most_common()],
        )
    if source.connectivity:
        unsaid = f", {counts.connection_not_known} not known" if counts.connection_not_known else ""
        answer(f"Connected {counts.connected}, offline {counts.offline}{unsaid}")
    else:
        answer("Which things are connected is not known: AWS does not index it here")


def _share(count: int, of: int) -> str:
    return f"{100 * count / of:.1f} %"


def _as_json(counts: "Distribution", source: "FleetSource", now: "datetime") -> dict[str, object]:
    from fota_operator.fleet.said_state import DOUBTS

    return {
        "things": counts.things,
        "read_at": in_utc(now),
        "source": source.kind,
        "source_why": source.why,
        "versions": [asdict(one) for one in counts.versions()],
        "others": counts.others,
        "not_known": [
            {"kind": kind, "meaning": DOUBTS[kind], "things": count, "example": counts.examples[kind]}
            for kind, count in counts.doubts.most_common()
        ],
        "connected": counts.connected if source.connectivity else None,
        "offline": counts.offline if source.connectivity else None,
        "connection_not_known": counts.connection_not_known,
    }
