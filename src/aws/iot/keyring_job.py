"""A job that brings a keyring: the next version, signed by the one before it."""

from aws.iot import document as documents
from aws.iot.jobs import Job, report
from fota import keyring
from fota.errors import Refused, StorageFailed
from fota.log import log

TYPE_CHECKING = False
if TYPE_CHECKING:
    from aws.iot.jobs import Jobs
    from fota.device import Device
    from fota.keyring import Keyring, KeyringStore
    from fota.progress import Progress


def carry_out(job: Job, jobs: "Jobs", device: "Device", progress: "Progress") -> None:
    """Check and store the keyring of a job that was described, and report how that ended.

    *Raises* IotError while the report is not taken: then the job comes again.
    """
    keyrings = device.releases.keyrings
    try:
        envelope = documents.keyring_envelope(job.document)
        current = keyrings.load()
        new = keyring.successor(current, envelope)
        # Cut after this, or within: the job comes back, and what is missing of it is written then.
        _save(keyrings, new)
        log("keyring-replaced", version=new.version)
    except (Refused, StorageFailed) as error:
        refused = isinstance(error, Refused)
        log("job-refused" if refused else "job-failed", job=job.jobid, reason=error.reason, problem=error)
        details = {"reason": error.reason, "message": str(error)}
        report(jobs, job, Job.REJECTED if refused else Job.FAILED, details, progress)
    else:
        report(jobs, job, Job.SUCCEEDED, {"keyring": str(new.version)}, progress)


def _save(keyrings: "KeyringStore", new: "Keyring") -> None:
    """*Raises* StorageFailed if the former keyring stands."""
    try:
        keyrings.save(new)
    except StorageFailed as error:
        found = keyrings.load()
        if found is None or keyring.encode(found) != keyring.encode(new):
            raise
        # One copy was written, and counts: FAILED would be a lie.
        log("record-not-saved", problem=error)
