"""Computes, from the plan and a snapshot, the status of a rollout and the one step that is due. Pure.

Leaves to others: the status of each stage (`stage_status`), reading AWS (`reader`), doing the step (`run`).
"""

from __future__ import annotations

from datetime import datetime, timedelta

from fota_operator.rollouts.decide.coming import Facts, coming, things_in_words, title
from fota_operator.rollouts.decide.snapshot import (
    ABORTED_CODE,
    Aborted,
    Begin,
    Decision,
    Done,
    Halted,
    OfferAgain,
    OfferMore,
    Paused,
    Snapshot,
    Step,
    Wait,
)
from fota_operator.rollouts.decide.stage_status import is_offerable, judge_stages, needs_times, soaked_at
from fota_operator.rollouts.decide.stages import rate
from fota_operator.rollouts.decide.status import PENDING, RolloutStatus, StageStatus
from fota_operator.rollouts.plan.model import Plan
from fota_operator.rollouts.plan.quotas import jobs_for
from fota_operator.rollouts.plan.window import next_inside

__all__ = ["decide", "needs_times"]


def decide(plan: Plan, snapshot: Snapshot, now: datetime) -> Decision:
    """The status of the rollout, and the one step that is due now. `now` must have a time zone.

    *Raises* ValueError if `snapshot` lacks the times that `needs_times` asks for.
    """
    facts = Facts(plan, snapshot, judge_stages(plan, snapshot, now), now)
    step = next(step for rule in _RULES if (step := rule(facts)) is not None)
    status = RolloutStatus(
        name=plan.name,
        state=_STATES[type(step)],
        next=coming(facts, step),
        why=step.why if isinstance(step, Wait | Halted | Done) else "",
        product=snapshot.product,
        version=snapshot.version,
        targets=facts.things,
        stages=facts.stages,
        failures=snapshot.failures,
        next_at=step.until if isinstance(step, Wait) else None,
        rate_per_minute=plan.rate_per_minute,
        acts=snapshot.acts,
        ways=snapshot.ways,
    )
    return Decision(status, step)


def _aborted(facts: Facts) -> Step | None:
    codes = {job.reason_code for stage in facts.snapshot.stages for job in stage.jobs}
    if facts.snapshot.tag != "aborted" and ABORTED_CODE not in codes:
        return None
    why = "it was aborted; to offer the release again, start a rollout of another name"
    return Aborted(why + _may_still_take_it(facts, f"`fota rollout abort {facts.plan.name} force=yes` stops them"))


def _job_cancelled(facts: Facts) -> Step | None:
    return _halted(facts.first("aborted"))


def _gate_failed(facts: Facts) -> Step | None:
    return _halted(facts.first("failed"))


def _halted(stage: StageStatus | None) -> Step | None:
    return None if stage is None else Halted(f"{title(stage)}: {stage.why}")


def _paused(facts: Facts) -> Step | None:
    if facts.snapshot.tag != "paused":
        return None
    running = [job.job_id for stage in facts.snapshot.stages for job in stage.jobs if job.status == "IN_PROGRESS"]
    if running:
        # The pause was interrupted between the tag and the last CancelJob.
        return Paused(f"paused, but {', '.join(running)} still runs: pause it again")
    goes_on = f"paused; `fota rollout resume {facts.plan.name}` goes on"
    return Paused(goes_on + _may_still_take_it(facts, "only an abort can stop them"))


def _offer_again(facts: Facts) -> Step | None:
    stage = next((stage for stage in facts.snapshot.stages if is_offerable(stage)), None)
    return None if stage is None else _inside_window(facts, OfferAgain(stage.number))


def _offer_more(facts: Facts) -> Step | None:
    """The jobs that roll out together share the rate of their stage: when one is through, the next is due."""
    stage = next((stage for stage in facts.snapshot.stages if stage.not_offered), None)
    if stage is None:
        return None
    jobs = jobs_for(stage.offer_total, rate(facts.plan, facts.plan.stages[stage.number - 1]))
    through = [job.created_at + timedelta(minutes=jobs.minutes) for job in stage.newest]
    rolling = [moment for moment in through if moment > facts.now]
    if len(rolling) < jobs.at_once:
        return OfferMore(stage.number, len(stage.newest) + 1, jobs.at_once - len(rolling))
    row = facts.stages[stage.number - 1]
    return Wait(min(rolling), f"{title(row)}: {row.why}; {_pending(row)}")


def _running(facts: Facts) -> Step | None:
    stage = facts.first("running")
    return None if stage is None else Wait(None, f"{title(stage)}: {stage.why}; {_pending(stage)}")


def _soaking(facts: Facts) -> Step | None:
    stage = facts.first("soaking")
    if stage is None or stage.gate_met_at is None:
        return None
    until = soaked_at(facts.plan.stages[stage.number - 1], stage.gate_met_at)
    if any(later.things for later in facts.stages[stage.number :]):
        until = next_inside(facts.plan.window, until)
    return Wait(until, f"{title(stage)}: {stage.why}")


def _no_targets(facts: Facts) -> Step | None:
    if facts.things:
        return None
    return Halted("its targets are no things")


def _too_many(facts: Facts) -> Step | None:
    most = facts.plan.most_things
    if most is None or facts.things <= most or facts.first("waiting") is None:
        return None
    return Halted(f"it would offer the release to {facts.things} things, and its plan allows {most}; the groups grew")


def _begin(facts: Facts) -> Step | None:
    stage = facts.first("waiting")
    return None if stage is None else _inside_window(facts, Begin(stage.number))


def _done(facts: Facts) -> Step:
    late = sum(stage.counts.get(status, 0) for stage in facts.stages for status in PENDING)
    if not late:
        return Done("every gate is passed")
    put_off = sum(stage.put_off for stage in facts.stages)
    of_them = f", {put_off} of them put it off" if put_off else ""
    return Done(f"every gate is passed; without an answer yet: {things_in_words(late)}{of_them}")


_RULES = (
    _aborted,
    _job_cancelled,
    _gate_failed,
    _paused,
    _offer_again,
    _offer_more,
    _running,
    _soaking,
    _no_targets,
    _too_many,
    _begin,
    _done,
)
"""The first rule with a step decides: when a rule is asked, no rule before it had a step."""

_STATES = {
    Begin: "running",
    OfferMore: "running",
    OfferAgain: "running",
    Wait: "running",
    Paused: "paused",
    Halted: "halted",
    Aborted: "aborted",
    Done: "done",
}


def _may_still_take_it(facts: Facts, stop: str) -> str:
    """A pause and an abort leave devices alone that have taken up the job, also those that put it off."""
    put_off = sum(stage.put_off for stage in facts.stages)
    return f"; {things_in_words(put_off)} put it off and may still take it, {stop}" if put_off else ""


def _inside_window(facts: Facts, step: Begin | OfferAgain) -> Step:
    """The step, if updates may begin now; or else to wait until they may."""
    opens = next_inside(facts.plan.window, facts.now)
    if opens == facts.now:
        return step
    return Wait(opens, f"{title(facts.stages[step.stage - 1])} is due, and waits for the window")


def _pending(stage: StageStatus) -> str:
    """In words, the state of the things that have not answered."""
    words = {"WAITING": "not offered yet", "QUEUED": "queued", "IN_PROGRESS": "in progress"}
    counts = [f"{stage.counts[status]} {word}" for status, word in words.items() if stage.counts.get(status)]
    if stage.put_off:
        # A device that puts it off is in progress, as AWS counts; it has not stopped answering.
        counts.append(f"{stage.put_off} of them put it off")
    return ", ".join(counts) or "no answer is pending"
