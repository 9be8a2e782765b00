"""Our device with nothing to do: measures what a look at the jobs costs, in time and in memory that is kept."""

import json
import sys
import time
import tracemalloc
from collections.abc import Callable

from aws.iot import fota as awsfota
from aws.iot import jobs
from aws.iot.deferrals import Deferrals
from bench.programs.things import connected
from fota.device import open_device


def main(settings: dict[str, str]) -> dict[str, float]:
    """Time some batches of calls; then make as many calls with every allocation traced."""
    count, thing = int(settings["calls"]), connected(settings["thing"])
    myjobs, device = jobs.Jobs(thing), open_device(settings["home"], 0)
    awsfota.handle_fota_jobs(myjobs, force=True, device=device)
    nanoseconds = _time_of(lambda: awsfota.handle_fota_jobs(myjobs, device=device), count)
    tracemalloc.start()
    awsfota.handle_fota_jobs(myjobs, device=device)
    kept_bytes = min(_kept_by(lambda: awsfota.handle_fota_jobs(myjobs, device=device), count) for _ in range(3))
    tracemalloc.stop()
    # An update is put off, and the policy is due again in five minutes.
    myjobs.deferrals = Deferrals(device)
    question = myjobs.deferrals.about(("job-1", 1))
    question.pause(1)
    question.put_off()
    question.was_told()
    put_off = _time_of(lambda: awsfota.handle_fota_jobs(myjobs, device=device, policy=lambda _: True), count)
    thing.mqtt.close()
    return {"microseconds": nanoseconds / count / 1000, "kept": kept_bytes, "put_off": put_off / count / 1000}


def _time_of(call: Callable[[], object], count: int) -> int:
    """The nanoseconds of that many calls."""
    began = time.perf_counter_ns()
    for _ in range(count):
        call()
    return time.perf_counter_ns() - began


def _kept_by(call: Callable[[], object], count: int) -> int:
    """The bytes kept after that many calls. The thread of the connection may keep some of its own meanwhile."""
    before_bytes = tracemalloc.get_traced_memory()[0]
    for _ in range(count):
        call()
    return tracemalloc.get_traced_memory()[0] - before_bytes


if __name__ == "__main__":
    sys.stdout.write(json.dumps(main(json.loads(sys.argv[1]))) + "\n")
