"""The tree of commands, put together. Imports nothing slow: a command imports what it needs when it runs."""

from typing import Annotated

import typer

from fota_operator.cli import (
    bootstrap,
    demo,
    doctor,
    explain,
    image,
    jobs,
    keys,
    local,
    release,
    rollout,
    things,
    watch,
)
from fota_operator.cli.output import answer, reporting_errors, telling_requests

app = typer.Typer(
    no_args_is_help=True,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
)


def _show_version(wanted: bool) -> None:
    if wanted:
        from importlib import metadata

        with reporting_errors():
            answer(metadata.version("aws-iot-fota"))
        raise typer.Exit


def _tell_requests(context: typer.Context, wanted: bool) -> None:
    if wanted:
        context.with_resource(telling_requests())


@app.callback()
def fota(
    version: Annotated[
        bool, typer.Option("--version", callback=_show_version, is_eager=True, help="Print the version.")
    ] = False,
    verbose: Annotated[
        bool,
        typer.Option(
            "--verbose", "-v", callback=_tell_requests, help="Say on stderr which requests AWS answered, and its ids."
        ),
    ] = False,
) -> None:
    """Firmware over the air for Python devices on AWS IoT: the operator's side.

    Exit status: 0 done, 1 refused or failed, 2 misused. AWS is found as every AWS tool finds it.
    """


for _command in (
    bootstrap.bootstrap,
    doctor.doctor,
    jobs.start,
    jobs.status,
    watch.watch,
    explain.explain,
    jobs.cancel,
    demo.demo,
):
    app.command()(_command)
app.add_typer(things.app, name="things")
app.add_typer(image.app, name="image")
app.add_typer(keys.app, name="keys")
app.add_typer(release.app, name="release")
app.add_typer(rollout.app, name="rollout")
app.add_typer(local.app, name="local")
