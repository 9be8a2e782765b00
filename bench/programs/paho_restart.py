"""A program with paho alone that connects and at once ends, to be started again: when it did both."""

import json
import os
import sys
import time

from bench.programs.paho_things import connected


def main(settings: dict[str, str]) -> None:
    """Connect; end as at a reset."""
    connected(settings["thing"])
    sys.stdout.write(f"mark connected {time.monotonic():.5f}\nmark restarting {time.monotonic():.5f}\n")
    sys.stdout.flush()
    os._exit(0)


if __name__ == "__main__":
    main(json.loads(sys.argv[1]))
