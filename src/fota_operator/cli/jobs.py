"""`fota start`, `status`, `watch`, `cancel`: jobs, and how they fare."""

from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from fota_operator.cli.output import answer, answer_job, answer_json, reporting_errors, talk

Job = Annotated[str, typer.Argument(metavar="JOB", help="The id that `fota start` printed.")]
Json = Annotated[bool, typer.Option("--json", help="Print the result as JSON.")]
DryRun = Annotated[bool, typer.Option("--dry-run", help="Check everything and change nothing.")]


@reporting_errors()
def start(
    thing: Annotated[str, typer.Argument(metavar="THING-NAME", help="The thing that gets the firmware.")],
    firmware: Annotated[
        Path,
        typer.Argument(
            metavar="FIRMWARE", help="An image of `fota image build`, or a linker's JSON (bcbin, bc_idx)."
        ),
    ],
    bucket: Annotated[str, typer.Argument(metavar="S3-BUCKET", help="Where the image is uploaded to.")],
    role: Annotated[
        str,
        typer.Argument(metavar="S3-ROLE", help="Name or ARN of a role by which AWS IoT may read the bucket."),
    ],
    duration: Annotated[int, typer.Option(help="Seconds, 60 to 3600, that a download URL is good for.")] = 3600,
    slot: Annotated[int | None, typer.Option(help="The slot to write. [default: the image's own, else any]")] = None,
    timeout_minutes: Annotated[
        int | None, typer.Option(help="Minutes, 1 to 10080, that a device may take. [default: no limit]")
    ] = None,
    as_json: Json = False,
    dry_run: DryRun = False,
) -> None:
    """Bring FIRMWARE to a thing: check, upload, make the job, print its id."""
    from fota_operator.cloud import connect
    from fota_operator.image import read_image
    from fota_operator.rollout import StartRequest, start_job

    request = StartRequest(
        thing=thing,
        image=read_image(firmware),
        bucket=bucket,
        role=role,
        duration_s=duration,
        slot=slot,
        timeout_minutes=timeout_minutes,
    )
    started = start_job(connect(), request, dry_run=dry_run)
    where = f"s3://{started.bucket}/{started.key}"
    if dry_run:
        talk(f"Nothing was changed. {thing} would get {where} by this job:")
    else:
        talk(f"{'Found' if started.reused else 'Uploaded'} {where}; {thing} gets it by this job:")
    if as_json:
        answer_json(asdict(started))
    else:
        answer(started.document if dry_run else started.job_id)


@reporting_errors()
def status(job: Job, as_json: Json = False) -> None:
    """Say how a job stands, thing by thing."""
    from fota_operator.cloud import connect
    from fota_operator.progress import job_status

    answer_job(job_status(connect(), job), as_json=as_json)


@reporting_errors()
def watch(
    job: Job,
    timeout: Annotated[float, typer.Option(help="Give up after so many seconds.")] = 3600.0,
    interval: Annotated[float, typer.Option(help="Seconds between looks; AWS wants at least 2.")] = 2.0,
    as_json: Json = False,
) -> None:
    """Follow a job until it ends; exit status 0 only if every execution SUCCEEDED."""
    from fota_operator.cli.live import live_display
    from fota_operator.cloud import connect
    from fota_operator.progress import watch_job

    with live_display() as display:
        for last in watch_job(connect(), job, interval_s=interval, timeout_s=timeout):
            display.show(last)
    answer_job(last, as_json=as_json)
    if not last.succeeded:
        raise typer.Exit(1)


@reporting_errors()
def cancel(
    job: Job,
    force: Annotated[bool, typer.Option("--force", help="Also what devices are working on.")] = False,
    dry_run: DryRun = False,
    as_json: Json = False,
) -> None:
    """Cancel a job: executions that are QUEUED, and with --force those IN_PROGRESS."""
    from fota_operator.cloud import connect
    from fota_operator.rollout import cancel_job

    result = cancel_job(connect(), job, force=force, dry_run=dry_run)
    if dry_run:
        talk("Nothing was changed.")
    answer_job(result, as_json=as_json)
