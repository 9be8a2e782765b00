"""A pump that counts what it has pumped, across updates. Version 1; `meter.py` is what later versions change.

Started by: PUMP_STATE=/var/lib/pump fota-boot --home /var/lib/fota-device/home -- /etc/fota-device
"""

import json
import logging
import os
import random
import sys
import time
from pathlib import Path

import kept
import meter

from aws.iot import fota as awsfota
from aws.iot import iot, jobs
from aws.iot.errors import IotError


def state_folder() -> Path:
    """The folder that the environment names. There is no default: a wrong one would be a second, empty state."""
    named = os.environ.get("PUMP_STATE")
    if not named:
        raise SystemExit("PUMP_STATE: expected the folder of the pump's state, got nothing")
    return Path(named)


def connected_jobs(credentials: Path) -> jobs.Jobs:
    """The jobs of the thing, once there is a connection."""
    conf = json.loads((credentials / "thing.conf.json").read_text())
    thing = iot.Thing(
        conf["endpoint"],
        conf["mqttid"],
        str(credentials / "certificate.pem.crt"),
        str(credentials / "private.pem.key"),
        thingname=conf["thingname"],
        cacert=str(credentials / conf["cacert"]) if "cacert" in conf else None,
    )
    while True:
        try:
            thing.mqtt.connect()
            return jobs.Jobs(thing)
        except IotError as error:
            logging.info("no connection yet: %s", error)
            time.sleep(random.uniform(1, 30))


def main() -> None:
    folder = state_folder()
    settings = kept.settings(folder, {"stroke_every_s": 0.5})
    state = kept.load(folder)
    # What was migrated is kept before it is used. Cut before this: the old data is there, and is migrated again.
    kept.save(folder, state)
    logging.info("schema %s: %s", meter.SCHEMA, meter.words(state))

    myjobs = connected_jobs(Path(sys.argv[1]))
    awsfota.handle_fota_jobs(myjobs, force=True)
    while True:
        meter.stroke(state)
        kept.save(folder, state)
        time.sleep(settings["stroke_every_s"])
        awsfota.handle_fota_jobs(myjobs)


logging.basicConfig(stream=sys.stdout, level=logging.INFO, format="%(message)s")
main()
