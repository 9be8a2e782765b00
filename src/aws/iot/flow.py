"""What a look at the jobs leads to: first what an update left to do, then what waits.

Decides from the record (what is on trial), the journal (whose it is) and the digests of the image that runs;
never from a slot number alone.
"""

from aws.iot import document as documents
from aws.iot.errors import ExecutionOver, IotError, NotConnected
from aws.iot.firmware_job import FirmwareJob
from aws.iot.jobs import Job, report
from fota import journal, trial
from fota.errors import RolledBack
from fota.log import log
from fota.table import ANY, decide

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from aws.iot.jobs import Jobs
    from fota.device import Device
    from fota.journal import Entry
    from fota.progress import Progress

GO_ON = "go on with the job"
REPORT_FAILED = "report FAILED with the reason of the journal"
REPORT_ROLLED_BACK = "report FAILED, rolled-back"
REPORT_SUCCEEDED = "report SUCCEEDED"

#    failed before a trial?  installed?  rolled back?  is the job's image the one that runs?  conclusion
CONCLUSIONS = (
    (True, ANY, ANY, ANY, REPORT_FAILED),
    (False, True, ANY, True, REPORT_SUCCEEDED),
    (False, True, True, False, REPORT_ROLLED_BACK),
    (False, ANY, ANY, ANY, GO_ON),
)
"""What is owed to the job that the journal names, once no trial is open. The table of `docs/design.md`."""


class Flow:
    """One look at the jobs, and all that it leads to."""

    def __init__(self, jobs: "Jobs", device: "Device", progress: "Progress", *, disconnects: bool) -> None:
        self._jobs = jobs
        self._device = device
        self._progress = progress
        self._disconnects = disconnects

    def run(self, health_check: "Callable[[], bool] | None", job_cbk: "Callable[[Job], object] | None") -> bool:
        """Finish what an update left to do, then take what waits; True when a restart is due. *Raises* IotError."""
        if self._device.verdict() == trial.AWAITING_TRIAL:
            return True
        self._jobs.reconnect()
        # An answer to this shows that the image that runs reaches the cloud: the least that a trial must show.
        in_progress, queued = self._jobs.list()
        if self._device.verdict() == trial.ON_TRIAL and not _passes(health_check):
            self._device.give_up_trial("health-check")
            return True
        if self._device.verdict() == trial.ON_TRIAL:
            self._device.confirm()
            self._progress.confirmed(self._device.running_slot)
        elif self._device.awaits_healthy_boot() and _passes(health_check):
            # In its first boots a confirmed image shows that it stays well: then the floor rises to it.
            self._device.boot_was_healthy()
        waiting = in_progress + queued
        ended = self._conclude([(job.jobid, job.execution) for job in waiting])
        # By its execution too: a retry of the same job may be in the same list, and is not told of again.
        return self._take([job for job in waiting if (job.jobid, job.execution) != ended], job_cbk)

    def _conclude(self, waiting: "list[tuple[str, int | None]]") -> "tuple[str, int] | None":
        """Report what is owed to the job that the journal names, and forget it once the service has taken that.

        Returns the id of that job and its execution, if it has ended.
        """
        entry = self._device.journal.load()
        ended = None
        if entry is not None:
            named = (entry.job_id, entry.execution)
            conclusion = self._conclusion(entry)
            if conclusion != GO_ON:
                self._report(entry, conclusion)
                ended = named
            elif named not in waiting:
                log("job-over", job=entry.job_id, problem="the service does not list it any more")
                ended = named
            if ended is not None:
                # Cut before this: the report is sent again, and the service says that it is over.
                self._device.journal.clear(bad=entry.wanted if conclusion == REPORT_ROLLED_BACK else None)
        self._device.settle()
        return ended

    def _report(self, entry: "Entry", conclusion: str) -> None:
        status, details = Job.FAILED, {"reason": entry.reason, "message": entry.message}
        if conclusion == REPORT_ROLLED_BACK:
            record = self._device.record()
            details = {"reason": RolledBack.reason, "cause": record.cause, "attempts": str(record.attempts_spent)}
        elif conclusion == REPORT_SUCCEEDED:
            status, details = Job.SUCCEEDED, {"slot": str(self._device.running_slot)}
        job = self._jobs.job(entry.job_id, entry.execution or None)
        report(self._jobs, job, status, details, self._progress)

    def _conclusion(self, entry: "Entry") -> str:
        return decide(
            CONCLUSIONS,
            (
                entry.stage == journal.FAILED,
                entry.stage == journal.INSTALLED,
                self._device.verdict() == trial.ROLLED_BACK,
                self._device.runs(entry.wanted),
            ),
        )

    def _take(self, waiting: "list[Job]", job_cbk: "Callable[[Job], object] | None") -> bool:
        """Each job in the service's order, until one asks for a restart. One odd job does not hold up the rest."""
        left: "IotError | None" = None
        for job in waiting:
            try:
                job.describe()
                if documents.is_keyring(job.document):
                    # Late: such a job is rare.
                    from aws.iot import keyring_job

                    keyring_job.carry_out(job, self._jobs, self._device, self._progress)
                elif documents.is_fota(job.document) or not isinstance(job.document, dict):
                    ours = FirmwareJob(job, self._jobs, self._device, self._progress, disconnects=self._disconnects)
                    if ours.carry_out():
                        return True
                else:
                    _hand_over(job, job_cbk)
            except ExecutionOver as error:
                log("job-over", job=job.jobid, problem=error)
            except NotConnected:
                raise
            except IotError as error:
                entry = self._device.journal.load()
                if entry is not None and entry.stage == journal.FAILED:
                    # The journal has room for one: the next job would overwrite what is owed to this one.
                    raise
                left = error
        if left is not None:
            raise left
        return False


def _passes(health_check: "Callable[[], bool] | None") -> bool:
    """Whether the program finds itself well: only True is a yes, whatever it raises is a no."""
    if health_check is None:
        return True
    try:
        answer = health_check()
    except Exception as error:  # noqa: BLE001 - the program's own code; its fault is the finding
        log("health-check-failed", problem=repr(error))
        return False
    if answer is not True:
        log("health-check-failed", problem=f"expected True, got {answer!r}")
    return answer is True


def _hand_over(job: Job, job_cbk: "Callable[[Job], object] | None") -> None:
    """Another kind of job: the program's own."""
    if job_cbk is None:
        log("job-left", job=job.jobid)
        return
    try:
        job_cbk(job)
    except Exception as error:  # noqa: BLE001 - one odd job never stops the loop
        log("job-callback-failed", job=job.jobid, problem=repr(error))
