"""Rollouts to fleets: to the end, to a gate that fails, to groups that change, paused, aborted, halted by AWS."""

import pytest

from fota_operator.errors import NotFound, OperatorError, TimedOut
from fota_operator.rollouts.control import abort, pause
from fota_operator.rollouts.plan.gate import Gate
from fota_operator.rollouts.plan.model import AbortRule, Stage
from fota_operator.rollouts.run import RunOptions, resume
from fota_operator.rollouts.watch import wait_for_gate
from tests.labs.fleet import HANGS, SUCCEEDS, Ends, Fleet, fails, rejects
from tests.labs.fleet_clock import FleetClock
from tests.labs.rollout_lab import ALL_AT_ONCE, THREE_STAGES, RolloutLab, counts

pytestmark = pytest.mark.e2e

CANARY_AND_ALL = (Stage("canary", things=2), Stage("all", percent=100))


def test_two_hundred_things_get_a_release_in_three_stages(lab: RolloutLab) -> None:
    fleet = lab.fleet(200)
    status = lab.run(lab.plan(fleet, stages=THREE_STAGES), fleet.turn)
    assert status.state == "done"
    assert counts(status) == [{"SUCCEEDED": 5}, {"SUCCEEDED": 45}, {"SUCCEEDED": 150}]
    assert {len(jobs) for jobs in fleet.offered.values()} == {1}
    assert counts(lab.status) == counts(status)


def test_a_bad_release_stops_at_the_canary_with_two_failed_and_48_untouched(lab: RolloutLab) -> None:
    fleet = lab.fleet(50, lambda thing, document: fails("rolled-back", "it crashed"))
    plan = lab.plan(fleet)
    status = lab.run(plan, fleet.turn)
    assert (status.state, counts(status)) == ("halted", [{"FAILED": 2}, {"WAITING": 3}, {"WAITING": 45}])
    (failures,) = status.failures
    assert (failures.reason, failures.count, failures.message) == ("rolled-back", 2, "it crashed")
    assert failures.example in fleet.reached
    assert len(fleet.reached) == 2
    assert lab.run(plan, fleet.turn).state == "halted"
    assert (lab.job_ids(), len(fleet.reached)) == ([f"fota-{lab.name}-1"], 2)


def test_without_an_abort_rule_of_aws_the_gate_alone_stops_a_bad_release(lab: RolloutLab) -> None:
    fleet = lab.fleet(10, lambda thing, document: fails("rolled-back"))
    status = lab.run(lab.plan(fleet, stages=CANARY_AND_ALL, aborts=()), fleet.turn)
    assert (status.state, status.stages[0].state, len(fleet.reached)) == ("halted", "failed", 2)


def test_a_gate_that_cannot_be_passed_any_more_takes_back_what_nobody_took(lab: RolloutLab) -> None:
    fleet = lab.fleet(10, lambda thing, document: fails("rolled-back"))
    fleet.offline.update(fleet.names[1:])
    status = lab.run(lab.plan(fleet, stages=ALL_AT_ONCE, aborts=()), fleet.turn)
    fleet.offline.clear()
    fleet.turn()
    assert (status.state, counts(lab.status)) == ("halted", [{"FAILED": 1, "CANCELED": 9}])


def test_failures_are_told_by_reason_with_a_thing_each(lab: RolloutLab) -> None:
    ends = [fails("no-network"), rejects("unsigned"), rejects("unsigned"), SUCCEEDS, SUCCEEDS, SUCCEEDS]
    fleet = lab.fleet(6)
    script = dict(zip(fleet.names, ends, strict=True))
    fleet.script = lambda thing, document: script[thing]
    lab.run(lab.plan(fleet, stages=ALL_AT_ONCE, aborts=()), fleet.turn)
    told = {(one.status, one.reason, one.count) for one in lab.status.failures}
    assert told == {("REJECTED", "unsigned", 2), ("FAILED", "no-network", 1)}
    assert all(script[one.example].details["reason"] == one.reason for one in lab.status.failures)


def test_things_that_are_offline_are_waited_for_and_nobody_else_is_offered_anything(lab: RolloutLab) -> None:
    fleet = lab.fleet(10)
    fleet.offline.update(fleet.names)
    with pytest.raises(TimedOut):
        lab.run(lab.plan(fleet), fleet.turn, RunOptions(timeout_s=300))
    assert counts(lab.status) == [{"QUEUED": 2}, {}, {"WAITING": 8}]
    fleet.offline.clear()
    assert lab.run(lab.plan(fleet), fleet.turn).state == "done"


