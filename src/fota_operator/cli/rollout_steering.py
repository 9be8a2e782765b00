"""`fota rollout pause`, `resume`, `abort`, `status`, `list`, `wait`: a rollout that has begun."""

from typing import TYPE_CHECKING, Annotated

import typer

from fota_operator.cli.jobs import DryRun, Json
from fota_operator.cli.output import answer_json, answer_table, reporting_errors, talk
from fota_operator.cli.standing import answer_standing, standing_as_json

if TYPE_CHECKING:
    from fota_operator.rollouts.standing import Standing
    from fota_operator.rollouts.steer import Rollout
    from fota_operator.rollouts.telling import Progress

RolloutName = Annotated[str, typer.Argument(metavar="NAME", help="The name of a rollout.")]
Bucket = Annotated[
    str | None, typer.Option(help="Where the plan of the rollout is. [default: that of `fota bootstrap`]")
]


@reporting_errors()
def pause(name: RolloutName, bucket: Bucket = None, dry_run: DryRun = False, as_json: Json = False) -> None:
    """Offer the release to nobody else until `resume`; devices that are at it finish."""
    from fota_operator.rollouts import steer

    _answer_steered(steer.pause(_rollout(name, bucket), dry_run=dry_run), dry_run=dry_run, as_json=as_json)


@reporting_errors()
def resume(name: RolloutName, bucket: Bucket = None, dry_run: DryRun = False, as_json: Json = False) -> None:
    """Offer the release again to the things that `pause` left out; `run` begins the stages that come."""
    from fota_operator.rollouts import run

    standing = run.resume(_rollout(name, bucket), tell=tell, dry_run=dry_run)
    _answer_steered(standing, dry_run=dry_run, as_json=as_json)


@reporting_errors()
def abort(
    name: RolloutName,
    bucket: Bucket = None,
    force: Annotated[bool, typer.Option("--force", help="Stop devices too that are at it.")] = False,
    dry_run: DryRun = False,
    as_json: Json = False,
) -> None:
    """End a rollout for good: offer the release to nobody else."""
    from fota_operator.rollouts import steer

    standing = steer.abort(_rollout(name, bucket), force=force, dry_run=dry_run)
    _answer_steered(standing, dry_run=dry_run, as_json=as_json)


@reporting_errors()
def status(name: RolloutName, bucket: Bucket = None, as_json: Json = False) -> None:
    """Say how a rollout stands, stage by stage. Exit status 0, however it stands."""
    from fota_operator.rollouts.look import standing_of

    rollout = _rollout(name, bucket)
    answer_standing(standing_of(rollout.cloud, rollout.name, rollout.bucket), as_json=as_json)


@reporting_errors()
def wait(
    name: RolloutName,
    gate: Annotated[str, typer.Option("--gate", metavar="STAGE", help="The name or number of a stage.")],
    bucket: Bucket = None,
    timeout: Annotated[float, typer.Option(help="Give up after so many seconds.")] = 3600.0,
    as_json: Json = False,
) -> None:
    """Wait until the gate of a stage is passed. Begins nothing: `run` does.

    Exit status 0 if it is passed; 1 if it failed, in time or for good.
    """
    from fota_operator.rollouts.wait_gate import wait_for_gate

    answer_standing(wait_for_gate(_rollout(name, bucket), gate, timeout_s=timeout, tell=tell), as_json=as_json)


@reporting_errors()
def list_all(bucket: Bucket = None, as_json: Json = False) -> None:
    """List all rollouts of a bucket, and how they stand."""
    from fota_operator.cloud import connect
    from fota_operator.rollouts.look import standings

    found = standings(connect(), bucket)
    for one in found:
        if one.state == "unreadable":
            talk(f"{one.name}: {one.next}")
    if as_json:
        answer_json([standing_as_json(one) for one in found])
        return
    answer_table(
        ("NAME", "STATE", "PRODUCT", "VERSION", "THINGS", "SUCCEEDED"),
        [(one.name, one.state, one.product, one.version, str(one.targets), str(_succeeded(one))) for one in found],
    )


COMMANDS = (pause, resume, abort, status, wait)


def tell(progress: "Progress") -> None:
    """Say what is being done."""
    count = "" if progress.total is None else f": {progress.done} of {progress.total}"
    talk(progress.text + count)


def _rollout(name: str, bucket: str | None) -> "Rollout":
    from fota_operator.cloud import connect
    from fota_operator.rollouts.steer import Rollout

    return Rollout(connect(), name, bucket)


def _answer_steered(standing: "Standing", *, dry_run: bool, as_json: bool) -> None:
    if dry_run:
        talk("Nothing was changed.")
    answer_standing(standing, as_json=as_json)


def _succeeded(standing: "Standing") -> int:
    return sum(stage.counts.get("SUCCEEDED", 0) for stage in standing.stages)
