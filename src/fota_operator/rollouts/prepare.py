"""All that is checked before a rollout is run, and what it would do. Changes nothing.

Leaves to others: doing it (`run`).
"""

from __future__ import annotations

from dataclasses import dataclass

from fota.keyring import Keyring
from fota_operator.cloud import Cloud
from fota_operator.errors import BadInput, NotFound
from fota_operator.pace import Clock, SystemClock
from fota_operator.rollouts.forecast import Forecast, forecast
from fota_operator.rollouts.ledger import Ledger
from fota_operator.rollouts.look import judge
from fota_operator.rollouts.plan import Plan
from fota_operator.rollouts.plan_json import decode, encode
from fota_operator.rollouts.plan_store import (
    StoredPlan,
    bucket_of,
    find_plan,
    require_same,
    role_of,
    store_plan,
)
from fota_operator.rollouts.run import TO_THE_END, Runner, RunOptions
from fota_operator.rollouts.seen import Halted
from fota_operator.rollouts.stages import PlannedStage, planned
from fota_operator.rollouts.standing import Standing
from fota_operator.rollouts.targets import missing_things
from fota_operator.rollouts.telling import Tell, silent
from fota_operator.shipment import Firmware, Shipment, check_shipment, require_sendable
from fota_operator.trust.release import Release


@dataclass(frozen=True)
class Prepared:
    """A rollout that passed every check. `stages` are as they would be if it began now; `begun`: it has."""

    cloud: Cloud
    plan: Plan
    ledger: Ledger
    shipment: Shipment
    stages: tuple[PlannedStage, ...]
    standing: Standing
    begun: bool

    @property
    def things(self) -> tuple[str, ...]:
        """The things that the release goes to, in their order, if it begins now."""
        return tuple(thing for stage in self.stages for thing in stage.things)

    def require_at_most(self, things: int | None) -> None:
        """*Raises* BadInput if the rollout goes to more than so many things, begun or not."""
        if things is not None and self.standing.targets > things:
            raise BadInput(
                f"the rollout {self.plan.name} goes to {self.standing.targets} things, and --max-things is {things}",
                "look at its targets with `fota rollout plan`, or allow more",
            )

    def forecast(self, most: int, *, clock: Clock | None = None) -> Forecast:
        """What AWS knows of the things that stands in the way; the first `most` are asked for one by one.

        *Raises* CloudUnreachable.
        """
        return forecast(self.cloud, self.things, clock or SystemClock(), most)

    def run(self, options: RunOptions = TO_THE_END, *, clock: Clock | None = None, tell: Tell = silent) -> Standing:
        """Store the plan, and go on as `Runner.run` does. *Raises* AlreadyThere, and what that raises."""
        store_plan(self.cloud, self.ledger.stored)
        return Runner(self.cloud, self.ledger, self.shipment, clock or SystemClock(), tell).run(options)


def prepare(cloud: Cloud, plan: Plan, release: Release, keyring: Keyring, *, clock: Clock | None = None) -> Prepared:
    """Check all that can be: the release by the devices' own code, role and bucket, name and targets.

    *Raises* DeviceWouldRefuse, NotFound, AlreadyThere, BadInput, CloudRefused, CloudUnreachable.
    """
    clock = clock or SystemClock()
    # As it will be read back: checked, its things in one order.
    plan = decode(encode(plan))
    if release.image.sha256 != plan.release:
        raise BadInput(
            f"release: expected that of the plan, {plan.release}, got {release.image.sha256}",
            "make the plan of this release",
        )
    firmware = Firmware(release.image, release.envelope, keyring)
    require_sendable(firmware)
    bucket = bucket_of(cloud, plan.bucket)
    shipment = check_shipment(cloud, firmware, bucket=bucket, role=role_of(plan))
    known = find_plan(cloud, plan.name, bucket)
    if known is None:
        _require_things(cloud, plan, clock)
    else:
        require_same(known, plan)
    stored = StoredPlan(plan, release.manifest.product, release.manifest.version)
    ledger = Ledger(cloud, stored)
    judgement = judge(ledger, clock)
    begun = bool(ledger.jobs)
    if not begun and isinstance(judgement.step, Halted):
        raise BadInput(judgement.step.why, "correct the plan")
    stages = planned(plan, ledger.targets()) if not begun else ()
    return Prepared(cloud, plan, ledger, shipment, stages, judgement.standing, begun)


def _require_things(cloud: Cloud, plan: Plan, clock: Clock) -> None:
    missing = missing_things(cloud, plan.targets.things, clock)
    if missing:
        raise NotFound(
            f"{len(missing)} things of the plan are not registered in {cloud.region}, {missing[0]} is one",
            "correct the plan, or look at the region",
        )
