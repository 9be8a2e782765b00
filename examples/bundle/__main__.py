"""A gateway's program that needs packages, which its image brings along: see docs/how-to/dependencies.md.

Started by fota-boot with one argument: the folder with private.pem.key, certificate.pem.crt and thing.conf.json, as
`fota things add` makes it.
"""

import json
import logging
import random
import sys
import time
from pathlib import Path

import pydantic

from aws.iot import fota as awsfota
from aws.iot import iot, jobs
from aws.iot.errors import IotError

PUBLISH_PERIOD_S = 1.0


class Sample(pydantic.BaseModel):
    """What is sent; pydantic checks it."""

    bar: float = pydantic.Field(ge=0, le=16)
    version: str


def make_thing(folder: Path) -> iot.Thing:
    """The thing whose credentials lie in the folder."""
    conf = json.loads((folder / "thing.conf.json").read_text())
    return iot.Thing(
        conf["endpoint"],
        conf["mqttid"],
        str(folder / "certificate.pem.crt"),
        str(folder / "private.pem.key"),
        thingname=conf["thingname"],
        cacert=str(folder / conf["cacert"]) if "cacert" in conf else None,
    )


def get_connected(thing: iot.Thing) -> jobs.Jobs:
    """Connect, however long that takes: a new image on trial has until its deadline."""
    while True:
        try:
            thing.mqtt.connect()
            return jobs.Jobs(thing)
        except IotError as error:
            print("no connection yet:", error, flush=True)
            time.sleep(random.uniform(1, 30))


def main() -> None:
    version = json.loads(Path(__file__).with_name("fota-image.json").read_text())["version"]
    thing = make_thing(Path(sys.argv[1]))
    myjobs = get_connected(thing)
    awsfota.handle_fota_jobs(myjobs, force=True, disconnect_mqtt=False)
    print(f"version {version} is at work, with pydantic {pydantic.VERSION}", flush=True)
    while True:
        sample = Sample(bar=random.uniform(0, 10), version=version)
        try:
            thing.mqtt.publish(f"things/{thing.thingname}/sample", sample.model_dump())
        except IotError as error:
            print("a sample is left out:", error, flush=True)
        time.sleep(PUBLISH_PERIOD_S)
        awsfota.handle_fota_jobs(myjobs, disconnect_mqtt=False)


logging.basicConfig(stream=sys.stdout, level=logging.INFO, format="%(message)s")
main()
