"""Wait until a stage's gate is passed, while somebody else runs the rollout. Changes nothing."""

from __future__ import annotations

from fota_operator.errors import OperatorError, TimedOut
from fota_operator.pace import Clock, SystemClock
from fota_operator.rollouts.run import INTERVAL_S
from fota_operator.rollouts.standing import StageStanding, Standing
from fota_operator.rollouts.steer import Rollout
from fota_operator.rollouts.telling import Progress, Tell, silent
from fota_operator.watching import Patience, looks


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

    A look that fails for a moment is told, and made again, as `watching.looks` does.
    *Raises* OperatorError if it failed or the rollout was halted or aborted; TimedOut, NotFound, BadInput.
    """

    def is_passed(standing: Standing) -> bool:
        return standing.stage_called(stage).state == "passed"

    def too_late(standing: Standing) -> TimedOut:
        why = standing.stage_called(stage).why
        return TimedOut(f"the gate of {stage} is not passed within {timeout_s:g} s: {why}", "wait on")

    clock = clock or SystemClock()
    patience = Patience(interval_s, timeout_s, lambda error: tell(Progress(f"{error}; looking again")))
    told = ""
    for standing in looks(rollout.looker(clock).standing, is_passed, patience, too_late, clock):
        if is_passed(standing):
            break
        row = standing.stage_called(stage)
        _require_hope(standing, row)
        why = f"stage {row.number}, {row.name}: {row.state}, {row.why}"
        if why != told:
            told = why
            tell(Progress(why))
    return standing


def _require_hope(standing: Standing, row: StageStanding) -> None:
    if row.state in ("failed", "aborted") or standing.state in ("halted", "aborted"):
        raise OperatorError(
            f"the gate of {row.name} will not be passed: {standing.state}, {standing.next}",
            f"see `fota rollout status {standing.name}`",
        )
