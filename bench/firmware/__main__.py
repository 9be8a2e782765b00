"""The firmware of the bench `restart`: takes every job immediately, and prints when it reached each step.

Started by `fota-boot --home DIR -- THING-FOLDER`. All times come from the clock that all processes share.
"""

import time

_STARTED_S = time.monotonic()

import sys  # noqa: E402 - after the first look at the clock

from aws.iot import fota as awsfota  # noqa: E402
from aws.iot import jobs  # noqa: E402
from bench.programs.moments import mark  # noqa: E402
from bench.programs.things import connected  # noqa: E402
from fota.progress import Progress  # noqa: E402


class Marks(Progress):
    """Prints when an update ends."""

    def restarting(self) -> None:
        """See Progress."""
        mark("restarting")

    def confirmed(self, slot: int) -> None:
        """See Progress."""
        mark("confirmed")

    def ended(self, job_id: str, status: str, reason: str) -> None:
        """See Progress."""
        mark(status)


def main() -> None:
    """Connect, then look for jobs for ever."""
    mark("started", _STARTED_S)
    mark("imported")
    thing = connected(sys.argv[1])
    mark("connected")
    myjobs, marks = jobs.Jobs(thing), Marks()
    awsfota.handle_fota_jobs(myjobs, force=True, progress=marks)
    while True:
        time.sleep(0.02)
        awsfota.handle_fota_jobs(myjobs, progress=marks)


main()
