"""Imports the AWS IoT Device SDK, then connects: measures its resident memory."""

import json
import sys

from bench.programs.awsiotsdk_things import built, connect
from bench.programs.resident import resident_bytes


def main(settings: dict[str, str]) -> dict[str, float]:
    """Import and build, then connect."""
    connection = built(settings["thing"])
    idle_bytes = resident_bytes()
    connect(connection)
    connected_bytes = resident_bytes()
    connection.disconnect().result(timeout=30)
    return {"idle": idle_bytes, "connected": connected_bytes}


if __name__ == "__main__":
    sys.stdout.write(json.dumps(main(json.loads(sys.argv[1]))) + "\n")
