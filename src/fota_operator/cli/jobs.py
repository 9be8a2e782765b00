"""`fota start`, `status`, `cancel`: jobs, and how they fare."""

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from fota_operator.cli.output import answer, answer_job, answer_json, reporting_errors, talk
from fota_operator.cli.signing import DEFAULT_KEYS, KeyringFile, Keys, keyring_of

if TYPE_CHECKING:
    from fota.envelope import Envelope
    from fota.keyring import Keyring
    from fota_operator.images.image import Image

Job = Annotated[str, typer.Argument(metavar="JOB", help="The id that `fota start` printed.")]
Json = Annotated[bool, typer.Option("--json", help="Print the result as JSON.")]
DryRun = Annotated[bool, typer.Option("--dry-run", help="Check everything and change nothing.")]

TimeoutMinutes = Annotated[
    int | None, typer.Option(help="Minutes, 1 to 10080, that a device may take. [default: no limit]")
]


@reporting_errors()
def start(
    thing: Annotated[str, typer.Argument(metavar="THING-NAME", help="The thing that gets the firmware.")],
    firmware: Annotated[
        Path,
        typer.Argument(
            metavar="FIRMWARE",
            help="A release of `fota release create`, an image of `fota image build`, or a linker's JSON "
            "(bcbin, bc_idx).",
        ),
    ],
    bucket: Annotated[str, typer.Argument(metavar="S3-BUCKET", help="Where the image is uploaded to.")],
    role: Annotated[
        str,
        typer.Argument(metavar="S3-ROLE", help="Name or ARN of a role by which AWS IoT may read the bucket."),
    ],
    duration: Annotated[int, typer.Option(help="Seconds, 60 to 3600, that a download URL is good for.")] = 3600,
    slot: Annotated[int | None, typer.Option(help="The slot to write. [default: the image's own, else any]")] = None,
    timeout_minutes: TimeoutMinutes = None,
    keyring: KeyringFile = None,
    keys: Keys = DEFAULT_KEYS,
    as_json: Json = False,
    dry_run: DryRun = False,
) -> None:
    """Bring FIRMWARE to a thing: check, upload, make the job, print its id.

    A release is verified first, as a device with --keyring would. An image is not signed: such a device refuses it.
    """
    from fota_operator.jobs import StartRequest, start_job

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
    )
    cloud = connect()
    started = start_job(cloud, request, dry_run=dry_run)
    if envelope is None:
        talk(f"{firmware} is not signed: a device with a keyring refuses it.")
    where = f"s3://{started.bucket}/{started.key}"
    if started.version_id is not None:
        where += f", version {started.version_id}"
        if not cloud.is_aws:
            talk(
                "This AWS is a stand-in: it may give devices the newest version instead of the one that was verified."
            )
    if dry_run:
        talk(f"Nothing was changed. {thing} would get {where} by this job:")
    else:
        talk(f"{'Found' if started.reused else 'Uploaded'} {where}; {thing} gets it by this job:")
    if as_json:
        answer_json(asdict(started))
    else:
        answer(started.document if dry_run else started.job_id)


def _firmware(path: Path, keyring: Path | None, keys: Path) -> "tuple[Image, Envelope | None, Keyring | None]":
    """What is shipped, and the keyring that decides whether it may be; without one, an image that is not signed."""
    from fota_operator.images.image import read_image
    from fota_operator.trust.release_file import is_release, read_release

    if is_release(path):
        release = read_release(path)
        return release.image, release.envelope, keyring_of(keyring, keys)
    return read_image(path), None, None if keyring is None else keyring_of(keyring, keys)


@reporting_errors()
def status(job: Job, as_json: Json = False) -> None:
    """Say how a job stands, thing by thing."""
    from fota_operator.cloud import connect
    from fota_operator.progress import job_status

    answer_job(job_status(connect(), job), as_json=as_json)


@reporting_errors()
def cancel(
    job: Job,
    force: Annotated[bool, typer.Option("--force", help="Also what devices are working on.")] = False,
    dry_run: DryRun = False,
    as_json: Json = False,
) -> None:
    """Cancel a job: executions that are QUEUED, and with --force those IN_PROGRESS."""
    from fota_operator.cloud import connect
    from fota_operator.jobs import cancel_job

    result = cancel_job(connect(), job, force=force, dry_run=dry_run)
    if dry_run:
        talk("Nothing was changed.")
    answer_job(result, as_json=as_json)
