"""The progress of a download, reported to its job at a bounded rate, while the connection stays open.

The answers say whether the job still wants the download. A large fleet sends fewer: its job document says how many.
"""

import hashlib

from aws.iot.errors import ExecutionOver, IotError
from aws.iot.jobs import Job
from fota.log import log

TYPE_CHECKING = False
if TYPE_CHECKING:
    from aws.iot.document import FotaDocument
    from fota.clock import Clock

EVERY_MS = 5_000


class JobProgress:
    """Reports how far a download has come, and keeps it going as long as its job lasts."""

    def __init__(self, job: Job, clock: "Clock", most: int) -> None:
        """`most`: how many reports are sent at most."""
        self._job = job
        self._most = most
        self._clock = clock
        self._reports = 0
        self._due_ms = clock.now_ms() + EVERY_MS
        self.over: "ExecutionOver | None" = None
        """The answer of the service, once the job ended without us."""

    def keep_going(self, done_bytes: int, total_bytes: int) -> bool:
        """For `fota.transfer.download.Download.run`: False once the job ended without us."""
        if self._reports < self._most and self._clock.now_ms() >= self._due_ms:
            self._reports += 1
            details = {"step": "download", "progress": f"{done_bytes * 100 // total_bytes} %"}
            try:
                self._job.update(Job.IN_PROGRESS, details, tries=1)
            except ExecutionOver as error:
                self.over = error
                return False
            except IotError as error:
                log("request-retried", topic=self._job.jobid, problem=error)
            # The interval grows, so that a slow download is reported to its end.
            self._due_ms = self._clock.now_ms() + EVERY_MS * self._reports
        return True


def most_reports(asked: "FotaDocument", thing_name: str) -> int:
    """How many reports the job document allows this device: none, unless it is in the share that sends any.

    A device is in the same share each time, and the rollout can tell which are.
    """
    number = int.from_bytes(hashlib.sha256(thing_name.encode()).digest(), "big")
    return asked.progress_reports if number % 100 < asked.progress_share else 0
