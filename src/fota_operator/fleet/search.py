"""The fleet by AWS's index: whether the index can be used, and its things, page by page.

The index follows the registry and the shadows after some seconds; while it is built it holds only a part of them.
Leaves to others: making it (`account.fleet_index`), and what a shadow says (`said_state`).
AWS: https://docs.aws.amazon.com/iot/latest/developerguide/managing-index.html
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from fota_operator.account.names import DEVICE_SHADOW
from fota_operator.cloud import Cloud, explaining, is_forbidden, is_passing
from fota_operator.errors import CloudRefused, OperatorError
from fota_operator.fleet.patience import patiently
from fota_operator.rate_limiter import RateLimiter, WallClock

if TYPE_CHECKING:
    from mypy_boto3_iot.type_defs import (
        SearchIndexRequestTypeDef,
        SearchIndexResponseTypeDef,
        ThingIndexingConfigurationOutputTypeDef,
    )

THINGS_INDEX = "AWS_Things"
PAGE_SIZE = 100
"""The most that AWS gives: https://docs.aws.amazon.com/iot/latest/apireference/API_SearchIndex.html"""
SEARCHES_PER_SECOND = 10.0
"""Below AWS's limit, since others use the same account."""
_NOT_READY = "IndexNotReadyException"


@dataclass(frozen=True)
class IndexState:
    """What the index can answer. `trouble` is why it cannot be used at all; empty if it can."""

    trouble: str = ""
    shadows: bool = False
    connectivity: bool = False


def index_state(cloud: Cloud) -> IndexState:
    """Ask AWS what it indexes. *Raises* CloudUnreachable, CloudRefused while AWS has trouble."""
    try:
        with explaining("ask what the index of the fleet holds"):
            answer = cloud.iot.get_indexing_configuration()
        indexing = answer.get("thingIndexingConfiguration")
        if indexing is None or indexing.get("thingIndexingMode", "OFF") == "OFF":
            return IndexState("the index of the fleet is off")
        with explaining("look at the index of the fleet"):
            status = cloud.iot.describe_index(indexName=THINGS_INDEX).get("indexStatus", "")
    except CloudRefused as error:
        if is_passing(error):
            raise
        if is_forbidden(error):
            return IndexState("you may not look at the index of the fleet")
        return IndexState(f"the index of the fleet cannot be used ({error.code})")
    if status != "ACTIVE":
        return IndexState(f"the index of the fleet is still being built ({status})")
    return IndexState(
        # The local AWS takes the names of shadows for its index, and does not index them.
        shadows=DEVICE_SHADOW in indexed_shadows(indexing) and not cloud.is_stand_in,
        connectivity=indexing.get("thingConnectivityIndexingMode") == "STATUS",
    )


def indexed_shadows(indexing: "ThingIndexingConfigurationOutputTypeDef") -> tuple[str, ...]:
    """The names of the shadows that a configuration indexes."""
    if indexing.get("namedShadowIndexingMode") != "ON":
        return ()
    return tuple(indexing.get("filter", {}).get("namedShadowNames", ()))


def search_pages(cloud: Cloud, query: str, clock: WallClock) -> Iterator[list[Mapping[str, object]]]:
    """The things that a query finds, page by page, in no order. *Raises* OperatorError for an index that is rebuilt.

    A thing that changes meanwhile may come twice or not at all: AWS promises no picture of one moment.
    """
    limiter = RateLimiter(SEARCHES_PER_SECOND, clock)
    request: SearchIndexRequestTypeDef = {
        "indexName": THINGS_INDEX,
        "queryString": query,
        "maxResults": PAGE_SIZE,
    }
    while True:
        limiter.wait()
        page = patiently(lambda: _search(cloud, request), clock)
        yield [one for one in page.get("things", []) if one.get("thingName")]
        token = page.get("nextToken")
        if not token:
            return
        if token == request.get("nextToken"):
            raise OperatorError("AWS gives the same page of the index again and again", "run this again in a minute")
        request["nextToken"] = token


def _search(cloud: Cloud, request: "SearchIndexRequestTypeDef") -> "SearchIndexResponseTypeDef":
    try:
        with explaining("search the index of the fleet"):
            return cloud.iot.search_index(**request)
    except CloudRefused as error:
        if error.code == _NOT_READY:
            raise OperatorError(
                "the index of the fleet is being built again",
                "wait some minutes, or read device by device with `no_index`",
            ) from error
        raise
