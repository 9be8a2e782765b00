"""`fota local up`, `down`, `status`, `env`: an AWS on this machine, for trying and testing."""

import shlex
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from fota_operator.cli.jobs import Json
from fota_operator.cli.output import answer, answer_json, reporting_errors, talk

if TYPE_CHECKING:
    from fota_operator.local.aws import LocalStatus

app = typer.Typer(no_args_is_help=True, help="Run an AWS on this machine, for trying and testing.")

Folder = Annotated[Path, typer.Option(help="Where all its state is.")]
_DEFAULT_FOLDER = Path(".fota-local")


@app.command()
@reporting_errors()
def up(
    folder: Folder = _DEFAULT_FOLDER,
    gateway_port: Annotated[
        int | None, typer.Option(help="For boto3 and downloads. [default: as last time, else a free one]")
    ] = None,
    device_port: Annotated[
        int | None, typer.Option(help="For devices. [default: as last time, else a free one]")
    ] = None,
    timeout: Annotated[float, typer.Option(help="Seconds to wait until it is ready.")] = 60.0,
    as_json: Json = False,
) -> None:
    """Start it, and return when it is ready. Does nothing if it runs."""
    from fota_operator.local.aws import LocalAws

    status = LocalAws(folder).up(gateway_port=gateway_port, device_port=device_port, timeout_s=timeout)
    talk(
        f"Devices connect to {status.device_endpoint}. It listens on every interface of this machine and lets "
        "whoever shows no certificate do everything: run it only on a network that you trust."
    )
    option = "" if folder == _DEFAULT_FOLDER else f" --folder {shlex.quote(str(folder))}"
    talk(f'Point this shell at it: eval "$(fota local env{option})"')
    _answer_status(status, as_json=as_json)


@app.command()
@reporting_errors()
def down(folder: Folder = _DEFAULT_FOLDER, as_json: Json = False) -> None:
    """Stop it; what it knows is kept for the next start."""
    from fota_operator.local.aws import LocalAws

    stopped = LocalAws(folder).down()
    talk("Stopped." if stopped else "It was not running.")
    if as_json:
        answer_json({"stopped": stopped})


@app.command()
@reporting_errors()
def status(folder: Folder = _DEFAULT_FOLDER, as_json: Json = False) -> None:
    """Say whether it runs, and where."""
    from fota_operator.local.aws import LocalAws

    _answer_status(LocalAws(folder).status(), as_json=as_json)


@app.command()
@reporting_errors()
def env(folder: Folder = _DEFAULT_FOLDER, as_json: Json = False) -> None:
    """Print what to set so that boto3, the AWS command line and `fota` use it."""
    from fota_operator.local.aws import LocalAws

    environment = LocalAws(folder).environment()
    if as_json:
        answer_json(environment)
    else:
        for name, value in environment.items():
            answer(f"export {name}={shlex.quote(value)}")


def _answer_status(status: "LocalStatus", *, as_json: bool) -> None:
    facts = vars(status) | {name: str(getattr(status, name)) for name in ("folder", "ca_bundle", "log")}
    if as_json:
        answer_json(facts)
        return
    if not status.running:
        answer("stopped")
        return
    answer(f"running as process {status.pid}")
    for name in ("gateway_url", "device_endpoint", "ca_bundle", "bucket", "role", "log"):
        answer(f"{name:<16} {facts[name]}")
