"""Waiting for a gate: until it is passed, until it fails, or until the time is over."""

from typing import Any

import pytest

from fota_operator.errors import (
    BadInput,
    OperatorError,
    TimedOut,
)
from fota_operator.rollouts.aws.progress import RolloutProgress
from fota_operator.rollouts.plan.model import Stage
from fota_operator.rollouts.watch import wait_for_gate
from tests.labs.fleet import Ends
from tests.labs.plan_lab import PlanLab, PlanLabOf

pytestmark = pytest.mark.e2e


def test_waiting_for_a_gate_ends_when_it_is_passed(lab: PlanLab) -> None:
    lab.run(once=True)
    assert wait_for_gate(lab.rollout, "canary", timeout_s=60, clock=lab.clock).stages[0].state == "passed"


def test_waiting_for_a_gate_that_failed_is_an_error(lab: PlanLab) -> None:
    lab.run(once=True)
    lab.fleet.script = lambda thing, document: Ends("REJECTED", {"reason": "too-large"})
    with pytest.raises(OperatorError, match="the gate of canary will not be passed"):
        wait_for_gate(lab.rollout, "1", timeout_s=60, clock=lab.clock)


def test_waiting_for_a_gate_outlasts_a_moment_in_which_aws_has_no_time(lab: PlanLab, broken: Any) -> None:
    lab.run(once=True)
    said: list[str] = []

    def hear(progress: RolloutProgress) -> None:
        if not said:
            broken("DescribeJob", "ThrottlingException", times=2)
        said.append(progress.text)

    status = wait_for_gate(lab.rollout, "canary", timeout_s=60, clock=lab.clock, on_progress=hear)
    assert status.stages[0].state == "passed"
    assert len([text for text in said if "ThrottlingException" in text]) == 2


def test_waiting_for_a_gate_has_an_end(lab: PlanLab) -> None:
    lab.run(once=True)
    lab.fleet.offline.update(lab.fleet.names)
    with pytest.raises(TimedOut, match="is not passed within 60 s"):
        wait_for_gate(lab.rollout, "canary", timeout_s=60, clock=lab.clock)


def test_waiting_for_things_that_put_it_off_says_so(lab: PlanLab) -> None:
    lab.run(once=True)
    lab.fleet.script = lambda thing, document: Ends("IN_PROGRESS", {"step": "deferred", "reason": "night"})
    with pytest.raises(TimedOut, match="0 of 1 have succeeded, 1 must; 1 put it off"):
        wait_for_gate(lab.rollout, "canary", timeout_s=60, clock=lab.clock)


def test_a_gate_that_nobody_has_is_refused(lab: PlanLab) -> None:
    lab.run(once=True)
    with pytest.raises(BadInput, match="no stage half"):
        wait_for_gate(lab.rollout, "half", timeout_s=60, clock=lab.clock)


def test_a_stage_that_is_called_by_the_number_of_another_is_asked_for_by_the_other_word(lab_of: PlanLabOf) -> None:
    lab = lab_of(2, stages=(Stage("2", things=1), Stage("all", percent=100.0)))
    lab.run(once=True)
    with pytest.raises(BadInput, match="2 is the name of stage 1 and the number of stage all"):
        wait_for_gate(lab.rollout, "2", timeout_s=60, clock=lab.clock)
    assert wait_for_gate(lab.rollout, "1", timeout_s=60, clock=lab.clock).stages[0].state == "passed"
