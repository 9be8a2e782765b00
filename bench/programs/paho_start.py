"""Imports paho and connects: prints when it is connected, and its resident memory then."""

import json
import sys
import time

from bench.programs.paho_things import connected
from bench.programs.resident import resident_bytes


def main(settings: dict[str, str]) -> dict[str, float]:
    """Connect, and say when that was, by the clock that all processes share."""
    client = connected(settings["thing"])
    found = {"connected_s": time.monotonic(), "resident": resident_bytes()}
    client.disconnect()
    return found


if __name__ == "__main__":
    sys.stdout.write(json.dumps(main(json.loads(sys.argv[1]))) + "\n")
