"""Our device with nothing to do: what a look at the jobs costs, in time and in memory that stays."""

import json
import sys
import time
import tracemalloc

from aws.iot import fota as awsfota
from aws.iot import jobs
from bench.programs.things import connected
from fota.device import open_device


def main(settings: dict[str, str]) -> dict[str, float]:
    """Batches of calls, timed each; then as many, with every allocation traced."""
    count, thing = int(settings["calls"]), connected(settings["thing"])
    myjobs, device = jobs.Jobs(thing), open_device(settings["home"], 0)
    awsfota.handle_fota_jobs(myjobs, force=True, device=device)
    began = time.perf_counter_ns()
    for _ in range(count):
        awsfota.handle_fota_jobs(myjobs, device=device)
    nanoseconds = time.perf_counter_ns() - began
    tracemalloc.start()
    awsfota.handle_fota_jobs(myjobs, device=device)
    before_bytes = tracemalloc.get_traced_memory()[0]
    for _ in range(count):
        awsfota.handle_fota_jobs(myjobs, device=device)
    kept_bytes = tracemalloc.get_traced_memory()[0] - before_bytes
    tracemalloc.stop()
    thing.mqtt.close()
    return {"microseconds": nanoseconds / count / 1000, "kept": kept_bytes}


if __name__ == "__main__":
    sys.stdout.write(json.dumps(main(json.loads(sys.argv[1]))) + "\n")
