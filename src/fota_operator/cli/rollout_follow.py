"""`fota rollout revert`, `retry`: rollouts that follow one that has ended."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from fota_operator.cli.options import DEFAULT_KEYS, DryRun, Json, KeyringFile, Keys, PassphraseFile, PlanBucket
from fota_operator.cli.output import answer, answer_json, answer_table, reporting_errors, talk
from fota_operator.cli.rollout_control import RolloutName, on_progress
from fota_operator.cli.rollout_running import Interval, Once, Timeout, Yes, answer_run, confirm
from fota_operator.cli.signing import keyring_of, open_signers
from fota_operator.errors import BadInput

if TYPE_CHECKING:
    from fota_operator.rollouts.retry import Retry
    from fota_operator.rollouts.revert import WayBack


@reporting_errors()
def revert(
    name: RolloutName,
    to: Annotated[
        Path | None,
        typer.Option("--to", metavar="FILE", help="Release file to go back to. [default: the release before it]"),
    ] = None,
    sign: Annotated[
        list[str] | None,
        typer.Option(
            "--sign", metavar="NAME", help="Key to sign with. Repeat the option for further keys, up to 16."
        ),
    ] = None,
    no_canary: Annotated[
        bool, typer.Option("--no-canary", help="Take all things back in one stage, without a canary first.")
    ] = False,
    yes: Yes = False,
    once: Once = False,
    timeout: Timeout = None,
    interval: Interval = 10.0,
    bucket: PlanBucket = None,
    passphrase_file: PassphraseFile = None,
    keyring: KeyringFile = None,
    keys: Keys = DEFAULT_KEYS,
    as_json: Json = False,
    dry_run: DryRun = False,
) -> None:
    """Take the things that took a release back to the release before. Run it again if it is killed.

    The older image is signed again, with a number above that of the release that is left, and offered by a rollout of
    its own: first to two things, then to all others.
    """
    from fota_operator.cli.rollout_control import rollout_of
    from fota_operator.rollouts.revert import AT_ONCE, CANARY_AND_ALL, under_way, way_back
    from fota_operator.rollouts.run import RunOptions
    from fota_operator.trust.release_file import read_release

    former = None if to is None else read_release(to)
    rollout, trusted = rollout_of(name, bucket), keyring_of(keyring, keys)
    options = RunOptions(once=once, timeout_s=timeout, interval_s=interval)
    running = under_way(rollout)
    if running is not None:
        talk(f"The rollout {running.reader.stored.plan.name} has begun already; this goes on with it.")
        running.on_progress = on_progress
        answer_run(
            running.reader.stored.plan.name,
            lambda: running.status() if dry_run else running.run(options),
            as_json=as_json,
        )
        return
    found = way_back(rollout, trusted, to=former, stages=AT_ONCE if no_canary else CANARY_AND_ALL)
    if not sign:
        raise BadInput("--sign: missing; the older image is signed again, under a new number", "name the keys")
    prepared = found.signed(open_signers(keys, sign, passphrase_file))
    _tell_way_back(found)
    if dry_run:
        talk("Nothing was changed.")
        _answer_things(found.plan.name, found.plan.targets.things, as_json=as_json)
        return
    confirm(f"Take {len(found.plan.targets.things)} devices back to {found.former.manifest.version}?", yes=yes)
    answer_run(found.plan.name, lambda: prepared.run(options, on_progress=on_progress), as_json=as_json)


@reporting_errors()
def retry(
    name: RolloutName,
    reason: Annotated[
        list[str] | None,
        typer.Option(
            "--reason",
            metavar="REASON",
            help="Reason for which things failed. Repeat the option for further ones. [default: all that may pass]",
        ),
    ] = None,
    force: Annotated[
        bool, typer.Option("--force", help="Offer it again also for reasons that will not pass by themselves.")
    ] = False,
    yes: Yes = False,
    once: Once = False,
    timeout: Timeout = None,
    interval: Interval = 10.0,
    bucket: PlanBucket = None,
    as_json: Json = False,
    dry_run: DryRun = False,
) -> None:
    """Offer a release again to the things that failed for reasons that may pass. Run it again if it is killed.

    The release is offered by a rollout of its own, in one stage.
    """
    from fota_operator.cli.rollout_control import rollout_of
    from fota_operator.rollouts.retry import retry_of
    from fota_operator.rollouts.run import RunOptions

    options = RunOptions(once=once, timeout_s=timeout, interval_s=interval)
    asked = [word for words in reason or () for word in words.split(",") if word]
    found = retry_of(rollout_of(name, bucket), asked, force=force, on_progress=on_progress)
    _tell_retry(found)
    if dry_run:
        talk("Nothing was changed.")
        _answer_things(found.plan.name, found.plan.targets.things, as_json=as_json)
        return
    if not found.begun:
        confirm(f"Offer it to {len(found.plan.targets.things)} devices again?", yes=yes)
    answer_run(found.plan.name, lambda: found.run(options, on_progress=on_progress), as_json=as_json)


COMMANDS = (revert, retry)


def _tell_way_back(found: "WayBack") -> None:
    former = found.former.manifest
    talk(f"{found.plan.name}: back to {former.product} {former.version}, the release of {found.found_in}.")
    talk(f"{len(found.plan.targets.things)} things have {found.newer.version} and took no other release since then.")
    if found.late:
        talk(f"{found.late} things have not answered and may still take {found.newer.version}: cancel its jobs.")


def _tell_retry(found: "Retry") -> None:
    if found.begun:
        talk(f"The rollout {found.plan.name} has begun already; this goes on with it.")
        return
    talk(f"{found.plan.name}: {len(found.plan.targets.things)} things are offered it again.")
    for reason, count in sorted(found.chosen.items()):
        talk(f"  {count} {reason}")
    for reason, count in sorted(found.left_out.items()):
        talk(f"  {count} {reason}: left out")


def _answer_things(name: str, things: tuple[str, ...], *, as_json: bool) -> None:
    if as_json:
        answer_json(list(things))
        return
    answer(f"{name}: {len(things)} things")
    answer_table(("THING",), [(thing,) for thing in things])
