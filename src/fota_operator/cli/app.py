"""The tree of commands, put together. Imports nothing slow: a command imports what it needs when it runs."""

from importlib import metadata
from typing import Annotated

import typer

from fota_operator.cli import demo, image, jobs, keys, local, release, things
from fota_operator.cli.output import answer

app = typer.Typer(
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
)


def _show_version(wanted: bool) -> None:
    if wanted:
        answer(metadata.version("aws-iot-fota"))
        raise typer.Exit


@app.callback()
def fota(
    version: Annotated[
        bool, typer.Option("--version", callback=_show_version, is_eager=True, help="Print the version.")
    ] = False,
) -> None:
    """Firmware over the air for Python devices on AWS IoT: the operator's side.

    Exit status: 0 done, 1 refused or failed, 2 misused. AWS is found as every AWS tool finds it.
    """


for _command in (jobs.start, jobs.status, jobs.watch, jobs.cancel, demo.demo):
    app.command()(_command)
app.add_typer(things.app, name="things")
app.add_typer(image.app, name="image")
app.add_typer(keys.app, name="keys")
app.add_typer(release.app, name="release")
app.add_typer(local.app, name="local")
