"""The fleet from every source that AWS gives, on a registry and an index that are stricter than AWS's."""

from collections.abc import Iterator
from datetime import datetime, timedelta, timezone

import pytest

from fota_operator.errors import CloudRefused, NotFound, OperatorError
from fota_operator.fleet.read import BY_INDEX, BY_INDEX_AND_SHADOWS, ONE_BY_ONE, Fleet, fleet_of
from fota_operator.fleet.running import EVERYTHING, FleetFilter, RunningThing
from fota_operator.fleet.said_state import NO_VERSION, NONSENSE, NOT_TOLD, OLDER_THING, OTHER_WRITER
from fota_operator.fleet.versions import parse_rules
from fota_operator.things.connectivity import ThingConnection
from tests.labs.strict_fleet import StrictFleet, telling

NOW = datetime(2026, 9, 21, tzinfo=timezone.utc)
DAY_MS = 86_400_000


class StillClock:
    """A clock that moves only when somebody waits."""

    def __init__(self) -> None:
        self.at = NOW
        self.slept_s = 0.0

    def now(self) -> datetime:
        return self.at

    def sleep(self, seconds: float) -> None:
        self.at += timedelta(seconds=seconds)
        self.slept_s += seconds


@pytest.fixture
def strict() -> Iterator[StrictFleet]:
    fleet = StrictFleet()
    fleet.add("pump-1", telling("1.4.0"), groups=["north"], connection=(True, _ms(NOW) - 5 * DAY_MS))
    fleet.add("pump-2", telling("1.2.9", state="on-trial"), groups=["north"], connection=(False, _ms(NOW) - DAY_MS))
    fleet.add("pump-3", connection=(False, _ms(NOW) - 9 * DAY_MS))
    fleet.add("pump-4", telling(None, None, seq=None))
    fleet.add("pump-5", telling(state="excellent"))
    fleet.add("pump-6", at=1, reported=telling("0.1"), attributes={"made-at": "1780000000"})
    fleet.add("valve-1", telling("1.10.0", "valve"))
    fleet.say("valve-1", telling("1.10.0", "valve"), desired={"version": "2"})
    yield fleet
    fleet.operations.close()


def _ms(at: datetime) -> int:
    return int(at.timestamp() * 1000)


def read(fleet: StrictFleet, *, no_index: bool = False, meant: FleetFilter = EVERYTHING) -> Fleet:
    return fleet_of(fleet.cloud, meant, no_index=no_index, clock=StillClock())


def by_name(found: Fleet) -> dict[str, RunningThing]:
    things = list(found.things())
    assert len({one.name for one in things}) == len(things)
    return {one.name: one for one in things}


def doubts(things: dict[str, RunningThing]) -> dict[str, str]:
    return {name: one.doubt.kind for name, one in things.items() if one.doubt is not None}


EXPECTED_DOUBTS = {
    "pump-3": NOT_TOLD,
    "pump-4": NO_VERSION,
    "pump-5": NONSENSE,
    "pump-6": OLDER_THING,
    "valve-1": OTHER_WRITER,
}


@pytest.mark.parametrize("empty_pages", [False, True])
@pytest.mark.parametrize("page", [1, 3, 1000])
@pytest.mark.parametrize("kind", [BY_INDEX, BY_INDEX_AND_SHADOWS, ONE_BY_ONE])
def test_every_source_tells_the_same_of_every_thing(
    strict: StrictFleet, kind: str, page: int, empty_pages: bool
) -> None:
    strict.page, strict.empty_pages = page, empty_pages
    if kind != ONE_BY_ONE:
        strict.index_everything()
    if kind == BY_INDEX_AND_SHADOWS:
        strict.indexing["namedShadowIndexingMode"] = "OFF"
        strict.settle()
    found = read(strict)
    things = by_name(found)
    assert found.source.kind == kind
    assert {name: one.said.version for name, one in things.items() if one.said.version} == {
        "pump-1": "1.4.0",
        "pump-2": "1.2.9",
    }
    assert doubts(things) == EXPECTED_DOUBTS
    assert things["pump-2"].said.state == "on-trial"


def test_the_index_says_who_is_connected_and_in_which_groups(strict: StrictFleet) -> None:
    strict.index_everything()
    things = by_name(read(strict))
    assert {name: things[name].connection for name in ("pump-1", "pump-2", "pump-4")} == {
        "pump-1": ThingConnection(True, NOW - timedelta(days=5)),
        "pump-2": ThingConnection(False, NOW - timedelta(days=1)),
        "pump-4": ThingConnection(False, None),
    }
    assert things["pump-1"].groups == ("north",)


def test_an_index_without_connectivity_says_so(strict: StrictFleet) -> None:
    strict.index_everything()
    strict.indexing["thingConnectivityIndexingMode"] = "OFF"
    strict.settle()
    found = read(strict)
    assert (found.source.kind, found.source.connectivity) == (BY_INDEX, False)
    assert {one.connection for one in found.things()} == {None}


def test_without_the_index_nothing_is_said_of_connections(strict: StrictFleet) -> None:
    found = read(strict)
    assert (found.source.connectivity, found.source.why) == (False, "the index of the fleet is off")
    assert {one.connection for one in found.things()} == {None}


@pytest.mark.parametrize("status", ["BUILDING", "REBUILDING"])
def test_a_half_built_index_is_not_believed(strict: StrictFleet, status: str) -> None:
    strict.index_everything()
    del strict.index[2:]
    strict.index_status = status
    found = read(strict)
    assert (found.source.kind, found.source.why) == (
        ONE_BY_ONE,
        f"the index of the fleet is still being built ({status})",
    )
    assert len(by_name(found)) == 7


