"""A gateway that decides itself when it takes an update; `decide.py` says when.

Started by: fota-boot --home /var/lib/my-gateway -- /etc/my-gateway
The folder given as argument holds private.pem.key, certificate.pem.crt and thing.conf.json, as `fota things add`
makes them.
"""

import json
import logging
import random
import sys
import time
from pathlib import Path

from decide import policy

from aws.iot import fota as awsfota
from aws.iot import iot, jobs
from aws.iot.errors import IotError

folder = Path(sys.argv[1])
conf = json.loads((folder / "thing.conf.json").read_text())
logging.basicConfig(stream=sys.stdout, level=logging.INFO, format="%(message)s")
thing = iot.Thing(
    conf["endpoint"],
    conf["mqttid"],
    str(folder / "certificate.pem.crt"),
    str(folder / "private.pem.key"),
    thingname=conf["thingname"],
    cacert=str(folder / conf["cacert"]) if "cacert" in conf else None,
)
while True:
    try:
        thing.mqtt.connect()
        myjobs = jobs.Jobs(thing)
        break
    except IotError as error:
        # However long the network is away: an image on trial has until its deadline.
        print("no connection yet:", error, flush=True)
        time.sleep(random.uniform(1, 30))
print("the gateway is at work", flush=True)
awsfota.handle_fota_jobs(myjobs, force=True, policy=policy)
while True:
    try:
        thing.mqtt.publish("things/" + conf["thingname"] + "/sample", {"asample": 1})
    except IotError as error:
        print("a sample is left out:", error, flush=True)
    thing.mqtt.wait(2000)
    # While an update is put off, this costs microseconds.
    awsfota.handle_fota_jobs(myjobs, policy=policy)
