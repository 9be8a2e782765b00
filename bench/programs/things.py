"""Connects a thing of the local AWS with our library, from the folder that `fota things add` made."""

import json
from pathlib import Path

from aws.iot import iot


def conf_of(folder: str) -> dict[str, str]:
    """What its `thing.conf.json` says."""
    return dict(json.loads(Path(folder, "thing.conf.json").read_text()))


def connected(folder: str) -> iot.Thing:
    """The thing, connected."""
    conf = conf_of(folder)
    thing = iot.Thing(
        conf["endpoint"],
        conf["mqttid"],
        f"{folder}/certificate.pem.crt",
        f"{folder}/private.pem.key",
        cacert=f"{folder}/{conf['cacert']}",
    )
    thing.mqtt.connect()
    return thing
