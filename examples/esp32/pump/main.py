"""The program of a board: publishes a sample every few seconds, and takes its updates from AWS IoT."""

import json
import time

import network_of_board

from aws.iot import fota as awsfota
from aws.iot import iot, jobs
from aws.iot.errors import IotError
from fota import machine

home = machine.setting("FOTA_HOME")
folder = home + "/thing/"
with open(folder + "thing.conf.json") as file:
    conf = json.load(file)
thing = iot.Thing(
    conf["endpoint"],
    conf["mqttid"],
    folder + "certificate.pem.crt",
    folder + "private.pem.key",
    thingname=conf["thingname"],
    cacert=folder + conf["cacert"] if "cacert" in conf else home + "/ca.pem",
)


def go_online():
    """Whether there is a network; `alive` feeds the watchdog, if `main.py` of the board has started one."""
    has_wifi = network_of_board.connect(home + "/wifi.json", awsfota.alive)
    network_of_board.set_clock(awsfota.alive)
    return has_wifi


while True:
    try:
        # Without Wi-Fi it is tried too, in short: that tells the trial of this image that it is offline.
        thing.mqtt.connect(timeout_ms=30_000 if go_online() else 2_000)
        myjobs = jobs.Jobs(thing)
        break
    except IotError as error:
        # However long the network is away: an image on trial has until its deadline.
        print("no connection yet:", error)
        for _ in range(5 + int(25 * machine.random_fraction())):
            time.sleep(1)
            awsfota.alive()
awsfota.handle_fota_jobs(myjobs, force=True)
while True:
    try:
        thing.mqtt.publish("things/" + conf["thingname"] + "/sample", {"asample": 1})
    except IotError as error:
        print("a sample is left out:", error)
        go_online()
    awsfota.alive()
    thing.mqtt.wait(2000)
    awsfota.handle_fota_jobs(myjobs)
