"""How a job ended, told until the service accepts it or says that it is over."""

from aws.iot.errors import ExecutionOver, VersionMismatch
from fota.log import log

TYPE_CHECKING = False
if TYPE_CHECKING:
    from aws.iot.jobs import Job, Jobs
    from fota.errors import FotaError
    from fota.progress import Progress

_MOST_TRIES = 3


def report(jobs: "Jobs", job: "Job", status: str, details: "dict[str, str]", progress: "Progress") -> None:
    """Report a terminal status, over a connection that is opened again if we closed it.

    *Raises* IotError while the service neither accepts it nor says that it is over: then it is still owed.
    """
    jobs.reconnect()
    try:
        insist(job, status, details)
    except ExecutionOver as error:
        log("job-over", job=job.jobid, problem=error)
        return
    reason = details.get("reason", "")
    log("job-reported", job=job.jobid, status=status, reason=reason)
    progress.ended(job.jobid, status, reason)


def insist(job: "Job", status: str, details: "dict[str, str]") -> None:
    """Update a job, again when its version was another one: what we say is true whatever came between.

    *Raises* ExecutionOver, VersionMismatch when that does not end, and other IotErrors.
    """
    for tries_left in range(_MOST_TRIES - 1, -1, -1):
        try:
            job.update(status, details)
            return
        except VersionMismatch:
            if not tries_left:
                raise


def told(error: "FotaError") -> "dict[str, str]":
    """The details that go with FAILED and REJECTED."""
    return {"reason": error.reason, "message": str(error)}
