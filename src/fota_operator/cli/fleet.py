"""`fota fleet`: how many things run which version; and which things, as `fota things list` does."""

from dataclasses import asdict
from typing import TYPE_CHECKING

from fota_operator.cli.fleet_options import ChosenThings, ReadProgress, choosing_things, connected_fleet
from fota_operator.cli.output import answer_json, answer_table, answer_words, in_utc, moment, reporting_errors
from fota_operator.plain import plain

if TYPE_CHECKING:
    from datetime import datetime

    from fota_operator.fleet.distribution import Distribution
    from fota_operator.fleet.read import Fleet, FleetSource


@reporting_errors()
@choosing_things
def fleet(chosen: ChosenThings) -> None:
    """Show how many things run which version; with an option that chooses things, show these things.

    A version is what the device itself last said. Where that is not known, it says why. This changes nothing.
    """
    from fota_operator.cli.running_things import answer_things
    from fota_operator.fleet.running import EVERYTHING

    if chosen.asked != EVERYTHING or chosen.as_csv:
        answer_things(chosen)
        return
    found = connected_fleet(chosen.asked, no_index=chosen.no_index)
    counts = _counted(found)
    if chosen.as_json:
        answer_json(_as_json(counts, found.source, found.clock.now()))
    else:
        _answer_counts(counts, found.source, found.clock.now())


def _counted(found: "Fleet") -> "Distribution":
    from fota_operator.fleet.distribution import Distribution

    counts = Distribution()
    for thing in found.things(ReadProgress()):
        counts.add(thing)
    return counts


def _answer_counts(counts: "Distribution", source: "FleetSource", now: "datetime") -> None:
    from fota_operator.fleet.read import BY_INDEX
    from fota_operator.fleet.said_state import DOUBTS

    where = "by the index of AWS, which may be some seconds behind" if source.kind == BY_INDEX else "by each shadow"
    answer_words(f"{counts.things} things, {where}, {moment(now)}")
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
        answer_words(f"{counts.others} things run further versions")
    if counts.doubts:
        answer_words("Not known which version:")
        answer_table(
            ("THINGS", "WHY", "SUCH AS"),
            [(str(count), DOUBTS[kind], plain(counts.examples[kind])) for kind, count in counts.doubts.most_common()],
        )
    if source.connectivity:
        unsaid = f", {counts.connection_not_known} not known" if counts.connection_not_known else ""
        answer_words(f"Connected {counts.connected}, offline {counts.offline}{unsaid}")
    else:
        answer_words("Which things are connected is not known: AWS does not index it here")


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
