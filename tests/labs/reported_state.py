"""What a service that is not ours keeps in the named shadow `fota` of a thing."""

import json
from typing import Any

from fota_operator.local.aws import LocalAws


def reported(local: LocalAws, thing: str) -> dict[str, Any]:
    """The reported state; empty if there is no such shadow."""
    cloud = local.cloud()
    data = cloud._session.client(
        "iot-data", endpoint_url=cloud.iot.meta.endpoint_url, verify=str(local.ca_bundle), region_name=cloud.region
    )
    try:
        answer = data.get_thing_shadow(thingName=thing, shadowName="fota")
    except data.exceptions.ResourceNotFoundException:
        return {}
    found: dict[str, Any] = json.loads(answer["payload"].read())["state"]["reported"]
    return found
