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
from fota_operator.cli.output import answer, ending_on_errors, showing_requests, talk_error
from fota_operator.errors import BadInput
from fota_operator.plain import visible

_NO_LIMIT = 1_000_000
_JSON = "--json"

SECTIONS = (
    ("Prepare an account and its things", ("bootstrap", "doctor", "things")),
    ("Make a release", ("image", "keys", "release")),
    ("Offer it", ("rollout", "start", "cancel")),
    ("See what comes of it", ("watch", "status", "explain", "fleet")),
    ("Try it on this machine or on the bench", ("demo", "local", "board")),
)
"""The commands of `fota --help`, in the order in which an operator meets them."""


@contextmanager
def _saying_misuse(*, as_json: bool) -> Iterator[None]:
    """Let an error of the command line repeat what was typed without what a terminal obeys; as JSON if asked for."""
    try:
        yield
    except Exception as error:
        told = getattr(error, "format_message", None)
        if told is not None:
            text = visible(told())
            error.format_message = lambda: text  # type: ignore[attr-defined]  # typer does not export their class
            if as_json:
                path = getattr(getattr(error, "ctx", None), "command_path", "fota")
                misuse = BadInput(text.rstrip("."), f"see `{path} --help`")
                error.show = lambda *_: talk_error(misuse, as_json=True)  # type: ignore[attr-defined]  # as above
        raise


class _Whole(TyperGroup):
    """A group whose help shows the summary of each command to its end, on as many lines as that takes."""

    sections: tuple[tuple[str, tuple[str, ...]], ...] = ()

    def format_commands(self, _: Any, formatter: Any) -> None:  # Any: as below
        shown = self.commands
        for heading, names in self.sections or (("Commands", tuple(shown)),):
            rows = [(name, shown[name].get_short_help_str(_NO_LIMIT)) for name in names if not shown[name].hidden]
            with formatter.section(heading):
                formatter.write_dl(rows, col_max=max(map(len, shown)))


class _Fota(_Whole):
    sections = SECTIONS

    def make_context(self, *arguments: Any, **options: Any) -> Any:  # Any: the types are typer's own, and private
        self._as_json = any(_JSON in words for words in arguments if isinstance(words, list))
        with _saying_misuse(as_json=self._as_json):
            return super().make_context(*arguments, **options)

    def invoke(self, ctx: Any) -> Any:  # Any: as above
        with _saying_misuse(as_json=self._as_json):
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

        with ending_on_errors():
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
