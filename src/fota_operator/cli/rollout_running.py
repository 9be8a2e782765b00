"""What the commands that run a rollout have in common: their options, the question before, and the end."""

import sys
from collections.abc import Callable
from typing import TYPE_CHECKING, Annotated

import typer

from fota_operator.cli.output import talk
from fota_operator.cli.rollout_status import answer_status
from fota_operator.errors import BadInput

if TYPE_CHECKING:
    from fota_operator.rollouts.decide.status import RolloutStatus

Yes = Annotated[bool, typer.Option("--yes", "-y", help="Begin without asking for confirmation.")]
Once = Annotated[bool, typer.Option("--once", help="Do what is due now, then end: for cron.")]
Timeout = Annotated[float | None, typer.Option(help="Give up after this many seconds; the jobs in AWS go on.")]
Interval = Annotated[float, typer.Option(help="Seconds between two looks; AWS asks for at least 2.")]


def confirm(question: str, *, yes: bool) -> None:
    """Ask whether to begin. *Raises* BadInput if nobody is here to answer, Exit for a no."""
    if yes:
        return
    if not sys.stdin.isatty():
        raise BadInput(f"nobody is here to be asked: {question}", "say so with --yes")
    if not typer.confirm(question, err=True):
        talk("Nothing was changed.")
        raise typer.Exit(1)


def answer_run(name: str, run: "Callable[[], RolloutStatus]", *, as_json: bool) -> None:
    """Run a rollout and write its status. *Raises* Exit if it was halted, paused or aborted."""
    try:
        status = run()
    except (KeyboardInterrupt, SystemExit):
        # A cancelled CI job and a closed terminal end the command by SystemExit.
        talk(
            f"fota: interrupted; the jobs of the rollout {name} go on in AWS, and no later stage begins. Run this "
            f"again to go on, look at it with `fota watch {name}`, or stop it with `fota rollout pause {name}`."
        )
        raise
    answer_status(status, as_json=as_json)
    if status.state in ("halted", "paused", "aborted"):
        talk(f"fota: the rollout {status.name} is {status.state}: {status.because}")
        raise typer.Exit(1)
