"""Connects a thing of the local AWS with the AWS IoT Device SDK, version 2, as its samples do."""

import importlib
import json
from pathlib import Path
from typing import Any


def built(folder: str) -> Any:
    """The connection of a thing, not connected yet. Any: this package is in an environment of its own."""
    conf = json.loads(Path(folder, "thing.conf.json").read_text())
    host, port = conf["endpoint"].split(":")
    builder = importlib.import_module("awsiot.mqtt_connection_builder")
    return builder.mtls_from_path(
        endpoint=host,
        port=int(port),
        client_id=conf["mqttid"],
        ca_filepath=f"{folder}/{conf['cacert']}",
        cert_filepath=f"{folder}/certificate.pem.crt",
        pri_key_filepath=f"{folder}/private.pem.key",
    )


def connect(connection: Any) -> None:
    """Connect."""
    connection.connect().result(timeout=30)
