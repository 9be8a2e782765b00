"""One look at a firmware job with the program's policy: it is asked, and the service hears what is put off.

When that is due is decided in `deferrals`. Loaded only by a program that has a policy.
"""

from aws.iot.deferrals import Deferrals
from aws.iot.jobs import Job
from aws.iot.reports import update_retrying
from fota.errors import Declined
from fota.log import log
from fota.policy import Later, No
from fota.transfer.bounds import Bounds

TYPE_CHECKING = False
if TYPE_CHECKING:
    from aws.iot.jobs import Jobs
    from fota.device import Device
    from fota.journal import UpdateInProgress
    from fota.policy import Policy
    from fota.trust.releases import Admitted


def listed(jobs: "Jobs", device: "Device", names: "list[tuple[str, int | None]]") -> None:
    """A look begins at the jobs of those names, in the service's order."""
    _deferrals(jobs, device).look(names)


class AskedJob:
    """A job that was described and admitted just now."""

    def __init__(self, job: Job, jobs: "Jobs", device: "Device", policy: "Policy", admitted: "Admitted") -> None:
        self._name = (job.jobid, job.execution)
        self._job = job
        self._jobs = jobs
        self._policy = policy
        self._deferrals = _deferrals(jobs, device)
        self._question = self._deferrals.about(self._name)
        self._question.see(job.state, job.told_at_s, admitted)
        self.was_put_off: "bool" = self._deferrals.holds(self._name)
        """Whether it was put off in this boot, up to now."""
        self.bounds: "Bounds | None" = None
        """How far the download may go now, as the policy said."""

    def is_behind(self) -> bool:
        """Whether the job waits for its turn, behind one that is put off."""
        is_behind = self._deferrals.is_behind(self._name, self._question.seq)
        if is_behind:
            self._rest()
        return is_behind

    def replaces(self, job_id: str, execution: int) -> bool:
        """Whether it may take the slot of that other job: it is put off, and this one brings a newer release."""
        return self._deferrals.holds((job_id, execution))

    def may(self, moment: str, update: "UpdateInProgress") -> bool:
        """Whether the update may go on; if not, it is put off. *Raises* Declined, IotError."""
        answer = self._question.answer_at(self._policy, moment, update.entry.left_bytes)
        if isinstance(answer, No):
            log("job-declined", job=self._job.jobid, moment=moment, reason=answer.reason)
            raise Declined(answer.reason)
        if isinstance(answer, Later):
            self._put_off()
            return False
        self._deferrals.end(self._name)
        self.bounds = Bounds(answer.max_bytes_per_s, answer.max_bytes, answer.for_s)
        return True

    def may_after_all(self, moment: str, update: "UpdateInProgress") -> bool:
        """The same, asked again: there is more to fetch than the policy was told. *Raises* Declined, IotError."""
        self._question.answer = None
        return self.may(moment, update)

    def pause(self, update: "UpdateInProgress") -> None:
        """If the bounds are spent, the rest is put off. *Raises* IotError."""
        if self.bounds is None or not self.bounds.is_spent:
            return
        self._question.pause(update.entry.left_bytes)
        self._put_off()

    def step_told(self) -> None:
        """The service was told another step."""
        self._question.told = None

    def _put_off(self) -> None:
        """Nothing more for now, and the service knows that. *Raises* IotError."""
        if self._jobs.waits_for_leave == self._name:
            self._jobs.waits_for_leave = None
        details = self._question.put_off()
        if details:
            self._jobs.reconnect()
            update_retrying(self._job, Job.IN_PROGRESS, details)
            self._question.was_told()
        self._rest()

    def _rest(self) -> None:
        if self._deferrals.all_wait():
            self._jobs.look_seldom()


def _deferrals(jobs: "Jobs", device: "Device") -> Deferrals:
    if jobs.deferrals is None:
        jobs.deferrals = Deferrals(device)
    return jobs.deferrals
