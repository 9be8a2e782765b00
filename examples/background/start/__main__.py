"""A program that takes a sample every 100 ms, also while an update is downloaded: `start_background` does the rest.

Started by: fota-boot --home /var/lib/my-gateway -- /etc/my-gateway
The folder given as argument holds private.pem.key, certificate.pem.crt and thing.conf.json, as `fota things add`
makes them.
"""

import json
import logging
import random
import signal
import sys
import threading
import time
from pathlib import Path

from aws.iot import fota as awsfota
from aws.iot import iot, jobs
from aws.iot.errors import IotError

SAMPLE_PERIOD_S = 0.1
HEALTHY_WITHIN_S = 60.0
QUIET_HOURS = range(24)
"""The hours of the day in which the device may restart, such as range(2, 5)."""


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
    """Connect, however long that takes: a new firmware on trial has until its deadline."""
    while True:
        try:
            thing.mqtt.connect()
            return jobs.Jobs(thing)
        except IotError as error:
            print("no connection yet:", error, flush=True)
            time.sleep(random.uniform(1, 30))


class Sampler:
    """The work of this device."""

    def __init__(self, thing: iot.Thing) -> None:
        self.thing = thing
        self.longest_gap_s = 0.0
        self._last_s = time.monotonic()

    def take(self) -> None:
        """Take one sample; one in ten is sent."""
        now_s = time.monotonic()
        self.longest_gap_s = max(self.longest_gap_s, now_s - self._last_s)
        self._last_s = now_s
        if random.random() < 0.1:
            try:
                self.thing.mqtt.publish(f"things/{self.thing.thingname}/sample", {"at": now_s})
            except IotError as error:
                print("a sample is left out:", error, flush=True)

    def save(self) -> None:
        """Called before the process may end at any moment."""
        print(f"saved; the longest gap was {self.longest_gap_s * 1000:.0f} ms", flush=True)


def main() -> None:
    # A stop of the service ends the program as `exit` does: then the thread is stopped first.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    thing = make_thing(Path(sys.argv[1]))
    myjobs = get_connected(thing)
    is_well = threading.Event()
    updates = awsfota.start_background(myjobs, health_check=lambda: is_well.wait(HEALTHY_WITHIN_S))
    sampler = Sampler(thing)
    print("the gateway is at work", flush=True)
    while True:
        sampler.take()
        # A sample was taken: this firmware is well.
        is_well.set()
        if updates.restart_wanted.is_set() and time.localtime().tm_hour in QUIET_HOURS:
            sampler.save()
            updates.allow_restart()
        time.sleep(SAMPLE_PERIOD_S)


logging.basicConfig(stream=sys.stdout, level=logging.INFO, format="%(message)s")
main()
