"""`fota demo`: the story of `demo.story`, told in the terminal."""

import re
import sys
import time
from typing import TYPE_CHECKING

import typer

from fota_operator.plain import visible

if TYPE_CHECKING:
    from rich.console import Console

    from fota_operator.demo.scenes import SceneOutcome
    from fota_operator.jobs.progress import ExecutionStatus

_TOLD_EVENTS = (
    "boot slot=",
    "rollback ",
    "image-ended",
    "download-started",
    "download-retried",
    "installed ",
    "trial-started",
    "confirmed ",
    "job-",
    "restarting",
    "deferral-",
    "release-",
    "firmware ",
    "provisioned",
)
_TIME = re.compile(r"^\d{4}-\d\d-\d\d [\d:,]+ ")


class ConsoleNarrator:
    """Prints the story as it happens: who does something, and when."""

    def __init__(self, console: "Console") -> None:
        self._console = console
        self._began = time.monotonic()
        self._told_of_samples = ""

    def scene(self, title: str) -> None:
        """A headline."""
        self._console.print(f"\n[bold]{title}[/bold]")

    def operator(self, text: str) -> None:
        """What the operator does."""
        self._say("operator", "cyan", text)

    def thief(self, text: str) -> None:
        """What an attacker does."""
        self._say("thief", "red", text)

    def device(self, line: str) -> None:
        """What the device says: only its events; its log has everything."""
        words = _TIME.sub("", line).removeprefix("fota-boot: ")
        firmware, publishes, _ = words.partition(" publishes ")
        if publishes:
            if firmware == self._told_of_samples:
                return
            self._told_of_samples = firmware
        if words.startswith(_TOLD_EVENTS):
            self._say("device", "green", words)

    def job(self, execution: "ExecutionStatus") -> None:
        """What the job says."""
        deferral = execution.deferral
        if deferral is not None:
            self._say("job", "magenta", f"{execution.status} put off before the {deferral.moment}: {deferral.reason}")
            return
        details = " ".join(f"{name}={value!r}" for name, value in execution.details.items())
        self._say("job", "magenta", f"{execution.status} {details}".rstrip())

    def _say(self, who: str, style: str, text: str) -> None:
        elapsed = time.monotonic() - self._began
        self._console.print(f"[dim]{elapsed:6.1f} s[/dim]  [{style}]{who:<8}[/{style}]  ", end="")
        self._console.print(visible(text), markup=False, highlight=False, soft_wrap=True)


def demo() -> None:
    """Play the whole story on this machine: good updates, rollbacks, and a thief with the AWS credentials.

    It needs no AWS account: a local AWS server and a device run as real processes, and end with the demo.
    The exit status is 0 only if every job and every boot is as it must be.
    """
    from rich.console import Console

    from fota_operator.cli.output import ending_on_errors
    from fota_operator.demo.scenes import SCENES
    from fota_operator.demo.story import play

    console = Console(width=None if sys.stdout.isatty() else 120)
    outcomes = []
    with ending_on_errors():
        for outcome in play(ConsoleNarrator(console)):
            outcomes.append(outcome)
    _show(console, outcomes)
    if len(outcomes) != len(SCENES) or not all(outcome.as_it_must_be for outcome in outcomes):
        console.print("Not every line is as it must be.", style="bold red")
        raise typer.Exit(1)
    console.print("Every line is as it must be. No process, port or file is left behind.")


def _show(console: "Console", outcomes: "list[SceneOutcome]") -> None:
    from fota_operator.cli.fitting import table_of

    console.print("\n[bold]What came of each image[/bold]")
    headings = ("image", "status", "reason", "cause", "boots", "bytes written", "runs then", "s", "right")
    rows = [
        (
            outcome.scene.version,
            outcome.status,
            outcome.reason if outcome.patch_bytes is None else f"patch of {outcome.patch_bytes:,} bytes",
            outcome.cause,
            str(outcome.boots),
            f"{outcome.written_bytes:,}",
            outcome.runs_then,
            f"{outcome.seconds:.1f}",
            "yes" if outcome.as_it_must_be else "NO",
        )
        for outcome in outcomes
    ]
    console.print(table_of(headings, rows, console.width, right=("boots", "bytes written", "s")))
