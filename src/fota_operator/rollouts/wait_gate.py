"""Wait until a stage's gate is passed, while somebody else runs the rollout. Changes nothing."""

from __future__ import annotations

from datetime import timedelta

from fota_operator.errors import OperatorError, TimedOut
from fota_operator.pace import Clock, SystemClock, jittered
from fota_operator.rollouts.prepare import stage_number
from fota_operator.rollouts.run import INTERVAL_S
from fota_operator.rollouts.standing import StageStanding, Standing
from fota_operator.rollouts.steer import Rollout
from fota_operator.rollouts.telling import Progress, Tell, silent


def wait_for_gate(
    rollout: Rollout,
    stage: str,
    *,
    timeout_s: float,
    clock: Clock | None = None,
    tell: Tell = silent,
    interval_s: float = INTERVAL_S,
) -> Standing:
    """Wait for the gate of a stage, given by name or number; how the rollout stands when it is passed.

    *Raises* OperatorError if it failed or the rollout was halted or aborted; TimedOut, NotFound, BadInput.
    """
    clock = clock or SystemClock()
    looker = rollout.looker(clock)
    deadline, told = clock.now() + timedelta(seconds=timeout_s), ""
    while True:
        standing = looker.standing()
        row = standing.stages[stage_number(standing, stage) - 1]
        if row.state == "passed":
            return standing
        _require_hope(standing, row)
        why = f"stage {row.number}, {row.name}: {row.state}, {row.why}"
        if why != told:
            told = why
            tell(Progress(why))
        left_s = (deadline - clock.now()).total_seconds()
        if left_s <= 0:
            raise TimedOut(f"the gate of {stage} is not passed within {timeout_s:g} s: {row.why}", "wait on")
        clock.sleep(min(jittered(interval_s), left_s))


def _require_hope(standing: Standing, row: StageStanding) -> None:
    if row.state in ("failed", "aborted") or standing.state in ("halted", "aborted"):
        raise OperatorError(
            f"the gate of {row.name} will not be passed: {standing.state}, {standing.next}",
            f"see `fota rollout status {standing.name}`",
        )
