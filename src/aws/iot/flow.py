"""One round of job handling: first finish what an update left to do, then take the jobs that wait.

It decides from the record (what is on trial), the journal (which job it belongs to) and the digests of the running
image; never from a slot number alone.
"""

from aws.iot import document as documents
from aws.iot.errors import ExecutionOver, IotError, NoAnswer, NotConnected
from aws.iot.firmware_job import FirmwareJob
from aws.iot.jobs import Job
from aws.iot.leave import has_leave
from aws.iot.reports import report, unexpected
from fota import boot_note, journal, trial
from fota.errors import Busy, InternalError, RolledBack, StorageFailed
from fota.log import is_shortage, log, problem_of
from fota.network_errors import is_of_the_network
from fota.table import ANY, decide

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from aws.iot.jobs import Jobs
    from fota.device import Device
    from fota.journal import Entry
    from fota.policy import Policy
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
"""The report that is due to the job that the journal names, once no trial is open. See `docs/design.md`."""


class Flow:
    """One round of job handling."""

    def __init__(
        self,
        jobs: "Jobs",
        device: "Device",
        progress: "Progress",
        *,
        disconnects: bool,
        may_restart: "Callable[[], bool] | None" = None,
        policy: "Policy | None" = None,
    ) -> None:
        self._jobs = jobs
        self._device = device
        self._progress = progress
        self._disconnects = disconnects
        self._may_restart = may_restart
        self._policy = policy

    def run(self, health_check: "Callable[[], bool] | None", job_cbk: "Callable[[Job], object] | None") -> bool:
        """Finish the last update, then take the jobs that wait; True when a restart is due. *Raises* IotError."""
        device = self._device
        if self._policy is None:
            self._jobs.deferrals = None
        if self._read(device.verdict) == trial.AWAITING_TRIAL:
            try:
                device.require_restart_to_help()
            except StorageFailed as error:
                from aws.iot import storage_trouble

                storage_trouble.tell_unsaved(self._jobs, device, error)
                raise
            return has_leave(self._may_restart)
        # An answer shows that the running image reaches the cloud: the least that a trial must show.
        in_progress, queued = self._look()
        if health_check is not None and device.verdict() == trial.ON_TRIAL:
            # The check may take long, and the device may not come out of it.
            self._jobs.shadows.tell_state(device)
        if device.verdict() == trial.ON_TRIAL and not _passes(health_check):
            device.give_up_trial("health-check")
            return True
        if device.verdict() == trial.ON_TRIAL:
            device.confirm()
            self._progress.confirmed(device.running_slot)
        elif device.awaits_healthy_boot() and _passes(health_check):
            # The floor rises to a confirmed image once its first boots were healthy.
            device.boot_was_healthy()
        waiting = in_progress + queued
        ended = self._conclude(waiting)
        # The execution is compared too: a retry of the same job may be in the same list, and is not announced again.
        waiting = [job for job in waiting if _name(job) != ended]
        if self._policy is not None:
            # Imported late: a program without a policy does not need it.
            from aws.iot.asked_job import listed

            listed(self._jobs, device, [_name(job) for job in waiting])
        self._jobs.shadows.tell_state(device)
        return self._take(waiting, job_cbk)

    def _look(self) -> "tuple[list[Job], list[Job]]":
        """The jobs in progress and the jobs queued; a fall back is told just before they are asked for."""
        self._jobs.reconnect()
        self._jobs.shadows.tell_fall_back(self._device)
        try:
            return self._jobs.look()
        except NoAnswer:
            # What was told may be lost too. It is not repeated after a hang-up, which it may have caused.
            self._device.fall_back_is_told = False
            raise

    def is_put_off(self) -> bool:
        """Ask the policy again about what it has put off, without the network; False when that leads to a look."""
        deferrals = self._jobs.deferrals
        return self._policy is not None and deferrals is not None and not deferrals.ask_again(self._policy)

    def _conclude(self, waiting: "list[Job]") -> "tuple[str, int] | None":
        """Send the report that is due to the job that the journal names; forget it once the service has accepted it.

        Returns the id of that job and its execution, if it has ended. Adds it to those that wait if it waits unseen.
        """
        device = self._device
        entry: "Entry | None" = self._read(device.update_on_record)
        ended = None
        if entry is not None:
            named = (entry.job_id, entry.execution)
            conclusion = self._conclusion(entry)
            if conclusion == REPORT_SUCCEEDED:
                device.require_record_on_storage()
            if conclusion != GO_ON:
                self._report(entry, conclusion)
                ended = named
            elif named not in [_name(job) for job in waiting]:
                unlisted = self._jobs.job(entry.job_id, entry.execution or None)
                if unlisted.is_pending():
                    waiting.insert(0, unlisted)
                else:
                    ended = named
            if conclusion == REPORT_SUCCEEDED:
                device.pace.count_success()
            if ended is not None:
                bad = entry.wanted if conclusion == REPORT_ROLLED_BACK else None
                # Known of a failure before any trial is what was saved when it came; a success forgets that.
                failure = None if bad is None else device.self_report.trial_failure(entry.job_id)
                failure = {} if conclusion == REPORT_SUCCEEDED else failure
                # Cut before this: the report is sent again, and the service says that it is over.
                device.forget_update(bad=bad, cause=device.record().cause, failure=failure)
        device.settle()
        return ended

    def _read(self, ask: "Callable[[], Any]") -> "Any":
        """What record or journal say; while they cannot be read, a job says so."""
        try:
            return ask()
        except StorageFailed as error:
            # Imported late, as below: it is rare.
            from aws.iot import storage_trouble

            storage_trouble.tell_unread(self._jobs, self._device, error)
            raise

    def _report(self, entry: "Entry", conclusion: str) -> None:
        status, details = Job.FAILED, {"reason": entry.reason, "message": entry.message}
        if conclusion == REPORT_ROLLED_BACK:
            record = self._device.record()
            details = {"reason": RolledBack.reason, "cause": record.cause, "attempts": str(record.attempts_spent)}
            details.update(self._device.last_words())
        elif conclusion == REPORT_SUCCEEDED:
            status, details = Job.SUCCEEDED, {"slot": str(self._device.running_slot)}
        details.update(entry.way)
        report(self._jobs, self._jobs.job(entry.job_id, entry.execution or None), status, details, self._progress)

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
        """Handle each job in the service's order, until one asks for a restart. An odd job blocks no other."""
        left: "Exception | None" = None
        for job in self._news_in(waiting, job_cbk):
            try:
                job.describe()
                if documents.is_ours(job.document):
                    if self._carry_out(job):
                        return True
                else:
                    self._jobs.others[_name(job)] = _hand_over(job, job_cbk)
            except ExecutionOver as error:
                log("job-over", job=job.jobid, problem=error)
                if self._jobs.deferrals is not None:
                    self._jobs.deferrals.end(_name(job))
            except (NotConnected, StorageFailed):
                raise
            except Exception as error:
                # The next job is not held up by it.
                entry = self._device.update_on_record()
                if entry is not None and entry.stage == journal.FAILED:
                    # The journal has room for one entry: the next job would overwrite the report that is still due.
                    raise
                left = error
        self._jobs.shadows.tell_state(self._device)
        if left is not None:
            raise left
        return False

    def _news_in(self, waiting: "list[Job]", job_cbk: "Callable[[Job], object] | None") -> "list[Job]":
        """The jobs that wait, without those of others that need no second look."""
        known = self._jobs.others
        self._jobs.others = {_name(job): known[_name(job)] for job in waiting if _name(job) in known}
        if job_cbk is None:
            return [job for job in waiting if _name(job) not in known]
        # The program is at what it has begun. Its own reports are news too, and must not have it begin again.
        return [job for job in waiting if job.status != Job.IN_PROGRESS or not known.get(_name(job))]

    def _carry_out(self, job: Job) -> bool:
        """Carry out a job that is ours; True when a restart is due. Whatever it meets, the job gets a status."""
        try:
            if documents.is_keyring(job.document):
                # Imported late: keyring jobs are rare.
                from aws.iot import keyring_job

                keyring_job.carry_out(job, self._jobs, self._device, self._progress)
                return False
            return FirmwareJob(
                job,
                self._jobs,
                self._device,
                self._progress,
                disconnects=self._disconnects,
                may_restart=self._may_restart,
                policy=self._policy,
            ).carry_out()
        except IotError:
            raise
        except StorageFailed as error:
            from aws.iot import storage_trouble

            storage_trouble.tell(self._device, job, error)
            raise
        except Exception as error:
            # Nothing was begun yet: no more than a report is due.
            if is_shortage(error) and self._jobs.may_try_again(job):
                raise
            problem = unexpected(error)
            details = {"reason": problem.reason, "message": str(problem)}
            report(self._jobs, job, Job.FAILED, details, self._progress)
            return False


