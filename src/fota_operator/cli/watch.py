"""`fota watch`: a rollout or a job, followed until it ends."""

from typing import TYPE_CHECKING, Annotated

import typer

from fota_operator.cli.jobs import Json
from fota_operator.cli.output import answer_job, reporting_errors, talk

if TYPE_CHECKING:
    from fota_operator.cloud import Cloud
    from fota_operator.watching import Patience

_JOB_TIMEOUT_S, _JOB_INTERVAL_S = 3600.0, 2.0
_ROLLOUT_TIMEOUT_S, _ROLLOUT_INTERVAL_S = 86_400.0, 5.0


@reporting_errors()
def watch(
    name: Annotated[str, typer.Argument(metavar="NAME", help="The name of a rollout, or the id of a job.")],
    timeout: Annotated[
        float | None, typer.Option(help="Give up after so many seconds. [default: 3600; 86400 for a rollout]")
    ] = None,
    interval: Annotated[
        float | None,
        typer.Option(help="Seconds between looks; AWS wants at least 2. [default: 2; 5 for a rollout]"),
    ] = None,
    bucket: Annotated[
        str | None, typer.Option(help="Where the plan of the rollout is. [default: that of `fota bootstrap`]")
    ] = None,
    as_json: Json = False,
) -> None:
    """Follow a rollout or a job until it ends; changes nothing.

    Exit status 0 only if the rollout is done, or every execution of the job SUCCEEDED.
    """
    from fota_operator.cloud import connect
    from fota_operator.rollouts.watch import is_rollout
    from fota_operator.watching import Patience

    cloud = connect()
    of_rollout = is_rollout(cloud, name, bucket=bucket)
    patience = Patience(
        interval_s=interval if interval is not None else (_ROLLOUT_INTERVAL_S if of_rollout else _JOB_INTERVAL_S),
        timeout_s=timeout if timeout is not None else (_ROLLOUT_TIMEOUT_S if of_rollout else _JOB_TIMEOUT_S),
        problem=lambda error: talk(f"fota: {error}; looking again"),
    )
    if of_rollout:
        well = _watch_rollout(cloud, name, patience, bucket, as_json=as_json)
    else:
        well = _watch_job(cloud, name, patience, as_json=as_json)
    if not well:
        raise typer.Exit(1)


def _watch_rollout(cloud: "Cloud", name: str, patience: "Patience", bucket: str | None, *, as_json: bool) -> bool:
    from fota_operator.cli.live import live_rollout
    from fota_operator.cli.standing import answer_standing
    from fota_operator.rollouts.watch import watch_rollout

    with live_rollout() as display:
        for last in watch_rollout(cloud, name, patience, bucket=bucket):
            display.show(last)
    answer_standing(last, as_json=as_json)
    return last.state == "done"


def _watch_job(cloud: "Cloud", job_id: str, patience: "Patience", *, as_json: bool) -> bool:
    from fota_operator.cli.live import live_display
    from fota_operator.progress import watch_job

    with live_display() as display:
        for last in watch_job(
            cloud, job_id, interval_s=patience.interval_s, timeout_s=patience.timeout_s, problem=patience.problem
        ):
            display.show(last)
    answer_job(last, as_json=as_json)
    return last.succeeded
