"""A program's own client of paho, with the connection that the library brings for it."""

from typing import Any

from paho.mqtt.client import Client
from paho.mqtt.enums import CallbackAPIVersion, MQTTProtocolVersion

from aws.iot.connections import over_paho


def from_files(host: str, port: int, client_id: str, cacert: str, certificate: str, key: str) -> Any:
    """A connection with the files of a thing's folder."""
    client = Client(CallbackAPIVersion.VERSION2, client_id, protocol=MQTTProtocolVersion.MQTTv5)
    client.tls_set(cacert, certificate, key)
    connection = over_paho(client)
    client.connect_async(host, port)
    client.loop_start()
    return connection
