"""What tests of rollouts arrange with: a plan of registered things, a release, a fleet that acts while we wait."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import replace

import pytest

from fota_operator.cloud import Cloud
from fota_operator.local.aws import LocalAws
from fota_operator.rollouts.plan.model import Plan, Targets
from tests.labs.broken_aws import BrokenAws
from tests.labs.fleet import Fleet
from tests.labs.plan_lab import CANARY_AND_ALL, PlanLab, PlanLabOf
from tests.labs.signatures import Signatures


@pytest.fixture
def lab_of(
    cloud: Cloud, local_aws: LocalAws, signatures: Signatures, image: object, new_name: Callable[[], str]
) -> PlanLabOf:
    """A lab of so many things, with what the plan shall say: `lab_of(3, retries=1)`."""

    def make(things: int, **fields: object) -> PlanLab:
        name = new_name()
        fleet = Fleet(local_aws, [f"{name}-{number}" for number in range(things)]).register(cloud)
        release = signatures.release(image, "maker")  # type: ignore[arg-type]
        plan = Plan(
            name=name,
            release=release.image.sha256,
            targets=Targets(things=fleet.names),
            stages=CANARY_AND_ALL,
            bucket=local_aws.bucket,
            role=local_aws.role,
        )
        plan = replace(plan, **fields)  # type: ignore[arg-type]
        return PlanLab(cloud, local_aws, release, signatures.keyring("maker"), plan, fleet)

    return make


@pytest.fixture
def lab(lab_of: PlanLabOf) -> PlanLab:
    """Three things, one of them the canary; a failure anywhere stops it."""
    return lab_of(3)


@pytest.fixture
def broken(cloud: Cloud) -> Iterator[BrokenAws]:
    broken = BrokenAws(cloud)
    yield broken
    broken.mend()


@pytest.fixture
def calls(cloud: Cloud) -> Iterator[Counter[str]]:
    """How often each operation was asked of AWS: every request that is sent, also one sent again."""
    counted: Counter[str] = Counter()

    def count(event_name: str, **_: object) -> None:
        counted[event_name.rsplit(".", 1)[-1]] += 1

    clients = (cloud.iot, cloud.s3, cloud.iam)
    for client in clients:
        client.meta.events.register("before-send", count)
    yield counted
    for client in clients:
        client.meta.events.unregister("before-send", count)
