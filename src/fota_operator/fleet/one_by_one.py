"""The fleet without the index: names from the registry or a group, and the shadow of each thing by itself.

A request for each thing: slower than the index, and it says nothing of connections or groups.
Leaves to others: what a shadow says (`said_state`).
"""

from collections.abc import Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

from fota_operator.account.names import DEVICE_SHADOW
from fota_operator.cloud import Cloud, explaining
from fota_operator.errors import IOT_NOT_FOUND, CloudRefused, NotFound
from fota_operator.fleet.patience import patiently
from fota_operator.fleet.said_state import MAX_SHADOW_BYTES, NOT_TOLD, Doubtful, SaidState, state_in
from fota_operator.nearest import group_names, or_nearest
from fota_operator.rate_limiter import RateLimiter, WallClock

if TYPE_CHECKING:
    from mypy_boto3_iot.type_defs import ListThingsInThingGroupResponseTypeDef, ListThingsResponseTypeDef

PAGE_SIZE = 250
LISTS_PER_SECOND = 10.0
SHADOWS_PER_SECOND = 100.0
"""Shadows are also what devices read and write: a quarter of what AWS lets a small Region do, 400 a second.
https://docs.aws.amazon.com/general/latest/gr/iot-core.html"""
AT_ONCE = 8
"""How many requests wait for their answers at the same time."""


@dataclass(frozen=True)
class ListedThing:
    """A thing by its name. `attributes` None: the list that it comes from has none."""

    name: str
    attributes: Mapping[str, str] | None = None


def list_pages(cloud: Cloud, clock: WallClock) -> Iterator[list[ListedThing]]:
    """All things of the registry, page by page. *Raises* CloudRefused, CloudUnreachable."""
    limiter, token = RateLimiter(LISTS_PER_SECOND, clock), ""

    def page(after: str) -> "ListThingsResponseTypeDef":
        with explaining("list the things"):
            if after:
                return cloud.iot.list_things(maxResults=PAGE_SIZE, nextToken=after)
            return cloud.iot.list_things(maxResults=PAGE_SIZE)

    while True:
        limiter.wait()
        found = patiently(partial(page, token), clock)
        yield [ListedThing(one["thingName"], one.get("attributes", {})) for one in found.get("things", [])]
        token = found.get("nextToken", "")
        if not token:
            return


def group_pages(cloud: Cloud, group: str, clock: WallClock) -> Iterator[list[ListedThing]]:
    """The things of a group itself, page by page. *Raises* NotFound, CloudRefused, CloudUnreachable."""
    limiter, token = RateLimiter(LISTS_PER_SECOND, clock), ""

    def page(after: str) -> "ListThingsInThingGroupResponseTypeDef":
        with explaining(f"list the things of the group {group}"):
            if after:
                return cloud.iot.list_things_in_thing_group(
                    thingGroupName=group, maxResults=PAGE_SIZE, nextToken=after
                )
            return cloud.iot.list_things_in_thing_group(thingGroupName=group, maxResults=PAGE_SIZE)

    while True:
        limiter.wait()
        try:
            found = patiently(partial(page, token), clock)
        except CloudRefused as error:
            if error.code == IOT_NOT_FOUND:
                raise NotFound(
                    f"there is no thing group {group} in {cloud.region}",
                    or_nearest("look at its name and the region", group, lambda: group_names(cloud)),
                ) from error
            raise
        yield [ListedThing(name) for name in found.get("things", [])]
        token = found.get("nextToken", "")
        if not token:
            return


class ShadowReader:
    """Reads shadows, several at once, at a bounded rate. Close it."""

    def __init__(self, cloud: Cloud, clock: WallClock) -> None:
        self._cloud = cloud
        self._clock = clock
        self._limiter = RateLimiter(SHADOWS_PER_SECOND, clock)
        self._workers = ThreadPoolExecutor(AT_ONCE)

    def close(self) -> None:
        """End its threads; what was asked and not answered is dropped."""
        self._workers.shutdown(cancel_futures=True)

    def read(self, names: Iterable[str]) -> list[SaidState | Doubtful]:
        """What the shadow of each says, in their order. *Raises* CloudRefused, CloudUnreachable."""
        asked = []
        for name in names:
            self._limiter.wait()
            asked.append(self._workers.submit(self._read, name))
        return [one.result() for one in asked]

    def _read(self, name: str) -> SaidState | Doubtful:
        try:
            content = patiently(lambda: self._fetch(name), self._clock)
            return state_in(content)
        except CloudRefused as error:
            if error.code == IOT_NOT_FOUND:
                return Doubtful(NOT_TOLD)
            raise
        except Doubtful as doubt:
            return doubt

    def _fetch(self, name: str) -> bytes:
        with explaining(f"read what {name} says that it runs"):
            payload = self._cloud.iot_data.get_thing_shadow(thingName=name, shadowName=DEVICE_SHADOW)["payload"]
            return payload.read(MAX_SHADOW_BYTES + 1)
