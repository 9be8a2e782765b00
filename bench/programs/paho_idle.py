"""A paho client with nothing to do: measures what one turn of its loop costs, without waiting."""

import json
import sys
import time

from bench.programs.paho_things import connected


def main(settings: dict[str, str]) -> dict[str, float]:
    """Time a number of calls together."""
    count, client = int(settings["calls"]), connected(settings["thing"])
    began = time.perf_counter_ns()
    for _ in range(count):
        client.loop(timeout=0)
    nanoseconds = time.perf_counter_ns() - began
    client.disconnect()
    return {"microseconds": nanoseconds / count / 1000}


if __name__ == "__main__":
    sys.stdout.write(json.dumps(main(json.loads(sys.argv[1]))) + "\n")
