"""How a job ended, told to the service: also when an answer is lost, or when nobody expected the error.

`jobs` sends one report; `flow` and the kinds of jobs decide what is due.
"""

from aws.iot.errors import ExecutionOver, VersionMismatch
from fota.errors import Failed, InternalError, Refused
from fota.log import SHORT, is_shortage, log, place_of, problem_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from aws.iot.jobs import Job, Jobs
    from fota.errors import FotaError
    from fota.progress import Progress

_MAX_UPDATES = 3


def report(jobs: "Jobs", job: "Job", status: str, details: "dict[str, str]", progress: "Progress") -> None:
    """Report how a job ended, over a connection that is opened again if we closed it.

    *Raises* IotError while the service neither accepts it nor says that the job is over: then it is still due.
    """
    jobs.reconnect()
    try:
        update_retrying(job, status, details)
    except ExecutionOver as error:
        log("job-over", job=job.jobid, problem=error)
        return
    reason = details.get("reason", "")
    log("job-reported", job=job.jobid, status=status, reason=reason)
    progress.ended(job.jobid, status, reason)


def unexpected(error: Exception) -> InternalError:
    """What a job reports of an error that nobody expected: its type and place. The log of the device has its text.

    Of want of memory or file descriptors the error that told it first is meant, not the one made of it.
    """
    told, cause = error, getattr(error, "cause", None)
    while is_shortage(error) and cause is not None:
        told, cause = cause, getattr(cause, "cause", None)
    log("internal-error", problem=problem_of(told))
    place = place_of(told)
    return InternalError(SHORT + place if is_shortage(error) else place, cause=error)


def final(jobs: "Jobs", job: "Job", error: Exception) -> "FotaError":
    """What to report of an error that ends the job. *Raises* it again while it is one that passes."""
    if is_shortage(error):
        if jobs.may_try_again(job):
            raise error
        # Whatever it is called: a connection without memory for TLS is no trouble of the network.
        return unexpected(error)
    return error if isinstance(error, (Failed, Refused)) else unexpected(error)


def update_retrying(job: "Job", status: str, details: "dict[str, str]") -> None:
    """Update a job; tries again after a version mismatch, since our report is true after any other change.

    *Raises* ExecutionOver, VersionMismatch when that does not end, and other IotErrors.
    """
    for tries_left in range(_MAX_UPDATES - 1, -1, -1):
        try:
            job.update(status, details)
            return
        except VersionMismatch:
            if not tries_left:
                raise
