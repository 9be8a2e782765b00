"""Pause, resume and abort a rollout: by its tag, which whoever runs it sees, and by its jobs.

Leaves to others: going on (`run`).
"""

from __future__ import annotations

from dataclasses import dataclass

from fota_operator.cloud import Cloud, explaining
from fota_operator.errors import BadInput
from fota_operator.jobs import cancel_executions, cancel_running
from fota_operator.pace import JOBS_PER_SECOND, Clock, Pace, SystemClock
from fota_operator.rollouts import names
from fota_operator.rollouts.job_read import newest_executions
from fota_operator.rollouts.ledger import Ledger
from fota_operator.rollouts.look import Looker
from fota_operator.rollouts.seen import ABORTED_CODE, PAUSED_CODE
from fota_operator.rollouts.stage_group import delete_groups
from fota_operator.rollouts.standing import Standing


@dataclass(frozen=True)
class Rollout:
    """Which rollout is meant. `bucket` None is the one that `fota bootstrap` makes."""

    cloud: Cloud
    name: str
    bucket: str | None = None

    def looker(self, clock: Clock | None = None) -> Looker:
        """Somebody who looks at it. *Raises* NotFound."""
        return Looker(self.cloud, self.name, self.bucket, clock)


def pause(rollout: Rollout, *, dry_run: bool = False) -> Standing:
    """Offer the release to nobody else until it is resumed; devices that are at it finish. Twice is harmless.

    Returns how it stands then. *Raises* NotFound, BadInput if it has ended or not begun, CloudRefused.
    """
    looker = rollout.looker()
    before = looker.standing()
    _require_under_way(looker.ledger, before)
    if dry_run:
        return before
    _mark(rollout.cloud, looker.ledger, names.PAUSED)
    enforce(rollout.cloud, looker.ledger, PAUSED_CODE)
    return looker.standing()


def abort(rollout: Rollout, *, force: bool = False, dry_run: bool = False) -> Standing:
    """End it for good: offer the release to nobody else. With `force` devices that are at it are stopped too.

    Returns how it stands then. *Raises* NotFound, BadInput if it has not begun or is done, CloudRefused.
    """
    looker = rollout.looker()
    before = looker.standing()
    if before.state not in ("halted", "aborted"):
        _require_under_way(looker.ledger, before)
    if dry_run:
        return before
    if before.state != "aborted":
        _mark(rollout.cloud, looker.ledger, names.ABORTED)
    enforce(rollout.cloud, looker.ledger, ABORTED_CODE, force=force)
    after = looker.standing()
    delete_groups(rollout.cloud, looker.ledger.jobs)
    return after


def require_paused(standing: Standing) -> None:
    """*Raises* BadInput unless it can be resumed: it is paused, or was being resumed."""
    if standing.state in ("halted", "aborted", "done"):
        raise BadInput(f"the rollout {standing.name} is {standing.state}: {standing.next}", "nothing can be resumed")


def unmark(cloud: Cloud, ledger: Ledger) -> None:
    """Take the tag away by which it is paused. *Raises* CloudRefused."""
    with explaining(f"resume the rollout {ledger.stored.plan.name}"):
        cloud.iot.untag_resource(resourceArn=ledger.jobs[0].arn, tagKeys=[names.TAG_STATE])


def enforce(cloud: Cloud, ledger: Ledger, code: str, *, force: bool = False) -> None:
    """Cancel the jobs of a rollout that is to stop; whoever stopped it may have been interrupted.

    `code` is the reason that AWS keeps. *Raises* CloudRefused.
    """
    pace = Pace(JOBS_PER_SECOND, SystemClock())
    for job in ledger.jobs:
        if job.running:
            pace.wait()
            cancel_running(
                cloud, {"jobId": job.job_id, "reasonCode": code, "comment": "by fota rollout", "force": force}
            )
        elif force and job.counts["IN_PROGRESS"]:
            # Cancelled before without force, which AWS does not do to a job twice: what is left are its executions.
            cancel_executions(cloud, job.job_id, newest_executions(cloud, job.job_id).values(), pace)


def _mark(cloud: Cloud, ledger: Ledger, state: str) -> None:
    with explaining(f"mark the rollout {ledger.stored.plan.name} as {state}"):
        cloud.iot.tag_resource(resourceArn=ledger.jobs[0].arn, tags=[{"Key": names.TAG_STATE, "Value": state}])


def _require_under_way(ledger: Ledger, standing: Standing) -> None:
    if not ledger.jobs:
        raise BadInput(f"the rollout {standing.name} has not begun", "there is nothing to stop: do not run it")
    if standing.state in ("halted", "aborted", "done"):
        raise BadInput(
            f"the rollout {standing.name} is {standing.state}: {standing.next}", "nothing is to be stopped"
        )
