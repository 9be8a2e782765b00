"""`fota watch`: a rollout or a job, followed until it ends."""

from dataclasses import replace
from typing import TYPE_CHECKING, Annotated

import typer

from fota_operator.cli.job_status import Only, answer_job, chosen, require_only
from fota_operator.cli.options import Json, PlanBucket
from fota_operator.cli.output import reporting_errors, talk
from fota_operator.cli.wording import worded
from fota_operator.errors import BadInput, NotFound

if TYPE_CHECKING:
    from fota_operator.cloud import Cloud
    from fota_operator.poll import PollOptions

_JOB_TIMEOUT_S, _JOB_INTERVAL_S = 3600.0, 2.0
_ROLLOUT_TIMEOUT_S, _ROLLOUT_INTERVAL_S = 86_400.0, 5.0


@reporting_errors()
def watch(
    name: Annotated[str, typer.Argument(metavar="NAME", help="Name of a rollout, or id of a job.")],
    timeout: Annotated[
        float | None, typer.Option(help="Give up after this many seconds. [default: 3600; 86400 for a rollout]")
    ] = None,
    interval: Annotated[
        float | None,
        typer.Option(help="Seconds between two looks; AWS asks for at least 2. [default: 2; 5 for a rollout]"),
    ] = None,
    only: Only = None,
    bucket: PlanBucket = None,
    as_json: Json = False,
) -> None:
    """Follow a rollout or a job until it ends. This changes nothing.

    The exit status is 0 only if the rollout is done, or every execution of the job SUCCEEDED.
    """
    require_only(only)
    from fota_operator.cloud import connect
    from fota_operator.poll import PollOptions
    from fota_operator.rollouts.watch import is_rollout, neither

    cloud = connect()
    of_rollout = is_rollout(cloud, name, bucket=bucket)
    if of_rollout and only is not None:
        raise BadInput(
            f"--only: {name} is a rollout, and shows no single things", "see `fota explain JOB` with one of its jobs"
        )
    options = PollOptions(
        interval_s=interval if interval is not None else (_ROLLOUT_INTERVAL_S if of_rollout else _JOB_INTERVAL_S),
        timeout_s=timeout if timeout is not None else (_ROLLOUT_TIMEOUT_S if of_rollout else _JOB_TIMEOUT_S),
        problem=lambda error: talk(f"fota: {worded(str(error))}; looking again"),
    )
    if of_rollout:
        well = _watch_rollout(cloud, name, options, bucket, as_json=as_json)
    else:
        try:
            well = _watch_job(cloud, name, options, only, as_json=as_json)
        except NotFound as error:
            raise neither(cloud, name, bucket) from error
    if not well:
        raise typer.Exit(1)


def _watch_rollout(cloud: "Cloud", name: str, options: "PollOptions", bucket: str | None, *, as_json: bool) -> bool:
    from fota_operator.cli.live import live_rollout
    from fota_operator.cli.rollout_status import answer_status
    from fota_operator.rollouts.watch import watch_rollout

    with live_rollout() as display:
        for last in watch_rollout(cloud, name, options, bucket=bucket):
            display.show(last)
    answer_status(last, as_json=as_json)
    return last.state == "done"


def _watch_job(cloud: "Cloud", job_id: str, options: "PollOptions", only: str | None, *, as_json: bool) -> bool:
    from fota_operator.cli.live import live_display
    from fota_operator.jobs.progress import watch_job

    with live_display() as display:
        for last in watch_job(
            cloud, job_id, interval_s=options.interval_s, timeout_s=options.timeout_s, problem=options.problem
        ):
            # At the end the result shows each thing: what is shown here as well would be there twice.
            if not last.ended:
                display.show(replace(last, executions=tuple(chosen(last.executions, only))))
    answer_job(last, as_json=as_json, only=only)
    return last.succeeded
