"""One firmware job, from its document to an image that awaits its trial, or to the report why not.

The one place where an exception becomes a job's status.
"""

from aws.iot import document as documents
from aws.iot.errors import ExecutionOver, IotError
from aws.iot.jobs import Job, insist, report
from fota import errors, journal, trial
from fota.download import Source
from fota.journal import Entry
from fota.log import log

TYPE_CHECKING = False
if TYPE_CHECKING:
    from aws.iot.jobs import Jobs
    from fota.device import Device
    from fota.image import Digests
    from fota.progress import Progress
    from fota.proven import Proven
    from fota.releases import Admitted

MOST_TAKEN_UP = 100
"""A job that is taken up again after so many resets is given up: something in it resets the device."""


class FirmwareJob:
    """A job that was described, and is ours. Its download is put on record by it: see `fota.install.Ledger`."""

    def __init__(self, job: Job, jobs: "Jobs", device: "Device", progress: "Progress", *, disconnects: bool) -> None:
        self._job = job
        self._jobs = jobs
        self._device = device
        self._progress = progress
        self._disconnects = disconnects

    def carry_out(self) -> bool:
        """True when its image awaits its trial; False when the job has ended.

        *Raises* ExecutionOver when it ended without us, other IotErrors when something is left to do.
        """
        device = self._device
        try:
            asked = documents.parse(self._job.document)
            admitted = device.releases.admit(asked.wanted, asked.slot, asked.envelope, self._job.told_at_s)
            if device.runs(admitted.wanted):
                device.keep_release(device.running_slot, admitted.envelope)
                self._report(Job.SUCCEEDED, {"slot": str(device.running_slot), "message": "runs already"})
                return False
            slot = device.slot_for(admitted.slot, admitted.wanted.size_bytes)
            if device.journal.knows_bad(admitted.wanted) and not asked.insists:
                raise errors.KnownBad("this image was rolled back here; bc_insist has it tried again")
        except errors.Refused as error:
            log("job-refused", job=self._job.jobid, reason=error.reason, problem=error)
            self._report(Job.REJECTED, {"reason": error.reason, "message": str(error)})
            return False
        self._asked = asked
        return self._carry_out(admitted, slot)

    def _carry_out(self, admitted: "Admitted", slot: int) -> bool:
        device = self._device
        log("job-taken", job=self._job.jobid, execution=self._job.execution)
        insist(self._job, Job.IN_PROGRESS, {"step": "download"})
        self._progress.taken(self._job.jobid)
        self._entry = entry = self._taken_up(admitted.wanted)
        try:
            # Cut after this: the job comes back IN_PROGRESS, and is taken up again.
            device.journal.save(entry)
            if entry.taken_up > MOST_TAKEN_UP:
                raise errors.BudgetSpent(f"taken up {entry.taken_up} times, after as many resets")
            self._install(slot)
            device.keep_release(slot, admitted.envelope)
            # Cut after this: the job comes back IN_PROGRESS; the slot proves itself, nothing is downloaded.
            device.journal.save(self._entry.at(journal.INSTALLED))
            # Asked once more: a job that was cancelled meanwhile does not cost the device a restart.
            self._jobs.reconnect()
            insist(self._job, Job.IN_PROGRESS, {"step": "restart"})
        except ExecutionOver:
            device.journal.clear()
            raise
        except (errors.Failed, errors.Refused) as error:
            self._fail(error)
            return False
        return self._begin_trial(slot)

    def _begin_trial(self, slot: int) -> bool:
        try:
            self._device.begin_trial(slot, self._entry.wanted)
        except (errors.Failed, errors.Refused) as error:
            if self._device.verdict() == trial.AWAITING_TRIAL:
                # The write failed and yet reads back: what the next boot reads decides. FAILED could be a lie.
                log("record-not-saved", problem=error)
                return True
            self._fail(error)
            return False
        return True

    def _taken_up(self, wanted: "Digests") -> Entry:
        """What is remembered of this job: from before a reset, if it is the same execution, or new."""
        execution = self._job.execution or 0
        known = self._device.journal.load()
        if known is not None and known.is_of(self._job.jobid, execution, wanted):
            return known.taken_up_again()
        return Entry(self._job.jobid, execution, wanted)

    def _install(self, slot: int) -> None:
        installer, wanted = self._device.installer, self._entry.wanted
        if installer.holds(slot, wanted):
            return
        progress = self._progress
        if self._disconnects:
            self._jobs.disconnect()
        else:
            # Late: a device that disconnects, as is the default, does not pay for it.
            from aws.iot.telling import Telling

            progress = Telling(progress, self._job, self._device.clock)
        installer.install(Source(self._asked.url, renew=self._fresh_url), wanted, slot, progress, self)

    def load(self) -> "Proven":
        """How far the download is proven."""
        return self._entry.proven

    def save(self, proven: "Proven") -> None:
        """Cut after this: the download goes on from there. *Raises* StorageFailed."""
        self._entry = self._entry.with_proven(proven)
        self._device.journal.save(self._entry)

    def _fresh_url(self) -> str:
        """Ask the job for its document again: every delivery has URLs of its own.

        *Raises* ExecutionOver, Unreachable when nobody answers, BadDocument when it wants another image by now.
        """
        try:
            self._jobs.reconnect()
            self._job.describe()
        except ExecutionOver:
            raise
        except IotError as error:
            raise errors.Unreachable("no fresh URL: the job could not be asked", cause=error)
        if self._disconnects:
            self._jobs.disconnect()
        fresh = documents.parse(self._job.document)
        if not fresh.wanted.matches(self._asked.wanted):
            raise errors.BadDocument("the document of the job wants another image than before")
        return fresh.url

    def _fail(self, error: errors.FotaError) -> None:
        """The device runs on as before; the job is told at once, or as soon as it can be."""
        log("job-failed", job=self._job.jobid, reason=error.reason, problem=error)
        try:
            # Cut after this: the report is owed, and sent after the reboot.
            self._device.journal.save(self._entry.at(journal.FAILED, error.reason, str(error)))
        except errors.StorageFailed as problem:
            log("job-failed", job=self._job.jobid, reason=problem.reason, problem=problem)
        self._report(Job.FAILED, {"reason": error.reason, "message": str(error)})
        self._device.journal.clear()

    def _report(self, status: str, details: "dict[str, str]") -> None:
        report(self._jobs, self._job, status, details, self._progress)
