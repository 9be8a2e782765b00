"""Turns tables, as in TOML and JSON, into a plan, and back: defines the fields, and what each takes.

Leaves to others: files and flags (`plan_file`), bytes (`text`).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from fota_operator.account.names import BUCKET_NAME
from fota_operator.rollouts.plan import fields as read
from fota_operator.rollouts.plan import limits
from fota_operator.rollouts.plan.fields import Fields
from fota_operator.rollouts.plan.gate import GATE_FIELDS, MAX_THINGS, Gate
from fota_operator.rollouts.plan.model import DEFAULT_STAGES, AbortRule, Plan, Stage, Targets
from fota_operator.rollouts.plan.patches import PATCH_FIELDS, patches_of, patches_table
from fota_operator.rollouts.plan.window import DAYS, StageWindow
from fota_operator.things.names import THING_NAME
from fota_operator.time_span import span_in_words

_PLAN = (
    "name", "release", "targets", "canary", "stages", "aborts", "rate-per-minute", "retries", "timeout-minutes",
    "window", "bucket", "role", "duration-s", "most-things", "insist", "urgency", "within",
    "catalog", "patches",
)  # fmt: skip
_TARGETS = ("things", "groups", "percent")
_STAGE = ("name", "things", "percent", "gate", "rate-per-minute")
_GATE = tuple(one.name for one in GATE_FIELDS)
_ABORT = ("failure", "percent", "least")
_WINDOW = ("begin", "end", "days", "zone")

_COUNT = read.whole(1, MAX_THINGS)
_RATE = read.whole(*limits.RATE_PER_MINUTE)
_THING = read.matching(THING_NAME, "the name of a thing or group")
_NAME = read.matching(
    limits.ROLLOUT_NAME,
    f"1 to {limits.MAX_NAME_CHARACTERS} small letters, digits and dashes, no dash first",
)
_STAGE_NAME = read.matching(limits.STAGE_NAME, "1 to 32 small letters, digits and dashes, no dash first")
_SHA256 = read.matching("[0-9a-f]{64}", "a SHA-256 in hex")


def plan_of(table: Mapping[str, object]) -> Plan:
    """The plan that these tables describe. *Raises* BadInput, which names the field, what it takes and what came."""
    fields = Fields(table, "", _PLAN)
    canary = fields.take("canary", read.flag, default=True)
    plan = Plan(
        name=fields.need("name", _NAME),
        release=fields.need("release", _SHA256),
        targets=_targets(fields.table("targets", _TARGETS)),
        stages=_stages(fields, canary=canary),
        aborts=_aborts(fields),
        rate_per_minute=fields.take("rate-per-minute", _RATE, Plan.rate_per_minute),
        retries=fields.take("retries", read.whole(*limits.RETRIES), Plan.retries),
        timeout_minutes=fields.take(
            "timeout-minutes", read.whole_or_off(*limits.TIMEOUT_MINUTES), Plan.timeout_minutes
        ),
        window=_window(fields.table("window", _WINDOW)) if "window" in fields else None,
        bucket=fields.take("bucket", read.matching(BUCKET_NAME, "the name of a bucket"), None),
        role=fields.take("role", read.matching(limits.ROLE, "the name of a role, or its ARN"), None),
        duration_s=fields.take("duration-s", read.whole(*limits.DURATION_S), Plan.duration_s),
        most_things=fields.take("most-things", _COUNT, None),
        insist=fields.take("insist", read.flag, Plan.insist),
        urgency=fields.take("urgency", read.one_of(*limits.URGENCIES), None),
        within_s=fields.take("within", read.span, None),
        catalog=fields.take("catalog", read.flag, Plan.catalog),
        patches=patches_of(fields.table("patches", PATCH_FIELDS)) if "patches" in fields else None,
    )
    limits.require_sense(plan, canary=canary)
    return plan


def table_of(plan: Plan) -> dict[str, object]:
    """The tables of this plan with every default written out; fields that the plan leaves open are absent."""
    return _without_none(
        {
            "name": plan.name,
            "release": plan.release,
            "targets": {
                "things": list(plan.targets.things),
                "groups": list(plan.targets.groups),
                "percent": float(plan.targets.percent),
            },
            "canary": limits.has_canary(plan),
            "stages": [_stage_table(stage) for stage in plan.stages],
            "aborts": [_without_none({**vars(rule), "percent": float(rule.percent)}) for rule in plan.aborts]
            or False,
            "rate-per-minute": plan.rate_per_minute,
            "retries": plan.retries,
            "timeout-minutes": plan.timeout_minutes or False,
            "window": None if plan.window is None else {**vars(plan.window), "days": list(plan.window.days)},
            "bucket": plan.bucket,
            "role": plan.role,
            "duration-s": plan.duration_s,
            "most-things": plan.most_things,
            # Absent unless set: the bytes of plans that were stored before these fields stay the same.
            "insist": plan.insist or None,
            "urgency": plan.urgency,
            "within": None if plan.within_s is None else span_in_words(plan.within_s),
            "catalog": None if plan.catalog else False,
            "patches": None if plan.patches is None else patches_table(plan.patches),
        }
    )


def _targets(fields: Fields) -> Targets:
    things = fields.take("things", read.each(_THING, "names of things"), Targets.things)
    groups = fields.take("groups", read.each(_THING, "names of groups"), Targets.groups)
    percent = fields.take("percent", read.percentage(), Targets.percent)
    # The order has no meaning: two plans that name the same things are the same plan.
    return Targets(tuple(sorted(set(things))), tuple(sorted(set(groups))), percent)


def _stages(fields: Fields, *, canary: bool) -> tuple[Stage, ...]:
    if "stages" not in fields:
        return DEFAULT_STAGES if canary else DEFAULT_STAGES[-1:]
    return tuple(_stage(stage) for stage in fields.tables("stages", _STAGE, limits.MAX_STAGES))


def _stage(fields: Fields) -> Stage:
    things = fields.take("things", _COUNT, None)
    percent = fields.take("percent", read.percentage(), None)
    if (things is None) == (percent is None):
        raise fields.wrong("either things or percent", "neither" if things is None else "both")
    return Stage(
        name=fields.need("name", _STAGE_NAME),
        things=things,
        percent=percent,
        gate=_gate(fields.table("gate", _GATE)),
        rate_per_minute=fields.take("rate-per-minute", _RATE, None),
    )


def _gate(fields: Fields) -> Gate:
    # Any: each field's own check gives what the field holds.
    values: dict[str, Any] = {one.attribute: fields.take(one.name, one.check, one.default) for one in GATE_FIELDS}
    return Gate(**values)


def _aborts(fields: Fields) -> tuple[AbortRule, ...]:
    if "aborts" not in fields:
        return (AbortRule(),)
    rules = fields.tables("aborts", _ABORT, len(limits.ABORT_FAILURES), or_off=True)
    return tuple(_abort(rule) for rule in rules)


def _abort(fields: Fields) -> AbortRule:
    return AbortRule(
        failure=fields.take("failure", read.one_of(*limits.ABORT_FAILURES), AbortRule.failure),
        percent=fields.take("percent", read.percentage(), AbortRule.percent),
        least=fields.take("least", _COUNT, None),
    )


def _window(fields: Fields) -> StageWindow:
    named = fields.take("days", read.each(read.one_of(*DAYS), f"days ({', '.join(DAYS)})", minimum=1), DAYS)
    return StageWindow(
        begin=fields.need("begin", read.time_of_day),
        end=fields.need("end", read.time_of_day),
        days=tuple(day for day in DAYS if day in named),
        zone=fields.take("zone", read.time_zone, StageWindow.zone),
    )


def _stage_table(stage: Stage) -> dict[str, object]:
    return _without_none(
        {
            "name": stage.name,
            "things": stage.things,
            "percent": None if stage.percent is None else float(stage.percent),
            "rate-per-minute": stage.rate_per_minute,
            # A number is written as its default is: one plan has one text.
            "gate": {
                one.name: value
                for one in GATE_FIELDS
                if (value := type(one.default)(getattr(stage.gate, one.attribute))) != one.default or not one.later
            },
        }
    )


def _without_none(table: dict[str, object]) -> dict[str, object]:
    return {name: value for name, value in table.items() if value is not None}