def test_a_group_that_grows_during_a_rollout_gets_it_whole_and_every_thing_once(lab: RolloutLab) -> None:
    fleet, late = lab.fleet(20), lab.fleet(20, prefix="late")
    group = lab.group(fleet.names)
    plan = lab.plan(group, stages=THREE_STAGES)
    lab.run(plan, fleet.turn, RunOptions(until=1))
    lab.join(group, late.names)
    status = lab.run(plan, lambda: (fleet.turn(), late.turn()))
    assert (status.state, sum(stage.things for stage in status.stages)) == ("done", 40)
    assert lab.executions().keys() == {*fleet.names, *late.names}
    assert {len(jobs) for jobs in lab.executions().values()} == {1}


def test_a_thing_that_has_left_the_group_is_offered_nothing_any_more(lab: RolloutLab) -> None:
    fleet = lab.fleet(20)
    group = lab.group(fleet.names)
    plan = lab.plan(group, stages=THREE_STAGES)
    lab.run(plan, fleet.turn, RunOptions(until=1))
    left = [name for name in fleet.names if name not in fleet.reached][:5]
    for name in left:
        lab.direct.iot.remove_thing_from_thing_group(thingGroupName=group, thingName=name)
    assert lab.run(plan, fleet.turn).state == "done"
    assert fleet.reached == set(fleet.names) - set(left)


def test_a_thing_that_is_deleted_during_a_rollout_holds_nobody_up(lab: RolloutLab) -> None:
    fleet = lab.fleet(10)
    plan = lab.plan(fleet)
    lab.run(plan, fleet.turn, RunOptions(until=1))
    gone = next(name for name in fleet.names if name not in fleet.reached)
    lab.direct.iot.delete_thing(thingName=gone)
    fleet.offline.add(gone)
    assert lab.run(plan, fleet.turn).state == "done"
    assert fleet.reached == set(fleet.names) - {gone}


def test_a_thing_that_never_was_is_refused_before_anything_is_made(lab: RolloutLab) -> None:
    fleet = Fleet(lab.local, [f"{lab.name}-nobody"])
    with pytest.raises(NotFound, match="not registered"):
        lab.prepare(lab.plan(fleet))
    assert (lab.objects(), lab.job_ids()) == (set(), [])


def test_more_than_a_hundred_things_in_a_stage_are_several_jobs_and_no_group(lab: RolloutLab) -> None:
    fleet = lab.fleet(120)
    plan = lab.plan(fleet, stages=ALL_AT_ONCE)
    lab.run(plan, options=RunOptions(once=True))
    assert lab.groups_left() == []
    assert any(progress.total == 120 for progress in lab.told)
    status = lab.run(plan, fleet.turn)
    assert (status.state, counts(status), lab.groups_left()) == ("done", [{"SUCCEEDED": 120}], [])
    assert lab.job_ids() == [f"fota-{lab.name}-1", f"fota-{lab.name}-1_1-2"]


def test_a_pause_takes_back_what_nobody_took_and_lets_the_others_finish(lab: RolloutLab) -> None:
    fleet = lab.fleet(6, lambda thing, document: HANGS)
    plan = lab.plan(fleet, stages=ALL_AT_ONCE)
    fleet.offline.update(fleet.names[3:])
    lab.run(plan, options=RunOptions(once=True))
    fleet.turn()
    assert pause(lab.rollout).state == "paused"
    assert fleet.wake() == ["", "", ""]
    fleet.offline.clear()
    assert fleet.turn() == {}
    assert counts(lab.status)[0]["SUCCEEDED"] == 3


def test_while_it_is_paused_a_run_offers_nothing(lab: RolloutLab) -> None:
    fleet = lab.fleet(6)
    plan = lab.plan(fleet, stages=CANARY_AND_ALL)
    lab.run(plan, fleet.turn, RunOptions(until=1))
    pause(lab.rollout)
    assert lab.run(plan, fleet.turn).state == "paused"
    assert len(fleet.reached) == 2


def test_what_is_resumed_is_offered_again_but_never_to_a_thing_that_failed(lab: RolloutLab) -> None:
    fleet = lab.fleet(6)
    ends = {fleet.names[0]: fails("rolled-back"), fleet.names[1]: rejects("unsigned")}
    fleet.script = lambda thing, document: ends.get(thing, SUCCEEDS)
    fleet.offline.update(fleet.names[3:])
    gate = Stage("all", percent=100, gate=Gate(succeeded_percent=60))
    plan = lab.plan(fleet, stages=(gate,), aborts=())
    lab.run(plan, options=RunOptions(once=True))
    fleet.turn()
    pause(lab.rollout)
    fleet.offline.clear()
    fleet.ended.clear()
    resume(lab.rollout, clock=FleetClock(lambda: None))
    status = lab.run(plan, fleet.turn)
    assert (status.state, counts(status)) == ("done", [{"SUCCEEDED": 4, "FAILED": 1, "REJECTED": 1}])
    first, again = lab.job_ids()
    assert [fleet.offered[name] for name in fleet.names] == 3 * [[first]] + 3 * [[again]]


