"""`fota local devices`: devices to practise with, at the local AWS."""

from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from fota_operator.cli.output import answer, talk
from fota_operator.errors import BadInput

if TYPE_CHECKING:
    from fota_operator.local.devices import DeviceEvent, PractiseDevices

Folder = Annotated[Path, typer.Option(help="Folder that holds the local AWS's state.")]
DEFAULT_FOLDER = Path(".fota-local")


def devices(
    count: Annotated[int, typer.Option(help="Run this many devices, 1 to 500.")] = 10,
    bad: Annotated[int, typer.Option(help="On this many of them every new firmware crashes.")] = 0,
    deferred: Annotated[int, typer.Option(help="This many of them put an update off for a while.")] = 0,
    silent: Annotated[int, typer.Option(help="This many of them are registered, and are never heard of.")] = 0,
    defer_for: Annotated[
        str, typer.Option(metavar="TIME", help='Time for which the deferring ones put it off, as "2 minutes".')
    ] = "30 seconds",
    name: Annotated[
        str, typer.Option(metavar="BASE", help="Base of their names: they are called BASE-1 and so on.")
    ] = "pump",
    keyring: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="File that holds their keyring: they take only what its keys have signed."),
    ] = None,
    for_: Annotated[
        str | None,
        typer.Option("--for", metavar="TIME", help='End after this time, as "10 minutes". [default: with Ctrl-C]'),
    ] = None,
    folder: Folder = DEFAULT_FOLDER,
) -> None:
    """Run devices to practise with, at the local AWS, until Ctrl-C.

    They take jobs and rollouts with the code that runs on real devices, and say in a line what came of each. An image
    is downloaded, verified and confirmed or rolled back, but what is in it is not started. The first ones are the bad
    ones, then the deferring and the silent ones. At the end everything of them is removed, in the local AWS too.
    """
    from fota_operator.local.aws import LocalAws
    from fota_operator.local.devices import PractiseDevices, PractiseFleet
    from fota_operator.trust.keyrings import read_keyring

    fleet = PractiseFleet(
        count=count,
        bad=bad,
        deferring=deferred,
        silent=silent,
        base_name=name,
        defer_s=_seconds("--defer-for", defer_for),
        keyring=None if keyring is None else read_keyring(keyring),
    )
    for_s = None if for_ is None else _seconds("--for", for_)
    practising = PractiseDevices(LocalAws(folder), fleet)
    tally: Counter[str] = Counter()
    talk(f"Registering {count} devices and giving each its first firmware ...")
    ending: BaseException | None = None
    try:
        with practising:
            _follow(practising, for_s, tally)
    except (KeyboardInterrupt, SystemExit) as error:
        # Ctrl-C is their ordinary end, and SIGTERM that of the background.
        ending = error
    reports = ", ".join(f"{number} {status}" for status, number in sorted(tally.items())) or "none"
    talk(f"Reports of jobs: {reports}. The devices are removed, and nothing of them is left.")
    if isinstance(ending, SystemExit):
        raise ending


def _seconds(option: str, text: str) -> int:
    from fota_operator.time_span import parse_span

    try:
        return parse_span(text)
    except ValueError as error:
        raise BadInput(f"{option}: expected {error}, got {text!r}", f"write it as {option} '2 minutes'") from error


def _follow(practising: "PractiseDevices", for_s: float | None, tally: "Counter[str]") -> None:
    kinds = practising.kinds
    awaited = {name for name, kind in kinds.items() if kind != "silent"}
    if not awaited:
        talk(f"All {len(kinds)} devices are silent.")
    for event in practising.events(for_s):
        if event.event == "ready" and event.thing in awaited:
            awaited.remove(event.thing)
            if not awaited:
                _say_all_are_there(kinds)
        if event.event == "ended":
            tally[event.facts["status"]] += 1
        if text := _in_words(event):
            answer(f"{event.thing:<{max(map(len, kinds))}}  {text}")


def _say_all_are_there(kinds: dict[str, str]) -> None:
    parts = []
    for kind in dict.fromkeys(kinds.values()):
        names = [name for name, one in kinds.items() if one == kind]
        parts.append(f"{kind} {names[0]}" + (f" to {names[-1]}" if len(names) > 1 else ""))
    talk(f"All that are not silent are connected: {', '.join(parts)}. Ctrl-C ends them.")


def _in_words(event: "DeviceEvent") -> str:
    """What happened, in the words of the other commands; empty for what nobody needs to read."""
    facts = event.facts
    if event.event == "ended":
        return f"{facts['status']} {facts['reason']}".rstrip() + f", runs {facts['version']}"
    return {
        "deferred": f"puts {facts.get('job')} off",
        "crashed": f"version {facts.get('version')} crashes, and is rolled back",
        "offline": f"does not reach the local AWS: {facts.get('problem')}",
        "died": f"ended by a fault of its own: {facts.get('problem')}",
    }.get(event.event, "")
