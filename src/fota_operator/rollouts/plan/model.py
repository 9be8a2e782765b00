"""The plan of a rollout: a release, its targets, the stages and the gates between them. Values only.

Leaves to others: reading a plan from a file or options (`plan_file`), which things these are (`aws.targets`), and
what is due (`decide`).
"""

from __future__ import annotations

from dataclasses import dataclass, field

from fota_operator.rollouts.plan.gate import NO_GATE_OF_ITS_OWN, Gate
from fota_operator.rollouts.plan.patches import PlannedPatches
from fota_operator.rollouts.plan.window import StageWindow


@dataclass(frozen=True)
class Stage:
    """A share of the targets that includes the stages before: either `things`, a number, or `percent`."""

    name: str
    things: int | None = None
    percent: float | None = None
    gate: Gate = NO_GATE_OF_ITS_OWN
    rate_per_minute: int | None = None
    """How many things at most are offered the release a minute; None takes the plan's."""


@dataclass(frozen=True)
class AbortRule:
    """AWS cancels a stage's job when `percent` of its ended executions, and of `least` or more, ended so.

    `least` None means a tenth of the stage's things: in a large stage, the first failure alone says little.

    `failure` is FAILED, REJECTED, TIMED_OUT or ALL of them.
    AWS: https://docs.aws.amazon.com/iot/latest/apireference/API_AbortCriteria.html
    """

    failure: str = "ALL"
    percent: float = 20.0
    least: int | None = None


@dataclass(frozen=True)
class Targets:
    """Things by name, and the things of groups; and the share of all of them that is included."""

    things: tuple[str, ...] = ()
    groups: tuple[str, ...] = ()
    percent: float = 100.0


DEFAULT_STAGES = (
    Stage("canary", things=2),
    Stage("some", percent=10.0, gate=Gate(succeeded_percent=90.0)),
    Stage("all", percent=100.0, gate=Gate(succeeded_percent=90.0)),
)


@dataclass(frozen=True)
class Plan:
    """A rollout before it runs. `name` is its identity: one account and region has one rollout of a name.

    `release` is the SHA-256 of the release's image, in hex: a plan offers one release and no other.
    `bucket` and `role` None mean those that `fota bootstrap` makes. `duration_s` is how long a presigned URL is good
    for; `timeout_minutes` how long an execution may be IN_PROGRESS; `retries` how often AWS offers again what FAILED
    or TIMED_OUT. `most_things` is a bound that the targets may never pass, also when a group grows.
    `insist`: a device on which the image was rolled back tries it again, instead of refusing it as `known-bad`.
    `catalog`: enter the release into AWS's package catalog, and name it in each job.
    `patches`: what is offered beside the image; None: nothing.
    `urgency` and `within_s` (how long a device may put it off) must be those that were signed; None is not compared.
    """

    name: str
    release: str
    targets: Targets
    stages: tuple[Stage, ...] = DEFAULT_STAGES
    aborts: tuple[AbortRule, ...] = field(default=(AbortRule(),))
    rate_per_minute: int = 1000
    retries: int = 0
    timeout_minutes: int | None = 60
    window: StageWindow | None = None
    bucket: str | None = None
    role: str | None = None
    duration_s: int = 3600
    most_things: int | None = None
    insist: bool = False
    urgency: str | None = None
    within_s: int | None = None
    catalog: bool = True
    patches: PlannedPatches | None = None
