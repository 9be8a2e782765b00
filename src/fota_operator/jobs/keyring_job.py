"""Makes the job that brings the next keyring to a thing, after the device's own code has checked the keyring."""

from dataclasses import dataclass

from fota.trust.envelope import Envelope
from fota.trust.keyring import Keyring
from fota_operator.cloud import Cloud
from fota_operator.jobs.create_job import NewJob, create_job
from fota_operator.jobs.document import build_keyring_document
from fota_operator.jobs.start import new_job_id, require_timeout, target_arn
from fota_operator.trust.keyrings import require_successor


@dataclass(frozen=True)
class StartedKeyringJob:
    """A job that was made, or with `dry_run` would be. `version` is that of the keyring it brings."""

    job_id: str
    thing: str
    version: int
    document: str
    dry_run: bool


def start_keyring_job(
    cloud: Cloud,
    thing: str,
    envelope: Envelope,
    current: Keyring,
    *,
    timeout_minutes: int | None = None,
    dry_run: bool = False,
) -> StartedKeyringJob:
    """Check that a device with the current keyring takes the next one, and make the job.

    *Raises* BadInput, DeviceWouldRefuse, NotFound, CloudRefused; then there is no job.
    """
    require_timeout(timeout_minutes)
    new = require_successor(current, envelope)
    document = build_keyring_document(envelope)
    target = target_arn(cloud, thing)
    started = StartedKeyringJob(new_job_id(), thing, new.version, document, dry_run)
    if not dry_run:
        description = f"keyring {new.version} of {new.product}"
        create_job(cloud, NewJob(started.job_id, (target,), document, description, timeout_minutes))
    return started
