"""Things that put a release off: they are neither failed nor silent, and a gate waits for them or leaves them out."""

from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any

import pytest

from fota_operator.cli.rollout_status import status_as_json
from fota_operator.errors import TimedOut
from fota_operator.jobs.deferrals import CountedDeferrals, DeferralKind
from fota_operator.rollouts.aws.deferrals import MAX_ASKED, MAX_LISTED, DeferralReader
from fota_operator.rollouts.aws.jobs import JobRead
from fota_operator.rollouts.decide.next_step import decide
from fota_operator.rollouts.decide.snapshot import Begin, Halted, StageSnapshot, Wait
from fota_operator.rollouts.plan.gate import Gate
from fota_operator.rollouts.plan.model import Stage
from fota_operator.rollouts.speed import Speed
from tests.labs.fleet import SUCCEEDS, Ends
from tests.labs.plan_lab import PlanLabOf
from tests.labs.snapshots import CANARY_PASSED, NOON, PLAN, after, begun, job, seen

NIGHT = Ends("IN_PROGRESS", {"step": "deferred", "moment": "download", "reason": "night", "again_at": "1767355200"})
LEAVES_OUT = Gate(succeeded_percent=90, wait_for_deferred=False)
LEAVING_OUT = replace(PLAN, stages=(PLAN.stages[0], replace(PLAN.stages[1], gate=LEAVES_OUT), PLAN.stages[2]))


def deferring(count: int, stage: StageSnapshot) -> StageSnapshot:
    kinds = (DeferralKind("download", "night", count, "t1"),)
    return replace(stage, deferred=CountedDeferrals(count, count, count, kinds))


SOME = deferring(2, begun(2, 10, SUCCEEDED=8, IN_PROGRESS=2))


# Deciding.


def test_a_gate_waits_for_those_that_put_it_off_and_says_that_they_do() -> None:
    judged = decide(PLAN, seen(40, CANARY_PASSED, SOME), NOON)
    assert isinstance(judged.step, Wait)
    assert judged.status.why.endswith("8 of 10 have succeeded, 9 must; 2 in progress, 2 of them put it off")
    assert judged.status.stages[1].put_off == 2


def test_a_gate_that_leaves_them_out_is_met_by_the_others() -> None:
    judged = decide(LEAVING_OUT, seen(40, CANARY_PASSED, SOME), NOON)
    assert judged.step == Begin(3)
    assert judged.status.stages[1].why == "8 of 10 have succeeded, 2 that put it off are left out"


def test_more_are_never_left_out_than_are_in_progress() -> None:
    late = replace(SOME, counts={"SUCCEEDED": 8, "FAILED": 1, "IN_PROGRESS": 1})
    judged = decide(LEAVING_OUT, seen(40, CANARY_PASSED, late), NOON)
    assert (judged.status.stages[1].put_off, judged.status.stages[1].state) == (1, "running")


def test_a_soak_counts_from_the_success_that_met_the_gate_without_them() -> None:
    soaking = replace(LEAVES_OUT, soak_minutes=30.0)
    plan = replace(PLAN, stages=(PLAN.stages[0], replace(PLAN.stages[1], gate=soaking), PLAN.stages[2]))
    stage = replace(SOME, succeeded_at=tuple(after(minutes) for minutes in range(8)))
    judged = decide(plan, seen(40, CANARY_PASSED, stage), after(10))
    assert (judged.status.stages[1].state, judged.status.next_at) == ("soaking", after(37))


def test_they_are_never_taken_for_failures() -> None:
    all_off = deferring(10, begun(2, 10, IN_PROGRESS=10))
    for plan in (PLAN, LEAVING_OUT):
        judged = decide(plan, seen(40, CANARY_PASSED, all_off), NOON)
        assert (isinstance(judged.step, Halted), judged.status.failures) == (False, ())


