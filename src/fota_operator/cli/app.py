"""The tree of commands, put together. Imports nothing slow: a command imports what it needs when it runs."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Annotated, Any

import typer
from typer.core import TyperGroup

from fota_operator.cli import (
    board,
    bootstrap,
    demo,
    doctor,
    explain,
    fleet,
    image,
    jobs,
    keys,
    local,
    release,
    rollout,
    things,
    watch,
)
from fota_operator.cli.output import answer, reporting_errors, showing_requests
from fota_operator.plain import visible

_NO_LIMIT = 1_000_000


@contextmanager
def _escaping() -> Iterator[None]:
    """Let an error of the command line repeat what was typed without what a terminal obeys."""
    try:
        yield
    except Exception as error:
        told = getattr(error, "format_message", None)
        if told is not None:
            text = visible(told())
            error.format_message = lambda: text  # type: ignore[attr-defined]  # typer does not export their class
        raise


class _Whole(TyperGroup):
    """A group whose help shows the summary of each command to its end, on as many lines as that takes."""

    def format_commands(self, ctx: Any, formatter: Any) -> None:  # Any: as below
        shown = [(name, self.get_command(ctx, name)) for name in self.list_commands(ctx)]
        rows = [(name, one.get_short_help_str(_NO_LIMIT)) for name, one in shown if one and not one.hidden]
        if rows:
            with formatter.section("Commands"):
                formatter.write_dl(rows)


class _Fota(_Whole):
    def make_context(self, *arguments: Any, **options: Any) -> Any:  # Any: the types are typer's own, and private
        with _escaping():
            return super().make_context(*arguments, **options)

    def invoke(self, ctx: Any) -> Any:  # Any: as above
        with _escaping():
            return super().invoke(ctx)


app: typer.Typer = typer.Typer(
    cls=_Fota,
    no_args_is_help=True,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
)


def _show_version(wanted: bool) -> None:
    if wanted:
        from fota_boot import version

        with reporting_errors():
            answer(version.installed())
        raise typer.Exit


def _show_requests(context: typer.Context, wanted: bool) -> None:
    if wanted:
        context.with_resource(showing_requests())


@app.callback()
def fota(
    version: Annotated[
        bool, typer.Option("--version", callback=_show_version, is_eager=True, help="Print the version.")
    ] = False,
    verbose: Annotated[
        bool,
        typer.Option(
            "--verbose",
            "-v",
            callback=_show_requests,
            help="Write each request that AWS answers to stderr, with its request id.",
        ),
    ] = False,
) -> None:
    """Update the firmware of Python devices over the air with AWS IoT: this is the operator's command.

    The exit status is 0 when it is done, 1 when it is refused or fails, and 2 when it is misused.
    Credentials and region come from the environment and ~/.aws, as with every tool of AWS.
    """


for _command in (
    bootstrap.bootstrap,
    doctor.doctor,
    jobs.start,
    jobs.status,
    watch.watch,
    explain.explain,
    fleet.fleet,
    jobs.cancel,
    demo.demo,
):
    app.command()(_command)
app.add_typer(things.app, name="things", cls=_Whole)
app.add_typer(image.app, name="image", cls=_Whole)
app.add_typer(board.app, name="board", cls=_Whole)
app.add_typer(keys.app, name="keys", cls=_Whole)
app.add_typer(release.app, name="release", cls=_Whole)
app.add_typer(rollout.app, name="rollout", cls=_Whole)
app.add_typer(local.app, name="local", cls=_Whole)
