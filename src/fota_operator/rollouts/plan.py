"""What a rollout is to do: a release, its targets, the stages and the gates between them. Values alone.

Leaves to others: reading a plan from a file or flags (`plan_file`), which things these are (`targets`), and what is
due (`decision`).
"""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(frozen=True)
class Gate:
    """What a stage must have shown before the next begins; of the last stage, before the rollout is done.

    `succeeded_percent` is a share of all things of the stage, those that have not answered yet among them;
    `succeeded_least` a number of things, if the stage has as many. `soak_minutes` must pass from then on.
    """

    succeeded_percent: float = 100.0
    succeeded_least: int = 1
    soak_minutes: float = 0.0


@dataclass(frozen=True)
class Stage:
    """A share of the targets, the stages before counted in: `things` is a number, `percent` a share; one of them."""

    name: str
    things: int | None = None
    percent: float | None = None
    gate: Gate = Gate()
    rate_per_minute: int | None = None
    """How many things at most are offered the release a minute; None takes the plan's."""


@dataclass(frozen=True)
class AbortRule:
    """AWS cancels a stage's job when `percent` of its ended executions, and of `least` or more, ended so.

    `least` None is a tenth of the stage's things: of a large stage the first failure alone says little.

    `failure` is FAILED, REJECTED, TIMED_OUT or ALL of them.
    AWS: https://docs.aws.amazon.com/iot/latest/apireference/API_AbortCriteria.html
    """

    failure: str = "ALL"
    percent: float = 20.0
    least: int | None = None


@dataclass(frozen=True)
class Window:
    """When a stage may begin: from `begin` to `end`, "HH:MM", on `days` ("mon" …), in an IANA time zone.

    An `end` before `begin` is that of the next day.
    """

    begin: str
    end: str
    days: tuple[str, ...] = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
    zone: str = "UTC"


@dataclass(frozen=True)
class Targets:
    """Things by name, and the things of groups; of them all a share."""

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
    `bucket` and `role` None are those that `fota bootstrap` makes. `duration_s` is how long a presigned URL is good
    for; `timeout_minutes` how long an execution may be IN_PROGRESS; `retries` how often AWS offers again what FAILED
    or TIMED_OUT. `most_things` is a bound that the targets may never pass, also when a group grows.
    """

    name: str
    release: str
    targets: Targets
    stages: tuple[Stage, ...] = DEFAULT_STAGES
    aborts: tuple[AbortRule, ...] = field(default=(AbortRule(),))
    rate_per_minute: int = 1000
    retries: int = 0
    timeout_minutes: int | None = 60
    window: Window | None = None
    bucket: str | None = None
    role: str | None = None
    duration_s: int = 3600
    most_things: int | None = None