def test_a_pause_says_that_they_may_still_take_it() -> None:
    stopped = job(2, "CANCELED", "FOTA_PAUSED")
    paused = deferring(2, begun(2, 10, stopped, offerable=5, SUCCEEDED=3, IN_PROGRESS=2, CANCELED=5))
    canary = begun(1, 2, job(1, "COMPLETED"), SUCCEEDED=2)
    judged = decide(PLAN, seen(40, canary, paused, tag="paused"), NOON)
    assert judged.status.next.endswith("; 2 things put it off and may still take it, only an abort can stop them")


def test_an_abort_says_how_to_stop_them() -> None:
    aborted = deferring(1, begun(2, 2, job(2, "CANCELED", "FOTA_ABORTED"), SUCCEEDED=1, IN_PROGRESS=1))
    judged = decide(PLAN, seen(40, CANARY_PASSED, aborted, tag="aborted"), NOON)
    assert "1 thing put it off and may still take it, `fota rollout abort pump-1-4 force=yes`" in judged.status.next


def test_a_rollout_that_is_done_says_how_many_put_it_off() -> None:
    last = deferring(2, begun(3, 30, SUCCEEDED=27, IN_PROGRESS=3))
    done = begun(2, 10, SUCCEEDED=10)
    judged = decide(PLAN, seen(42, CANARY_PASSED, done, last), NOON)
    assert judged.status.why == "every gate is passed; without an answer yet: 3 things, 2 of them put it off"


def test_a_forecast_does_not_count_on_them() -> None:
    judged = decide(PLAN, seen(40, CANARY_PASSED, deferring(2, begun(2, 10, SUCCEEDED=4, IN_PROGRESS=6))), NOON)
    before = decide(PLAN, seen(40, CANARY_PASSED, begun(2, 10, SUCCEEDED=2, IN_PROGRESS=8)), NOON)
    speed = Speed(iter([0.0, 60.0]).__next__)
    speed.look(before.status)
    speed.look(judged.status)
    assert speed.left_s(judged.status.stages[1]) == 120


# Reading, of a fake that counts.


@dataclass
class JobsOfAws:
    """AWS IoT, as far as deferrals ask it; `asked` are the things that were described, in order."""

    reasons: dict[str, str | None]
    updated: dict[str, datetime] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)
    documents: int = 0

    @property
    def iot(self) -> "JobsOfAws":
        return self

    def get_paginator(self, operation: str) -> "JobsOfAws":
        assert operation == "list_job_executions_for_job"
        return self

    def paginate(self, **options: Any) -> list[dict[str, Any]]:
        assert options["status"] == "IN_PROGRESS"
        assert options["PaginationConfig"]["MaxItems"] == MAX_LISTED
        return [{"executionSummaries": [self._listed(thing) for thing in self.reasons]}]

    def _listed(self, thing: str) -> dict[str, Any]:
        summary = {"status": "IN_PROGRESS", "executionNumber": 1, "queuedAt": NOON, "lastUpdatedAt": self.at(thing)}
        return {"thingArn": f"arn:aws:iot:eu-west-1:1:thing/{thing}", "jobExecutionSummary": summary}

    def at(self, thing: str) -> datetime:
        return self.updated.get(thing, NOON)

    def describe_job_execution(self, *, thingName: str, **_: object) -> dict[str, Any]:  # noqa: N803
        self.asked.append(thingName)
        reason = self.reasons[thingName]
        said = {"step": "download"} if reason is None else {"step": "deferred", "reason": reason}
        return {"execution": {"statusDetails": {"detailsMap": said}}}

    def get_job_document(self, **_: object) -> dict[str, Any]:
        self.documents += 1
        return {"document": "{}"}


def of_job(things: int) -> JobRead:
    counts = dict.fromkeys(("QUEUED", "SUCCEEDED", "FAILED", "REJECTED", "TIMED_OUT", "CANCELED", "REMOVED"), 0) | {
        "IN_PROGRESS": things
    }
    return JobRead("fota-a-1", "arn", "IN_PROGRESS", NOON, None, counts, (), None, None)


