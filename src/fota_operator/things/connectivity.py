"""Whether a device is connected to AWS IoT, and since when. Only an account that indexes connectivity knows that.

AWS counts a device as a thing's own if its client id is the thing's name.
Leaves to others: the whole fleet at once (`fleet`).
AWS: https://docs.aws.amazon.com/iot/latest/developerguide/device-connectivity-status.html
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timezone

from fota_operator.cloud import Cloud, explaining, is_passing
from fota_operator.errors import CloudRefused

_MILLISECONDS = 1000
_MAX_SECONDS = 100_000_000_000


@dataclass(frozen=True)
class ThingConnection:
    """`since` None: the device never connected, or ended its connection before AWS began to keep that.

    `reason` is AWS's word for why the last connection ended.
    """

    connected: bool
    since: datetime | None = None
    reason: str | None = None


def connection_of(cloud: Cloud, thing: str) -> ThingConnection | None:
    """The connection of a thing; None: AWS does not know, or does not say. *Raises* CloudUnreachable, CloudRefused.

    It refuses only for a moment: an AWS that has no such operation, or keeps us from it, is no error.
    """
    try:
        with explaining(f"ask whether {thing} is connected"):
            found = cloud.iot.get_thing_connectivity_data(thingName=thing)
        if "connected" in found:
            return ThingConnection(found["connected"], found.get("timestamp"), found.get("disconnectReason"))
    except CloudRefused as error:
        if is_passing(error):
            raise
    return _in_index(cloud, thing)


def connection_in(found: Mapping[str, object]) -> ThingConnection | None:
    """The connection that a thing of the index tells of; None if connectivity is not indexed."""
    about = found.get("connectivity")
    if not isinstance(about, Mapping) or type(about.get("connected")) is not bool:
        return None
    at, reason = about.get("timestamp"), about.get("disconnectReason")
    seconds = at / _MILLISECONDS if isinstance(at, int | float) else 0
    since = datetime.fromtimestamp(seconds, timezone.utc) if 0 < seconds < _MAX_SECONDS else None
    return ThingConnection(about["connected"], since, reason if isinstance(reason, str) else None)


def _in_index(cloud: Cloud, thing: str) -> ThingConnection | None:
    try:
        with explaining("search the index of the fleet"):
            things = cloud.iot.search_index(queryString=f'thingName:"{thing}"', maxResults=1).get("things", [])
    except CloudRefused as error:
        if is_passing(error):
            raise
        return None
    return next((connection_in(one) for one in things if one.get("thingName") == thing), None)
