"""Draws what `fota watch` shows, for the documentation: a rollout whose canary failed, in 80 columns."""

import io

from rich.console import Console

from fota_operator.cli.dashboard import Dashboard
from fota_operator.rollouts.decide.status import Failures, RolloutStatus, StageStatus

_FAILED = "1 of 2 things FAILED, and all must succeed"

EXAMPLE = RolloutStatus(
    name="pump-1-5-0",
    state="halted",
    next="mend the release and start another rollout, or end this one with `fota rollout abort pump-1-5-0`",
    product="pump",
    version="1.5.0",
    targets=50,
    stages=(
        StageStatus(1, "canary", "failed", _FAILED, 2, {"SUCCEEDED": 1, "FAILED": 1}, ("fota-pump-1-5-0-1",)),
        StageStatus(2, "some", "waiting", "", 3, {"WAITING": 3}),
        StageStatus(3, "all", "waiting", "", 45, {"WAITING": 45}),
    ),
    failures=(Failures("canary", "FAILED", "rolled-back", 1, "pump-7"),),
)


def board_example() -> str:
    """The drawing, as a block of a page."""
    screen = io.StringIO()
    Console(file=screen, width=80, highlight=False).print(Dashboard(EXAMPLE))
    lines = "\n".join(line.rstrip() for line in screen.getvalue().splitlines())
    return f"```text\n{lines}\n```\n"
