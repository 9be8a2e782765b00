"""`fota things add`, `cleanup`, `list`: things, their certificates, the folders for their devices, what they run."""

from pathlib import Path
from typing import Annotated

import typer

from fota_operator.cli.fleet_options import ChosenThings, choosing_things
from fota_operator.cli.options import DryRun, Json
from fota_operator.cli.output import answer, answer_json, answer_table, reporting_errors, talk
from fota_operator.errors import BadInput

app: typer.Typer = typer.Typer(
    no_args_is_help=True, help="Register things, each with a folder for its device; list what they run."
)

Folder = Annotated[Path, typer.Option(help="Folder in which each thing has a folder of its own name.")]


@app.command()
@reporting_errors()
def add(
    names: Annotated[list[str] | None, typer.Argument(metavar="NAME...", help="Names of the things.")] = None,
    base_name: Annotated[
        str | None, typer.Option(help="With --count N: register BASE-1 to BASE-N.", metavar="BASE")
    ] = None,
    count: Annotated[int | None, typer.Option(help="With --base-name: register this many things.")] = None,
    csr: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE", help="Signing request of the device, which has made its own key. With one NAME only."
        ),
    ] = None,
    csr_folder: Annotated[
        Path | None,
        typer.Option(metavar="DIR", help="Register a thing for each signing request NAME.csr of this folder."),
    ] = None,
    rate: Annotated[
        float | None,
        typer.Option(metavar="N", help="Register at most N things per second. [default: 5 with AWS itself]"),
    ] = None,
    folder: Folder = Path("things"),
    allow_publish: Annotated[
        list[str] | None,
        typer.Option(metavar="TOPIC", help="Topic that the device may publish to, besides things/NAME/*."),
    ] = None,
    endpoint: Annotated[
        str | None,
        typer.Option(
            envvar="FOTA_DEVICE_ENDPOINT",
            help="Endpoint that devices connect to. [default: the one that AWS reports]",
        ),
    ] = None,
    ca: Annotated[
        Path | None,
        typer.Option(
            envvar="FOTA_DEVICE_CA",
            help="File of the CA certificates that devices trust. [default: Amazon's for an endpoint of AWS, else "
            "those of their system]",
        ),
    ] = None,
    as_json: Json = False,
    dry_run: DryRun = False,
) -> None:
    """Register things, each with its own key, certificate and policy.

    Run it again to continue after a failure: things that exist already are not changed.
    """
    from fota_operator.cloud import connect
    from fota_operator.things.names import numbered_names
    from fota_operator.things.signing_request import read_signing_request, read_signing_requests
    from fota_operator.things.things import ThingOptions, add_things

    ways = (bool(names), base_name is not None, csr_folder is not None)
    if sum(ways) != 1 or (base_name is None) != (count is None):
        raise BadInput(
            "which things is not clear", "give either NAME..., or --base-name and --count, or --csr-folder"
        )
    if csr is not None and len(names or []) != 1:
        raise BadInput("--csr: expected one NAME", "use --csr-folder for several devices")
    requests = {}
    if csr_folder is not None:
        requests = read_signing_requests(csr_folder)
        names = list(requests)
    elif csr is not None and names:
        requests = {names[0]: read_signing_request(csr)}
    elif base_name is not None and count is not None:
        names = list(numbered_names(base_name, count))
    options = ThingOptions(
        endpoint=endpoint,
        cacert=ca,
        allow_publish=tuple(allow_publish or ()),
        requests=requests,
        per_second=rate,
    )
    added = add_things(connect(), names or [], folder, options, dry_run=dry_run)
    if dry_run:
        talk("Nothing was changed.")
    if as_json:
        answer_json([{**vars(one), "folder": str(one.folder)} for one in added])
        return
    verb = "would be added" if dry_run else "added"
    rows = [
        (one.name, verb if one.made or not one.certificate_arn else "was there", str(one.folder), one.endpoint)
        for one in added
    ]
    answer_table(("THING", "", "FOLDER", "ENDPOINT"), rows)


@app.command()
@reporting_errors()
def cleanup(
    names: Annotated[
        list[str] | None, typer.Argument(metavar="[NAME...]", help="Names of the things. [default: all in --folder]")
    ] = None,
    folder: Folder = Path("things"),
    as_json: Json = False,
    dry_run: DryRun = False,
) -> None:
    """Delete things that `fota things add` made: what AWS has of them, and their folders."""
    from fota_operator.cloud import connect
    from fota_operator.things.cleanup import cleanup_things

    removed = cleanup_things(connect(), folder, names=names or None, dry_run=dry_run)
    talk(f"{len(removed)} things {'would be removed; nothing was changed.' if dry_run else 'removed.'}")
    if as_json:
        answer_json(list(removed))
    else:
        for name in removed:
            answer(name)


@app.command("list")
@reporting_errors()
@choosing_things
def list_(chosen: ChosenThings) -> None:
    """List things and what each of them runs. This changes nothing.

    A version is what the device itself last said. Where that is not known, the note says why.
    """
    from fota_operator.cli.running_things import answer_things

    answer_things(chosen)
