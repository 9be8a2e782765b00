"""The status of each stage of a rollout, from its gate and from AWS's own times. Pure.

Leaves to others: what follows for the rollout (`next_step`).
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone

from fota_operator.rollouts.decide.snapshot import (
    ABORTED_CODE,
    GATE_CODE,
    PAUSED_CODE,
    JobSnapshot,
    Snapshot,
    StageSnapshot,
)
from fota_operator.rollouts.decide.stages import room
from fota_operator.rollouts.decide.status import StageStatus
from fota_operator.rollouts.plan.gate import LOST, MET, Counted, needed, outlook
from fota_operator.rollouts.plan.model import Plan, Stage

_ENDED = ("CANCELED", "DELETION_IN_PROGRESS")
_COUNTS_LATE = timedelta(minutes=2)
"""How long the counts of a job that is COMPLETED may lack answers; AWS documents no upper bound for this lag."""
_RETRYABLE = ("FAILED", "TIMED_OUT")


def judge_stages(plan: Plan, snapshot: Snapshot, now: datetime) -> tuple[StageStatus, ...]:
    """The status of every stage of the plan, also of those that have not begun.

    *Raises* ValueError if a stage lacks the times that `needs_times` asks for.
    """
    begun = {stage.number: stage for stage in snapshot.stages}
    newest = max(begun, default=0)
    offered = snapshot.offered_targets
    rows: list[StageStatus] = []
    for number, stage in enumerate(plan.stages, start=1):
        if number in begun:
            rows.append(_Begun(plan, begun[number], snapshot.tag, now, overtaken=number < newest).status())
            continue
        things = 0 if number < newest else room(plan, number, snapshot.targets, offered)
        offered += things
        rows.append(_not_begun(number, stage, things, rows))
    return tuple(rows)


def needs_times(plan: Plan, number: int, things: int, succeeded: int, deferred: int = 0) -> bool:
    """Whether the times of its successes are needed to judge stage `number`.

    If a later stage has begun, they are not needed, even if this is True.
    """
    gate = plan.stages[number - 1].gate
    return gate.soak_minutes > 0 and 0 < needed(gate, things, deferred) <= succeeded


def is_offerable(stage: StageSnapshot) -> bool:
    """Whether a pause left things of this stage without an answer that can be offered the release again."""
    return stage.offerable > 0 and any(map(_is_pause, stage.newest))


def cancelled_by_others(stage: StageSnapshot) -> JobSnapshot | None:
    """A job of the stage that was cancelled for another reason than a pause or a gate that cannot be met."""
    ours = (PAUSED_CODE, GATE_CODE)
    return next((job for job in stage.jobs if job.status in _ENDED and job.reason_code not in ours), None)


def _is_pause(job: JobSnapshot) -> bool:
    return job.status in _ENDED and job.reason_code == PAUSED_CODE


def _not_begun(number: int, stage: Stage, things: int, before: list[StageStatus]) -> StageStatus:
    passed = all(row.state == "passed" for row in before)
    if things == 0 and passed:
        state, why = "passed", "no things are left for it"
    else:
        state, why = "waiting", "begins next" if passed else "comes after the stage before"
    counts = {"WAITING": things} if things else {}
    return StageStatus(number, stage.name, state, why, things, counts)


@dataclass(frozen=True)
class _Begun:
    """The status of a stage that has begun, from its gate. `overtaken`: a later stage has begun."""

    plan: Plan
    snapshot: StageSnapshot
    tag: str | None
    now: datetime
    overtaken: bool

    def status(self) -> StageStatus:
        met_at = self._gate_met_at()
        state, why = self._state(met_at)
        waiting = self._waiting()
        counts = {status: count for status, count in self.snapshot.counts.items() if count}
        return StageStatus(
            number=self.snapshot.number,
            name=self._stage.name,
            state=state,
            why=why,
            things=self.snapshot.things,
            counts=counts | ({"WAITING": waiting} if waiting else {}),
            job_ids=tuple(job.job_id for job in self.snapshot.jobs),
            began_at=self.snapshot.jobs[0].created_at,
            gate_met_at=met_at,
            deferred=self.snapshot.deferred,
            missing=self.snapshot.missing,
        )

    @property
    def _stage(self) -> Stage:
        return self.plan.stages[self.snapshot.number - 1]

    @property
    def _needed(self) -> int:
        return needed(self._stage.gate, self.snapshot.things, self.snapshot.put_off)

    @property
    def _succeeded(self) -> int:
        return self._count("SUCCEEDED")

    def _state(self, met_at: datetime | None) -> tuple[str, str]:
        """The state, and why. The order of the cases decides."""
        progress = f"{self._succeeded} of {self.snapshot.things} have succeeded"
        if self.snapshot.put_off and not self._stage.gate.wait_for_deferred:
            progress += f", {self.snapshot.put_off} that put it off are left out"
        stopped = self._stopped()
        if stopped is not None:
            return "aborted", f"{stopped}; {progress}"
        if self.overtaken:
            return "passed", progress
        counted = Counted(self.snapshot.things, self.snapshot.counts, self._open(), self.snapshot.put_off)
        gate = outlook(self._stage.gate, counted)
        if gate.state == MET:
            return self._passed_or_soaking(met_at, progress)
        if gate.state == LOST:
            return "failed", gate.why
        if self.tag == "paused" or is_offerable(self.snapshot):
            return "paused", progress
        return "running", f"{progress}, {gate.why}"

    def _stopped(self) -> str | None:
        """Why it is stopped for good, in words."""
        cancelled = cancelled_by_others(self.snapshot)
        if cancelled is not None:
            return _cancelled(cancelled)
        return None if self.overtaken else _broken_rule(self.plan, self.snapshot)

    def _passed_or_soaking(self, met_at: datetime | None, progress: str) -> tuple[str, str]:
        stage = self.snapshot
        if not needs_times(self.plan, stage.number, stage.things, self._succeeded, stage.put_off):
            return "passed", progress
        if met_at is None:
            raise ValueError(f"stage {self.snapshot.number}: it is not known when its successes came in")
        until = soaked_at(self._stage, met_at)
        if self.now >= until:
            return "passed", progress
        return "soaking", f"{progress}; it soaks until {until.astimezone(timezone.utc):%Y-%m-%d %H:%M:%S} UTC"

    def _gate_met_at(self) -> datetime | None:
        """The time of the success that met the gate."""
        times = sorted(self.snapshot.succeeded_at or ())
        return times[self._needed - 1] if 0 < self._needed <= len(times) else None

    def _waiting(self) -> int:
        """How many things have no execution yet."""
        return max(0, self.snapshot.things - sum(self.snapshot.counts.values()))

    def _open(self) -> int:
        """How many things may still succeed."""
        newest = self.snapshot.newest
        running = any(job.status not in (*_ENDED, "COMPLETED") for job in newest)
        if not running and any(job.status in _ENDED for job in newest):
            return self._count("IN_PROGRESS") + (self.snapshot.offerable if any(map(_is_pause, newest)) else 0)
        pending = self._count("QUEUED") + self._count("IN_PROGRESS")
        if not running:
            ended = [job.completed_at for job in newest if job.completed_at is not None]
            late = bool(ended) and self.now < max(ended) + _COUNTS_LATE
            return pending + (self._waiting() if late else self.snapshot.not_offered)
        # AWS does not say which of the failures it will offer again: none is final while the job lasts.
        again = sum(self._count(status) for status in _RETRYABLE) if self.plan.retries else 0
        return pending + self._waiting() + again

    def _count(self, status: str) -> int:
        return self.snapshot.counts.get(status, 0)


def _broken_rule(plan: Plan, stage: StageSnapshot) -> str | None:
    """Which rule of the plan the stage as a whole has broken, in words: AWS applies them to each of its jobs."""
    if len(stage.newest) == 1 and not stage.not_offered:
        return None
    counts = stage.counts
    failed = {kind: counts.get(kind, 0) for kind in ("FAILED", "REJECTED", "TIMED_OUT")}
    ended = counts.get("SUCCEEDED", 0) + sum(failed.values())
    for rule in plan.aborts:
        bad = sum(failed.values()) if rule.failure == "ALL" else failed[rule.failure]
        least = math.ceil(stage.things / 10) if rule.least is None else rule.least
        if ended and ended >= least and bad * 100 >= rule.percent * ended:
            how = "failed" if rule.failure == "ALL" else rule.failure
            return (
                f"{bad} of the {ended} things that have answered {how}: the plan stops it at {rule.percent:g} percent"
            )
    return None


def soaked_at(stage: Stage, met_at: datetime) -> datetime:
    """When the soak time of a stage ends, if its gate was met at that moment."""
    return met_at + timedelta(minutes=stage.gate.soak_minutes)


def _cancelled(job: JobSnapshot) -> str:
    if job.reason_code == ABORTED_CODE:
        return f"its job {job.job_id} was aborted"
    if job.status == "DELETION_IN_PROGRESS":
        return f"its job {job.job_id} is being deleted"
    reason = job.reason_code or "no reason given"
    return f"its job {job.job_id} was cancelled, by AWS's abort rule or by hand ({reason})"
