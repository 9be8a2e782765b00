"""The drawing of `fota watch` for the documentation: a rollout whose canary failed, at 80 columns."""

import io

from rich.console import Console

from fota_operator.cli.board import Board
from fota_operator.rollouts.standing import Failures, StageStanding, Standing

_FAILED = "1 of 2 things FAILED, and all must succeed"

EXAMPLE = Standing(
    name="pump-1-5-0",
    state="halted",
    next="mend the release and start another rollout, or end this one with `fota rollout abort pump-1-5-0`",
    product="pump",
    version="1.5.0",
    targets=50,
    stages=(
        StageStanding(1, "canary", "failed", _FAILED, 2, {"SUCCEEDED": 1, "FAILED": 1}, ("fota-pump-1-5-0-1",)),
        StageStanding(2, "some", "waiting", "", 3, {"WAITING": 3}),
        StageStanding(3, "all", "waiting", "", 45, {"WAITING": 45}),
    ),
    failures=(Failures("canary", "FAILED", "rolled-back", 1, "pump-7"),),
)


def board_example() -> str:
    """The drawing, as a block of a page."""
    screen = io.StringIO()
    Console(file=screen, width=80, highlight=False).print(Board(EXAMPLE))
    lines = "\n".join(line.rstrip() for line in screen.getvalue().splitlines())
    return f"```text\n{lines}\n```\n"
