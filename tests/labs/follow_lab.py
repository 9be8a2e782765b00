"""Two releases of one product, offered one after the other to the same things: what a way back starts from."""

from __future__ import annotations

import itertools
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from fota.trust.keyring import Keyring
from fota_operator.cloud import Cloud
from fota_operator.images.image import Image, build_image
from fota_operator.local.aws import LocalAws
from fota_operator.rollouts.control import Rollout
from fota_operator.rollouts.decide.status import RolloutStatus
from fota_operator.rollouts.look import Looker
from fota_operator.rollouts.plan.gate import Gate
from fota_operator.rollouts.plan.model import Plan, Stage, Targets
from fota_operator.rollouts.prepare import prepare
from fota_operator.rollouts.run import TO_THE_END, RunOptions
from fota_operator.trust.release import Release
from tests.labs.fleet import Fleet, Script, every_one_succeeds
from tests.labs.fleet_clock import FleetClock
from tests.labs.signatures import Signatures

_SECOND_S = 1.01

ANY_WILL_DO = (Stage("all", percent=100.0, gate=Gate(succeeded_percent=1.0)),)
_NUMBERS = itertools.count(1)


@dataclass
class FollowLab:
    """A product of its own, so that no other test's rollout is one before; `name` is the newer rollout."""

    cloud: Cloud
    local: LocalAws
    signatures: Signatures
    folder: Path
    name: str
    fleet: Fleet = field(init=False)

    def __post_init__(self) -> None:
        self.product = f"product-{self.name}"
        self.fleet = Fleet(self.local, [f"{self.name}-t{number}" for number in range(4)]).register(self.cloud)
        self.clock = FleetClock(self.fleet.turn)

    @property
    def keyring(self) -> Keyring:
        """What the devices trust."""
        return self.signatures.keyring("maker", product=self.product)

    @property
    def rollout(self) -> Rollout:
        """The newer one."""
        return Rollout(self.cloud, self.name, self.local.bucket)

    def image(self, version: str) -> Image:
        """An image that no other test has."""
        number = next(_NUMBERS)
        program = self.folder / f"program-{number}"
        program.mkdir()
        (program / "__main__.py").write_text(f"print('{self.name} {version} {number}')\n")
        return build_image(program, version, self.folder / f"{number}.pyz")

    def release(self, version: str, *names: str, image: Image | None = None, **others: object) -> Release:
        """A release of an image, signed by the maker unless others are named."""
        return self.signatures.release(
            image or self.image(version), *(names or ("maker",)), product=self.product, **others
        )

    def offer(
        self,
        name: str,
        release: Release,
        script: Script = every_one_succeeds,
        *,
        things: tuple[str, ...] = (),
        keyring: Keyring | None = None,
        options: RunOptions = TO_THE_END,
        stages: tuple[Stage, ...] = ANY_WILL_DO,
    ) -> RolloutStatus:
        """Run a rollout of it; every thing answers as the script says."""
        plan = Plan(
            name,
            release.image.sha256,
            Targets(things or self.fleet.names),
            stages,
            aborts=(),
            bucket=self.local.bucket,
            role=self.local.role,
        )
        self.fleet.script = script
        self.fleet.ended.clear()
        # The local AWS tells the second in which a job was made: two rollouts of one second have no order.
        time.sleep(_SECOND_S)
        prepared = prepare(self.cloud, plan, release, keyring or self.keyring, clock=self.clock)
        return prepared.run(options, clock=self.clock)

    def answer(self, script: Script = every_one_succeeds) -> None:
        """Let every thing answer what it is offered from now on."""
        self.fleet.script = script
        self.fleet.ended.clear()

    def status(self, name: str) -> RolloutStatus:
        """That of a rollout."""
        return Looker(self.cloud, name, self.local.bucket, self.clock).status()

    def document(self, name: str) -> str:
        """That of the first job of a rollout."""
        return self.cloud.iot.get_job_document(jobId=f"fota-{name}-1")["document"]


FollowLabOf = Callable[[], FollowLab]
