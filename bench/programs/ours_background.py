"""A program that samples every 100 ms while our device installs an image in the background; measures its gaps."""

import json
import sys
import time
from typing import Any

from aws.iot import fota as awsfota
from aws.iot import jobs
from bench.programs.gaps import longest_gap_s
from bench.programs.things import connected
from fota.device import open_device

_WITHIN_S = 240.0


def main(settings: dict[str, Any]) -> dict[str, float]:
    """Sample for a while at rest; then until the image of the job is installed, and waits for leave to restart."""
    device, thing = open_device(settings["home"], 0), connected(settings["thing"])
    myjobs = jobs.Jobs(thing)
    at_rest_s = longest_gap_s(lambda taken: taken >= settings["samples_at_rest"])
    began = time.monotonic()
    updates = awsfota.start_background(myjobs, device=device)
    asked = updates.restart_wanted
    busy_s = longest_gap_s(lambda _: asked.is_set() or time.monotonic() - began > _WITHIN_S)
    seconds = time.monotonic() - began
    if not asked.is_set():
        raise TimeoutError("the image was not installed in time")
    updates.stop()
    thing.mqtt.close()
    return {"gap": busy_s, "gap_at_rest": at_rest_s, "seconds": seconds}


if __name__ == "__main__":
    sys.stdout.write(json.dumps(main(json.loads(sys.argv[1]))) + "\n")
