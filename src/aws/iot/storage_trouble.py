"""Tells a job, once in each boot, that it waits for the storage of the device.

While record or journal cannot be read or written, nothing is decided, and the job would stay as it is without a word.
"""

from aws.iot import document as documents
from aws.iot.jobs import Job
from aws.iot.reports import update_retrying

TYPE_CHECKING = False
if TYPE_CHECKING:
    from aws.iot.jobs import Jobs
    from fota.device import Device
    from fota.errors import StorageFailed


def tell_unread(jobs: "Jobs", device: "Device", error: "StorageFailed") -> None:
    """Record or journal cannot be read: the first job of ours that waits says so. *Raises* IotError."""
    if device.storage_failure_is_told:
        return
    jobs.reconnect()
    in_progress, queued = jobs.look()
    for job in in_progress + queued:
        job.describe()
        if documents.is_ours(job.document):
            tell(device, job, error)
            return


def tell_unsaved(jobs: "Jobs", device: "Device", error: "StorageFailed") -> None:
    """The trial cannot begin, or be ended, until a record can be saved: its job waits for that. *Raises* IotError."""
    entry = None if device.storage_failure_is_told else device.update_on_record()
    if entry is not None:
        jobs.reconnect()
        tell(device, jobs.job(entry.job_id, entry.execution or None), error, "restart")


def tell(device: "Device", job: Job, error: "StorageFailed", step: str = "storage") -> None:
    """This job waits, whatever could not be read for it, such as the keyring. *Raises* IotError."""
    if device.storage_failure_is_told:
        return
    update_retrying(job, Job.IN_PROGRESS, {"step": step, "reason": error.reason, "message": str(error)})
    device.storage_failure_is_told = True
