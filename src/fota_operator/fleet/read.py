"""The fleet, thing by thing, from the best source that AWS gives: its index, or the registry and each shadow.

Reads as it is asked for more, a page at a time: the memory that it needs does not grow with the fleet.
Leaves to others: filters and counts (`running`, `distribution`), and showing it (`cli.fleet`).
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace

from fota_operator.cloud import Cloud
from fota_operator.fleet.deferring import Deferring, deferring_things
from fota_operator.fleet.one_by_one import ListedThing, ShadowReader, group_pages, list_pages
from fota_operator.fleet.running import EVERYTHING, FleetFilter, RunningThing, running_thing
from fota_operator.fleet.said_state import NOT_TOLD, Doubtful, SaidState, state_in_index
from fota_operator.fleet.search import IndexState, index_state, search_pages
from fota_operator.rate_limiter import SystemClock, WallClock
from fota_operator.things.connectivity import connection_in

BY_INDEX = "index"
BY_INDEX_AND_SHADOWS = "index-and-shadows"
ONE_BY_ONE = "one-by-one"

OnRead = Callable[[int], None]
"""Called with how many things were read so far, after each page."""


@dataclass(frozen=True)
class FleetSource:
    """Where what is known comes from: one of BY_INDEX, BY_INDEX_AND_SHADOWS, ONE_BY_ONE, and why not from the index.

    `connectivity`: AWS says which things are connected.
    """

    kind: str
    why: str = ""
    connectivity: bool = False


@dataclass(frozen=True)
class Fleet:
    """The things of an account and region that a filter can mean; `things` reads them."""

    cloud: Cloud
    source: FleetSource
    clock: WallClock
    meant: FleetFilter

    def things(self, on_read: OnRead | None = None) -> Iterator[RunningThing]:
        """Every thing, or every thing of the group, with nothing else filtered out.

        Blocks while AWS answers. *Raises* NotFound for a group, CloudRefused, CloudUnreachable, OperatorError.
        """
        deferring = deferring_things(self.cloud, self.clock) if self.meant.deferred else None
        read = 0
        for page in self._pages():
            for thing in page:
                yield thing if deferring is None else _with_deferral(thing, deferring)
            read += len(page)
            if on_read is not None:
                on_read(read)

    def _pages(self) -> Iterator[list[RunningThing]]:
        if self.source.kind == BY_INDEX:
            yield from ([_indexed(one, _of_index(one)) for one in page] for page in self._found())
            return
        reader = ShadowReader(self.cloud, self.clock)
        try:
            if self.source.kind == ONE_BY_ONE:
                yield from (_listed(page, reader) for page in self._listed_pages())
            else:
                for page in self._found():
                    said = reader.read(str(one["thingName"]) for one in page)
                    yield [_indexed(one, state) for one, state in zip(page, said, strict=True)]
        finally:
            reader.close()

    def _found(self) -> Iterator[list[Mapping[str, object]]]:
        group = self.meant.group
        if group is not None:
            # The index answers alike for a group without things and for none of that name.
            next(group_pages(self.cloud, group, self.clock))
        query = "thingName:*" if group is None else f'thingGroupNames:"{group}"'
        return search_pages(self.cloud, query, self.clock)

    def _listed_pages(self) -> Iterator[list[ListedThing]]:
        if self.meant.group is not None:
            return group_pages(self.cloud, self.meant.group, self.clock)
        return list_pages(self.cloud, self.clock)


def fleet_of(
    cloud: Cloud, meant: FleetFilter = EVERYTHING, *, no_index: bool = False, clock: WallClock | None = None
) -> Fleet:
    """Choose the source; with `no_index`, the registry and the shadows. Reads no thing yet.

    *Raises* CloudUnreachable, CloudRefused while AWS has trouble.
    """
    state = IndexState("it was asked for so") if no_index else index_state(cloud)
    if state.trouble:
        source = FleetSource(ONE_BY_ONE, state.trouble)
    elif not state.shadows:
        source = FleetSource(BY_INDEX_AND_SHADOWS, "the index of the fleet has no shadow of ours", state.connectivity)
    else:
        source = FleetSource(BY_INDEX, connectivity=state.connectivity)
    return Fleet(cloud, source, clock or SystemClock(), meant)


def _of_index(found: Mapping[str, object]) -> SaidState | Doubtful:
    text = found.get("shadow")
    try:
        return state_in_index(text) if isinstance(text, str) else Doubtful(NOT_TOLD)
    except Doubtful as doubt:
        return doubt


def _indexed(found: Mapping[str, object], said: SaidState | Doubtful) -> RunningThing:
    attributes, groups = found.get("attributes"), found.get("thingGroupNames", [])
    return running_thing(
        str(found["thingName"]),
        said,
        attributes=attributes if isinstance(attributes, Mapping) else None,
        connection=connection_in(found),
        groups=tuple(map(str, groups)) if isinstance(groups, list) else None,
    )


def _listed(page: list[ListedThing], reader: ShadowReader) -> list[RunningThing]:
    said = reader.read(one.name for one in page)
    return [running_thing(one.name, state, attributes=one.attributes) for one, state in zip(page, said, strict=True)]


def _with_deferral(thing: RunningThing, deferring: Deferring) -> RunningThing:
    reason = deferring.reasons.get(thing.name)
    return replace(thing, deferred=reason, maybe_deferred=reason is None and thing.name in deferring.unlooked)
