"""The firmware of the demo: publishes samples, and takes its updates from AWS IoT.

Started by `fota-boot --home DIR -- CREDENTIALS`; `fault.txt` beside it, if it exists, says what makes it bad.
It drives a pump, and begins no update while the pump runs: the file `pump-runs` among the credentials says so.
"""

import json
import logging
import random
import sys
import time
from pathlib import Path

from aws.iot import fota as awsfota
from aws.iot import iot, jobs
from fota import device, policy

PUBLISH_PERIOD_S = 0.5


def resource(name: str) -> str:
    """The text of a file beside this program in its image; empty if there is no such file."""
    loader = globals()["__loader__"]
    try:
        return str(loader.get_data(f"{loader.archive}/{name}").decode())
    except OSError:
        return ""


def main() -> None:
    """Connect, finish what an update left to do, then publish and look for jobs in turn."""
    version = json.loads(resource("fota-image.json"))["version"]
    fault = resource("fault.txt")
    print(f"firmware {version} starts", flush=True)
    if fault == "crash":
        raise SystemExit("a bug in this firmware")
    while fault == "hang":
        time.sleep(1)

    folder = Path(sys.argv[1])
    conf = json.loads((folder / "thing.conf.json").read_text())
    thing = iot.Thing(
        conf["endpoint"],
        conf["mqttid"],
        str(folder / "certificate.pem.crt"),
        str(folder / "private.pem.key"),
        thingname=conf["thingname"],
        cacert=str(folder / conf["cacert"]) if "cacert" in conf else None,
    )
    thing.mqtt.connect()
    thing.mqtt.loop()
    print(f"firmware {version} is connected", flush=True)

    def while_the_pump_stands(_offer: policy.Offer) -> "policy.Now | policy.Later":
        """The program decides when an update begins, and when the restart may be."""
        if (folder / "pump-runs").exists():
            return policy.Later("the pump runs", again_s=1)
        return policy.Now()

    myjobs = jobs.Jobs(thing)
    # The story has one failure after the other; a device in the field waits for longer and longer after the third.
    device.current().pace.free_tries = 100
    awsfota.handle_fota_jobs(myjobs, force=True, policy=while_the_pump_stands)
    while True:
        sample = {"asample": random.randrange(10), "firmware": version}
        thing.mqtt.publish(f"things/{conf['thingname']}/sample", sample)
        print(f"firmware {version} publishes {sample}", flush=True)
        time.sleep(PUBLISH_PERIOD_S)
        awsfota.handle_fota_jobs(myjobs, policy=while_the_pump_stands)


logging.basicConfig(stream=sys.stdout, level=logging.INFO, format="%(message)s")
main()
