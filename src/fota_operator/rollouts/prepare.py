"""Checks everything before a rollout is run, and says what it would do. Changes nothing.

Leaves to others: doing it (`run`).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from fota.trust.keyring import Keyring
from fota_operator.cloud import Cloud
from fota_operator.errors import BadInput, NotFound
from fota_operator.former_names import former_keyword
from fota_operator.jobs.patch_sources import OlderImageFiles
from fota_operator.jobs.publish import Firmware, Publication, check_publication, manifest_of, require_publishable
from fota_operator.jobs.timeouts import require_beyond
from fota_operator.nearest import or_nearest, thing_names
from fota_operator.patches.making import OnPatch
from fota_operator.rate_limiter import SystemClock, WallClock
from fota_operator.rollouts.aws.plan_store import (
    StoredPlan,
    bucket_of,
    find_plan,
    require_same,
    role_of,
)
from fota_operator.rollouts.aws.progress import OnProgress, silent
from fota_operator.rollouts.aws.reader import SnapshotReader
from fota_operator.rollouts.aws.targets import missing_things
from fota_operator.rollouts.decide.snapshot import Halted
from fota_operator.rollouts.decide.stages import PlannedStage, planned, planned_cost, reports_of
from fota_operator.rollouts.decide.status import RolloutStatus
from fota_operator.rollouts.look import judge
from fota_operator.rollouts.patches import MAX_ASKED, PatchMaker, PatchSavings, field_if_allowed, savings
from fota_operator.rollouts.plan.cost import RolloutCost
from fota_operator.rollouts.plan.model import Plan
from fota_operator.rollouts.plan.quotas import ProgressReports
from fota_operator.rollouts.plan.text import decode, encode
from fota_operator.rollouts.preview import Forecast, forecast
from fota_operator.rollouts.refusing import Offered
from fota_operator.rollouts.run import TO_THE_END, Runner, RunOptions
from fota_operator.trust.release import Release
from fota_operator.trust.urgency import require_agreed


@dataclass(frozen=True)
class Prepared:
    """A rollout that passed every check. `stages` are as they would be if it began now; `begun`: it has.

    `within_s`: for how long the release lets a device put it off; 0: not at all; None: without end.
    `savings`: what patches save, estimated from what the things run; None: the plan asks for none.
    """

    cloud: Cloud
    plan: Plan
    reader: SnapshotReader
    publication: Publication
    stages: tuple[PlannedStage, ...]
    status: RolloutStatus
    begun: bool
    within_s: int | None = None
    savings: PatchSavings | None = None

    @property
    def things(self) -> tuple[str, ...]:
        """The things that the release goes to, in their order, if it begins now."""
        return tuple(thing for stage in self.stages for thing in stage.things)

    @property
    def cost(self) -> RolloutCost:
        """What it asks of AWS if it begins now and every device takes the release."""
        return planned_cost(self.plan, self.stages, self.publication.firmware.image.size_bytes)

    def require_at_most(self, max_things: int | None) -> None:
        """*Raises* BadInput if the rollout goes to more than `max_things` things, begun or not."""
        things = self.status.targets
        if max_things is not None and things > max_things:
            raise BadInput(
                f"the rollout {self.plan.name} goes to {things} things, and `max_things` is {max_things}",
                "look at its targets with `fota rollout plan`, or allow more",
            )

    def forecast(self, most: int, *, clock: WallClock | None = None) -> Forecast:
        """The problems of the things that AWS knows of; the first `most` things are looked up one by one.

        *Raises* CloudUnreachable.
        """
        firmware = self.publication.firmware
        manifest = manifest_of(firmware)
        offered = None if manifest is None else Offered(manifest, firmware.keyring, firmware.insist)
        return forecast(self.cloud, self.things, clock or SystemClock(), most, offered)

    @former_keyword(tell="on_progress")
    def run(
        self,
        options: RunOptions = TO_THE_END,
        *,
        clock: WallClock | None = None,
        on_progress: OnProgress = silent,
    ) -> RolloutStatus:
        """Do as `Runner.begin` does, which says what it *raises*."""
        return Runner(self.cloud, self.reader, self.publication, clock or SystemClock(), on_progress).begin(options)


def prepare(
    cloud: Cloud,
    plan: Plan,
    release: Release,
    keyring: Keyring,
    *,
    clock: WallClock | None = None,
    ask_for_things: bool = True,
    older: OlderImageFiles | None = None,
    on_patch: OnPatch = lambda _: None,
) -> Prepared:
    """Check all that can be checked: the release by the devices' own code, role and bucket, name and targets.

    `ask_for_things`: ask AWS whether each thing that the plan names is there, at a call for each.
    If the plan asks for patches and has not begun, they are made here, which *blocks* for ten minutes at most;
    `older` has the files of older images, `on_patch` is called with what is made.
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
    firmware = Firmware(release.image, release.envelope, keyring, insist=plan.insist)
    require_publishable(firmware)
    require_agreed(release.manifest, plan.urgency, plan.within_s, asked_by="the plan")
    require_beyond(plan.timeout_minutes, release.manifest.within_s, "timeout-minutes")
    bucket = bucket_of(cloud, plan.bucket)
    publication = check_publication(cloud, firmware, bucket=bucket, role=role_of(plan))
    known = find_plan(cloud, plan.name, bucket)
    if known is not None:
        require_same(known, plan)
    elif ask_for_things:
        _require_things(cloud, plan, clock)
    stored = StoredPlan(plan, release.manifest.product, release.manifest.version)
    reader = SnapshotReader(cloud, stored)
    decision = judge(reader, clock)
    begun = bool(reader.jobs)
    if not begun and isinstance(decision.step, Halted):
        raise BadInput(decision.step.why, f"correct the plan; {decision.status.next}")
    stages = planned(plan, reader.targets()) if not begun else ()
    if not begun:
        publication = _limited(publication, plan, stages)
    within_s = release.manifest.within_s
    saved = None
    if plan.patches is not None and not begun:
        maker = PatchMaker(cloud, bucket, release.manifest.product, older or OlderImageFiles(), on_patch)
        things = [thing for stage in stages for thing in stage.things]
        on_patch(f"asking {min(len(things), MAX_ASKED):,} things what they run")
        field = field_if_allowed(cloud, things, release.manifest.product, clock)
        publication = publication.with_patches(maker.make(release.image, plan.patches, field))
        if publication.patches is not None:
            saved = savings(release.image, publication.patches, field, len(things))
    return Prepared(cloud, plan, reader, publication, stages, decision.status, begun, within_s, saved)


def _limited(publication: Publication, plan: Plan, stages: Sequence[PlannedStage]) -> Publication:
    """With no more reports of progress than AWS's quota leaves room for: every job has the same document."""
    reports = reports_of(plan, sum(len(stage.things) for stage in stages))
    if reports == ProgressReports():
        return publication
    return publication.with_progress(reports.reports, reports.share)


def _require_things(cloud: Cloud, plan: Plan, clock: WallClock) -> None:
    missing = missing_things(cloud, plan.targets.things, clock)
    if missing:
        raise NotFound(
            f"{len(missing)} things of the plan are not registered in {cloud.region}, {missing[0]} is one",
            or_nearest("correct the plan, or look at the region", missing[0], lambda: thing_names(cloud)),
        )
