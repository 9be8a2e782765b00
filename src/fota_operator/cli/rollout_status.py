"""The status of a rollout as the result of a command: drawn for people, as JSON for programs."""

import re
import sys
from dataclasses import asdict
from typing import TYPE_CHECKING

from fota_operator.cli.job_status import deferred_as_json
from fota_operator.cli.output import (
    answer_json,
    answer_words,
    in_utc,
    moment,
    new_console,
    writing_result,
)
from fota_operator.cli.wording import worded
from fota_operator.plain import plain

if TYPE_CHECKING:
    from fota_operator.rollouts.decide.status import Failures, RolloutAct, RolloutStatus, StageStatus


def answer_status(status: "RolloutStatus", *, as_json: bool, with_acts: bool = False) -> None:
    """Write the status of a rollout; `with_acts`: and who did what with it, which JSON always has."""
    if as_json:
        answer_json(status_as_json(status))
        return
    from fota_operator.cli.dashboard import Dashboard

    with writing_result():
        new_console(sys.stdout, width_of_file=100).print(Dashboard(status))
    for act in status.acts if with_acts else ():
        answer_words(act_in_words(act))


def act_in_words(act: "RolloutAct", *, short: bool = False) -> str:
    """What somebody did, when, and who: `paused 2026-03-04 09:30:00 UTC by arn:…`; `short`: by the name alone."""
    by = act.by or "somebody"
    at = "at an unknown time" if act.at is None else moment(act.at)
    return f"{act.act} {at} by {re.split('[:/]', by)[-1] if short else by}"


def status_as_json(status: "RolloutStatus") -> dict[str, object]:
    """As programs read it; times are in UTC, ISO 8601."""
    return {
        **asdict(status),
        "next": worded(status.next),
        "why": worded(status.why),
        "next_at": in_utc(status.next_at),
        "stages": [_stage_as_json(stage) for stage in status.stages],
        "acts": [{**asdict(act), "at": in_utc(act.at)} for act in status.acts],
        "failures": [_failures_as_json(failures) for failures in status.failures],
    }


def _stage_as_json(stage: "StageStatus") -> dict[str, object]:
    return {
        **asdict(stage),
        "job_ids": list(stage.job_ids),
        "deferred": deferred_as_json(stage.deferred),
        "missing": [asdict(one) for one in stage.missing],
        "began_at": in_utc(stage.began_at),
        "gate_met_at": in_utc(stage.gate_met_at),
    }


def _failures_as_json(failures: "Failures") -> dict[str, object]:
    message = None if failures.message is None else plain(failures.message)
    return {**asdict(failures), "message": message}
