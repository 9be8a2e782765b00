"""A job that brings a keyring: the next version, signed by the one before it."""

from aws.iot import document as documents
from aws.iot.jobs import Job
from aws.iot.reports import report
from fota.errors import Refused, StorageFailed
from fota.log import log

TYPE_CHECKING = False
if TYPE_CHECKING:
    from aws.iot.jobs import Jobs
    from fota.device import Device
    from fota.progress import Progress


def carry_out(job: Job, jobs: "Jobs", device: "Device", progress: "Progress") -> None:
    """Check and store the keyring of a job that was described, and report how that ended.

    *Raises* StorageFailed while the keyring cannot be read, IotError while the report is not accepted: then the job
    comes again.
    """
    try:
        new = device.replace_keyring(documents.keyring_envelope(job.document))
        log("keyring-replaced", version=new.version)
    except (Refused, StorageFailed) as error:
        refused = isinstance(error, Refused)
        if not refused:
            # While nobody can read which keyring is there, nothing is final: the job comes again.
            device.require_readable_keyring()
        log("job-refused" if refused else "job-failed", job=job.jobid, reason=error.reason, problem=error)
        details = {"reason": error.reason, "message": str(error)}
        report(jobs, job, Job.REJECTED if refused else Job.FAILED, details, progress)
    else:
        report(jobs, job, Job.SUCCEEDED, {"keyring": str(new.version)}, progress)