def test_pausing_and_resuming_twice_is_harmless(lab: RolloutLab) -> None:
    fleet = lab.fleet(4)
    plan = lab.plan(fleet, stages=ALL_AT_ONCE)
    lab.run(plan, options=RunOptions(once=True))
    pause(lab.rollout)
    pause(lab.rollout)
    resume(lab.rollout)
    resume(lab.rollout)
    assert lab.run(plan, fleet.turn).state == "done"
    assert {len(jobs) for jobs in fleet.offered.values()} == {1}


def hanging_rollout(lab: RolloutLab) -> Fleet:
    """Of four things two are at it, and two have not asked yet."""
    fleet = lab.fleet(4, lambda thing, document: HANGS)
    fleet.offline.update(fleet.names[2:])
    lab.run(lab.plan(fleet, stages=ALL_AT_ONCE), options=RunOptions(once=True))
    fleet.turn()
    return fleet


def test_an_abort_lets_devices_finish_that_are_at_it(lab: RolloutLab) -> None:
    fleet = hanging_rollout(lab)
    assert abort(lab.rollout).state == "aborted"
    assert fleet.wake() == ["", ""]
    assert counts(lab.status) == [{"SUCCEEDED": 2, "CANCELED": 2}]


def test_an_abort_with_force_stops_devices_too_that_are_at_it(lab: RolloutLab) -> None:
    fleet = hanging_rollout(lab)
    abort(lab.rollout, force=True)
    assert fleet.wake() == 2 * ["InvalidStateTransitionException"]
    assert counts(lab.status) == [{"CANCELED": 4}]


def test_an_abort_may_be_forced_afterwards(lab: RolloutLab) -> None:
    hanging_rollout(lab)
    abort(lab.rollout)
    abort(lab.rollout, force=True)
    assert counts(lab.status) == [{"CANCELED": 4}]


def test_what_was_aborted_is_not_run_and_not_resumed(lab: RolloutLab) -> None:
    fleet = hanging_rollout(lab)
    abort(lab.rollout)
    fleet.offline.clear()
    assert lab.run(lab.plan(fleet, stages=ALL_AT_ONCE), fleet.turn).state == "aborted"
    with pytest.raises(OperatorError, match="aborted"):
        resume(lab.rollout)
    assert lab.job_ids() == [f"fota-{lab.name}-1"]


def test_an_abort_by_the_rule_of_aws_halts_it_although_nobody_watched(lab: RolloutLab) -> None:
    bad = {f"{lab.name}-t{number}" for number in (1, 2, 3)}

    def script(thing: str, document: dict[str, object]) -> Ends:
        return fails("rolled-back") if thing in bad else HANGS

    fleet = lab.fleet(30, script)
    fleet.offline.update(set(fleet.names[3:]) - set(fleet.names[:6]))
    rule = AbortRule(percent=50, least=3)
    lab.run(lab.plan(fleet, stages=ALL_AT_ONCE, aborts=(rule,)), options=RunOptions(once=True))
    fleet.turn()
    assert counts(lab.status) == [{"FAILED": 3, "IN_PROGRESS": 3, "CANCELED": 24}]
    assert (lab.status.state, "abort rule" in lab.status.why) == ("halted", True)


def test_the_gate_is_waited_for_until_it_is_passed(lab: RolloutLab) -> None:
    fleet = lab.fleet(10)
    plan = lab.plan(fleet, stages=CANARY_AND_ALL)
    lab.run(plan, options=RunOptions(once=True))
    status = wait_for_gate(lab.rollout, "canary", timeout_s=600, clock=FleetClock(fleet.turn))
    assert (status.stages[0].state, len(fleet.reached)) == ("passed", 2)


def test_a_gate_that_fails_is_not_waited_for(lab: RolloutLab) -> None:
    fleet = lab.fleet(10, lambda thing, document: fails("rolled-back"))
    lab.run(lab.plan(fleet, stages=CANARY_AND_ALL), options=RunOptions(once=True))
    clock = FleetClock(fleet.turn)
    with pytest.raises(OperatorError, match="canary"):
        wait_for_gate(lab.rollout, "canary", timeout_s=600, clock=clock)
    assert len(clock.waits) == 1
