"""A plan, and snapshots of its rollout: what AWS said of each stage, in one line."""

from dataclasses import replace
from datetime import datetime, timedelta, timezone

from fota_operator.rollouts.decide.snapshot import (
    PAUSED_CODE,
    JobSnapshot,
    Snapshot,
    StageSnapshot,
)
from fota_operator.rollouts.plan.gate import Gate
from fota_operator.rollouts.plan.model import Plan, Stage, Targets
from fota_operator.rollouts.plan.window import StageWindow

NOON = datetime(2026, 3, 2, 12, tzinfo=timezone.utc)
"""A Monday."""
PLAN = Plan(
    name="pump-1-4",
    release="a" * 64,
    targets=Targets(groups=("pumps",)),
    stages=(
        Stage("canary", things=2),
        Stage("some", percent=50, gate=Gate(succeeded_percent=90)),
        Stage("all", percent=100, gate=Gate(succeeded_percent=90)),
    ),
)
SOAKING = replace(PLAN, stages=(Stage("canary", things=2, gate=Gate(soak_minutes=30)), *PLAN.stages[1:]))
NIGHTS = replace(PLAN, window=StageWindow("22:00", "04:00"))


def after(minutes: float) -> datetime:
    return NOON + timedelta(minutes=minutes)


def job(stage: int, status: str = "IN_PROGRESS", reason_code: str | None = None, offer: int = 1) -> JobSnapshot:
    suffix = f"-{offer}" if offer > 1 else ""
    return JobSnapshot(f"fota-pump-1-4-{stage}{suffix}", status, NOON, reason_code)


def begun(
    number: int, things: int, *jobs: JobSnapshot, offerable: int = 0, at: float = 0, **counts: int
) -> StageSnapshot:
    """A stage whose successes came in at `at` minutes past noon."""
    times = (after(at),) * counts.get("SUCCEEDED", 0)
    return StageSnapshot(number, jobs or (job(number),), things, counts, times, offerable)


def seen(targets: int, *stages: StageSnapshot, tag: str | None = None, left: int = 0) -> Snapshot:
    """A rollout to so many things; `left` of those that were offered the release are no targets any more."""
    return Snapshot(
        product="pump",
        version="1.4",
        targets=targets,
        offered_targets=sum(stage.things for stage in stages) - left,
        stages=stages,
        tag=tag,
    )


CANARY_PASSED = begun(1, 2, SUCCEEDED=2)
HALF_PASSED = begun(2, 3, SUCCEEDED=3)
PAUSED_CANARY = job(1, "CANCELED", PAUSED_CODE)
