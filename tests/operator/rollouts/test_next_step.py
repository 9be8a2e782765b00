"""What is due, case by case. Nobody is asked: a rollout is what its plan and AWS together say."""

from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

import pytest

from fota_operator.rollouts.decide.next_step import decide
from fota_operator.rollouts.decide.snapshot import (
    ABORTED_CODE,
    GATE_CODE,
    PAUSED_CODE,
    Aborted,
    Begin,
    Done,
    Halted,
    OfferAgain,
    Paused,
    Snapshot,
    Step,
    Wait,
)
from fota_operator.rollouts.plan.model import Plan
from tests.labs.snapshots import (
    CANARY_PASSED,
    HALF_PASSED,
    NIGHTS,
    NOON,
    PAUSED_CANARY,
    PLAN,
    SOAKING,
    after,
    begun,
    job,
    seen,
)


@dataclass(frozen=True)
class Case:
    """`step` is what is due; of what has words, a part of them."""

    name: str
    seen: Snapshot
    step: Step
    plan: Plan = PLAN
    now: datetime = field(default=NOON)


CASES = (
    # Begin
    Case("nothing has begun", seen(10), Begin(1)),
    Case("a single thing", seen(1), Begin(1)),
    Case("the canary has passed", seen(10, CANARY_PASSED), Begin(2)),
    Case("the half has passed, and the canary went before", seen(10, CANARY_PASSED, HALF_PASSED), Begin(3)),
    Case("a late failure of the canary's gate does not matter after it was overtaken",
         seen(10, begun(1, 2, SUCCEEDED=1, FAILED=1), HALF_PASSED), Begin(3)),
    Case("the half would be what the canary had already", seen(4, CANARY_PASSED), Begin(3)),
    Case("the group grew, and there is a half again", seen(6, CANARY_PASSED), Begin(2)),
    Case("the group shrank to the canary, and one thing more", seen(3, CANARY_PASSED, left=1), Begin(2)),
    Case("90 percent of 3 is all 3", seen(10, CANARY_PASSED, begun(2, 3, SUCCEEDED=3)), Begin(3)),
    Case("90 percent of 11 is 10", seen(30, CANARY_PASSED, begun(2, 11, SUCCEEDED=10, FAILED=1)), Begin(3)),
    # Wait for devices
    Case("all are offline", seen(10, begun(1, 2, QUEUED=2)), Wait(None, "0 of 2 have succeeded, 2 must; 2 queued")),
    Case("none is offered yet", seen(10, begun(1, 2)), Wait(None, "2 not offered yet")),
    Case("one has answered", seen(10, begun(1, 2, SUCCEEDED=1, IN_PROGRESS=1)), Wait(None, "1 in progress")),
    Case("90 percent of 11 is not 9",
         seen(30, CANARY_PASSED, begun(2, 11, SUCCEEDED=9, QUEUED=2)), Wait(None, "9 of 11 have succeeded, 10 must")),
    Case("the job has just completed, and its counts are late",
         seen(10, begun(1, 2, replace(job(1, "COMPLETED"), completed_at=after(-1)), SUCCEEDED=1)),
         Wait(None, "1 not offered yet")),
    Case("one failed, and AWS may offer it again",
         seen(10, begun(1, 2, FAILED=1, SUCCEEDED=1)), Wait(None, "1 of 2"), plan=replace(PLAN, retries=1)),
    # Wait for the soak
    Case("the gate is met, the soak is not over",
         seen(10, begun(1, 2, SUCCEEDED=2)), Wait(after(30), "soaks until 2026-03-02 12:30:00 UTC"),
         plan=SOAKING, now=after(29)),
    Case("the soak is over", seen(10, begun(1, 2, SUCCEEDED=2)), Begin(2), plan=SOAKING, now=after(30)),
    Case("the soak ends while the window is closed",
         seen(10, begun(1, 2, SUCCEEDED=2)), Wait(after(600), "soaks"), plan=replace(SOAKING, window=NIGHTS.window)),
    Case("the last soak needs no window",
         seen(2, begun(1, 2, SUCCEEDED=2)), Wait(after(30), "soaks"), plan=replace(SOAKING, window=NIGHTS.window)),
    # Wait for the window
    Case("the window is closed", seen(10), Wait(after(600), "waits for the window"), plan=NIGHTS),
    Case("the window is open", seen(10), Begin(1), plan=NIGHTS, now=after(600)),
    Case("a resumed stage waits for the window too",
         seen(10, begun(1, 2, PAUSED_CANARY, CANCELED=2, offerable=2)), Wait(after(600), "window"), plan=NIGHTS),
    # Halted
    Case("one of a canary of two failed", seen(10, begun(1, 2, FAILED=1, SUCCEEDED=1)),
         Halted("stage 1, canary: 2 of 2 must succeed, and at most 1 still can")),
    Case("one rejected it", seen(10, begun(1, 2, REJECTED=1, QUEUED=1)), Halted("at most 1")),
    Case("one timed out", seen(10, begun(1, 2, TIMED_OUT=1, QUEUED=1)), Halted("at most 1")),
    Case("one was taken out by hand", seen(10, begun(1, 2, CANCELED=1, QUEUED=1)), Halted("at most 1")),
    Case("one is registered no more", seen(10, begun(1, 2, REMOVED=1, QUEUED=1)), Halted("at most 1")),
    Case("the job has completed, and one thing never had an execution",
         seen(10, begun(1, 2, replace(job(1, "COMPLETED"), completed_at=after(-2)), SUCCEEDED=1)),
         Halted("at most 1")),
    Case("what failed is final when the job has completed, whatever the retries",
         seen(10, begun(1, 2, job(1, "COMPLETED"), FAILED=1, SUCCEEDED=1)), Halted("at most 1"),
         plan=replace(PLAN, retries=1)),
    Case("what was rejected is final, whatever the retries", seen(10, begun(1, 2, REJECTED=1, QUEUED=1)),
         Halted("at most 1"), plan=replace(PLAN, retries=1)),
    Case("AWS's abort rule cancelled the job", seen(10, begun(1, 2, job(1, "CANCELED", "ABORT_CANCEL"), FAILED=2)),
         Halted("fota-pump-1-4-1 was cancelled, by AWS's abort rule or by hand (ABORT_CANCEL)")),
    Case("a gate failed, its job was cancelled for that, and a device is still at it",
         seen(10, begun(1, 2, job(1, "CANCELED", GATE_CODE), FAILED=1, IN_PROGRESS=1)), Halted("at most 1")),
    Case("a gate failed, its job was cancelled for that, and a thing was never offered it",
         seen(10, begun(1, 2, job(1, "CANCELED", GATE_CODE), FAILED=1)), Halted("at most 0")),
    Case("AWS cancelled a job whose gate was passed",
         seen(10, begun(1, 2, job(1, "CANCELED"), SUCCEEDED=2)), Halted("no reason given")),
    Case("a job is being deleted", seen(10, begun(1, 2, job(1, "DELETION_IN_PROGRESS"), QUEUED=2)),
         Halted("is being deleted")),
    Case("an earlier stage's job was cancelled while a later one runs",
         seen(10, begun(1, 2, job(1, "CANCELED", "X"), SUCCEEDED=2), begun(2, 3, QUEUED=3)), Halted("stage 1")),
    Case("a gate failed before it was paused",
         seen(10, begun(1, 2, FAILED=1, QUEUED=1), tag="paused"), Halted("at most 1")),
    Case("no thing is a target", seen(0), Halted("no things")),
    Case("the groups grew past the bound", seen(10, CANARY_PASSED), Halted("to 10 things, and its plan allows 9"),
         plan=replace(PLAN, most_things=9)),
    Case("the groups are just within the bound", seen(10, CANARY_PASSED), Begin(2),
         plan=replace(PLAN, most_things=10)),
    Case("those who left count against the bound", seen(9, CANARY_PASSED, left=1), Halted("to 10 things"),
         plan=replace(PLAN, most_things=9)),
    # Paused and resumed
    Case("paused inside a stage", seen(10, begun(1, 2, PAUSED_CANARY, CANCELED=2, offerable=2), tag="paused"),
         Paused("paused; `fota rollout resume pump-1-4` goes on")),
    Case("paused between stages", seen(10, CANARY_PASSED, tag="paused"), Paused("fota-pump-1-4-1 still runs")),
    Case("paused between stages, the canary's job completed",
         seen(10, begun(1, 2, job(1, "COMPLETED"), SUCCEEDED=2), tag="paused"), Paused("resume")),
    Case("a pause that was interrupted", seen(10, begun(1, 2, QUEUED=2), tag="paused"),
         Paused("fota-pump-1-4-1 still runs: pause it again")),
    Case("resumed inside a stage", seen(10, begun(1, 2, PAUSED_CANARY, CANCELED=2, offerable=2)), OfferAgain(1)),
    Case("resumed, and offered again",
         seen(10, begun(1, 2, PAUSED_CANARY, job(1, offer=2), QUEUED=2)), Wait(None, "2 queued")),
    Case("resumed when all that was left without an answer is no target any more",
         seen(10, begun(1, 1, PAUSED_CANARY, SUCCEEDED=1)), Begin(2)),
    Case("resumed when what runs on may still succeed",
         seen(10, begun(1, 2, PAUSED_CANARY, SUCCEEDED=1, IN_PROGRESS=1)), Wait(None, "1 in progress")),
    Case("resumed when those left over cannot be enough",
         seen(10, begun(1, 2, PAUSED_CANARY, FAILED=1, CANCELED=1, offerable=1)), Halted("at most 1")),
    Case("a passed stage has things left by a pause",
         seen(40, CANARY_PASSED,
              begun(2, 20, job(2, "CANCELED", PAUSED_CODE), SUCCEEDED=18, CANCELED=2, offerable=2)),
         OfferAgain(2)),
    Case("a passed stage has things left by a pause, and a later one runs",
         seen(40, CANARY_PASSED,
              begun(2, 20, job(2, "CANCELED", PAUSED_CODE), SUCCEEDED=18, CANCELED=2, offerable=2),
              begun(3, 18, QUEUED=18)),
         OfferAgain(2)),
    Case("resumed when the whole group has left", seen(0, begun(1, 0, PAUSED_CANARY)), Halted("no things")),
    # Aborted
    Case("aborted", seen(10, begun(1, 2, job(1, "CANCELED", ABORTED_CODE), CANCELED=2), tag="aborted"),
         Aborted("another name")),
    Case("an abort that was interrupted after the tag", seen(10, begun(1, 2, QUEUED=2), tag="aborted"), Aborted("")),
    Case("an abort whose tag was lost", seen(10, begun(1, 2, job(1, "CANCELED", ABORTED_CODE), CANCELED=2)),
         Aborted("")),
    Case("aborted after a gate failed", seen(10, begun(1, 2, FAILED=2), tag="aborted"), Aborted("")),
    # Done
    Case("every gate is passed", seen(10, CANARY_PASSED, HALF_PASSED, begun(3, 5, SUCCEEDED=5)),
         Done("every gate is passed")),
    Case("every gate is passed, and some are late",
         seen(30, CANARY_PASSED, begun(2, 11, SUCCEEDED=11), begun(3, 17, SUCCEEDED=16, QUEUED=1)),
         Done("without an answer yet: 1 thing")),
    Case("more things than the bound, when nothing is left to begin",
         seen(10, CANARY_PASSED, HALF_PASSED, begun(3, 5, SUCCEEDED=5)), Done(""), plan=replace(PLAN, most_things=9)),
    Case("a stage that was empty when it was its turn is not begun after a later one",
         seen(40, CANARY_PASSED, begun(3, 3, SUCCEEDED=3)), Done("")),
    Case("the canary was the whole fleet", seen(2, CANARY_PASSED), Done("")),
    Case("the canary is larger than the fleet", seen(1, begun(1, 1, SUCCEEDED=1)), Done("")),
    Case("the group grew after the last stage began", seen(50, CANARY_PASSED, HALF_PASSED, begun(3, 5, SUCCEEDED=5)),
         Done("")),
    Case("the whole group left while the canary ran", seen(0, CANARY_PASSED, left=2), Done("")),
)  # fmt: skip


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_the_step_that_is_due(case: Case) -> None:
    step = decide(case.plan, case.seen, case.now).step
    assert type(step) is type(case.step)
    if isinstance(case.step, Begin | OfferAgain):
        assert step == case.step
    else:
        assert case.step.why in step.why  # type: ignore[union-attr]
    if isinstance(case.step, Wait):
        assert step.until == case.step.until  # type: ignore[union-attr]


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_the_status_says_what_the_step_does(case: Case) -> None:
    judged = decide(case.plan, case.seen, case.now)
    states = {Paused: "paused", Halted: "halted", Aborted: "aborted", Done: "done"}
    assert judged.status.state == states.get(type(case.step), "running")
    assert bool(judged.status.next) is (judged.status.state != "done")


