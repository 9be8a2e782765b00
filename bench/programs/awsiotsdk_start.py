"""Imports the AWS IoT Device SDK and connects: prints when it is connected, and its resident memory then."""

import json
import sys
import time

from bench.programs.awsiotsdk_things import built, connect
from bench.programs.resident import resident_bytes


def main(settings: dict[str, str]) -> dict[str, float]:
    """Connect, and say when that was, by the clock that all processes share."""
    connection = built(settings["thing"])
    connect(connection)
    found = {"connected_s": time.monotonic(), "resident": resident_bytes()}
    connection.disconnect().result(timeout=30)
    return found


if __name__ == "__main__":
    sys.stdout.write(json.dumps(main(json.loads(sys.argv[1]))) + "\n")
