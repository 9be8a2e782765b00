"""Our device, connected and at rest, then updating: measures its resident memory."""

import json
import sys
from typing import Any

from aws.iot import fota as awsfota
from aws.iot import jobs
from bench.programs.resident import forget_peak, peak_bytes, resident_bytes
from bench.programs.things import connected
from fota.device import open_device


def main(settings: dict[str, Any]) -> dict[str, float]:
    """Connect, look for jobs, install an image."""
    thing = connected(settings["thing"])
    device = open_device(settings["home"], 0)
    awsfota.handle_fota_jobs(jobs.Jobs(thing), force=True, device=device)
    idle_bytes = resident_bytes()
    forget_peak()
    awsfota.update(settings["document"], device=device)
    busy_bytes = peak_bytes()
    thing.mqtt.close()
    return {"idle": idle_bytes, "busy": busy_bytes}


if __name__ == "__main__":
    sys.stdout.write(json.dumps(main(json.loads(sys.argv[1]))) + "\n")
