"""`fota rollout plan`, `run`: a release offered to many things, in stages. The rest is in `rollout_control`."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from fota_operator.cli import rollout_control, rollout_follow
from fota_operator.cli.options import DEFAULT_KEYS, INSISTED, DryRun, Insist, Json, KeyringFile, Keys
from fota_operator.cli.output import answer_json, reporting_errors, talk
from fota_operator.cli.patches import RolloutPatch, Whole, patch_flags
from fota_operator.cli.rollout_running import Interval, Once, Timeout, Yes, answer_run, confirm
from fota_operator.cli.rollout_status import answer_status
from fota_operator.cli.signing import keyring_of
from fota_operator.errors import BadInput

if TYPE_CHECKING:
    from fota_operator.rollouts.prepare import Prepared

app: typer.Typer = typer.Typer(
    no_args_is_help=True, help="Offer a release to many things, in stages with gates between them."
)

PlanPath = Annotated[
    Path | None,
    typer.Argument(
        metavar="[PLAN]", help="Plan of the rollout, a TOML file. An option takes the place of a field of the plan."
    ),
]
ReleasePath = Annotated[Path | None, typer.Option("--release", metavar="FILE", help="Release file to offer.")]
ThingNames = Annotated[
    list[str] | None,
    typer.Option(
        "--thing", metavar="NAME", help="Thing to offer the release to. Repeat the option for further things."
    ),
]
GroupNames = Annotated[
    list[str] | None,
    typer.Option(
        "--group", metavar="NAME", help="Thing group to offer the release to. Repeat the option for further groups."
    ),
]
Percent = Annotated[float | None, typer.Option(help="Percentage of the targets to include.")]
Name = Annotated[str | None, typer.Option(help="Name of the rollout. [default: product and version]")]
Bucket = Annotated[
    str | None, typer.Option(help="Bucket that holds image and plan. [default: the one of `fota bootstrap`]")
]
Role = Annotated[
    str | None,
    typer.Option(help="IAM role that AWS IoT assumes to sign download URLs. [default: the one of `fota bootstrap`]"),
]
Rate = Annotated[int | None, typer.Option(help="Offer the release to at most this many things a minute.")]
NoCatalog = Annotated[bool, typer.Option("--no-catalog", help="Do not enter the release into AWS's package catalog.")]
NoCanary = Annotated[
    bool, typer.Option("--no-canary", help="Offer the release to all things in one stage, without a canary first.")
]


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
    no_catalog: NoCatalog = False,
    insist: Insist = False,
    patch: RolloutPatch = None,
    whole: Whole = None,
    ask: Annotated[int, typer.Option(help="Ask AWS about this many things one by one, from the first on.")] = 25,
    keyring: KeyringFile = None,
    keys: Keys = DEFAULT_KEYS,
    as_json: Json = False,
) -> None:
    """Show exactly what a rollout would do: which things, in which order, for how long. This changes nothing."""
    off = {"no_canary": no_canary, "no_catalog": no_catalog}
    flags = _flags(release, thing, group, percent, name, bucket, role, rate, **off, insist=insist)
    flags["patches"] = patch_flags(patch, whole)
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
    no_catalog: NoCatalog = False,
    insist: Insist = False,
    patch: RolloutPatch = None,
    whole: Whole = None,
    yes: Yes = False,
    max_things: Annotated[
        int | None, typer.Option(help="Refuse a rollout that goes to more things than this.")
    ] = None,
    until: Annotated[
        str | None, typer.Option(metavar="STAGE", help="End when the gate of this stage is passed.")
    ] = None,
    once: Once = False,
    timeout: Timeout = None,
    interval: Interval = 10.0,
    keyring: KeyringFile = None,
    keys: Keys = DEFAULT_KEYS,
    as_json: Json = False,
    dry_run: DryRun = False,
) -> None:
    """Offer a release to many things, stage by stage. If it is killed, run it again: it goes on where it was.

    The exit status is 0 if the rollout is done, or reached what you asked for; it is 1 if the rollout was halted,
    paused or aborted.
    """
    off = {"no_canary": no_canary, "no_catalog": no_catalog}
    flags = _flags(release, thing, group, percent, name, bucket, role, rate, **off, insist=insist)
    flags["patches"] = patch_flags(patch, whole)
    prepared = _prepared(plan_path, flags, keyring, keys)
    from fota_operator.rollouts.run import RunOptions

    options = RunOptions(
        until=None if until is None else prepared.status.stage_called(until).number,
        once=once,
        timeout_s=timeout,
        interval_s=interval,
    )
    prepared.require_at_most(max_things)
    if dry_run:
        talk("Nothing was changed.")
        _answer_plan(prepared, 0, as_json=as_json)
        return
    if not prepared.begun:
        confirm(_question(prepared), yes=yes)
    answer_run(
        prepared.plan.name,
        lambda: prepared.run(options, on_progress=rollout_control.on_progress),
        as_json=as_json,
    )


for _command in (*rollout_control.COMMANDS, *rollout_follow.COMMANDS):
    app.command()(_command)
app.command("list")(rollout_control.list_all)


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
    no_catalog: bool,
    insist: bool,
) -> dict[str, object]:
    """The options as tables of a plan."""
    return {
        "release": release,
        "name": name,
        "bucket": bucket,
        "role": role,
        "rate-per-minute": rate,
        "canary": False if no_canary else None,
        "insist": insist or None,
        "catalog": False if no_catalog else None,
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
    from fota_operator.jobs.patch_sources import read_files
    from fota_operator.rollouts.aws.package import misfit
    from fota_operator.rollouts.prepare import prepare

    older = read_files(plan_file.patch_paths)
    asked = plan_file.plan(
        release.image.sha256,
        product=manifest.product,
        version=manifest.version,
        within_s=manifest.within_s,
        patch_images=tuple(older.paths),
    )
    if asked.insist:
        talk(INSISTED)
    why = misfit(manifest.product, manifest.version) if asked.catalog else None
    if why is not None:
        talk(f"It goes on without AWS's package catalog: {why}.")
    return prepare(connect(), asked, release, trusted, older=older, on_patch=talk)


def _question(prepared: "Prepared") -> str:
    first = next(stage for stage in prepared.stages if stage.things)
    what = f"{prepared.status.product} {prepared.status.version}"
    return f"Offer {what} to {len(prepared.things)} devices, {len(first.things)} of them at first ({first.name})?"


def _answer_plan(prepared: "Prepared", ask: int, *, as_json: bool) -> None:
    if prepared.begun:
        talk(f"The rollout {prepared.plan.name} has begun already; this is its status.")
        answer_status(prepared.status, as_json=as_json)
        return
    from fota_operator.cli.rollout_plan import answer_forecast, forecast_as_json

    forecast = prepared.forecast(ask)
    if as_json:
        answer_json(forecast_as_json(prepared, forecast))
    else:
        answer_forecast(prepared, forecast)
