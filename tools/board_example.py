"""Draws what `fota watch` shows, for the documentation, in 80 columns: a failed canary, and devices that wait."""

import io
from dataclasses import replace
from datetime import datetime, timezone

from rich.console import Console

from fota_operator.cli.dashboard import Dashboard
from fota_operator.jobs.deferrals import CountedDeferrals, DeferralKind
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


_NIGHT = CountedDeferrals(
    count=6,
    looked_at=7,
    in_progress=7,
    kinds=(
        DeferralKind("download", "it is not night yet", 5, "pump-12"),
        DeferralKind("restart", "a pump runs", 1, "pump-31"),
    ),
    last_at=datetime(2026, 3, 4, 9, 30, tzinfo=timezone.utc),
)

DEFERRED = replace(
    EXAMPLE,
    state="running",
    next="stage 3, all: 35 of 45 have succeeded, 41 must; 3 queued, 7 in progress, 6 of them put it off",
    stages=(
        StageStatus(1, "canary", "passed", "", 2, {"SUCCEEDED": 2}, ("fota-pump-1-5-0-1",)),
        StageStatus(2, "some", "passed", "", 3, {"SUCCEEDED": 3}, ("fota-pump-1-5-0-2",)),
        StageStatus(
            3,
            "all",
            "running",
            "35 of 45 have succeeded, 41 must",
            45,
            {"SUCCEEDED": 35, "IN_PROGRESS": 7, "QUEUED": 3},
            ("fota-pump-1-5-0-3",),
            deferred=_NIGHT,
        ),
    ),
    failures=(),
)


def board_deferred() -> str:
    """The drawing of a rollout in which devices put the release off, as a block of a page."""
    return _drawn(DEFERRED)


def board_example() -> str:
    """The drawing of a rollout that failed, as a block of a page."""
    return _drawn(EXAMPLE)


def _drawn(status: RolloutStatus) -> str:
    screen = io.StringIO()
    Console(file=screen, width=80, highlight=False).print(Dashboard(status))
    lines = "\n".join(line.rstrip() for line in screen.getvalue().splitlines())
    return f"```text\n{lines}\n```\n"
