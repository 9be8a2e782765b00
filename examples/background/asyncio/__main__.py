"""A program with asyncio that takes a sample every 100 ms, also while an update is downloaded.

Started by: fota-boot --home /var/lib/my-gateway -- /etc/my-gateway
The folder given as argument holds private.pem.key, certificate.pem.crt and thing.conf.json, as `fota things add`
makes them.
"""

import asyncio
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


async def sample(sampler: Sampler, is_well: threading.Event) -> None:
    """The work of this device."""
    while True:
        sampler.take()
        # A sample was taken: this firmware is well.
        is_well.set()
        await asyncio.sleep(SAMPLE_PERIOD_S)


async def look_for_jobs(myjobs: jobs.Jobs, sampler: Sampler, is_well: threading.Event) -> None:
    """Firmware jobs, one after the other. The functions that it passes are called in a thread."""

    def may_restart() -> bool:
        if time.localtime().tm_hour not in QUIET_HOURS:
            return False
        sampler.save()
        return True

    force = True
    while True:
        await awsfota.aio.handle_fota_jobs(
            myjobs,
            force=force,
            disconnect_mqtt=False,
            health_check=lambda: is_well.wait(HEALTHY_WITHIN_S),
            may_restart=may_restart,
        )
        force = False
        await asyncio.sleep(1)


async def main() -> None:
    thing = make_thing(Path(sys.argv[1]))
    # Connecting waits for the network, so it has a thread too.
    myjobs = await asyncio.to_thread(get_connected, thing)
    sampler, is_well = Sampler(thing), threading.Event()
    work = asyncio.gather(sample(sampler, is_well), look_for_jobs(myjobs, sampler, is_well))
    # A stop of the service cancels the work: an update under way ends cleanly, and goes on at the next start.
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, work.cancel)
    print("the gateway is at work", flush=True)
    try:
        await work
    except asyncio.CancelledError:
        print("stopped", flush=True)


logging.basicConfig(stream=sys.stdout, level=logging.INFO, format="%(message)s")
asyncio.run(main())
