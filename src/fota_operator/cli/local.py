"""`fota local up`, `down`, `status`, `env`: an AWS on this machine, for trying and testing."""

import shlex
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from fota_operator.cli.options import Json
from fota_operator.cli.output import answer, answer_json, reporting_errors, talk

if TYPE_CHECKING:
    from fota_operator.local.aws import LocalStatus

app: typer.Typer = typer.Typer(no_args_is_help=True, help="Run an AWS on this machine, for trying and testing.")

Folder = Annotated[Path, typer.Option(help="Folder that holds the local AWS's state.")]
_DEFAULT_FOLDER = Path(".fota-local")


@app.command()
@reporting_errors()
def up(
    folder: Folder = _DEFAULT_FOLDER,
    gateway_port: Annotated[
        int | None, typer.Option(help="Port for boto3 and downloads. [default: the same as last time, or a free one]")
    ] = None,
    device_port: Annotated[
        int | None, typer.Option(help="Port for devices. [default: the same as last time, or a free one]")
    ] = None,
    timeout: Annotated[float, typer.Option(help="Wait at most this many seconds until it is ready.")] = 60.0,
    as_json: Json = False,
) -> None:
    """Start the local AWS, and return when it is ready. This does nothing if it runs already."""
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
    """Stop the local AWS, and keep its state for the next start."""
    from fota_operator.local.aws import LocalAws

    stopped = LocalAws(folder).down()
    talk("Stopped." if stopped else "It was not running.")
    if as_json:
        answer_json({"stopped": stopped})


@app.command()
@reporting_errors()
def status(folder: Folder = _DEFAULT_FOLDER, as_json: Json = False) -> None:
    """Show whether the local AWS runs, and where."""
    from fota_operator.local.aws import LocalAws

    _answer_status(LocalAws(folder).status(), as_json=as_json)


@app.command()
@reporting_errors()
def env(folder: Folder = _DEFAULT_FOLDER, as_json: Json = False) -> None:
    """Print the environment variables that make boto3, the AWS command line and `fota` use the local AWS."""
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
