"""Reads the status of a rollout from AWS as it is now. Changes nothing.

Leaves to others: reading AWS (`reader`), judging (`decide.next_step`), showing (`cli`).
"""

from __future__ import annotations

from fota_operator import former_names
from fota_operator.cloud import Cloud
from fota_operator.errors import AlreadyThere, BadInput, NotFound
from fota_operator.rate_limiter import SystemClock, WallClock
from fota_operator.rollouts.aws.plan_store import load_plan, stored_names
from fota_operator.rollouts.aws.reader import SnapshotReader
from fota_operator.rollouts.decide.next_step import decide
from fota_operator.rollouts.decide.snapshot import Decision
from fota_operator.rollouts.decide.status import RolloutStatus


class Looker:
    """Looks at one rollout again and again: a look costs the calls for what may have changed since the last."""

    def __init__(self, cloud: Cloud, name: str, bucket: str | None = None, clock: WallClock | None = None) -> None:
        """Read its plan. *Raises* NotFound if there is no such rollout, CloudRefused, CloudUnreachable."""
        self.reader: SnapshotReader = SnapshotReader(cloud, load_plan(cloud, name, bucket))
        self._clock = clock or SystemClock()

    def decision(self, *, fresh: bool = False) -> Decision:
        """Its status and what is due; with `fresh`, the members of groups are read again."""
        return judge(self.reader, self._clock, fresh=fresh)

    def status(self) -> RolloutStatus:
        """Its status. *Raises* CloudRefused, CloudUnreachable."""
        return self.decision().status


def status_of(cloud: Cloud, name: str, bucket: str | None = None) -> RolloutStatus:
    """The status of the rollout `name`. `bucket` None is the one that `fota bootstrap` makes.

    To look more than once, a `Looker` is cheaper.
    *Raises* NotFound if there is no such rollout, CloudRefused, CloudUnreachable.
    """
    return Looker(cloud, name, bucket).status()


def statuses(cloud: Cloud, bucket: str | None = None) -> list[RolloutStatus]:
    """The status of each rollout of a bucket, by name; one that cannot be read is "unreadable", and `next` says why.

    *Raises* NotFound, CloudRefused, CloudUnreachable.
    """
    return [_standing_if_readable(cloud, name, bucket) for name in stored_names(cloud, bucket)]


def _standing_if_readable(cloud: Cloud, name: str, bucket: str | None) -> RolloutStatus:
    try:
        return status_of(cloud, name, bucket)
    except (AlreadyThere, BadInput, NotFound) as error:
        # One rollout with a damaged plan, or with jobs that are not its own, must not hide the others.
        return RolloutStatus(name, "unreadable", str(error), "", "", 0, ())


def judge(reader: SnapshotReader, clock: WallClock, *, fresh: bool = False) -> Decision:
    """The status of a rollout now, and what is due. *Raises* CloudRefused, CloudUnreachable."""
    return decide(reader.stored.plan, reader.read(fresh=fresh), clock.now())


def __getattr__(name: str) -> object:
    return former_names.look_up(__name__, name)
