"""Somebody pauses or aborts in the very moment in which a run makes a job, and is perhaps killed while at it."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import pytest

from fota_operator.errors import AlreadyThere, OperatorError
from fota_operator.rollouts.control import Rollout, abort, pause
from fota_operator.rollouts.decide.status import RolloutStatus
from fota_operator.rollouts.plan.model import Plan, Stage, Targets
from fota_operator.rollouts.run import RunOptions, resume
from tests.labs.aws_faults import Exchange, Held, Proxy, refused
from tests.labs.fleet import Fleet
from tests.labs.fleet_clock import FleetClock
from tests.labs.rollout_lab import ALL_AT_ONCE, RolloutLab

pytestmark = pytest.mark.e2e

CANARY_AND_ALL = (Stage("canary", things=2), Stage("all", percent=100))
FORBIDDEN = refused("UnauthorizedException", 401)


def steered_in_between(
    lab: RolloutLab, proxy: Proxy, plan: Plan, fleet: Fleet, steer: Callable[[Rollout], RolloutStatus]
) -> RolloutStatus:
    """How a run ends that has decided to begin the second stage when somebody steers the rollout."""
    lab.run(plan, fleet.turn, RunOptions(until=1))
    held = Held(effect=False, then_pass=True)
    proxy.on("iot.CreateJob", held)
    with ThreadPoolExecutor(1) as other:
        running = other.submit(lab.run, plan)
        assert held.reached.wait(60)
        try:
            steer(Rollout(lab.direct, lab.name, lab.local.bucket))
        finally:
            held.let_go.set()
        return running.result(60)


@pytest.mark.parametrize(("steer", "state"), [(pause, "paused"), (abort, "aborted")])
def test_a_job_that_is_made_while_somebody_stops_the_rollout_is_taken_back(
    faulty_lab: RolloutLab, proxy: Proxy, steer: Callable[[Rollout], RolloutStatus], state: str
) -> None:
    fleet = faulty_lab.fleet(6)
    plan = faulty_lab.plan(fleet, stages=CANARY_AND_ALL)
    assert steered_in_between(faulty_lab, proxy, plan, fleet, steer).state == state
    fleet.turn()
    assert len(fleet.reached) == 2


def test_what_a_pause_took_back_in_that_moment_is_offered_after_it(faulty_lab: RolloutLab, proxy: Proxy) -> None:
    fleet = faulty_lab.fleet(6)
    plan = faulty_lab.plan(fleet, stages=CANARY_AND_ALL)
    steered_in_between(faulty_lab, proxy, plan, fleet, pause)
    resume(faulty_lab.rollout)
    assert faulty_lab.run(plan, fleet.turn).state == "done"
    assert {len(jobs) for jobs in fleet.offered.values()} == {1}


def begun(lab: RolloutLab) -> tuple[Fleet, Plan]:
    """A rollout whose only job nobody has taken yet."""
    fleet = lab.fleet(4)
    plan = lab.plan(fleet, stages=ALL_AT_ONCE)
    lab.run(plan, options=RunOptions(once=True))
    return fleet, plan


@pytest.mark.parametrize(("steer", "state"), [(pause, "paused"), (abort, "aborted")])
def test_a_stop_that_was_interrupted_before_the_job_was_cancelled_is_ended_by_the_next_run(
    faulty_lab: RolloutLab, proxy: Proxy, steer: Callable[[Rollout], RolloutStatus], state: str
) -> None:
    fleet, plan = begun(faulty_lab)
    proxy.on("iot.CancelJob", FORBIDDEN)
    with pytest.raises(OperatorError, match="cancel the job"):
        steer(faulty_lab.rollout)
    assert faulty_lab.run(plan, fleet.turn).state == state
    fleet.turn()
    assert fleet.reached == set()


def test_a_resume_that_was_interrupted_before_its_job_was_made_is_ended_by_the_next_run(
    faulty_lab: RolloutLab, proxy: Proxy
) -> None:
    fleet, plan = begun(faulty_lab)
    pause(faulty_lab.rollout)
    proxy.on("iot.CreateJob", FORBIDDEN)
    with pytest.raises(OperatorError, match="make the job"):
        resume(faulty_lab.rollout)
    assert faulty_lab.run(plan, fleet.turn).state == "done"
    assert {len(jobs) for jobs in fleet.offered.values()} == {1}


def test_a_resume_may_be_interrupted_and_given_again(faulty_lab: RolloutLab, proxy: Proxy) -> None:
    fleet, _ = begun(faulty_lab)
    pause(faulty_lab.rollout)
    proxy.on("iot.CreateJob", FORBIDDEN)
    with pytest.raises(OperatorError, match="make the job"):
        resume(faulty_lab.rollout)
    resume(faulty_lab.rollout, clock=FleetClock(lambda: None))
    fleet.turn()
    assert fleet.reached == set(fleet.names)
    assert faulty_lab.status.state == "done"


def test_a_job_of_that_id_that_is_somebody_else_s_is_not_taken_for_ours(lab: RolloutLab) -> None:
    fleet = lab.fleet(2)
    arn = f"arn:aws:iot:{lab.direct.region}:{lab.direct.account_id}:thing/{fleet.names[0]}"
    lab.direct.iot.create_job(jobId=f"fota-{lab.name}-1", targets=[arn], document="{}")
    with pytest.raises(AlreadyThere, match="not made for this plan"):
        lab.run(lab.plan(fleet, stages=ALL_AT_ONCE))


def test_neither_is_one_that_somebody_makes_in_the_very_moment(faulty_lab: RolloutLab, proxy: Proxy) -> None:
    fleet = faulty_lab.fleet(2)
    cloud = faulty_lab.direct
    arn = f"arn:aws:iot:{cloud.region}:{cloud.account_id}:thing/{fleet.names[0]}"

    def overtaken(exchange: Exchange) -> None:
        cloud.iot.create_job(jobId=f"fota-{faulty_lab.name}-1", targets=[arn], document="{}")
        exchange.pass_on()

    proxy.on("iot.CreateJob", overtaken)
    with pytest.raises(AlreadyThere, match="not made for this plan"):
        faulty_lab.run(faulty_lab.plan(fleet, stages=ALL_AT_ONCE))


def test_another_plan_under_the_name_of_a_rollout_is_refused(lab: RolloutLab) -> None:
    _, plan = begun(lab)
    with pytest.raises(AlreadyThere, match="rate-per-minute"):
        lab.prepare(replace(plan, rate_per_minute=7))
    lab.release, lab.keyring = lab.new_release()
    with pytest.raises(AlreadyThere, match="release"):
        lab.prepare(replace(plan, release=lab.release.image.sha256))


def test_a_thing_that_is_named_and_in_two_groups_gets_it_once(lab: RolloutLab) -> None:
    fleet = lab.fleet(4)
    groups = (lab.group(fleet.names[:3]), lab.group(fleet.names[1:]))
    plan = replace(lab.plan(fleet, stages=ALL_AT_ONCE), targets=Targets(fleet.names, tuple(sorted(groups))))
    status = lab.run(plan, fleet.turn)
    assert (status.state, status.targets) == ("done", 4)
    assert {len(jobs) for jobs in lab.executions().values()} == {1}
