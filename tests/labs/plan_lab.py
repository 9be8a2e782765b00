"""One rollout of a plan on the local AWS, with a fleet that acts while the rollout waits."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace

from fota.trust.keyring import Keyring
from fota_operator.cloud import Cloud
from fota_operator.local.aws import LocalAws
from fota_operator.rollouts.aws.progress import RolloutProgress
from fota_operator.rollouts.control import Rollout
from fota_operator.rollouts.decide.status import RolloutStatus
from fota_operator.rollouts.look import Looker
from fota_operator.rollouts.plan.gate import Gate
from fota_operator.rollouts.plan.model import AbortRule, Plan, Stage
from fota_operator.rollouts.prepare import Prepared, prepare
from fota_operator.rollouts.run import RunOptions
from fota_operator.trust.release import Release
from tests.labs.fleet import Fleet
from tests.labs.fleet_clock import FleetClock

CANARY_AND_ALL = (Stage("canary", things=1), Stage("all", percent=100.0))


@dataclass
class PlanLab:
    """One rollout, `plan`, on the local AWS; `said` is its progress."""

    cloud: Cloud
    local: LocalAws
    release: Release
    keyring: Keyring
    plan: Plan
    fleet: Fleet
    said: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.clock = FleetClock(self.fleet.turn)

    @property
    def rollout(self) -> Rollout:
        return Rollout(self.cloud, self.plan.name, self.plan.bucket)

    def prepared(self, **changes: object) -> Prepared:
        self.plan = replace(self.plan, **changes)  # type: ignore[arg-type]
        return prepare(self.cloud, self.plan, self.release, self.keyring, clock=self.clock)

    def run(self, *, until: int | None = None, once: bool = False, timeout_s: float | None = None) -> RolloutStatus:
        options = RunOptions(until=until, once=once, timeout_s=timeout_s)
        return self.prepared().run(options, clock=self.clock, on_progress=self._hear)

    def status(self) -> RolloutStatus:
        return Looker(self.cloud, self.plan.name, self.plan.bucket, self.clock).status()

    def job(self, job_id: str) -> str:
        """Its status, or "absent"."""
        try:
            return self.cloud.iot.describe_job(jobId=job_id)["job"]["status"]
        except self.cloud.iot.exceptions.ResourceNotFoundException:
            return "absent"

    def _hear(self, progress: RolloutProgress) -> None:
        self.said.append(progress.text)


PlanLabOf = Callable[..., PlanLab]


def soaking(minutes: float) -> tuple[Stage, ...]:
    """Stages whose canary soaks."""
    return (Stage("canary", things=1, gate=Gate(soak_minutes=minutes)), Stage("all", percent=100.0))


NEVER_ABORTED: tuple[AbortRule, ...] = ()