def test_an_index_that_is_rebuilt_meanwhile_is_said_with_its_remedy(strict: StrictFleet) -> None:
    strict.index_everything()
    found = read(strict)
    strict.operations.refuse("SearchIndex", "IndexNotReadyException")
    with pytest.raises(OperatorError, match=r"being built again; wait some minutes, or read device by device"):
        list(found.things())


def test_an_index_that_we_may_not_see_is_no_error(strict: StrictFleet) -> None:
    strict.index_everything()
    strict.operations.refuse("GetIndexingConfiguration", "UnauthorizedException")
    found = read(strict)
    assert (found.source.kind, found.source.why) == (ONE_BY_ONE, "you may not look at the index of the fleet")


def test_a_thing_that_was_removed_meanwhile_has_no_version(strict: StrictFleet) -> None:
    things = read(strict).things()
    next(things)
    del strict.shadows["pump-2", "fota"]
    strict.remove("pump-2")
    strict.add("pump-2b")
    assert {one.name: one.said.version for one in things}.get("pump-2") is None


def test_an_index_that_lags_shows_what_was(strict: StrictFleet) -> None:
    strict.index_everything()
    strict.say("pump-1", telling("1.5.0"))
    assert by_name(read(strict))["pump-1"].said.version == "1.4.0"
    strict.settle()
    assert by_name(read(strict))["pump-1"].said.version == "1.5.0"


@pytest.mark.parametrize("operation", ["SearchIndex", "ListThings", "GetThingShadow"])
def test_throttling_is_waited_for(strict: StrictFleet, operation: str) -> None:
    if operation == "SearchIndex":
        strict.index_everything()
    strict.operations.refuse(operation, "ThrottlingException", times=3)
    assert len(by_name(read(strict))) == 7


def test_throttling_without_end_ends(strict: StrictFleet) -> None:
    strict.operations.refuse("ListThings", "ThrottlingException")
    with pytest.raises(CloudRefused, match="ThrottlingException"):
        list(read(strict).things())
    assert strict.operations.calls["ListThings"] == 6


def test_a_shadow_that_we_may_not_read_is_an_error_and_no_doubt(strict: StrictFleet) -> None:
    strict.operations.refuse("GetThingShadow", "UnauthorizedException")
    with pytest.raises(CloudRefused, match="allow the action GetThingShadow"):
        list(read(strict).things())


@pytest.mark.parametrize("no_index", [False, True])
def test_a_group_has_its_own_things(strict: StrictFleet, no_index: bool) -> None:
    strict.index_everything()
    assert set(by_name(read(strict, no_index=no_index, meant=FleetFilter(group="north")))) == {"pump-1", "pump-2"}


@pytest.mark.parametrize("no_index", [False, True])
def test_a_group_that_is_not_there_is_said(strict: StrictFleet, no_index: bool) -> None:
    strict.index_everything()
    with pytest.raises(NotFound, match="no thing group south in eu-west-1"):
        list(read(strict, no_index=no_index, meant=FleetFilter(group="south")).things())


def test_pages_that_never_end_do(strict: StrictFleet, monkeypatch: pytest.MonkeyPatch) -> None:
    strict.index_everything()
    # One answer that no honest index gives: the token that it was asked with.
    monkeypatch.setattr(strict, "_paged", lambda *_: {"things": [], "nextToken": "again"})
    strict.operations._operations["SearchIndex"] = lambda _: {"things": [], "nextToken": "again"}  # type: ignore[index]
    with pytest.raises(OperatorError, match="again and again"):
        list(read(strict).things())


@pytest.mark.parametrize(
    ("meant", "yes", "maybe"),
    [
        (FleetFilter(parse_rules("<1.3.0")), {"pump-2"}, set(EXPECTED_DOUBTS)),
        (FleetFilter(product="pump"), {"pump-1", "pump-2"}, set(EXPECTED_DOUBTS)),
        (FleetFilter(silent_s=7 * 86_400), {"pump-3", "pump-4", "pump-5", "pump-6", "valve-1"}, set()),
        (FleetFilter(silent_s=3600), {"pump-2", "pump-3", "pump-4", "pump-5", "pump-6", "valve-1"}, set()),
        (FleetFilter(unknown=True), set(EXPECTED_DOUBTS), set()),
        (FleetFilter(parse_rules("<1.3.0"), silent_s=7 * 86_400), set(), set(EXPECTED_DOUBTS)),
    ],
)
def test_a_filter_tells_those_that_are_meant_from_those_that_may_be(
    strict: StrictFleet, meant: FleetFilter, yes: set[str], maybe: set[str]
) -> None:
    strict.index_everything()
    verdicts = {one.name: meant.verdict(one, NOW) for one in read(strict).things()}
    assert {name for name, verdict in verdicts.items() if verdict} == yes
    assert {name for name, verdict in verdicts.items() if verdict is None} == maybe


def test_without_connectivity_nobody_is_called_silent(strict: StrictFleet) -> None:
    verdicts = {FleetFilter(silent_s=1).verdict(one, NOW) for one in read(strict).things()}
    assert verdicts == {None}


def test_the_rates_are_kept(strict: StrictFleet) -> None:
    clock = StillClock()
    list(fleet_of(strict.cloud, clock=clock).things())
    # Eight lists of one thing at ten a second, and seven shadows at a hundred.
    assert clock.slept_s >= 0.6
