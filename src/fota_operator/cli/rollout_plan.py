"""Prints what a rollout would do, as the result of a command: tables for people, JSON for programs."""

from dataclasses import asdict
from typing import TYPE_CHECKING

from fota_operator.cli.output import answer_table, answer_words
from fota_operator.cli.patches import savings_as_json, savings_lines, savings_rows
from fota_operator.cli.rollout_cost import cost_as_json, cost_lines
from fota_operator.plain import plain
from fota_operator.rollouts.plan.gate import FACTS, in_words
from fota_operator.time_span import span_in_words

if TYPE_CHECKING:
    from fota_operator.rollouts.decide.stages import PlannedStage
    from fota_operator.rollouts.prepare import Prepared
    from fota_operator.rollouts.preview import Forecast

_FIRST = 5
_NOT_ASKED = (
    "This is by what devices last said; hardware, room, security version, their keyring, and what they rolled back "
    "before are not in it."
)
"""What a shadow does not hold: only the device decides in the end."""


def answer_forecast(prepared: "Prepared", forecast: "Forecast") -> None:
    """Stage by stage, and what AWS knows of the things."""
    status = prepared.status
    answer_words(f"{prepared.plan.name}: {status.product} {status.version} to {len(prepared.things)} things")
    answer_table(
        ("STAGE", "", "THINGS", "PER MINUTE", "MINUTES", "GATE", "FIRST THINGS"),
        [_row(stage) for stage in prepared.stages],
    )
    minutes = sum(stage.minutes for stage in prepared.stages)
    answer_words(f"It takes {minutes:.1f} minutes at least; what devices take comes on top.")
    answer_words(_put_off(prepared.within_s, prepared.plan.timeout_minutes))
    for line in cost_lines(prepared.cost):
        answer_words(line)
    _answer_savings(prepared)
    for line in _findings(forecast):
        answer_words(line)


def _answer_savings(prepared: "Prepared") -> None:
    offered, saved = prepared.publication.patches, prepared.savings
    if offered is None or saved is None:
        return
    image_bytes = prepared.publication.firmware.image.size_bytes
    answer_table(("RUNNING", "THINGS", "TRAVELS", "BYTES EACH", "OF THE IMAGE"), savings_rows(image_bytes, saved))
    for line in savings_lines(offered, saved):
        answer_words(line)


def _put_off(within_s: int | None, timeout_minutes: int | None) -> str:
    if within_s == 0:
        return "Devices may not put it off: it was signed with urgency now."
    how_long = "without end" if within_s is None else f"for {span_in_words(within_s)}"
    ends = (
        "" if timeout_minutes is None else f", but AWS ends an execution after {timeout_minutes} minutes in progress"
    )
    return f"Devices may put it off {how_long}{ends}."


def forecast_as_json(prepared: "Prepared", forecast: "Forecast") -> dict[str, object]:
    """The same for programs, with every thing."""
    status = prepared.status
    return {
        "name": prepared.plan.name,
        "product": status.product,
        "version": status.version,
        "things": len(prepared.things),
        "minutes": sum(stage.minutes for stage in prepared.stages),
        "within_s": prepared.within_s,
        "timeout_minutes": prepared.plan.timeout_minutes,
        "stages": [
            {
                "number": stage.number,
                "name": stage.name,
                "things": list(stage.things),
                **{fact.name: fact.of(stage.gate, len(stage.things)) for fact in FACTS},
                "rate_per_minute": stage.rate_per_minute,
                "minutes": stage.minutes,
            }
            for stage in prepared.stages
        ],
        "cost": cost_as_json(prepared.cost),
        "patches": savings_as_json(prepared.publication.patches, prepared.savings),
        "forecast": {
            "asked": forecast.asked,
            "without_certificate": _listed(forecast.without_certificate),
            "with_pending_job": _listed(forecast.with_pending_job),
            "offline": _listed(forecast.offline),
            "will_refuse": None
            if forecast.will_refuse is None
            else [{**asdict(one), "why": plain(one.why)} for one in forecast.will_refuse],
            "state_unknown": forecast.state_unknown,
        },
    }


def _row(stage: "PlannedStage") -> tuple[str, ...]:
    shown = ", ".join(stage.things[:_FIRST]) + (", …" if len(stage.things) > _FIRST else "")
    return (
        str(stage.number),
        stage.name,
        str(len(stage.things)),
        str(stage.rate_per_minute),
        f"{stage.minutes:.1f}",
        in_words(stage.gate, len(stage.things)),
        shown,
    )


def _findings(forecast: "Forecast") -> list[str]:
    of_first = f"of the first {forecast.asked} things"
    lines = []
    if forecast.asked:
        lines.append(_finding(f"Without a certificate, {of_first}", forecast.without_certificate))
        lines.append(_finding(f"With a job pending already, {of_first}", forecast.with_pending_job))
        lines.append(_refusing(f"Will refuse it, {of_first}", forecast))
        if forecast.will_refuse is not None:
            lines.append(_NOT_ASKED)
    lines.append(_finding("Offline now, by the index of the fleet", forecast.offline))
    return lines


def _finding(what: str, things: tuple[str, ...] | None) -> str:
    if things is None:
        return f"{what}: unknown, AWS does not tell."
    if not things:
        return f"{what}: none."
    return f"{what}: {len(things)}, {things[0]} is one."


def _refusing(what: str, forecast: "Forecast") -> str:
    found = forecast.will_refuse
    if found is None:
        return f"{what}: unknown, AWS does not tell what they run."
    unknown = f" Of {forecast.state_unknown} it is not known what they run." if forecast.state_unknown else ""
    if not found:
        return f"{what}: none.{unknown}"
    first = found[0]
    return f"{what}: {len(found)}, {first.thing} is one ({first.reason}: {plain(first.why)}).{unknown}"


def _listed(things: tuple[str, ...] | None) -> list[str] | None:
    return None if things is None else list(things)
