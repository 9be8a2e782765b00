"""Connects a thing of the local AWS with paho as its documentation says: what a user would write without us."""

import json
import time
from pathlib import Path

from paho.mqtt.client import Client
from paho.mqtt.enums import CallbackAPIVersion

_WITHIN_S = 30.0


def connected(folder: str) -> Client:
    """The client of a thing, connected. The caller drives its loop."""
    conf = json.loads(Path(folder, "thing.conf.json").read_text())
    host, port = conf["endpoint"].split(":")
    client = Client(CallbackAPIVersion.VERSION2, conf["mqttid"])
    client.tls_set(f"{folder}/{conf['cacert']}", f"{folder}/certificate.pem.crt", f"{folder}/private.pem.key")
    # The same time as ours: a fleet that connects at the same moment has to queue.
    client.connect_timeout = _WITHIN_S
    client.connect(host, int(port))
    deadline = time.monotonic() + _WITHIN_S
    while not client.is_connected():
        client.loop(timeout=1.0)
        if time.monotonic() >= deadline:
            raise TimeoutError("paho: not connected in time")
    return client