def read(reader: DeferralReader, things: int, most: int = MAX_ASKED) -> tuple[int, int, int]:
    found = reader.read([of_job(things)], most)
    assert found is not None
    return found.count, found.looked_at, found.in_progress


def test_a_look_asks_about_a_limited_number_and_the_next_about_further_ones() -> None:
    aws = JobsOfAws({f"t{n:03}": "night" for n in range(60)})
    reader = DeferralReader(aws)  # type: ignore[arg-type]
    assert [read(reader, 60) for _ in range(4)] == [(25, 25, 60), (50, 50, 60), (60, 60, 60), (60, 60, 60)]
    assert sorted(aws.asked) == sorted(aws.reasons)
    assert aws.documents == 1


def test_who_has_said_something_new_is_asked_again_and_nobody_else() -> None:
    aws = JobsOfAws({"t1": "night", "t2": "night"})
    reader = DeferralReader(aws)  # type: ignore[arg-type]
    assert read(reader, 2) == (2, 2, 2)
    aws.asked.clear()
    aws.reasons["t1"], aws.updated["t1"] = None, NOON + timedelta(minutes=1)
    assert read(reader, 2) == (1, 2, 2)
    assert aws.asked == ["t1"]


def test_the_quietest_are_asked_first() -> None:
    aws = JobsOfAws({f"t{n}": None for n in range(5)} | {"t9": "night"})
    aws.updated = dict.fromkeys(aws.reasons, NOON + timedelta(hours=1)) | {"t9": NOON}
    assert read(DeferralReader(aws), 6, most=1) == (1, 1, 6)  # type: ignore[arg-type]


def test_a_stage_in_which_nothing_is_in_progress_costs_nothing() -> None:
    aws = JobsOfAws({"t1": "night"})
    assert DeferralReader(aws).read([of_job(0)]) is None  # type: ignore[arg-type]
    assert aws.asked == []


def test_without_a_deferral_no_document_is_read() -> None:
    aws = JobsOfAws({"t1": None})
    assert DeferralReader(aws).read([of_job(1)]) is None  # type: ignore[arg-type]
    assert aws.documents == 0


# With AWS.


def in_two(gate: Gate) -> dict[str, object]:
    return {"stages": (Stage("canary", things=3, gate=gate), Stage("all", percent=100.0))}


@pytest.mark.e2e
def test_a_rollout_waits_for_a_thing_that_puts_it_off(lab_of: PlanLabOf) -> None:
    lab = lab_of(4, **in_two(Gate()))
    first = lab.prepared().things[0]
    lab.fleet.script = lambda thing, _: NIGHT if thing == first else SUCCEEDS
    with pytest.raises(TimedOut):
        lab.run(timeout_s=120)
    status = lab.status()
    assert (status.state, status.stages[0].state, status.failures) == ("running", "running", ())
    deferred = status.stages[0].deferred
    assert deferred is not None
    assert [(one.moment, one.reason, one.example) for one in deferred.kinds] == [("download", "night", first)]
    assert (deferred.count, deferred.looked_at, deferred.in_progress) == (1, 1, 1)
    in_json: Any = status_as_json(status)
    assert in_json["stages"][0]["deferred"]["count"] == 1


@pytest.mark.e2e
def test_a_rollout_that_leaves_it_out_goes_on_and_says_so_at_the_end(lab_of: PlanLabOf) -> None:
    lab = lab_of(4, **in_two(Gate(wait_for_deferred=False)))
    first = lab.prepared().things[0]
    lab.fleet.script = lambda thing, _: NIGHT if thing == first else SUCCEEDS
    status = lab.run()
    assert status.state == "done"
    assert status.why == "every gate is passed; without an answer yet: 1 thing, 1 of them put it off"
