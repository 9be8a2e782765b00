"""A registry with shadows, connectivity and a fleet index, stricter than AWS: it lags, pages by one, and says no.

Made from botocore's model and AWS's pages. The index is a copy of its own, that follows only when it is told to; a
shadow stays when its thing is removed; pages are as small as a test wants, and may be empty though more follow.
Where MiniStack has the same, tests use it instead: its index has no named shadow, is never built, and never lags.
AWS: https://docs.aws.amazon.com/iot/latest/developerguide/managing-index.html
     https://docs.aws.amazon.com/iot/latest/apireference/API_SearchIndex.html
"""

from __future__ import annotations

import copy
import io
import json
import re
from dataclasses import dataclass, field
from datetime import datetime, timezone
from typing import Any

from botocore.response import StreamingBody

from fota_operator.cloud import Access, Cloud, connect
from tests.labs.faked_operations import AwsRefuses, FakedOperations, Operation, Params

MAX_RESULTS = 100
"""SearchIndex: this maximum number cannot exceed 100."""
MAX_SHADOW_NAMES = 10
_NOW = 1_790_000_000


@dataclass
class StrictThing:
    """A thing of the registry, and what AWS knows of its connection: `(connected, milliseconds or None)`."""

    name: str
    attributes: dict[str, str] = field(default_factory=dict)
    groups: list[str] = field(default_factory=list)
    connection: tuple[bool, int | None] | None = None


