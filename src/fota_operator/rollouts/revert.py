"""Takes the things that took a release back to the release before, as a rollout of its own.

A device refuses an older manifest, so the older image is signed again, under a number above that of the newer one.
What is signed again must have been signed before, by keys that the devices still trust.
Leaves to others: signing (`trust.signed_again`), checking and running the new rollout (`prepare`, `run`).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from fota.trust.keyring import Keyring
from fota.trust.manifest import Manifest
from fota_operator.cloud import Cloud, explaining
from fota_operator.errors import AlreadyThere, BadInput, CloudRefused, NotFound
from fota_operator.images.image import MAX_IMAGE_BYTES
from fota_operator.jobs.look_up import envelope_in, manifest_in, read_document
from fota_operator.jobs.timeouts import timeout_beyond
from fota_operator.rollouts.aws.plan_store import StoredPlan, bucket_of
from fota_operator.rollouts.aws.reader import SnapshotReader
from fota_operator.rollouts.control import Rollout
from fota_operator.rollouts.history import (
    BegunRollout,
    begun,
    begun_of_product,
    followers,
    require_things,
    succeeded_things,
)
from fota_operator.rollouts.plan.model import DEFAULT_STAGES, Plan, Stage, Targets
from fota_operator.rollouts.prepare import Prepared, prepare
from fota_operator.rollouts.run import Runner
from fota_operator.rollouts.watch import ENDS, has_ended
from fota_operator.trust.release import Release
from fota_operator.trust.release_file import release_of
from fota_operator.trust.signed_again import require_was_taken, require_way_back, sign_again
from fota_operator.trust.signing import Signer

WORD = "back"
CANARY_AND_ALL: tuple[Stage, ...] = (DEFAULT_STAGES[0], DEFAULT_STAGES[-1])
"""The image is known to be good; that it was signed as it must be, two things show."""
AT_ONCE: tuple[Stage, ...] = (DEFAULT_STAGES[-1],)
_NAME_A_FILE = "name the file of the release to go back to with `to`"


@dataclass(frozen=True)
class WayBack:
    """A rollout that takes things back, before it is signed. `former` is verified, and has its old number.

    `found_in` says where the former release was found. `late` is how many things have not answered the newer release:
    they may still take it. `plan` is the one in AWS if a run of it was interrupted before its first job.
    """

    cloud: Cloud
    plan: Plan
    former: Release
    newer: Manifest
    keyring: Keyring
    found_in: str
    late: int

    def signed(self, by: Sequence[Signer]) -> Prepared:
        """Sign the former image again and check all that a rollout of it needs. Stores nothing.

        *Raises* DeviceWouldRefuse if these keys may not sign, and what `prepare` raises.
        """
        release = sign_again(self.former, self.newer, by)
        return prepare(self.cloud, self.plan, release, self.keyring, ask_for_things=False)


def under_way(rollout: Rollout) -> Runner | None:
    """What goes on with the newest way back of a rollout; also one that is done, while all things are back.

    None: another way back is to be begun. *Raises* NotFound, CloudRefused.
    """
    found, _ = followers(rollout.cloud, rollout.name, WORD, rollout.bucket)
    if not found:
        return None
    reader = SnapshotReader(rollout.cloud, found[-1])
    if not reader.read_jobs():
        return None
    runner = Runner(rollout.cloud, reader)
    state = runner.status().state
    if state not in ENDS:
        return runner
    return runner if state == "done" and not _things_left(rollout) else None


def way_back(
    rollout: Rollout, keyring: Keyring, *, to: Release | None = None, stages: Sequence[Stage] = CANARY_AND_ALL
) -> WayBack:
    """The way back from a rollout that has ended. `to` None: the release before is looked for in the bucket.

    Things that took another release since then are left out. Changes nothing.
    *Raises* NotFound, BadInput, AlreadyThere, DeviceWouldRefuse, CloudRefused.
    """
    cloud = rollout.cloud
    left = begun(cloud, rollout.name, rollout.bucket)
    _require_ended(rollout)
    newer = _newer(cloud, left)
    history = begun_of_product(cloud, left.stored.product, rollout.bucket)
    if to is None:
        before = _before(history, left)
        former = _release_in(cloud, before)
        found_in = f"the rollout {before.name}"
    else:
        former, found_in = to, "the file"
    require_was_taken(former, keyring)
    require_way_back(former.manifest, newer)
    known, name = followers(cloud, rollout.name, WORD, rollout.bucket)
    unbegun = next((one for one in known[-1:] if not SnapshotReader(cloud, one).read_jobs()), None)
    if unbegun is not None:
        _require_same_release(unbegun, former)
        plan = unbegun.plan
    else:
        things = require_things(_still_there(cloud, history, left), rollout.name, "still has the release of")
        plan = _plan(left.stored.plan, name, former, things, tuple(stages))
    return WayBack(cloud, plan, former, newer, keyring, found_in, left.late)


def _things_left(rollout: Rollout) -> frozenset[str]:
    left = begun(rollout.cloud, rollout.name, rollout.bucket)
    history = begun_of_product(rollout.cloud, left.stored.product, rollout.bucket)
    return _still_there(rollout.cloud, history, left)


def _require_ended(rollout: Rollout) -> None:
    status = rollout.looker().status()
    if not has_ended(status):
        raise BadInput(
            f"the rollout {rollout.name} is {status.state}: things would still take its release",
            f"end it first: `fota rollout abort {rollout.name}`",
        )


def _newer(cloud: Cloud, left: BegunRollout) -> Manifest:
    newer = manifest_in(read_document(cloud, left.jobs[0].job_id))
    if newer is None:
        raise BadInput(
            f"the release of the rollout {left.name} is not signed, and has no number to go above",
            "begin a rollout of the older image",
        )
    return newer


def _before(history: Sequence[BegunRollout], left: BegunRollout) -> BegunRollout:
    """The newest rollout before it that offered another image, and that a thing took."""
    earlier = [
        one
        for one in history
        if one.began_at < left.began_at and one.stored.plan.release != left.stored.plan.release and one.succeeded
    ]
    if not earlier:
        raise NotFound(
            f"no rollout of {left.stored.product} before {left.name} is in s3://"
            f"{left.stored.plan.bucket or 'the bucket of `fota bootstrap`'}",
            _NAME_A_FILE,
        )
    return earlier[-1]


def _release_in(cloud: Cloud, before: BegunRollout) -> Release:
    """The release of a rollout: its envelope from a job, its image from the bucket, not verified."""
    plan = before.stored.plan
    envelope = envelope_in(read_document(cloud, before.jobs[0].job_id))
    if envelope is None:
        raise BadInput(f"the release of the rollout {before.name} is not signed", _NAME_A_FILE)
    bucket, key = bucket_of(cloud, plan.bucket), f"fota/{plan.release}/image"
    return release_of(Path(f"s3://{bucket}/{key}"), envelope, _image(cloud, bucket, key))


def _image(cloud: Cloud, bucket: str, key: str) -> bytes:
    try:
        with explaining(f"read s3://{bucket}/{key}"):
            return cloud.s3.get_object(Bucket=bucket, Key=key)["Body"].read(MAX_IMAGE_BYTES + 1)
    except CloudRefused as error:
        if error.code not in ("404", "NoSuchKey", "NoSuchBucket"):
            raise
        raise NotFound(
            f"the image of the release before is not in s3://{bucket}/{key} any more", _NAME_A_FILE
        ) from error


def _still_there(cloud: Cloud, history: Sequence[BegunRollout], left: BegunRollout) -> frozenset[str]:
    """The things that took the release and, as far as rollouts tell, no other one since then."""
    took: set[str] = set()
    for one in history:
        if one.stored.plan.release == left.stored.plan.release:
            took.update(succeeded_things(cloud, one.jobs))
        elif took:
            took.difference_update(succeeded_things(cloud, one.jobs))
    return frozenset(took)


def _plan(left: Plan, name: str, former: Release, things: tuple[str, ...], stages: tuple[Stage, ...]) -> Plan:
    """That of the rollout that is left, for these things: its rate, window, abort rules, bucket and role."""
    within_s = former.manifest.within_s
    least = timeout_beyond(within_s) if within_s else left.timeout_minutes
    timeout = None if left.timeout_minutes is None or least is None else max(left.timeout_minutes, least)
    return replace(
        left,
        name=name,
        release=former.image.sha256,
        targets=Targets(things=things),
        stages=stages,
        timeout_minutes=timeout,
        most_things=None,
        insist=False,
        urgency=None,
        within_s=None,
        # The versions that it named are older ones: now the things run the release that is left.
        patches=None if left.patches is None else replace(left.patches, sources=None),
    )


def _require_same_release(stored: StoredPlan, former: Release) -> None:
    if stored.plan.release != former.image.sha256:
        raise AlreadyThere(
            f"the rollout {stored.plan.name} offers another image than {former.manifest.version}",
            "name the release that it was begun with, or run a rollout of your own",
        )
