"""A thing: an identity in the AWS IoT registry, with its MQTT connection and its shadow.

`jobs` handles its jobs; the connection can be any object that meets `mqtt.Connection`.
"""

from aws.iot import topics
from aws.iot.errors import BadThingName, NotConnected
from aws.iot.mqtt import parse_object
from fota.fields import is_of_letters
from fota.log import log
from fota.machine import INTERPRETER

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from aws.iot.credentials import Path
    from aws.iot.mqtt import Connection

_MAX_NAME_LETTERS = 128


class Thing:
    """One thing. `mqtt` is its connection, `thingname` its name, `endpoint` the broker of its account.

    `clicert`, `pkey` and `cacert` are PEM text, PEM or DER bytes, or paths; without `cacert` the
    authorities of the system are trusted. With a `connection` of the caller's own they are not read.
    *Raises* BadThingName, BadCredentials. Does not connect: that is `mqtt.connect()`.
    """

    def __init__(
        self,
        endpoint: str,
        mqtt_id: str,
        clicert: "str | bytes | Path",
        pkey: "str | bytes | Path",
        thingname: "str | None" = None,
        cacert: "str | bytes | Path | None" = None,
        *,
        connection: "Connection | None" = None,
    ) -> None:
        self.endpoint = endpoint
        name: "str" = mqtt_id if thingname is None else thingname
        self.thingname: "str" = name
        # A name with `/`, `+` or `#` would reach into the topics of others.
        if not isinstance(name, str) or not 1 <= len(name) <= _MAX_NAME_LETTERS or not is_of_letters(name, ":_-"):
            raise BadThingName(f"thingname: expected 1 to 128 of a-z A-Z 0-9 : _ -, got {name!r}")
        if connection is None:
            # Imported here, so that a device with a connection of its own needs neither paho nor our files for it.
            from aws.iot.credentials import Credentials

            if TYPE_CHECKING or INTERPRETER == "cpython":
                from aws.iot.mqtt._client_cpython import PahoConnection as PlatformConnection
            else:
                from aws.iot.mqtt._client_micropython import SocketConnection as PlatformConnection
            connection = PlatformConnection(endpoint, mqtt_id, Credentials(clicert, pkey, cacert))
        self.mqtt = connection

    def update_shadow(self, state: "dict[str, object]") -> None:
        """Report the state of the device to its shadow.

        *Raises* NotConnected.
        """
        self.mqtt.publish(topics.shadow_update(self.thingname), {"state": {"reported": state}})

    def on_shadow_request(self, callback: "Callable[[dict[str, object]], dict[str, object] | None]") -> None:
        """Call `callback(delta)` whenever the wanted state differs, and report the dict it returns.

        *Raises* NotConnected, NoAnswer. The callback may run in another thread; it must be quick.
        """

        def on_delta(topic: str, payload: bytes) -> None:
            body = parse_object(payload)
            delta = body.get("state") if body else None
            if not isinstance(delta, dict):
                log("message-dropped", topic=topic, problem="not a shadow delta")
                return
            reported = callback(delta)
            if isinstance(reported, dict):
                try:
                    self.update_shadow(reported)
                except NotConnected as error:
                    # The connection called this and cannot handle the error: the next delta asks for it again.
                    log("message-dropped", topic=topics.shadow_update(self.thingname), problem=error)

        self.mqtt.subscribe(topics.shadow_delta(self.thingname), on_delta)
