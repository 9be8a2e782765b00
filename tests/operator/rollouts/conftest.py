"""What tests of rollouts arrange with: a plan of registered things, a release, a fleet that acts while we wait."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace

import pytest
from botocore.exceptions import ClientError

from fota.keyring import Keyring
from fota_operator.cloud import Cloud
from fota_operator.local.aws import LocalAws
from fota_operator.rollouts.look import Looker
from fota_operator.rollouts.plan import AbortRule, Gate, Plan, Stage, Targets
from fota_operator.rollouts.prepare import Prepared, prepare
from fota_operator.rollouts.run import RunOptions
from fota_operator.rollouts.standing import Standing
from fota_operator.rollouts.steer import Rollout
from fota_operator.rollouts.telling import Progress
from fota_operator.trust.release import Release

from ..conftest import Signatures
from ..fleet.clock import FleetClock
from ..fleet.fleet import Fleet

CANARY_AND_ALL = (Stage("canary", things=1), Stage("all", percent=100.0))


@dataclass
class Lab:
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

    def run(self, *, until: int | None = None, once: bool = False, timeout_s: float | None = None) -> Standing:
        options = RunOptions(until=until, once=once, timeout_s=timeout_s)
        return self.prepared().run(options, clock=self.clock, tell=self._hear)

    def standing(self) -> Standing:
        return Looker(self.cloud, self.plan.name, self.plan.bucket, self.clock).standing()

    def job(self, job_id: str) -> str:
        """Its status, or "absent"."""
        try:
            return self.cloud.iot.describe_job(jobId=job_id)["job"]["status"]
        except self.cloud.iot.exceptions.ResourceNotFoundException:
            return "absent"

    def _hear(self, progress: Progress) -> None:
        self.said.append(progress.text)


LabOf = Callable[..., Lab]


@pytest.fixture
def lab_of(
    cloud: Cloud, local_aws: LocalAws, signatures: Signatures, image: object, new_name: Callable[[], str]
) -> LabOf:
    """A lab of so many things, with what the plan shall say: `lab_of(3, retries=1)`."""

    def make(things: int, **fields: object) -> Lab:
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
        return Lab(cloud, local_aws, release, signatures.keyring("maker"), plan, fleet)

    return make


@pytest.fixture
def lab(lab_of: LabOf) -> Lab:
    """Three things, one of them the canary; a failure anywhere stops it."""
    return lab_of(3)


def soaking(minutes: float) -> tuple[Stage, ...]:
    """Stages whose canary soaks."""
    return (Stage("canary", things=1, gate=Gate(soak_minutes=minutes)), Stage("all", percent=100.0))


NEVER_ABORTED: tuple[AbortRule, ...] = ()


class Broken:
    """AWS out of order: `broken("CreateJob", "ThrottlingException", times=3)`.

    With `after`, AWS does what it was asked and the answer is lost. All around it is the real thing.
    """

    def __init__(self, cloud: Cloud) -> None:
        self._clients = {"iot": cloud.iot, "s3": cloud.s3, "iam": cloud.iam}
        self._registered: list[tuple[str, str, Callable[..., None]]] = []

    def __call__(self, operation: str, code: str, *, times: int | None = None, after: bool = False) -> None:
        left = [times]

        def refuse(**_: object) -> None:
            if left[0] is not None:
                if left[0] == 0:
                    return
                left[0] -= 1
            raise ClientError({"Error": {"Code": code, "Message": "refused by the test"}}, operation)

        for service, client in self._clients.items():
            event = f"{'after' if after else 'before'}-call.{service}.{operation}"
            client.meta.events.register(event, refuse)
            self._registered.append((service, event, refuse))

    def mend(self) -> None:
        for service, event, refuse in self._registered:
            self._clients[service].meta.events.unregister(event, refuse)
        self._registered.clear()


@pytest.fixture
def broken(cloud: Cloud) -> Iterator[Broken]:
    broken = Broken(cloud)
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
