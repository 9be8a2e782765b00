"""Rollouts as tests arrange them: things, a release, a plan, and somebody who runs it while the things act."""

from __future__ import annotations

import itertools
import json
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from pathlib import Path

from fota.trust.keyring import Keyring
from fota_operator.cloud import Cloud
from fota_operator.images.image import build_image
from fota_operator.local.aws import LocalAws
from fota_operator.rollouts.aws.progress import RolloutProgress
from fota_operator.rollouts.control import Rollout
from fota_operator.rollouts.decide.status import RolloutStatus
from fota_operator.rollouts.look import status_of
from fota_operator.rollouts.plan.gate import Gate
from fota_operator.rollouts.plan.model import DEFAULT_STAGES, Plan, Stage, Targets
from fota_operator.rollouts.prepare import Prepared, prepare
from fota_operator.rollouts.run import TO_THE_END, RunOptions
from fota_operator.trust.release import Release
from tests.labs.fleet import Fleet, Script, every_one_succeeds
from tests.labs.fleet_clock import FleetClock
from tests.labs.signatures import Signatures

_NUMBERS = itertools.count(1)
Turn = Callable[[], object]


@dataclass
class RolloutLab:
    """One release and one fleet. `cloud` is the way that rollouts go, `direct` the one that the lab itself goes."""

    local: LocalAws
    direct: Cloud
    signatures: Signatures
    folder: Path
    cloud: Cloud
    told: list[RolloutProgress] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.name = f"lab-{next(_NUMBERS)}"
        self.release, self.keyring = self.new_release()

    def new_release(self) -> tuple[Release, Keyring]:
        """A release of an image that no other test has, and the keyring that takes it."""
        number = next(_NUMBERS)
        program = self.folder / f"program-{number}"
        program.mkdir()
        (program / "__main__.py").write_text(f"print('program {self.folder} {number}')\n")
        image = build_image(program, f"1.0.{number}", self.folder / f"{number}.pyz")
        return self.signatures.release(image, "alice"), self.signatures.keyring("alice")

    def fleet(self, count: int, script: Script = every_one_succeeds, *, prefix: str = "t") -> Fleet:
        """So many things, registered."""
        names = [f"{self.name}-{prefix}{number}" for number in range(1, count + 1)]
        return Fleet(self.local, names, script).register(self.direct)

    def group(self, things: Iterable[str]) -> str:
        """A thing group that holds these."""
        name = f"{self.name}-group-{next(_NUMBERS)}"
        self.direct.iot.create_thing_group(thingGroupName=name)
        self.join(name, things)
        return name

    def join(self, group: str, things: Iterable[str]) -> None:
        """Let these be in a group, too."""
        for thing in things:
            self.direct.iot.add_thing_to_thing_group(thingGroupName=group, thingName=thing)

    def plan(self, targets: Fleet | str, *, stages: tuple[Stage, ...] = DEFAULT_STAGES, **fields: object) -> Plan:
        """A plan for a fleet's things, or for a group's."""
        groups, things = ((targets,), ()) if isinstance(targets, str) else ((), tuple(sorted(targets.names)))
        asked = {"bucket": self.local.bucket, "role": self.local.role} | fields
        return Plan(self.name, self.release.image.sha256, Targets(things, groups), stages, **asked)  # type: ignore[arg-type]

    def prepare(self, plan: Plan) -> Prepared:
        """Checked, and ready to be run."""
        return prepare(self.cloud, plan, self.release, self.keyring)

    def run(
        self, plan: Plan, turn: Callable[[], object] = lambda: None, options: RunOptions = TO_THE_END
    ) -> RolloutStatus:
        """Run it from wherever it stands; whenever it waits, a turn is taken."""
        return self.prepare(plan).run(options, clock=FleetClock(turn), on_progress=self.told.append)

    @property
    def rollout(self) -> Rollout:
        """It, to be steered."""
        return Rollout(self.cloud, self.name, self.local.bucket)

    @property
    def status(self) -> RolloutStatus:
        """How it stands, asked anew and by nobody who ran it."""
        return status_of(self.direct, self.name, self.local.bucket)

    def job_ids(self) -> list[str]:
        """The ids of all jobs of the rollout, whoever made them."""
        pages = self.direct.iot.get_paginator("list_jobs").paginate()
        listed = [job["jobId"] for page in pages for job in page["jobs"]]
        return sorted(one for one in listed if one.startswith(f"fota-{self.name}-"))

    def executions(self) -> dict[str, list[str]]:
        """Of each thing that any job of the rollout was made for: the jobs."""
        found: dict[str, list[str]] = {}
        for job_id in self.job_ids():
            pages = self.direct.iot.get_paginator("list_job_executions_for_job").paginate(jobId=job_id)
            for one in (summary for page in pages for summary in page["executionSummaries"]):
                found.setdefault(one["thingArn"].rsplit("/", 1)[1], []).append(job_id)
        return found

    def groups_left(self) -> list[str]:
        """The names of groups that the rollout made and that are there."""
        # MiniStack lists all groups, whatever it is asked for.
        listed = [one["groupName"] for one in self.direct.iot.list_thing_groups()["thingGroups"]]
        return [one for one in listed if one.startswith(f"fota-{self.name}-")]

    def objects(self) -> set[str]:
        """The names of the objects in the bucket that are this rollout's."""
        listed = self.direct.s3.list_objects_v2(Bucket=self.local.bucket).get("Contents", [])
        sha256 = self.release.image.sha256
        return {one["Key"] for one in listed if sha256 in one["Key"] or f"/{self.name}." in one["Key"]}

    def documents(self) -> set[str]:
        """The job documents of all its jobs, each text once."""
        return {self.direct.iot.get_job_document(jobId=job_id)["document"] for job_id in self.job_ids()}

    def role(self, service: str) -> str:
        """A role that a service of AWS may assume."""
        name = f"{self.name}-role"
        statement = {"Effect": "Allow", "Principal": {"Service": service}, "Action": "sts:AssumeRole"}
        document = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
        self.direct.iam.create_role(RoleName=name, AssumeRolePolicyDocument=document)
        return name


def counts(status: RolloutStatus) -> list[dict[str, int]]:
    """The counts of each stage."""
    return [stage.counts for stage in status.stages]


THREE_STAGES = (
    Stage("canary", things=5, gate=Gate(soak_minutes=0.5)),
    Stage("some", percent=25, gate=Gate(succeeded_percent=90)),
    Stage("all", percent=100, gate=Gate(succeeded_percent=90)),
)
"""Of 200 things: 5, 45, 150."""
ALL_AT_ONCE = (Stage("all", percent=100),)
