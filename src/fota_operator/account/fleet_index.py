"""The index of the fleet: that it holds the registry, who is connected, and the shadows that say what runs.

An account and region has one index for everybody: this only adds to what others index, and takes nothing away.
Leaves to others: searching it (`fleet.search`).
AWS: https://docs.aws.amazon.com/iot/latest/developerguide/managing-index.html
"""

from typing import TYPE_CHECKING

from fota_operator.account.names import CATALOG_SHADOW, DEVICE_SHADOW
from fota_operator.account.pieces import RIGHT, Look, Piece, differs, looking, missing
from fota_operator.cloud import Cloud, explaining

if TYPE_CHECKING:
    from mypy_boto3_iot.type_defs import (
        ThingIndexingConfigurationOutputTypeDef,
        ThingIndexingConfigurationTypeDef,
    )

SHADOWS = (DEVICE_SHADOW, CATALOG_SHADOW)
MAX_SHADOWS = 10
"""AWS's limit of named shadows in an index, which it raises if asked:
https://docs.aws.amazon.com/general/latest/gr/iot_device_management.html"""


def index_piece(cloud: Cloud) -> Piece:
    """The index, as `fota fleet` reads it."""
    return Piece(
        "index of the fleet",
        f"it holds the registry, connectivity and the shadows {' and '.join(SHADOWS)}; AWS charges for each update",
        lambda: look_at_index(cloud),
        lambda: _extend(cloud),
    )


def look_at_index(cloud: Cloud) -> Look:
    """What the index lacks, and what it holds. *Raises* CloudRefused, CloudUnreachable."""
    return judge_index(_configuration(cloud))


def judge_index(indexing: "ThingIndexingConfigurationOutputTypeDef") -> Look:
    """Whether a configuration holds all that `fota fleet` reads. Pure."""
    if indexing["thingIndexingMode"] == "OFF":
        return missing("the index is off")
    lacking = [] if indexing.get("thingConnectivityIndexingMode") == "STATUS" else ["connectivity"]
    names = _names(indexing) if indexing.get("namedShadowIndexingMode") == "ON" else []
    lacking += [f"the shadow {name}" for name in SHADOWS if name not in names]
    if not lacking:
        return RIGHT
    held = f"shadows {', '.join(names)}" if names else "no named shadow"
    mode = _MODES.get(indexing["thingIndexingMode"], "the registry")
    return differs(f"it held {mode} and {held}, without {' and '.join(lacking)}")


_MODES = {"REGISTRY": "the registry", "REGISTRY_AND_SHADOW": "the registry with classic shadows"}


def extended(indexing: "ThingIndexingConfigurationOutputTypeDef") -> "ThingIndexingConfigurationTypeDef":
    """The configuration with what is lacking added, and with all that was there. Pure."""
    mode = indexing["thingIndexingMode"]
    names = _names(indexing)
    wanted: ThingIndexingConfigurationTypeDef = {
        "thingIndexingMode": "REGISTRY" if mode == "OFF" else mode,
        "thingConnectivityIndexingMode": "STATUS",
        "namedShadowIndexingMode": "ON",
        "filter": {"namedShadowNames": [*names, *(name for name in SHADOWS if name not in names)]},
    }
    others = indexing.get("filter", {})
    if "geoLocations" in others:
        wanted["filter"]["geoLocations"] = others["geoLocations"]
    if "connectivity" in others:
        wanted["filter"]["connectivity"] = {**others["connectivity"]}
    if "deviceDefenderIndexingMode" in indexing:
        wanted["deviceDefenderIndexingMode"] = indexing["deviceDefenderIndexingMode"]
    if "customFields" in indexing:
        wanted["customFields"] = indexing["customFields"]
    # AWS makes the managed fields itself, and takes none.
    return wanted


def _names(indexing: "ThingIndexingConfigurationOutputTypeDef") -> list[str]:
    """The shadows of the filter; if it is off, what was in the filter is kept all the same."""
    return list(indexing.get("filter", {}).get("namedShadowNames", []))


def _configuration(cloud: Cloud) -> "ThingIndexingConfigurationOutputTypeDef":
    with looking("the index of the fleet"):
        answer = cloud.iot.get_indexing_configuration()
    return answer.get("thingIndexingConfiguration", {"thingIndexingMode": "OFF"})


def _extend(cloud: Cloud) -> None:
    # It is read again: somebody may have changed it since the look.
    wanted = extended(_configuration(cloud))
    with explaining("extend the index of the fleet"):
        cloud.iot.update_indexing_configuration(thingIndexingConfiguration=wanted)
