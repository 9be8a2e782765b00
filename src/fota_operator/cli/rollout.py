"""`fota rollout plan`, `run`: a release offered to many things, in stages. The rest is in `rollout_steering`."""

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from fota_operator.cli import rollout_steering
from fota_operator.cli.jobs import DryRun, Json
from fota_operator.cli.output import answer_json, reporting_errors, talk
from fota_operator.cli.signing import DEFAULT_KEYS, KeyringFile, Keys, keyring_of
from fota_operator.cli.standing import answer_standing
from fota_operator.errors import BadInput

if TYPE_CHECKING:
    from fota_operator.rollouts.prepare import Prepared

app = typer.Typer(no_args_is_help=True, help="Offer a release to many things, in stages with gates between them.")

PlanPath = Annotated[
    Path | None, typer.Argument(metavar="[PLAN]", help="The plan, a TOML file; options go before what it says.")
]
ReleasePath = Annotated[Path | None, typer.Option("--release", metavar="FILE", help="The release to offer.")]
ThingNames = Annotated[
    list[str] | None, typer.Option("--thing", metavar="NAME", help="A thing to offer it to; again for another.")
]
GroupNames = Annotated[
    list[str] | None, typer.Option("--group", metavar="NAME", help="A group whose things are offered it; again too.")
]
Percent = Annotated[float | None, typer.Option(help="Only such a share of the things.")]
Name = Annotated[str | None, typer.Option(help="What it is called. [default: product and version]")]
Bucket = Annotated[str | None, typer.Option(help="Where image and plan lie. [default: that of `fota bootstrap`]")]
Role = Annotated[
    str | None, typer.Option(help="By which AWS IoT reads the bucket. [default: that of `fota bootstrap`]")
]
Rate = Annotated[int | None, typer.Option(help="How many things a minute are offered it, at most.")]
NoCanary = Annotated[bool, typer.Option("--no-canary", help="Offer it to all at once, with no canary before.")]


@app.command()
@reporting_errors()
def plan(
    plan_path: PlanPath = None,
    release: ReleasePath = None,
    thing: ThingNames = None,
    group: GroupNames = None,
    percent: Percent = None,
    name: Name = None,
    bucket: Bucket = None,
    role: Role = None,
    rate: Rate = None,
    no_canary: NoCanary = False,
    ask: Annotated[int, typer.Option(help="How many things to ask for one by one, the first ones.")] = 25,
    keyring: KeyringFile = None,
    keys: Keys = DEFAULT_KEYS,
    as_json: Json = False,
) -> None:
    """Show exactly what a rollout would do: which things, in which order, how long. Changes nothing."""
    flags = _flags(release, thing, group, percent, name, bucket, role, rate, no_canary=no_canary)
    prepared = _prepared(plan_path, flags, keyring, keys)
    _answer_plan(prepared, ask, as_json=as_json)


@app.command()
@reporting_errors()
def run(
    plan_path: PlanPath = None,
    release: ReleasePath = None,
    thing: ThingNames = None,
    group: GroupNames = None,
    percent: Percent = None,
    name: Name = None,
    bucket: Bucket = None,
    role: Role = None,
    rate: Rate = None,
    no_canary: NoCanary = False,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask before it begins.")] = False,
    max_things: Annotated[int | None, typer.Option(help="Refuse if it would go to more things than that.")] = None,
    until: Annotated[
        str | None, typer.Option(metavar="STAGE", help="End when the gate of that stage is passed.")
    ] = None,
    once: Annotated[bool, typer.Option("--once", help="Do what is due now and end, as from cron.")] = False,
    timeout: Annotated[float | None, typer.Option(help="Give up after so many seconds; AWS goes on.")] = None,
    interval: Annotated[float, typer.Option(help="Seconds between looks; AWS wants at least 2.")] = 10.0,
    keyring: KeyringFile = None,
    keys: Keys = DEFAULT_KEYS,
    as_json: Json = False,
    dry_run: DryRun = False,
) -> None:
    """Offer a release to many things, stage by stage; killed and run again, it goes on.

    Exit status 0 if it is done, or came as far as was asked; 1 if it was halted, paused or aborted.
    """
    flags = _flags(release, thing, group, percent, name, bucket, role, rate, no_canary=no_canary)
    prepared = _prepared(plan_path, flags, keyring, keys)
    from fota_operator.rollouts.run import RunOptions

    options = RunOptions(
        until=None if until is None else prepared.standing.stage_called(until).number,
        once=once,
        timeout_s=timeout,
        interval_s=interval,
    )
    prepared.require_at_most(max_things)
    if dry_run:
        talk("Nothing was changed.")
        _answer_plan(prepared, 0, as_json=as_json)
        return
    if not prepared.begun and not yes:
        _confirm(prepared)
    standing = prepared.run(options, tell=rollout_steering.tell)
    answer_standing(standing, as_json=as_json)
    if standing.state in ("halted", "paused", "aborted"):
        talk(f"fota: the rollout {standing.name} is {standing.state}: {standing.next}")
        raise typer.Exit(1)


for _command in rollout_steering.COMMANDS:
    app.command()(_command)
app.command("list")(rollout_steering.list_all)


def _flags(
    release: Path | None,
    things: list[str] | None,
    groups: list[str] | None,
    percent: float | None,
    name: str | None,
    bucket: str | None,
    role: str | None,
    rate: int | None,
    *,
    no_canary: bool,
) -> dict[str, object]:
    """What the options say, in the shape of a plan's tables."""
    return {
        "release": release,
        "name": name,
        "bucket": bucket,
        "role": role,
        "rate-per-minute": rate,
        "canary": False if no_canary else None,
        "targets": {"things": things or None, "groups": groups or None, "percent": percent},
    }


def _prepared(plan_path: Path | None, flags: dict[str, object], keyring: Path | None, keys: Path) -> "Prepared":
    from fota_operator.rollouts.plan_file import read_plan
    from fota_operator.trust.release_file import is_release, read_release

    plan_file = read_plan(plan_path, flags)
    if not is_release(plan_file.release_path):
        raise BadInput(
            f"{plan_file.release_path} is no release, and a rollout offers nothing else",
            "make one with `fota release create`",
        )
    release = read_release(plan_file.release_path)
    trusted = keyring_of(keyring, keys)
    manifest = release.manifest
    from fota_operator.cloud import connect
    from fota_operator.rollouts.prepare import prepare

    asked = plan_file.plan(release.image.sha256, product=manifest.product, version=manifest.version)
    return prepare(connect(), asked, release, trusted)


def _confirm(prepared: "Prepared") -> None:
    first = next(stage for stage in prepared.stages if stage.things)
    what = f"{prepared.standing.product} {prepared.standing.version}"
    question = f"Offer {what} to {len(prepared.things)} devices, {len(first.things)} of them at first ({first.name})?"
    if not sys.stdin.isatty():
        raise BadInput(f"nobody is here to be asked: {question}", "say so with --yes")
    if not typer.confirm(question, err=True):
        talk("Nothing was changed.")
        raise typer.Exit(1)


def _answer_plan(prepared: "Prepared", ask: int, *, as_json: bool) -> None:
    if prepared.begun:
        talk(f"The rollout {prepared.plan.name} has begun; this is how it stands.")
        answer_standing(prepared.standing, as_json=as_json)
        return
    from fota_operator.cli.rollout_plan import answer_forecast, forecast_as_json

    forecast = prepared.forecast(ask)
    if as_json:
        answer_json(forecast_as_json(prepared, forecast))
    else:
        answer_forecast(prepared, forecast)
