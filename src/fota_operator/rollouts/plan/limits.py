"""What AWS and common sense allow in a plan: every bound, declared once, and the rules between fields.

Leaves to others: the bound of a single field is checked where it is read (`table`).
"""

from __future__ import annotations

from fota_operator.account.names import ROLE_NAME
from fota_operator.errors import BadInput
from fota_operator.jobs.limits import MAX_DURATION_S, MAX_TIMEOUT_MINUTES, MIN_DURATION_S
from fota_operator.rollouts.plan.model import Plan, Stage
from fota_operator.rollouts.plan.quotas import MAX_RATE_PER_MINUTE
from fota_operator.time_span import span_in_words

MAX_NAME_CHARACTERS = 40
"""With a prefix and the numbers of stage and offer, the name must still fit into a job id of 64 characters."""
MAX_STAGES = 20
MAX_CANARY_PERCENT = 10.0

DURATION_S = (MIN_DURATION_S, MAX_DURATION_S)
TIMEOUT_MINUTES = (1, MAX_TIMEOUT_MINUTES)
RATE_PER_MINUTE = (1, MAX_RATE_PER_MINUTE)
# AWS: https://docs.aws.amazon.com/iot/latest/apireference/API_RetryCriteria.html
RETRIES = (0, 10)
# AWS: https://docs.aws.amazon.com/iot/latest/apireference/API_AbortCriteria.html
ABORT_FAILURES = ("ALL", "FAILED", "REJECTED", "TIMED_OUT")

NOW = "now"
URGENCIES = (NOW, "when-convenient")
"""What a manifest can say; this room knows no manifests."""

# IAM: https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html
ROLE = rf"{ROLE_NAME}|arn:aws[a-z-]*:iam::[0-9]{{12}}:role/[\w+=,.@/-]{{1,576}}"
ROLLOUT_NAME = rf"[a-z0-9][a-z0-9-]{{0,{MAX_NAME_CHARACTERS - 1}}}"
STAGE_NAME = r"[a-z0-9][a-z0-9-]{0,31}"


def require_sense(plan: Plan, *, canary: bool) -> None:
    """*Raises* BadInput for values that each field allows, but that make no sense together.

    With `canary` the first stage must be small; without it, the operator has said that it need not be.
    """
    if not (plan.targets.things or plan.targets.groups):
        raise BadInput("targets: expected things or groups, got neither", "name some")
    if plan.urgency == NOW and plan.within_s is not None:
        raise BadInput(
            f'within: expected none beside urgency = "{NOW}", got "{span_in_words(plan.within_s)}"',
            "a device may not put such a release off at all: leave one of the two out",
        )
    _require_growth(plan.stages)
    _require_other_names(plan.stages)
    if canary and not has_canary(plan):
        raise BadInput(
            f"stages: expected a canary first, of a number of things or at most {MAX_CANARY_PERCENT:g} percent",
            "put one in front, or write `canary = false`",
        )
    failures = [rule.failure for rule in plan.aborts]
    if len(set(failures)) < len(failures):
        raise BadInput("aborts: expected one rule for a kind of failure, got two", "leave one of them out")


def has_canary(plan: Plan) -> bool:
    """Whether few things get the release before the others do."""
    first = plan.stages[0]
    return first.percent is None or first.percent <= MAX_CANARY_PERCENT


def _require_growth(stages: tuple[Stage, ...]) -> None:
    """A stage includes the stages before it. A number and a share are not compared: that needs to know the things."""
    things, percent = 0, 0.0
    for number, stage in enumerate(stages, start=1):
        if stage.things is not None and stage.things <= things:
            raise BadInput(f"stages[{number}].things: expected more than {things}, got {stage.things}", _GROWTH)
        if stage.percent is not None and stage.percent <= percent:
            raise BadInput(
                f"stages[{number}].percent: expected more than {percent:g}, got {stage.percent:g}", _GROWTH
            )
        things, percent = stage.things or things, stage.percent or percent
    if stages[-1].percent != 100.0:
        raise BadInput(
            f"stages[{len(stages)}].percent: expected 100, since it is the last",
            "add a stage with `percent = 100`; for a share of the targets write `percent` under [targets]",
        )


def _require_other_names(stages: tuple[Stage, ...]) -> None:
    names = [stage.name for stage in stages]
    for number, name in enumerate(names, start=1):
        if name in names[: number - 1]:
            raise BadInput(f"stages[{number}].name: expected a name of its own, got {name!r} again", "rename one")


_GROWTH = "every stage counts those before it in"
