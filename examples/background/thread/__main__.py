"""A program that takes a sample every 100 ms, and calls `handle_fota_jobs` in a thread that it makes itself.

Started by: fota-boot --home /var/lib/my-gateway -- /etc/my-gateway
The folder given as argument holds private.pem.key, certificate.pem.crt and thing.conf.json, as `fota things add`
makes them.
"""

import json
import logging
import random
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


class Updates(threading.Thread):
    """Handles the jobs; `restart_wanted` and `leave` are how it and the program talk."""

    def __init__(self, myjobs: jobs.Jobs) -> None:
        super().__init__(name="updates", daemon=True)
        self.is_well = threading.Event()
        self.restart_wanted = threading.Event()
        self.leave = threading.Event()
        self._jobs = myjobs

    def run(self) -> None:
        force = True
        while True:
            try:
                awsfota.handle_fota_jobs(
                    self._jobs,
                    force=force or self.leave.is_set(),
                    disconnect_mqtt=False,
                    health_check=lambda: self.is_well.wait(HEALTHY_WITHIN_S),
                    may_restart=self._may_restart,
                )
                force = False
            except Exception:
                # A thread that ends is not noticed, and no update would ever come again.
                logging.exception("the jobs are handled again in a while")
                time.sleep(random.uniform(1, 60))
            time.sleep(1)

    def _may_restart(self) -> bool:
        self.restart_wanted.set()
        return self.leave.is_set()


def main() -> None:
    thing = make_thing(Path(sys.argv[1]))
    updates = Updates(get_connected(thing))
    updates.start()
    sampler = Sampler(thing)
    print("the gateway is at work", flush=True)
    while True:
        sampler.take()
        # A sample was taken: this firmware is well.
        updates.is_well.set()
        is_quiet = time.localtime().tm_hour in QUIET_HOURS
        if updates.restart_wanted.is_set() and is_quiet and not updates.leave.is_set():
            sampler.save()
            updates.leave.set()
        time.sleep(SAMPLE_PERIOD_S)


logging.basicConfig(stream=sys.stdout, level=logging.INFO, format="%(message)s")
main()