def _passes(health_check: "Callable[[], bool] | None") -> bool:
    """Call the program's health check: only True passes; any other value or an exception fails.

    *Raises* InternalError when it could not be made: what it met says nothing of the image. It is called again later.
    """
    if health_check is None:
        return True
    try:
        answer = health_check()
    except Exception as error:  # noqa: BLE001 - the program's own code; its fault is the finding
        log("health-check-failed", problem=problem_of(error))
        is_offline = is_of_the_network(error)
        if is_offline:
            # AWS IoT has answered, what the program asks has not: a trial that ends like this was offline.
            boot_note.offline()
        if is_offline or isinstance(error, (IotError, Busy)) or is_shortage(error):
            raise InternalError("the health check is made again later")
        return False
    # What it asks is reached, whatever it answers.
    boot_note.online()
    if answer is not True:
        log("health-check-failed", problem=f"expected True, got {type(answer).__name__}")
    return answer is True


def _hand_over(job: Job, job_cbk: "Callable[[Job], object] | None") -> bool:
    """Hand a job of another kind to the program; whether the program took it."""
    if job_cbk is None:
        log("job-left", job=job.jobid)
        return False
    try:
        job_cbk(job)
    except Exception as error:  # noqa: BLE001 - one odd job never stops the loop
        log("job-callback-failed", job=job.jobid, problem=problem_of(error))
        return False
    return True


def _name(job: Job) -> "tuple[str, int | None]":
    return job.jobid, job.execution
