"""The registry of the local AWS, made to keep AWS's quota: a thing is in ten thing groups at most.

AWS: https://docs.aws.amazon.com/general/latest/gr/iot_device_management.html (thing group quotas)
"""

from typing import Any

from botocore.exceptions import ClientError

from fota_operator.cloud import Cloud

MAX_GROUPS = 10


class TenGroups:
    """Refuses, as AWS does, to put a thing into an eleventh group; writes down what changes any group."""

    def __init__(self, cloud: Cloud) -> None:
        self.changes: list[str] = []
        self._cloud = cloud
        cloud.iot.meta.events.register("before-parameter-build.iot.AddThingToThingGroup", self._add)
        cloud.iot.meta.events.register("before-parameter-build.iot.*", self._note)

    def end(self) -> None:
        """Let the local AWS be as generous as it is."""
        self._cloud.iot.meta.events.unregister("before-parameter-build.iot.AddThingToThingGroup", self._add)
        self._cloud.iot.meta.events.unregister("before-parameter-build.iot.*", self._note)

    def _add(self, params: dict[str, Any], **_: object) -> None:
        groups = self._cloud.iot.list_thing_groups_for_thing(thingName=params["thingName"])["thingGroups"]
        if len(groups) >= MAX_GROUPS:
            said = "Thing is in the maximum number of groups"
            raise ClientError({"Error": {"Code": "InvalidRequestException", "Message": said}}, "AddThingToThingGroup")

    def _note(self, event_name: str, **_: object) -> None:
        operation = event_name.rsplit(".", 1)[-1]
        if "ThingGroup" in operation and not operation.startswith(("List", "Describe")):
            self.changes.append(operation)