PENDING = begun(1, 2, SUCCEEDED=1, QUEUED=1)
ALL_PENDING = (CANARY_PASSED, HALF_PASSED, begun(3, 5, SUCCEEDED=1, QUEUED=4))


@pytest.mark.parametrize(
    ("snapshot", "plan", "comes"),
    [
        (seen(10, PENDING), PLAN, "stage 2, some, begins when the gate of stage 1 is met: 2 succeeded"),
        (seen(10, *ALL_PENDING), PLAN, "the rollout is done when the gate of stage 3 is met: 5 succeeded"),
        (seen(10, begun(1, 2, SUCCEEDED=2)), SOAKING, "stage 2, some, begins"),
        (seen(2, begun(1, 2, SUCCEEDED=2)), SOAKING, "the rollout is done"),
        (seen(10), NIGHTS, "stage 1, canary, begins"),
        (seen(10, begun(1, 2, PAUSED_CANARY, CANCELED=2, offerable=2)), NIGHTS, "stage 1, canary, is offered again"),
        (
            seen(10, begun(1, 2, FAILED=1, SUCCEEDED=1)),
            PLAN,
            "mend the release and start another rollout, or end this one with `fota rollout abort pump-1-4`",
        ),
        (seen(0), PLAN, "look at the names of the groups, and at what they hold"),
        (
            seen(10, CANARY_PASSED),
            replace(PLAN, most_things=9),
            "start another rollout, with a plan that allows as many things",
        ),
    ],
)
def test_what_comes_next_is_said_and_not_the_reason_again(snapshot: Snapshot, plan: Plan, comes: str) -> None:
    status = decide(plan, snapshot, NOON).status
    assert status.next == comes
    assert status.why != status.next


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_a_rollout_that_does_not_run_begins_nothing_at_any_later_time(case: Case) -> None:
    if isinstance(case.step, Paused | Halted | Aborted | Done):
        later = decide(case.plan, case.seen, case.now + timedelta(days=400)).step
        assert type(later) is type(case.step)
