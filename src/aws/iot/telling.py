"""Progress that the service is told of too, at a bounded rate, while the connection stays open."""

from aws.iot.errors import ExecutionOver, IotError
from aws.iot.jobs import Job
from fota.log import log
from fota.progress import Progress

TYPE_CHECKING = False
if TYPE_CHECKING:
    from fota.download import Clock

EVERY_MS = 5_000
MOST_TOLD = 20


class Telling(Progress):
    """Passes everything on to the program's own progress; tells the job of the download."""

    def __init__(self, progress: Progress, job: Job, clock: "Clock") -> None:
        self._progress = progress
        self._job = job
        self._clock = clock
        self._told = 0
        self._due_ms = clock.now_ms() + EVERY_MS

    def downloading(self, done_bytes: int, total_bytes: int) -> None:
        """*Raises* ExecutionOver when the service says that the job ended without us: then the download stops."""
        self._progress.downloading(done_bytes, total_bytes)
        if self._told < MOST_TOLD and self._clock.now_ms() >= self._due_ms:
            self._told += 1
            self._tell({"step": "download", "progress": f"{done_bytes * 100 // total_bytes} %"})
            # Later each time, so that a slow download is told of to its end.
            self._due_ms = self._clock.now_ms() + EVERY_MS * self._told

    def retrying(self, reason: str, delay_ms: int) -> None:
        """See Progress."""
        self._progress.retrying(reason, delay_ms)

    def proving(self, slot: int) -> None:
        """See Progress."""
        self._progress.proving(slot)

    def installed(self, slot: int) -> None:
        """See Progress."""
        self._progress.installed(slot)

    def _tell(self, details: "dict[str, str]") -> None:
        try:
            self._job.update(Job.IN_PROGRESS, details, tries=1)
        except ExecutionOver:
            raise
        except IotError as error:
            log("request-retried", topic=self._job.jobid, problem=error)
