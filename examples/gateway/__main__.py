"""A gateway's program with all that is optional: a health check, progress, a heartbeat, its own jobs, a shadow.

Started by: fota-boot --home /var/lib/my-gateway -- /etc/my-gateway
The folder given as argument holds private.pem.key, certificate.pem.crt and thing.conf.json, as `fota things add`
makes them.
"""

import faulthandler
import json
import logging
import random
import shutil
import sys
import time
from pathlib import Path

from aws.iot import fota as awsfota
from aws.iot import iot, jobs
from aws.iot.errors import IotError
from fota.progress import Progress

PUBLISH_PERIOD_S = 1.0
MIN_FREE_BYTES = 1 << 20
ALIVE_WITHIN_S = 120
"""Longer than any turn of the loop below; `handle_fota_jobs` keeps the promise while it works."""


class Report(Progress):
    """Says what an update does; a gateway with a display would show it there."""

    def downloading(self, done_bytes: int, total_bytes: int) -> None:
        if done_bytes == total_bytes:
            print(f"downloaded {total_bytes} bytes", flush=True)

    def restarting(self) -> None:
        print("restarting", flush=True)


def is_healthy() -> bool:
    """Decides whether a new firmware stays. Check here what a bad release would break."""
    return shutil.disk_usage("/").free > MIN_FREE_BYTES


def on_other_job(job: jobs.Job) -> None:
    """Every job that is not a firmware update."""
    if isinstance(job.document, dict) and job.document.get("operation") == "say":
        print("told to say:", job.document.get("words"), flush=True)
        job.update(job.SUCCEEDED, {"said": "yes"})
    else:
        job.update(job.REJECTED, {"reason": "unknown-operation"})


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
            thing.on_shadow_request(lambda wanted: wanted)
            return jobs.Jobs(thing)
        except IotError as error:
            print("no connection yet:", error, flush=True)
            time.sleep(random.uniform(1, 30))


def publish_sample(thing: iot.Thing) -> None:
    """Send one sample; while the network is away, samples wait, and are left out when too many do."""
    try:
        thing.mqtt.publish(f"things/{thing.thingname}/sample", {"free": shutil.disk_usage("/").free})
    except IotError as error:
        print("a sample is left out:", error, flush=True)


def main() -> None:
    thing = make_thing(Path(sys.argv[1]))
    myjobs = get_connected(thing)

    def look_for_jobs(*, force: bool = False) -> None:
        awsfota.handle_fota_jobs(
            myjobs,
            force=force,
            disconnect_mqtt=False,
            job_cbk=on_other_job,
            health_check=is_healthy,
            progress=Report(),
        )

    look_for_jobs(force=True)
    print("the gateway is at work", flush=True)
    while True:
        # From the first call on, fota-boot starts this program again if it hangs.
        awsfota.alive(within_s=ALIVE_WITHIN_S)
        publish_sample(thing)
        time.sleep(PUBLISH_PERIOD_S)
        look_for_jobs()


# A program that is ended because it hangs says where.
faulthandler.enable()
logging.basicConfig(stream=sys.stdout, level=logging.INFO, format="%(message)s")
main()
