"""A program written for the ancestor of this library, its FOTA lines unchanged.

Built from the example on the ancestor's documentation page. What its virtual machine had built in, `random` and
`sleep`, and what drove its board, stands in `zerynth_board.py`, which also lives through a network that is away;
nothing else is new.
"""

import json

from zerynth_board import connect, firmware_version, load_conf, load_key_cert, publish, random, sleep

from aws.iot import fota as awsfota
from aws.iot import iot, jobs

publish_period = 500

try:
    pkey, clicert = load_key_cert("private.pem.key", "certificate.pem.crt")
    conf = load_conf("thing.conf.json")
    thing = iot.Thing(conf["endpoint"], conf["mqttid"], clicert, pkey, thingname=conf["thingname"])
    connect(thing)
    thing.mqtt.loop()
    print("firmware", firmware_version(), "is connected")

    # create an IoT Jobs object
    myjobs = jobs.Jobs(thing)

    # check if there are FOTA jobs waiting to be performed
    # This function executes a FOTA update if possible
    # or confirms an already executed FOTA update
    awsfota.handle_fota_jobs(myjobs, force=True)  # True, force

    while True:
        r = random(0, 10)
        print("publish random sample...", r)
        publish(thing, "dev/sample", json.dumps({"asample": r}))
        sleep(publish_period)

        # check for new incoming jobs
        # again, FOTA is executed if a correct FOTA job is queued
        awsfota.handle_fota_jobs(myjobs)
except Exception as e:
    print(e)
    # reset on error!
    awsfota.reset()
