"""What a look at the jobs leads to, from the job's arrival to the report that the service accepted.

The one place where an exception becomes a job's status. Decides from the record (what is on trial), the journal
(whose it is) and the digests of the image that runs; never from a slot number alone.
"""

from aws.iot import document as documents
from aws.iot.errors import ExecutionOver, IotError, NotConnected, VersionMismatch
from aws.iot.jobs import Job
from aws.iot.telling import Telling
from fota import journal, trial
from fota.errors import Failed, FotaError, Refused, RolledBack, StorageFailed
from fota.journal import Entry
from fota.log import log
from fota.table import ANY, decide

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from aws.iot.document import FotaDocument
    from aws.iot.jobs import Jobs
    from fota.device import Device
    from fota.progress import Progress

GO_ON = "go on with the job"
REPORT_FAILED = "report FAILED with the reason of the journal"
REPORT_ROLLED_BACK = "report FAILED, rolled-back"
REPORT_SUCCEEDED = "report SUCCEEDED"

#    failed before a trial?  installed?  rolled back?  is the job's image the one that runs?  conclusion
CONCLUSIONS = (
    (True, ANY, ANY, ANY, REPORT_FAILED),
    (False, True, True, ANY, REPORT_ROLLED_BACK),
    (False, True, False, True, REPORT_SUCCEEDED),
    (False, ANY, ANY, ANY, GO_ON),
)
"""What is owed to the job that the journal names, once no trial is open. The table of `docs/design.md`."""

_MOST_TRIES = 3


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
        ended = self._conclude()
        # By its execution too: a retry of the same job may be in the same list, and is not told of again.
        waiting = [job for job in in_progress + queued if (job.jobid, job.execution) != ended]
        return self._take(waiting, job_cbk)

    def _conclude(self) -> "tuple[str, int] | None":
        """Report what is owed to the job that the journal names, and forget it once the service has taken that.

        Returns the id of that job and its execution, if it has ended by that.
        """
        ended = None
        entry = self._device.journal.load()
        if entry is not None:
            conclusion = self._conclusion(entry)
            job = self._jobs.job(entry.job_id, entry.execution or None)
            if conclusion == REPORT_FAILED:
                self._report(job, Job.FAILED, {"reason": entry.reason, "message": entry.message})
            elif conclusion == REPORT_ROLLED_BACK:
                record = self._device.record()
                details = {"reason": RolledBack.reason, "cause": record.cause, "attempts": str(record.attempts_spent)}
                self._report(job, Job.FAILED, details)
            elif conclusion == REPORT_SUCCEEDED:
                self._report(job, Job.SUCCEEDED, {"slot": str(self._device.running_slot)})
            if conclusion != GO_ON:
                # Cut before this: the report is sent again, and the service says that it is over.
                self._device.journal.clear()
                ended = (entry.job_id, entry.execution)
        self._device.settle()
        return ended

    def _conclusion(self, entry: Entry) -> str:
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
                if documents.is_fota(job.document) or not isinstance(job.document, dict):
                    if self._carry_out(job):
                        return True
                else:
                    _hand_over(job, job_cbk)
            except ExecutionOver as error:
                log("job-over", job=job.jobid, problem=error)
            except NotConnected:
                raise
            except IotError as error:
                if self._owes_a_report():
                    # The journal has room for one: the next job would overwrite what is owed to this one.
                    raise
                left = error
        if left is not None:
            raise left
        return False

    def _owes_a_report(self) -> bool:
        entry = self._device.journal.load()
        return entry is not None and entry.stage == journal.FAILED

    def _carry_out(self, job: Job) -> bool:
        """One firmware job: True when its image awaits its trial."""
        device = self._device
        try:
            asked = documents.parse(job.document)
            if device.runs(asked.wanted):
                self._report(job, Job.SUCCEEDED, {"slot": str(device.running_slot), "message": "runs already"})
                return False
            slot = device.slot_for(asked.slot, asked.wanted.size_bytes)
        except Refused as error:
            log("job-refused", job=job.jobid, reason=error.reason, problem=error)
            self._report(job, Job.REJECTED, _told(error))
            return False
        self._claim(job)
        entry = Entry(job.jobid, job.execution or 0, asked.wanted)
        try:
            # Cut after this: the job comes back IN_PROGRESS, and is taken up again.
            device.journal.save(entry)
            self._install(job, asked, slot)
            # Cut after this: the job comes back IN_PROGRESS; the slot proves itself, nothing is downloaded.
            device.journal.save(entry.at(journal.INSTALLED))
            device.begin_trial(slot, asked.wanted)
        except ExecutionOver:
            device.journal.clear()
            raise
        except (Failed, Refused) as error:
            self._fail(job, entry, error)
            return False
        return True

    def _claim(self, job: Job) -> None:
        """IN_PROGRESS, unless somebody changed the job since we looked. *Raises* ExecutionOver, VersionMismatch."""
        log("job-taken", job=job.jobid, execution=job.execution)
        for tries_left in range(_MOST_TRIES - 1, -1, -1):
            try:
                job.update(Job.IN_PROGRESS, {"step": "download"})
                break
            except VersionMismatch:
                if not tries_left:
                    raise
        self._progress.taken(job.jobid)

    def _install(self, job: Job, asked: "FotaDocument", slot: int) -> None:
        installer = self._device.installer
        if installer.holds(slot, asked.wanted):
            return
        if self._disconnects:
            self._jobs.disconnect()
            installer.install(asked.url, asked.wanted, slot, self._progress)
        else:
            telling = Telling(self._progress, job, self._device.clock)
            installer.install(asked.url, asked.wanted, slot, telling)

    def _fail(self, job: Job, entry: Entry, error: FotaError) -> None:
        """The device runs on as before; the job is told at once, or as soon as it can be."""
        log("job-failed", job=job.jobid, reason=error.reason, problem=error)
        try:
            # Cut after this: the report is owed, and sent after the reboot.
            self._device.journal.save(entry.at(journal.FAILED, error.reason, str(error)))
        except StorageFailed as problem:
            log("job-failed", job=job.jobid, reason=problem.reason, problem=problem)
        self._report(job, Job.FAILED, _told(error))
        self._device.journal.clear()

    def _report(self, job: Job, status: str, details: "dict[str, str]") -> None:
        """Tell how a job ended, until the service accepts it or says that it is over.

        *Raises* IotError while it can do neither: then the report is still owed.
        """
        self._jobs.reconnect()
        for tries_left in range(_MOST_TRIES - 1, -1, -1):
            try:
                job.update(status, details)
                log("job-reported", job=job.jobid, status=status, reason=details.get("reason", ""))
                self._progress.ended(job.jobid, status, details.get("reason", ""))
                return
            except VersionMismatch:
                # The version was refreshed: a report is the truth whatever came between.
                if not tries_left:
                    raise
            except ExecutionOver as error:
                log("job-over", job=job.jobid, problem=error)
                return


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


def _told(error: FotaError) -> "dict[str, str]":
    return {"reason": error.reason, "message": str(error)}
