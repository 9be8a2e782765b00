"""The program of a board: publishes a sample every few seconds, and takes its updates from AWS IoT."""

import json

from aws.iot import fota as awsfota
from aws.iot import iot, jobs
from fota import machine

folder = machine.setting("FOTA_HOME") + "/thing/"
with open(folder + "thing.conf.json") as file:
    conf = json.load(file)
thing = iot.Thing(
    conf["endpoint"],
    conf["mqttid"],
    folder + "certificate.pem.crt",
    folder + "private.pem.key",
    thingname=conf["thingname"],
    cacert=folder + conf["cacert"],
)
thing.mqtt.connect()
myjobs = jobs.Jobs(thing)
awsfota.handle_fota_jobs(myjobs, force=True)
while True:
    thing.mqtt.publish("things/" + conf["thingname"] + "/sample", {"asample": 1})
    thing.mqtt.wait(2000)
    awsfota.handle_fota_jobs(myjobs)
