"""Imports our library and connects: prints when it is connected, and its resident memory then."""

import json
import sys
import time

from bench.programs.resident import resident_bytes
from bench.programs.things import connected


def main(settings: dict[str, str]) -> dict[str, float]:
    """Connect, and say when that was, by the clock that all processes share."""
    thing = connected(settings["thing"])
    found = {"connected_s": time.monotonic(), "resident": resident_bytes()}
    thing.mqtt.close()
    return found


if __name__ == "__main__":
    sys.stdout.write(json.dumps(main(json.loads(sys.argv[1]))) + "\n")
