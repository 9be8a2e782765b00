"""Pauses, resumes and aborts a rollout: through its tag, which a run of it reads, and through its jobs.

Leaves to others: going on (`run`).
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from fota_operator.cloud import Cloud, explaining
from fota_operator.errors import AlreadyThere, BadInput, NotFound
from fota_operator.jobs.cancel import cancel_executions, cancel_running
from fota_operator.jobs.look_up import TAG_STATE
from fota_operator.rate_limiter import JOBS_PER_SECOND, RateLimiter, SystemClock, WallClock
from fota_operator.rollouts.aws import names
from fota_operator.rollouts.aws.acts import act_tag, act_value
from fota_operator.rollouts.aws.jobs import newest_executions
from fota_operator.rollouts.aws.plan_store import stored_names
from fota_operator.rollouts.aws.reader import SnapshotReader
from fota_operator.rollouts.aws.stage_group import delete_groups
from fota_operator.rollouts.aws.targets import group_members
from fota_operator.rollouts.decide.snapshot import ABORTED_CODE, PAUSED_CODE
from fota_operator.rollouts.decide.status import RolloutStatus
from fota_operator.rollouts.look import Looker

if TYPE_CHECKING:
    from mypy_boto3_iot.type_defs import TagTypeDef


@dataclass(frozen=True)
class Rollout:
    """Which rollout is meant. `bucket` None is the one that `fota bootstrap` makes."""

    cloud: Cloud
    name: str
    bucket: str | None = None

    def looker(self, clock: WallClock | None = None) -> Looker:
        """A `Looker` for it. *Raises* NotFound."""
        return Looker(self.cloud, self.name, self.bucket, clock)


def pause(rollout: Rollout, *, dry_run: bool = False) -> RolloutStatus:
    """Stop offering the release until it is resumed; devices already updating finish. Twice is harmless.

    Returns its status then. *Raises* NotFound, BadInput if it has ended or not begun, CloudRefused.
    """
    looker = rollout.looker()
    before = looker.status()
    _require_under_way(looker.reader, before)
    if dry_run:
        return before
    _mark(rollout.cloud, looker.reader, names.PAUSED)
    enforce(rollout.cloud, looker.reader, PAUSED_CODE)
    return looker.status()


def abort(rollout: Rollout, *, force: bool = False, dry_run: bool = False) -> RolloutStatus:
    """End it for good: stop offering the release. With `force` devices already updating are stopped too.

    Returns its status then. *Raises* NotFound, BadInput if it has not begun or is done, CloudRefused.
    """
    looker = rollout.looker()
    before = looker.status()
    if before.state not in ("halted", "aborted"):
        _require_under_way(looker.reader, before)
    if dry_run:
        return before
    if before.state != "aborted":
        _mark(rollout.cloud, looker.reader, names.ABORTED)
    enforce(rollout.cloud, looker.reader, ABORTED_CODE, force=force)
    after = looker.status()
    delete_groups(rollout.cloud, looker.reader.jobs)
    return after


def clean_up(cloud: Cloud, bucket: str | None = None, *, dry_run: bool = False) -> tuple[str, ...]:
    """Delete the thing groups of rollouts that have ended; returns the names of those groups.

    A run deletes them itself, except that of a stage in which a thing had not answered then. A group whose job still
    waits for a thing stays. *Raises* NotFound without the bucket, CloudRefused, CloudUnreachable.
    """
    deleted = []
    for name in stored_names(cloud, bucket):
        try:
            looker = Looker(cloud, name, bucket)
            state = looker.status().state
        except (AlreadyThere, BadInput, NotFound):
            # One rollout with a damaged plan, or with jobs that are not its own, must not keep the groups of others.
            continue
        if state not in ("halted", "aborted", "done"):
            continue
        for job in looker.reader.jobs:
            if job.final and job.group == job.job_id and group_members(cloud, job.group) is not None:
                deleted.append(job.group)
                if not dry_run:
                    delete_groups(cloud, [job])
    return tuple(deleted)


def require_paused(status: RolloutStatus) -> None:
    """*Raises* BadInput unless it can be resumed: it is paused, or was being resumed."""
    if status.state in ("halted", "aborted", "done"):
        raise BadInput(f"the rollout {status.name} is {status.state}: {status.because}", "nothing can be resumed")


def unmark(cloud: Cloud, reader: SnapshotReader, now: datetime) -> None:
    """Remove the tag that pauses it, and say who resumed it. *Raises* CloudRefused."""
    arn = reader.jobs[0].arn
    with explaining(f"resume the rollout {reader.stored.plan.name}"):
        # Cut after this: it says that it was resumed, and is paused; the next resume mends that.
        cloud.iot.tag_resource(resourceArn=arn, tags=[_act(cloud, "resumed", now)])
        cloud.iot.untag_resource(resourceArn=arn, tagKeys=[TAG_STATE])


def enforce(
    cloud: Cloud, reader: SnapshotReader, code: str, *, force: bool = False, only: Collection[str] | None = None
) -> None:
    """Cancel the jobs of a rollout that is to stop; a stop before may have been interrupted.

    `code` is the reason that AWS keeps; with `only`, other jobs go on. The newest come first: they are offered to
    most devices now. *Raises* CloudRefused.
    """
    pace = RateLimiter(JOBS_PER_SECOND, SystemClock())
    for job in reversed(reader.jobs):
        if only is not None and job.job_id not in only:
            continue
        if job.running:
            pace.wait()
            cancel_running(
                cloud, {"jobId": job.job_id, "reasonCode": code, "comment": "by fota rollout", "force": force}
            )
        elif force and job.counts["IN_PROGRESS"]:
            # It was cancelled before without force. AWS does not cancel a job twice: cancel its executions.
            cancel_executions(cloud, job.job_id, newest_executions(cloud, job.job_id).values(), pace)


def _mark(cloud: Cloud, reader: SnapshotReader, state: str) -> None:
    act = _act(cloud, state, SystemClock().now())
    with explaining(f"mark the rollout {reader.stored.plan.name} as {state}"):
        cloud.iot.tag_resource(resourceArn=reader.jobs[0].arn, tags=[{"Key": TAG_STATE, "Value": state}, act])


def _act(cloud: Cloud, act: str, now: datetime) -> TagTypeDef:
    return {"Key": act_tag(act), "Value": act_value(cloud.caller_arn, now)}


def _require_under_way(reader: SnapshotReader, status: RolloutStatus) -> None:
    if not reader.jobs:
        raise BadInput(f"the rollout {status.name} has not begun", "there is nothing to stop: do not run it")
    if status.state in ("halted", "aborted", "done"):
        raise BadInput(f"the rollout {status.name} is {status.state}: {status.next}", "nothing is to be stopped")
