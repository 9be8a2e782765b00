"""`fota start`, `status`, `cancel`: start a job, show its status, cancel it."""

from dataclasses import asdict, replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from fota_operator.cli.job_status import Only, answer_job, require_only
from fota_operator.cli.options import (
    DEFAULT_KEYS,
    INSISTED,
    AgreedUrgency,
    AgreedWithin,
    DryRun,
    Insist,
    Json,
    KeyringFile,
    Keys,
    TimeoutMinutes,
    span_option,
)
from fota_operator.cli.output import answer, answer_json, reporting_errors, talk
from fota_operator.cli.patches import Patch, Whole, offers_as_json, whole_option
from fota_operator.cli.signing import keyring_of

if TYPE_CHECKING:
    from fota.trust.envelope import Envelope
    from fota.trust.keyring import Keyring
    from fota_operator.images.image import Image

Job = Annotated[str, typer.Argument(metavar="JOB", help="Job id that `fota start` printed.")]


@reporting_errors()
def start(
    thing: Annotated[str, typer.Argument(metavar="THING-NAME", help="Thing that gets the firmware.")],
    firmware: Annotated[
        Path,
        typer.Argument(
            metavar="FIRMWARE",
            help="File made by `fota release create` or `fota image build`, or the JSON of a linker (bcbin, bc_idx).",
        ),
    ],
    bucket: Annotated[str, typer.Argument(metavar="S3-BUCKET", help="Bucket that the image is uploaded to.")],
    role: Annotated[
        str,
        typer.Argument(
            metavar="S3-ROLE", help="Name or ARN of the IAM role that AWS IoT assumes to sign download URLs."
        ),
    ],
    duration: Annotated[int, typer.Option(help="A download URL is valid for this many seconds, 60 to 3600.")] = 3600,
    slot: Annotated[
        int | None, typer.Option(help="Slot to write. [default: the slot that the image is linked for, or any]")
    ] = None,
    timeout_minutes: TimeoutMinutes = None,
    insist: Insist = False,
    urgency: AgreedUrgency = None,
    within: AgreedWithin = None,
    patch: Patch = None,
    whole: Whole = None,
    keyring: KeyringFile = None,
    keys: Keys = DEFAULT_KEYS,
    as_json: Json = False,
    dry_run: DryRun = False,
) -> None:
    """Send FIRMWARE to a thing: check and upload it, create the job, and print the id of the job.

    A release is verified first, as a device with --keyring verifies it. An image alone is not signed: a device with
    a keyring refuses it.
    """
    from fota_operator.jobs.start import StartRequest, start_job
    from fota_operator.jobs.timeouts import may_end_deferred

    image, envelope, trusted = _firmware(firmware, keyring, keys)
    from fota_operator.cloud import connect

    request = StartRequest(
        thing=thing,
        image=image,
        bucket=bucket,
        role=role,
        duration_s=duration,
        slot=slot,
        timeout_minutes=timeout_minutes,
        envelope=envelope,
        keyring=trusted,
        insist=insist,
        urgency=urgency,
        within_s=span_option(within),
        patch_from=tuple(patch or ()),
        whole=whole_option(whole) or "always",
    )
    cloud = connect()
    started = start_job(cloud, request, dry_run=dry_run, on_patch=talk)
    if envelope is None:
        talk(f"{firmware} is not signed: a device with a keyring refuses it.")
    if insist:
        talk(INSISTED)
    if may_end_deferred(timeout_minutes, started.within_s):
        talk(
            f"A device that puts the update off for longer than {timeout_minutes} minutes ends as TIMED_OUT; "
            "`fota release create --within TIME` signs how long it may."
        )
    where = f"s3://{started.bucket}/{started.key}"
    if started.version_id is not None:
        where += f", version {started.version_id}"
        if cloud.is_stand_in:
            talk(
                "This AWS is a stand-in: it may give devices the newest version instead of the one that was verified."
            )
    if dry_run:
        talk(f"Nothing was changed. {thing} would get {where} by this job:")
    else:
        talk(f"{'Found' if started.reused else 'Uploaded'} {where}; {thing} gets it by this job:")
    if as_json:
        answer_json(asdict(replace(started, patches=None)) | {"patches": offers_as_json(started.patches)})
    else:
        answer(started.document if dry_run else started.job_id)


def _firmware(path: Path, keyring: Path | None, keys: Path) -> "tuple[Image, Envelope | None, Keyring | None]":
    """The firmware, and the keyring that decides whether it may be published; without a keyring: unsigned."""
    from fota_operator.images.image import read_image
    from fota_operator.trust.release_file import is_release, read_release

    if is_release(path):
        release = read_release(path)
        return release.image, release.envelope, keyring_of(keyring, keys)
    return read_image(path), None, None if keyring is None else keyring_of(keyring, keys)


@reporting_errors()
def status(job: Job, only: Only = None, as_json: Json = False) -> None:
    """Show the status of a job, thing by thing."""
    require_only(only)
    from fota_operator.cloud import connect
    from fota_operator.jobs.progress import job_status

    answer_job(job_status(connect(), job), as_json=as_json, only=only)


@reporting_errors()
def cancel(
    job: Job,
    force: Annotated[
        bool, typer.Option("--force", help="Cancel the updates that devices are working on, too.")
    ] = False,
    dry_run: DryRun = False,
    as_json: Json = False,
) -> None:
    """Cancel the executions of a job that are QUEUED, and with --force those that are IN_PROGRESS too."""
    from fota_operator.cloud import connect
    from fota_operator.jobs.cancel import cancel_job

    result = cancel_job(connect(), job, force=force, dry_run=dry_run)
    if dry_run:
        talk("Nothing was changed.")
    answer_job(result, as_json=as_json)
