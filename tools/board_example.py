"""Draws what `fota watch` shows, for the documentation, in 80 columns: a failed canary, and devices that wait.

What the drawings say is what the command decides for such a rollout, not a text of this file.
"""

import io
from datetime import datetime, timedelta, timezone

from rich.console import Console

from fota_operator.cli.dashboard import Dashboard
from fota_operator.jobs.deferrals import CountedDeferrals, DeferralKind
from fota_operator.rollouts.decide.next_step import decide
from fota_operator.rollouts.decide.snapshot import JobSnapshot, Snapshot, StageSnapshot
from fota_operator.rollouts.decide.status import Failures, RolloutStatus
from fota_operator.rollouts.plan.model import DEFAULT_STAGES, Plan, Targets

_NOW = datetime(2026, 3, 3, 12, 0, tzinfo=timezone.utc)
_PLAN = Plan("pump-1-5-0", "0" * 64, Targets(groups=("pumps",)), DEFAULT_STAGES)


def _begun(
    number: int, things: int, deferred: CountedDeferrals | None = None, *, status: str = "IN_PROGRESS", **counts: int
) -> StageSnapshot:
    began_at = _NOW - timedelta(hours=4 - number)
    job = JobSnapshot(f"fota-pump-1-5-0-{number}", status, began_at, completed_at=began_at)
    return StageSnapshot(number, (job,), things, counts, deferred=deferred, offer_total=things)


def _seen(offered: int, *stages: StageSnapshot, failures: tuple[Failures, ...] = ()) -> RolloutStatus:
    return decide(_PLAN, Snapshot("pump", "1.5.0", 50, offered, stages, failures=failures), _NOW).status


EXAMPLE = _seen(
    2,
    _begun(1, 2, status="COMPLETED", SUCCEEDED=1, FAILED=1),
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

DEFERRED = _seen(
    50,
    _begun(1, 2, status="COMPLETED", SUCCEEDED=2),
    _begun(2, 3, status="COMPLETED", SUCCEEDED=3),
    _begun(3, 45, _NIGHT, SUCCEEDED=35, IN_PROGRESS=7, QUEUED=3),
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
