"""The program of a board that decides itself when it takes an update; `decide.py` says when.

`network_of_board.py` is that of `examples/esp32/pump`; put it beside this file.
"""

import json
import time

import network_of_board
from decide import policy

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
    network_of_board.connect(home + "/wifi.json")
    network_of_board.set_clock()


while True:
    go_online()
    try:
        thing.mqtt.connect()
        myjobs = jobs.Jobs(thing)
        break
    except IotError as error:
        # However long the network is away: an image on trial has until its deadline.
        print("no connection yet:", error)
        time.sleep(5 + 25 * machine.random_fraction())
awsfota.handle_fota_jobs(myjobs, force=True, policy=policy)
while True:
    try:
        thing.mqtt.publish("things/" + conf["thingname"] + "/sample", {"asample": 1})
    except IotError as error:
        print("a sample is left out:", error)
        go_online()
    thing.mqtt.wait(2000)
    awsfota.handle_fota_jobs(myjobs, policy=policy)
