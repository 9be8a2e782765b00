"""Which things of a plan cannot take the release now, as far as AWS tells cheaply. Changes nothing.

Leaves to others: which things these are, and what is done with the result (`prepare`).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TypeVar

from fota_operator.cloud import Cloud, explaining
from fota_operator.errors import CloudRefused
from fota_operator.fleet.search import PAGE_SIZE
from fota_operator.jobs.progress import executions_of_thing
from fota_operator.rate_limiter import JOBS_PER_SECOND, RateLimiter, WallClock
from fota_operator.rollouts.refusing import LikelyRefusal, Offered, likely_refusals

Answer = TypeVar("Answer")

MAX_ASKED = 25
"""How many things are looked up one by one: the first ones, which are the canary's."""
_MAX_PAGES = 100
_OFFLINE = "connectivity.connected:false"


@dataclass(frozen=True)
class Forecast:
    """Of the first `asked` things, those without a certificate and those with a job waiting; of all, the offline.

    `will_refuse`: those of the first things that will refuse the release, by what they say that they run;
    `state_unknown`: of how many of them that is not known.
    None: AWS does not say, since the account does not index connectivity or we may not ask.
    """

    asked: int
    without_certificate: tuple[str, ...] | None
    with_pending_job: tuple[str, ...] | None
    offline: tuple[str, ...] | None
    will_refuse: tuple[LikelyRefusal, ...] | None = None
    state_unknown: int | None = None


def forecast(
    cloud: Cloud, things: Sequence[str], clock: WallClock, most: int = MAX_ASKED, offered: Offered | None = None
) -> Forecast:
    """Ask AWS of things, in the order in which they come. *Raises* CloudRefused, CloudUnreachable.

    `offered` None: it is not asked who will refuse the release.
    """
    first = things[:most]
    pace = RateLimiter(JOBS_PER_SECOND, clock)

    def those(is_so: Callable[[str], bool]) -> tuple[str, ...]:
        found = []
        for thing in first:
            pace.wait()
            if is_so(thing):
                found.append(thing)
        return tuple(found)

    refusals = _if_allowed(lambda: likely_refusals(cloud, first, offered, clock)) if offered and first else None
    return Forecast(
        asked=len(first),
        without_certificate=_if_allowed(lambda: those(lambda thing: not _has_certificate(cloud, thing))),
        with_pending_job=_if_allowed(lambda: those(lambda thing: _has_pending_job(cloud, thing))),
        offline=_if_allowed(lambda: _offline(cloud, things)),
        will_refuse=None if refusals is None else refusals[0],
        state_unknown=None if refusals is None else refusals[1],
    )


def _has_certificate(cloud: Cloud, thing: str) -> bool:
    with explaining(f"list the certificates of {thing}"):
        return bool(cloud.iot.list_thing_principals(thingName=thing).get("principals"))


def _has_pending_job(cloud: Cloud, thing: str) -> bool:
    return any(execution.pending for _, execution in executions_of_thing(cloud, thing))


def _offline(cloud: Cloud, things: Sequence[str]) -> tuple[str, ...] | None:
    """This asks the fleet index, if the account has one: an account pays for it."""
    with explaining("look at the index of the fleet"):
        indexing = cloud.iot.get_indexing_configuration().get("thingIndexingConfiguration", {})
    if indexing.get("thingConnectivityIndexingMode") != "STATUS":
        return None
    offline: set[str] = set()
    token = ""
    for _ in range(_MAX_PAGES):
        with explaining("search the index of the fleet"):
            page = (
                cloud.iot.search_index(queryString=_OFFLINE, maxResults=PAGE_SIZE, nextToken=token)
                if token
                else cloud.iot.search_index(queryString=_OFFLINE, maxResults=PAGE_SIZE)
            )
        offline.update(found["thingName"] for found in page.get("things", []))
        token = page.get("nextToken", "")
        if not token:
            return tuple(thing for thing in things if thing in offline)
    return None


def _if_allowed(ask: Callable[[], Answer | None]) -> Answer | None:
    """What AWS answers; None if it refuses: a preview does not fail for that."""
    try:
        return ask()
    except CloudRefused:
        return None
