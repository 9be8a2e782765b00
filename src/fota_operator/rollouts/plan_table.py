"""A plan as tables, as TOML and JSON have them, and back: which fields there are, and what each takes.

Leaves to others: files and flags (`plan_file`), bytes (`plan_json`).
"""

from __future__ import annotations

from collections.abc import Mapping

from fota_operator.account.names import BUCKET_NAME
from fota_operator.rollouts import plan_fields as read
from fota_operator.rollouts import plan_limits as limits
from fota_operator.rollouts.plan import DEFAULT_STAGES, AbortRule, Gate, Plan, Stage, Targets, Window
from fota_operator.rollouts.plan_fields import Fields
from fota_operator.rollouts.window import DAYS
from fota_operator.things import THING_NAME

_PLAN = (
    "name", "release", "targets", "canary", "stages", "aborts", "rate-per-minute", "retries", "timeout-minutes",
    "window", "bucket", "role", "duration-s", "most-things",
)  # fmt: skip
_TARGETS = ("things", "groups", "percent")
_STAGE = ("name", "things", "percent", "gate", "rate-per-minute")
_GATE = ("succeeded-percent", "succeeded-least", "soak-minutes")
_ABORT = ("failure", "percent", "least")
_WINDOW = ("begin", "end", "days", "zone")

_COUNT = read.whole(1, limits.MOST_THINGS)
_RATE = read.whole(*limits.RATE_PER_MINUTE)
_THING = read.matching(THING_NAME, "the name of a thing or group")
_NAME = read.matching(
    limits.ROLLOUT_NAME,
    f"1 to {limits.MOST_NAME_CHARACTERS} small letters, digits and dashes, no dash first",
)
_STAGE_NAME = read.matching(limits.STAGE_NAME, "1 to 32 small letters, digits and dashes, no dash first")
_SHA256 = read.matching("[0-9a-f]{64}", "a SHA-256 in hex")


def plan_of(table: Mapping[str, object]) -> Plan:
    """The plan that tables say. *Raises* BadInput, which names the field, what it takes and what came."""
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
    )
    limits.require_sense(plan, canary=canary)
    return plan


def table_of(plan: Plan) -> dict[str, object]:
    """The tables that say this plan, every default written out; what a plan leaves open is not there."""
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
        }
    )


def _targets(fields: Fields) -> Targets:
    things = fields.take("things", read.each(_THING, "names of things"), Targets.things)
    groups = fields.take("groups", read.each(_THING, "names of groups"), Targets.groups)
    percent = fields.take("percent", read.percentage(), Targets.percent)
    # Their order means nothing: two plans that name the same things are the same plan.
    return Targets(tuple(sorted(set(things))), tuple(sorted(set(groups))), percent)


def _stages(fields: Fields, *, canary: bool) -> tuple[Stage, ...]:
    if "stages" not in fields:
        return DEFAULT_STAGES if canary else DEFAULT_STAGES[-1:]
    return tuple(_stage(stage) for stage in fields.tables("stages", _STAGE, limits.MOST_STAGES))


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
    return Gate(
        succeeded_percent=fields.take("succeeded-percent", read.percentage(zero=True), Gate.succeeded_percent),
        succeeded_least=fields.take("succeeded-least", _COUNT, Gate.succeeded_least),
        soak_minutes=fields.take("soak-minutes", read.number(0, limits.MOST_SOAK_MINUTES), Gate.soak_minutes),
    )


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


def _window(fields: Fields) -> Window:
    named = fields.take("days", read.each(read.one_of(*DAYS), f"days ({', '.join(DAYS)})", least=1), DAYS)
    return Window(
        begin=fields.need("begin", read.time_of_day),
        end=fields.need("end", read.time_of_day),
        days=tuple(day for day in DAYS if day in named),
        zone=fields.take("zone", read.time_zone, Window.zone),
    )


def _stage_table(stage: Stage) -> dict[str, object]:
    gate = stage.gate
    return _without_none(
        {
            "name": stage.name,
            "things": stage.things,
            "percent": None if stage.percent is None else float(stage.percent),
            "rate-per-minute": stage.rate_per_minute,
            "gate": {
                "succeeded-percent": float(gate.succeeded_percent),
                "succeeded-least": gate.succeeded_least,
                "soak-minutes": float(gate.soak_minutes),
            },
        }
    )


def _without_none(table: dict[str, object]) -> dict[str, object]:
    return {name: value for name, value in table.items() if value is not None}
