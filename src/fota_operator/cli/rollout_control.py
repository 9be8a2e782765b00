"""`fota rollout pause`, `resume`, `abort`, `status`, `list`, `wait`, `cleanup`: for rollouts that have begun."""

from typing import TYPE_CHECKING, Annotated

import typer

from fota_operator.cli.options import DryRun, Json, PlanBucket
from fota_operator.cli.output import answer, answer_json, answer_table, reporting_errors, talk
from fota_operator.cli.rollout_status import act_in_words, answer_status, status_as_json
from fota_operator.cli.wording import worded

if TYPE_CHECKING:
    from fota_operator.rollouts.aws.progress import RolloutProgress
    from fota_operator.rollouts.control import Rollout
    from fota_operator.rollouts.decide.status import RolloutStatus

RolloutName = Annotated[str, typer.Argument(metavar="NAME", help="Name of the rollout.")]


@reporting_errors()
def pause(name: RolloutName, bucket: PlanBucket = None, dry_run: DryRun = False, as_json: Json = False) -> None:
    """Stop offering the release until `resume`; devices already updating finish."""
    from fota_operator.rollouts import control

    _answer_steered(control.pause(rollout_of(name, bucket), dry_run=dry_run), dry_run=dry_run, as_json=as_json)


@reporting_errors()
def resume(name: RolloutName, bucket: PlanBucket = None, dry_run: DryRun = False, as_json: Json = False) -> None:
    """Offer the release again to the things that `pause` left out; `run` begins the later stages."""
    from fota_operator.rollouts import run

    status = run.resume(rollout_of(name, bucket), on_progress=on_progress, dry_run=dry_run)
    _answer_steered(status, dry_run=dry_run, as_json=as_json)


@reporting_errors()
def abort(
    name: RolloutName,
    bucket: PlanBucket = None,
    force: Annotated[bool, typer.Option("--force", help="Stop the devices that are already updating, too.")] = False,
    dry_run: DryRun = False,
    as_json: Json = False,
) -> None:
    """End a rollout for good: stop offering the release. This cannot be undone."""
    from fota_operator.rollouts import control

    status = control.abort(rollout_of(name, bucket), force=force, dry_run=dry_run)
    _answer_steered(status, dry_run=dry_run, as_json=as_json)


@reporting_errors()
def status(name: RolloutName, bucket: PlanBucket = None, as_json: Json = False) -> None:
    """Show the status of a rollout, stage by stage. The exit status is 0, whatever the status of the rollout."""
    from fota_operator.rollouts.look import status_of

    rollout = rollout_of(name, bucket)
    found = status_of(rollout.cloud, rollout.name, rollout.bucket)
    answer_status(found, as_json=as_json, with_acts=True)


@reporting_errors()
def wait(
    name: RolloutName,
    gate: Annotated[str, typer.Option("--gate", metavar="STAGE", help="Name or number of a stage.")],
    bucket: PlanBucket = None,
    timeout: Annotated[float, typer.Option(help="Give up after this many seconds.")] = 3600.0,
    as_json: Json = False,
) -> None:
    """Wait until the gate of a stage is passed. This begins no stage: `run` does.

    The exit status is 0 if the gate is passed; it is 1 if the gate failed, or was not passed in time.
    """
    from fota_operator.rollouts.watch import wait_for_gate

    answer_status(
        wait_for_gate(rollout_of(name, bucket), gate, timeout_s=timeout, on_progress=on_progress), as_json=as_json
    )


@reporting_errors()
def list_all(bucket: PlanBucket = None, as_json: Json = False) -> None:
    """List all rollouts of a bucket with their statuses, and who did what with each last."""
    from fota_operator.cloud import connect
    from fota_operator.rollouts.look import statuses

    found = statuses(connect(), bucket)
    for one in found:
        if one.state == "unreadable":
            talk(f"{one.name}: {worded(one.next)}")
    if as_json:
        answer_json([status_as_json(one) for one in found])
        return
    answer_table(
        ("NAME", "STATE", "PRODUCT", "VERSION", "THINGS", "SUCCEEDED", "LAST"),
        [
            (one.name, one.state, one.product, one.version, str(one.targets), str(_succeeded(one)), _last(one))
            for one in found
        ],
    )


@reporting_errors()
def cleanup(bucket: PlanBucket = None, dry_run: DryRun = False, as_json: Json = False) -> None:
    """Delete the thing groups that former versions of this command made for rollouts that have ended.

    A thing may be in ten groups. No rollout makes a group any more: its jobs name their things.
    """
    from fota_operator.cloud import connect
    from fota_operator.rollouts.control import clean_up

    deleted = clean_up(connect(), bucket, dry_run=dry_run)
    talk(f"{len(deleted)} groups {'would be deleted; nothing was changed.' if dry_run else 'deleted.'}")
    if as_json:
        answer_json(list(deleted))
    else:
        for name in deleted:
            answer(name)


COMMANDS = (pause, resume, abort, status, wait, cleanup)


def on_progress(progress: "RolloutProgress") -> None:
    """Say what is being done."""
    count = "" if progress.total is None else f": {progress.done} of {progress.total}"
    talk(worded(progress.text) + count)


def rollout_of(name: str, bucket: str | None) -> "Rollout":
    """The rollout that a command names."""
    from fota_operator.cloud import connect
    from fota_operator.rollouts.control import Rollout

    return Rollout(connect(), name, bucket)


def _answer_steered(status: "RolloutStatus", *, dry_run: bool, as_json: bool) -> None:
    if dry_run:
        talk("Nothing was changed.")
    answer_status(status, as_json=as_json)


def _last(status: "RolloutStatus") -> str:
    return act_in_words(status.acts[-1], short=True) if status.acts else ""


def _succeeded(status: "RolloutStatus") -> int:
    return sum(stage.counts.get("SUCCEEDED", 0) for stage in status.stages)
