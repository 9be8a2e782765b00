"""A program with paho alone that connects and then ends immediately, to be started again; prints when it did both."""

import json
import os
import sys

from bench.programs.moments import mark
from bench.programs.paho_things import connected


def main(settings: dict[str, str]) -> None:
    """Connect; end as at a reset."""
    connected(settings["thing"])
    mark("connected")
    mark("restarting")
    os._exit(0)


if __name__ == "__main__":
    main(json.loads(sys.argv[1]))
