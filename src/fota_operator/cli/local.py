"""`fota local up`, `down`, `status`, `env`: an AWS on this machine, for trying and testing."""

import shlex
from typing import TYPE_CHECKING, Annotated

import typer

from fota_operator.cli import local_devices
from fota_operator.cli.options import Json
from fota_operator.cli.output import answer, answer_json, reporting_errors, talk

if TYPE_CHECKING:
    from fota_operator.local.aws import LocalStatus

app: typer.Typer = typer.Typer(no_args_is_help=True, help="Run an AWS on this machine, for trying and testing.")
app.command()(reporting_errors()(local_devices.devices))

Folder = local_devices.Folder
_DEFAULT_FOLDER = local_devices.DEFAULT_FOLDER


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
    host: Annotated[
        str | None,
        typer.Option(
            metavar="NAME",
            help="Name or IPv4 address of this machine by which boards reach it. [default: none: only this machine "
            "reaches it]",
        ),
    ] = None,
    timeout: Annotated[float, typer.Option(help="Wait at most this many seconds until it is ready.")] = 60.0,
    as_json: Json = False,
) -> None:
    """Start the local AWS, and return when it is ready. This does nothing if it runs already."""
    from fota_operator.local.aws import LocalAws

    local = LocalAws(folder)
    status = local.up(gateway_port=gateway_port, device_port=device_port, host=host, timeout_s=timeout)
    _say_who_reaches_it(status, ca_renewed=local.ca_renewed)
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


def _say_who_reaches_it(status: "LocalStatus", *, ca_renewed: bool) -> None:
    from fota_operator.local.host import addresses_of, only_this_machine_reaches

    talk(f"Devices connect to {status.device_endpoint}, each with its certificate.")
    if status.host is None:
        talk("Only this machine reaches it. For a board on the bench: fota local up --host NAME")
    else:
        talk(
            f"It is OPEN to the network at {status.host}, for devices with a certificate and for presigned "
            "downloads, and for nothing else."
        )
        if only_this_machine_reaches(addresses := addresses_of(status.host)):
            talk(f"But {', '.join(addresses)} is an address that only this machine reaches.")
    if ca_renewed:
        talk(f"Its CA is a new one: give things that were added before the file {status.ca_bundle} as their ca.pem.")


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
