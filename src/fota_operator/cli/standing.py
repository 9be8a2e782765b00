"""How a rollout stands as the result of a command: drawn for people, as JSON for programs."""

import sys
from dataclasses import asdict
from typing import TYPE_CHECKING

from fota_operator.cli.output import answer_json, in_utc, new_console, writing_result
from fota_operator.plain import plain

if TYPE_CHECKING:
    from fota_operator.rollouts.standing import Failures, StageStanding, Standing


def answer_standing(standing: "Standing", *, as_json: bool) -> None:
    """How a rollout stands."""
    if as_json:
        answer_json(standing_as_json(standing))
        return
    from fota_operator.cli.board import Board

    with writing_result():
        new_console(sys.stdout, width_of_file=100).print(Board(standing))


def standing_as_json(standing: "Standing") -> dict[str, object]:
    """As programs read it; times are in UTC, ISO 8601."""
    return {
        **asdict(standing),
        "next_at": in_utc(standing.next_at),
        "stages": [_stage_as_json(stage) for stage in standing.stages],
        "failures": [_failures_as_json(failures) for failures in standing.failures],
    }


def _stage_as_json(stage: "StageStanding") -> dict[str, object]:
    return {
        **asdict(stage),
        "job_ids": list(stage.job_ids),
        "began_at": in_utc(stage.began_at),
        "gate_met_at": in_utc(stage.gate_met_at),
    }


def _failures_as_json(failures: "Failures") -> dict[str, object]:
    message = None if failures.message is None else plain(failures.message)
    return {**asdict(failures), "message": message}
