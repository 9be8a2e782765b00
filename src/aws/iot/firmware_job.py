"""One firmware job, from its document to an image that awaits its trial, or to the report of a failure.

This is the one place where an exception becomes a job's status.
"""

from aws.iot import document as documents
from aws.iot.errors import ExecutionOver, IotError
from aws.iot.jobs import Job
from aws.iot.leave import has_leave
from aws.iot.reports import final, report, update_retrying
from fota import errors, journal, trial
from fota.log import log
from fota.transfer.download import Source

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from aws.iot.asked_job import AskedJob
    from aws.iot.document import FotaDocument
    from aws.iot.jobs import Jobs
    from fota.device import Device
    from fota.journal import Entry, UpdateInProgress
    from fota.policy import Policy
    from fota.progress import Progress
    from fota.trust.releases import Admitted

MAX_TAKEN_UP = 100
"""A job that is taken up again after this many resets is given up: something in it resets the device."""


_DOWNLOAD = "download"
_RESTART = "restart"
"""The steps that the service is told, and the moments at which the policy is asked: the words of `fota.policy`."""


class FirmwareJob:
    """A job that was described and is a FOTA job."""

    def __init__(
        self,
        job: Job,
        jobs: "Jobs",
        device: "Device",
        progress: "Progress",
        *,
        disconnects: bool,
        may_restart: "Callable[[], bool] | None" = None,
        policy: "Policy | None" = None,
    ) -> None:
        self._job = job
        self._name = (job.jobid, job.execution)
        self._jobs = jobs
        self._device = device
        self._progress = progress
        self._disconnects = disconnects
        self._may_restart = may_restart
        self._policy = policy
        self._asked: "AskedJob | None" = None

    def carry_out(self) -> bool:
        """True when its image awaits its trial; False when the job has ended, or waits.

        *Raises* ExecutionOver when it ended without us, other IotErrors when work is left for a later call.
        """
        device = self._device
        try:
            asked = documents.parse(self._job.document)
            admitted = device.admit(asked.wanted, asked.slot, asked.envelope, self._job.told_at_s)
            if device.runs(admitted.wanted):
                device.keep_release(device.running_slot, admitted.envelope)
                device.require_record_on_storage()
                self._report(Job.SUCCEEDED, {"slot": str(device.running_slot), "message": "runs already"})
                return False
            slot = device.slot_for(admitted.slot, admitted.wanted.size_bytes)
            if device.knows_bad(admitted.wanted) and not asked.insists:
                raise errors.KnownBad("this image was rolled back here; bc_insist has it tried again")
        except errors.Refused as error:
            log("job-refused", job=self._job.jobid, reason=error.reason, problem=error)
            self._report(Job.REJECTED, {"reason": error.reason, "message": str(error)})
            return False
        update = device.take_up(self._job.jobid, self._job.execution or 0, admitted.wanted)
        if asked.speaks_of_patches():
            # Imported late: few jobs do.
            from aws.iot.offered_patches import choose

            choose(asked, update, device.patches, slot)
        try:
            return self._take(admitted, update, slot) and self._carry_out(asked, admitted, update, slot)
        except errors.Declined as error:
            self._report(Job.REJECTED, {"reason": error.reason, "message": str(error)})
            known = device.update_on_record()
            if known is not None and known.is_of(self._job.jobid, self._job.execution or 0, admitted.wanted):
                # Cut before this: the service says that the job is over, and it is forgotten then.
                device.forget_update()
            return False

    def _take(self, admitted: "Admitted", update: "UpdateInProgress", slot: int) -> bool:
        """Whether the job is carried out now; the service knows that then. *Raises* Declined, IotError."""
        job, jobs, known = self._job, self._jobs, self._device.update_on_record()
        begun = known if update.entry.taken_up > 1 else None
        if self._policy is not None:
            # Imported late: a program without a policy does not need it.
            from aws.iot.asked_job import AskedJob

            self._asked = AskedJob(job, jobs, self._device, self._policy, admitted)
            if self._asked.is_behind():
                return False
        if begun is None and (self._would_replace(known) or self._waits()):
            return False
        is_waiting = begun is not None and jobs.waits_for_leave == self._name
        goes_on = is_waiting or (begun is not None and self._asked is not None and self._asked.was_put_off)
        is_installed = begun is not None and begun.stage == journal.INSTALLED
        is_installed = is_installed and self._device.is_sealed(slot, update.entry.wanted)
        if not self._may(_RESTART if is_installed else _DOWNLOAD, update):
            return False
        if is_waiting and not has_leave(self._may_restart):
            return False
        if begun is not None and goes_on:
            # Nothing is begun once more.
            update.entry = begun.by_way(update.entry.way, update.entry.patch)
        else:
            log("job-taken", job=job.jobid, execution=job.execution)
        if not (is_waiting or (goes_on and is_installed)):
            self._tell({"step": _DOWNLOAD})
        if not goes_on:
            self._progress.taken(job.jobid)
        if begun is None:
            self._device.pace.count_update(job.told_at_s)
        return True

    def _may(self, moment: str, update: "UpdateInProgress") -> bool:
        """Whether the policy lets the update go on; if not, it is put off. *Raises* Declined, IotError."""
        return self._asked is None or self._asked.may(moment, update)

    def _tell(self, details: "dict[str, str]") -> None:
        """Tell the service which step follows. *Raises* IotError."""
        update_retrying(self._job, Job.IN_PROGRESS, details)
        if self._asked is not None:
            self._asked.step_told()

    def _carry_out(self, asked: "FotaDocument", admitted: "Admitted", update: "UpdateInProgress", slot: int) -> bool:
        device = self._device
        try:
            # Cut after this: the job comes back IN_PROGRESS, and is taken up again.
            update.save_stage(journal.CLAIMED)
            if update.entry.taken_up > MAX_TAKEN_UP:
                raise errors.BudgetSpent(f"taken up {update.entry.taken_up} times, after as many resets")
            if not self._install(asked, update, slot, admitted.tree_bytes):
                return False
            device.keep_release(slot, admitted.envelope)
            # Cut after this: the job comes back IN_PROGRESS; the slot is verified, nothing is downloaded.
            update.save_stage(journal.INSTALLED)
            if not self._may(_RESTART, update):
                return False
            may_restart = has_leave(self._may_restart)
            # The job is asked once more: if it was cancelled meanwhile, the device need not restart.
            self._jobs.reconnect()
            step = {"step": _RESTART if may_restart else "waiting-for-restart"}
            step.update(update.entry.way)
            self._tell(step)
        except (IotError, errors.Declined) as error:
            # Work is left, for a later call; unless the job ended without us.
            if isinstance(error, ExecutionOver):
                device.forget_update()
            raise
        except Exception as error:  # noqa: BLE001 - whatever it is, the job gets a status
            self._fail(update, final(self._jobs, self._job, error), admitted)
            return False
        self._jobs.waits_for_leave = None if may_restart else self._name
        return may_restart and self._begin_trial(update, slot, admitted)

    def _would_replace(self, known: "Entry | None") -> bool:
        """Whether the image of another job is installed and waits for leave to restart: it keeps its slot."""
        if self._may_restart is None or known is None or known.job_id == self._job.jobid:
            return False
        if self._asked is not None and self._asked.replaces(known.job_id, known.execution):
            return False
        return known.stage == journal.INSTALLED

    def _waits(self) -> bool:
        """Whether too many updates were begun of late; the service is told once that the job waits."""
        job, told = self._job, self._jobs.told_to_wait
        name, wait_s = self._name, self._device.pace.wait_before_update_s(self._job.told_at_s)
        if not wait_s:
            told.clear()
        elif name not in told:
            log("job-waits", job=job.jobid, wait_s=wait_s)
            message = f"after the updates before it, this one is begun in {wait_s} s"
            update_retrying(job, Job.IN_PROGRESS, {"step": "waiting", "message": message})
            told.append(name)
        return wait_s > 0

    def _begin_trial(self, update: "UpdateInProgress", slot: int, admitted: "Admitted") -> bool:
        try:
            self._device.begin_trial(slot, update.entry.wanted)
        except Exception as error:  # noqa: BLE001 - as above
            if self._device.verdict() == trial.AWAITING_TRIAL:
                # The write failed but reads back well: the next boot decides. The report FAILED could be wrong.
                log("record-not-saved", problem=error)
                return True
            self._fail(update, final(self._jobs, self._job, error), admitted)
            return False
        return True

    def _install(self, asked: "FotaDocument", update: "UpdateInProgress", slot: int, tree_bytes: int) -> bool:
        """Whether the slot holds the image now; False if the policy puts the rest off.

        *Raises* ExecutionOver if the job ended without us meanwhile; what `Device.install` raises.
        """
        device, wanted = self._device, update.entry.wanted
        if device.holds(slot, wanted):
            return True
        # Asked before, unless what was installed is there no more.
        if not self._may(_DOWNLOAD, update):
            return False
        reporter = None
        if self._disconnects:
            self._jobs.disconnect()
        else:
            # Imported late: a device that disconnects, as is the default, does not need it.
            from aws.iot.job_progress import JobProgress, most_reports

            reporter = JobProgress(self._job, device.clock, most_reports(asked, self._job.thing.thingname))
        keep_going = None if reporter is None else reporter.keep_going
        is_whole = self._fetch(asked, update, slot, tree_bytes, keep_going)
        if not is_whole and reporter is not None and reporter.over is not None:
            raise reporter.over
        if self._asked is not None and not is_whole:
            self._asked.pause(update)
        return is_whole

    def _fetch(
        self,
        asked: "FotaDocument",
        update: "UpdateInProgress",
        slot: int,
        tree_bytes: int,
        keep_going: "Callable[[int, int], bool] | None",
    ) -> bool:
        """Fetch what the update needs, and install the image; a patch that is of no use is given up for it, once."""
        is_patched, source = update.entry.patch is not None, Source(asked.url, renew=lambda: self._fresh(asked).url)
        if asked.speaks_of_patches():
            from aws.iot import offered_patches

            source = offered_patches.source(asked, update, lambda: self._fresh(asked))
        more = (self._progress, update, keep_going)
        bounds = None if self._asked is None else self._asked.bounds
        try:
            return self._device.install(
                source, update.entry.wanted, slot, *more, tree_bytes=tree_bytes, bounds=bounds, patched=is_patched
            )
        except errors.FotaError as error:
            if not is_patched or not offered_patches.give_up(asked, update, self._device.patches, error):
                raise
        # The whole image is more to fetch than the policy has let come.
        if self._asked is not None and not self._asked.may_after_all(_DOWNLOAD, update):
            return False
        return self._fetch(asked, update, slot, tree_bytes, keep_going)

    def _fresh(self, asked: "FotaDocument") -> "FotaDocument":
        """Ask the job for its document again: every delivery has fresh URLs.

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
        if not fresh.wanted.matches(asked.wanted):
            raise errors.BadDocument("the document of the job wants another image than before")
        return fresh

    def _fail(self, update: "UpdateInProgress", error: errors.FotaError, admitted: "Admitted") -> None:
        """Report the failure now, or as soon as that is possible; the device runs on as before."""
        log("job-failed", job=self._job.jobid, reason=error.reason, problem=error)
        may_be_right = isinstance(error, (errors.DownloadFailed, errors.NoSpace))
        if not may_be_right or isinstance(error, errors.BudgetSpent):
            # Only what a poor link or a full disk ended may be right: the next job for this image goes on there.
            update.start_over()
        try:
            # Cut after this: the report is still due, and is sent after the reboot.
            failure = admitted.about()
            failure.update(job=self._job.jobid, reason=error.reason)
            update.save_stage(journal.FAILED, error.reason, str(error), failure)
        except errors.StorageFailed as problem:
            log("job-failed", job=self._job.jobid, reason=problem.reason, problem=problem)
        details = {"reason": error.reason, "message": str(error)}
        details.update(update.entry.way)
        self._report(Job.FAILED, details)
        self._device.forget_update()

    def _report(self, status: str, details: "dict[str, str]") -> None:
        report(self._jobs, self._job, status, details, self._progress)
