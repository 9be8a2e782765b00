"""Runs clients in one process that all do the same at the same time, one thread each; prints when they are done.

Leaves to others: what a client does (`ours_fleet`, `paho_fleet`).
"""

import json
import sys
import threading
import time
from collections.abc import Callable
from typing import Protocol

from bench.programs.moments import mark


class Client(Protocol):
    """One of them, connected."""

    @property
    def outcome(self) -> str:
        """The final status of its job; empty until there is one."""

    @property
    def at_s(self) -> dict[str, float]:
        """When it reached each step."""

    def run(self, deadline: float) -> None:
        """Take the job, or give up at the deadline of `time.monotonic`."""


def run_all(made: Callable[[str, str], Client]) -> None:
    """Run a client for each thing folder and home of the settings, which are given on the command line.

    Prints the result of each, and when, and the processor time of all.
    """
    settings = json.loads(sys.argv[1])
    deadline = time.monotonic() + settings["within_s"]
    clients = [made(thing, home) for thing, home in settings["devices"]]
    before_s = time.process_time()
    mark("ready")
    threads = [threading.Thread(target=client.run, args=(deadline,)) for client in clients]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    found = [{"outcome": client.outcome, "at_s": client.at_s} for client in clients]
    sys.stdout.write(json.dumps({"processor_s": time.process_time() - before_s, "devices": found}) + "\n")
    mark("done")