class StrictFleet:
    """Things, shadows and the index. `page` is the most that any page holds; `empty_pages`: one before each."""

    def __init__(self, *, page: int = 1, empty_pages: bool = False) -> None:
        self.page = page
        self.empty_pages = empty_pages
        self.things: dict[str, StrictThing] = {}
        self.groups: set[str] = set()
        self.shadows: dict[tuple[str, str], dict[str, Any]] = {}
        self.indexing: dict[str, Any] = {"thingIndexingMode": "OFF"}
        self.index_status = "ACTIVE"
        self.index: list[dict[str, Any]] = []
        self.cloud: Cloud = connect(
            Access(
                endpoint_url="http://127.0.0.1:9",
                region="eu-west-1",
                access_key_id="nobody",
                secret_access_key="nothing",
            )
        )
        # Nothing is asked who we are: the fake knows no STS.
        self.cloud.__dict__["caller_arn"] = "arn:aws:iam::123456789012:user/operator"
        self.operations = FakedOperations(self.cloud, self._operations())

    def add(self, name: str, reported: object = None, *, at: int = _NOW, **about: Any) -> StrictThing:
        """Register a thing; with `reported`, its device has said that."""
        thing = self.things[name] = StrictThing(name, **about)
        self.groups.update(thing.groups)
        if reported is not None:
            self.say(name, reported, at=at)
        return thing

    def say(self, name: str, reported: object, *, at: int = _NOW, desired: object = None) -> None:
        """A device writes its shadow, or somebody in its name."""
        state = {"reported": reported} | ({} if desired is None else {"desired": desired})
        self.shadows[name, "fota"] = {
            "state": state,
            "metadata": {half: _stamped(value, at) for half, value in state.items()},
            "version": 1,
            "timestamp": at,
        }

    def index_everything(self) -> None:
        """Turn the index on, for the registry, connectivity and both shadows, and let it follow."""
        self.indexing = {
            "thingIndexingMode": "REGISTRY",
            "thingConnectivityIndexingMode": "STATUS",
            "namedShadowIndexingMode": "ON",
            "filter": {"namedShadowNames": ["fota", "$package"]},
        }
        self.settle()

    def settle(self) -> None:
        """The index follows what happened; until then it shows what was."""
        self.index = [self._document(thing) for thing in self.things.values()]

    def remove(self, name: str) -> None:
        """A thing leaves the registry; AWS keeps its shadows, and the index does not know it yet."""
        del self.things[name]

    def _document(self, thing: StrictThing) -> dict[str, Any]:
        found: dict[str, Any] = {
            "thingName": thing.name,
            "thingId": f"id-of-{thing.name}",
            "attributes": dict(thing.attributes),
            "thingGroupNames": list(thing.groups),
        }
        if self.indexing.get("thingConnectivityIndexingMode") == "STATUS":
            connected, at = thing.connection or (False, None)
            found["connectivity"] = {"connected": connected} | ({} if at is None else {"timestamp": at})
        names = self.indexing.get("filter", {}).get("namedShadowNames", [])
        shadows = {
            shadow: {**content["state"], "metadata": content["metadata"], "hasDelta": False, "version": 1}
            for (name, shadow), content in self.shadows.items()
            if name == thing.name and shadow in names and self.indexing.get("namedShadowIndexingMode") == "ON"
        }
        return found | ({"shadow": json.dumps({"name": shadows})} if shadows else {})

    def _operations(self) -> dict[str, Operation]:
        return {
            "GetIndexingConfiguration": lambda _: {"thingIndexingConfiguration": copy.deepcopy(self.indexing)},
            "UpdateIndexingConfiguration": self._update_indexing,
            "DescribeIndex": self._describe_index,
            "SearchIndex": self._search,
            "ListThings": self._list_things,
            "ListThingsInThingGroup": self._list_group,
            "DescribeThing": self._describe_thing,
            "GetThingShadow": self._get_shadow,
            "GetThingConnectivityData": self._connectivity,
        }

    def _update_indexing(self, params: Params) -> Params:
        wanted = params["thingIndexingConfiguration"]
        if "managedFields" in wanted:
            raise AwsRefuses("InvalidRequestException", "managed fields cannot be modified")
        names = wanted.get("filter", {}).get("namedShadowNames", [])
        if wanted.get("namedShadowIndexingMode") == "ON" and not names:
            raise AwsRefuses("InvalidRequestException", "named shadows are indexed by a filter of their names")
        if len(names) > MAX_SHADOW_NAMES:
            raise AwsRefuses("LimitExceededException", "too many named shadows")
        if wanted["thingIndexingMode"] == "OFF" and wanted.get("thingConnectivityIndexingMode") == "STATUS":
            raise AwsRefuses("InvalidRequestException", "connectivity needs the registry")
        self.indexing = copy.deepcopy(wanted)
        self.index_status = "BUILDING"
        self.index = []
        return {}

    def _require_index(self, name: str = "AWS_Things") -> None:
        if name != "AWS_Things" or self.indexing["thingIndexingMode"] == "OFF":
            raise AwsRefuses("ResourceNotFoundException")

    def _describe_index(self, params: Params) -> Params:
        self._require_index(params["indexName"])
        return {"indexName": params["indexName"], "indexStatus": self.index_status, "schema": "REGISTRY"}

    def _search(self, params: Params) -> Params:
        self._require_index(params.get("indexName", "AWS_Things"))
        if self.index_status == "BUILDING" and not self.index:
            raise AwsRefuses("IndexNotReadyException")
        if params.get("maxResults", 1) > MAX_RESULTS:
            raise AwsRefuses("InvalidRequestException", "maxResults cannot exceed 100")
        if params["queryString"] == "connectivity.connected:false":
            found = [one for one in self.index if one.get("connectivity", {}).get("connected") is False]
            return self._paged("things", copy.deepcopy(found), params)
        query = re.fullmatch(r'(thingName|thingGroupNames):(?:"([^"]+)"|(\*))', params["queryString"])
        if query is None:
            raise AwsRefuses("InvalidQueryException")
        wanted = query[2]
        found = [
            one
            for one in self.index
            if wanted is None or wanted == one["thingName"] or (query[1] != "thingName" and wanted in one[query[1]])
        ]
        return self._paged("things", copy.deepcopy(found), params)

    def _paged(self, name: str, found: list[Any], params: Params) -> Params:
        token = params.get("nextToken", "0")
        start, _, empty = token.partition("+")
        if self.empty_pages and not empty:
            return {name: [], "nextToken": f"{start}+empty"}
        end = int(start) + min(self.page, params.get("maxResults", self.page))
        return {name: found[int(start) : end]} | ({"nextToken": str(end)} if end < len(found) else {})

    def _list_things(self, params: Params) -> Params:
        listed = [{"thingName": one.name, "attributes": one.attributes} for one in self.things.values()]
        return self._paged("things", listed, params)

    def _list_group(self, params: Params) -> Params:
        group = params["thingGroupName"]
        if group not in self.groups:
            raise AwsRefuses("ResourceNotFoundException")
        return self._paged("things", [one.name for one in self.things.values() if group in one.groups], params)

    def _describe_thing(self, params: Params) -> Params:
        thing = self.things.get(params["thingName"])
        if thing is None:
            raise AwsRefuses("ResourceNotFoundException")
        return {
            "thingName": thing.name,
            "thingArn": f"arn:aws:iot:eu-west-1:123456789012:thing/{thing.name}",
            "attributes": thing.attributes,
        }

    def _get_shadow(self, params: Params) -> Params:
        content = self.shadows.get((params["thingName"], params["shadowName"]))
        if content is None:
            raise AwsRefuses("ResourceNotFoundException", "No shadow exists with name")
        raw = content["raw"] if "raw" in content else json.dumps(content).encode()
        return {"payload": StreamingBody(io.BytesIO(raw), len(raw))}

    def _connectivity(self, params: Params) -> Params:
        thing = self.things.get(params["thingName"])
        if self.indexing.get("thingConnectivityIndexingMode") != "STATUS" or thing is None:
            raise AwsRefuses("ResourceNotFoundException")
        connected, at = thing.connection or (False, None)
        moment = {} if at is None else {"timestamp": datetime.fromtimestamp(at / 1000, timezone.utc)}
        return {"thingName": thing.name, "connected": connected, **moment}


def _stamped(value: object, at: int) -> object:
    """The metadata of a state: a time in the place of each value."""
    if isinstance(value, dict):
        return {name: _stamped(one, at) for name, one in value.items()}
    return {"timestamp": at}


def telling(version: object = "1.4.0", product: object = "pump", **others: object) -> dict[str, object]:
    """What a device reports; what is None it leaves out, as AWS forgets it."""
    said = {
        "format": 1,
        "product": product,
        "version": version,
        "seq": 7,
        "sha256": "ab" * 32,
        "slot": 1,
        "state": "confirmed",
        "library": "0.1.0",
        "interpreter": "cpython 3.11.2",
        "board": "files",
        "platform": "linux x86_64",
        "free_bytes": 12_345_678,
    } | others
    return {name: value for name, value in said.items() if value is not None}
