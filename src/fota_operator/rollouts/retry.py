"""Offers a release again to things that failed for reasons that may pass, as a rollout of its own.

The document is that of the rollout's own jobs, so nothing is signed or uploaded again.
Leaves to others: which reasons may pass (`passing`), running the new rollout (`run`).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from fota_operator.cloud import Cloud
from fota_operator.errors import BadInput
from fota_operator.jobs.look_up import read_document
from fota_operator.jobs.progress import FAILURES, ExecutionStatus, with_details
from fota_operator.jobs.reasons import CAUSES, FAILED, REFUSED
from fota_operator.rate_limiter import JOBS_PER_SECOND, RateLimiter, SystemClock, WallClock
from fota_operator.rollouts.aws.failures import NO_REASON, TIMED_OUT
from fota_operator.rollouts.aws.jobs import newest_executions
from fota_operator.rollouts.aws.plan_store import StoredPlan
from fota_operator.rollouts.aws.progress import OnProgress, RolloutProgress, silent
from fota_operator.rollouts.aws.reader import SnapshotReader
from fota_operator.rollouts.control import Rollout
from fota_operator.rollouts.decide.status import RolloutStatus
from fota_operator.rollouts.history import BegunRollout, begun, followers, succeeded_things
from fota_operator.rollouts.passing import PASSING, ROLLED_BACK, covers, reason_of
from fota_operator.rollouts.plan.model import Plan, Stage, Targets
from fota_operator.rollouts.run import TO_THE_END, Runner, RunOptions
from fota_operator.rollouts.watch import has_ended

WORD = "retry"
_TOLD_EVERY = 100


@dataclass(frozen=True)
class Retry:
    """A rollout that offers a release again, before it runs. `begun`: it goes on where it was.

    `chosen` is how many things failed for each reason that it takes up, `left_out` the same for the other reasons.
    """

    cloud: Cloud
    reader: SnapshotReader
    document: str
    begun: bool
    chosen: dict[str, int]
    left_out: dict[str, int]

    @property
    def plan(self) -> Plan:
        """Its plan."""
        return self.reader.stored.plan

    def run(
        self,
        options: RunOptions = TO_THE_END,
        *,
        clock: WallClock | None = None,
        on_progress: OnProgress = silent,
    ) -> RolloutStatus:
        """Do as `Runner.begin` does, which says what it *raises*."""
        document = None if self.begun else self.document
        return Runner(self.cloud, self.reader, None, clock or SystemClock(), on_progress, document).begin(options)


def retry_of(
    rollout: Rollout,
    reasons: Sequence[str] = (),
    *,
    force: bool = False,
    clock: WallClock | None = None,
    on_progress: OnProgress = silent,
) -> Retry:
    """The rollout that offers a release again to things that failed for these reasons; none: all that may pass.

    One that has not ended goes on, with the things that it has. A thing that took the release since then is left out.
    Costs a call for each thing that failed. Changes nothing.
    *Raises* BadInput for a reason that will not pass, unless `force`; NotFound, CloudRefused.
    """
    _require_passing(reasons, force=force)
    cloud, name = rollout.cloud, rollout.name
    failed_in = begun(cloud, name, rollout.bucket)
    status = rollout.looker(clock).status()
    if status.state in ("paused", "aborted"):
        raise BadInput(
            f"the rollout {name} is {status.state}: its release is not to be offered",
            f"resume it with `fota rollout resume {name}`, or begin another rollout",
        )
    document = read_document(cloud, failed_in.jobs[0].job_id)
    known, following = followers(cloud, name, WORD, rollout.bucket)
    newest: RolloutStatus | None = None
    if known:
        reader = SnapshotReader(cloud, known[-1])
        if not reader.read_jobs():
            return Retry(cloud, reader, document, False, {}, {})
        newest = Runner(cloud, reader).status()
        if not has_ended(newest):
            return Retry(cloud, reader, document, True, {}, {})
    took = {thing for one in known for thing in succeeded_things(cloud, SnapshotReader(cloud, one).read_jobs())}
    wanted = tuple(reasons) or PASSING
    chosen: dict[str, list[str]] = {}
    left_out: dict[str, int] = {}
    for one in _failures(cloud, failed_in, took, clock or SystemClock(), on_progress):
        reason = reason_of(one)
        if any(covers(asked, reason) for asked in wanted) and (force or _may_pass(reason)):
            chosen.setdefault(reason, []).append(one.thing)
        else:
            left_out[reason] = left_out.get(reason, 0) + 1
    things = tuple(sorted(thing for ones in chosen.values() for thing in ones))
    if not things and not reasons and newest is not None and newest.state == "done":
        # All that could be offered again was, and took it: running this twice is harmless.
        return Retry(cloud, reader, document, True, {}, left_out)
    if not things:
        others = ", ".join(f"{count} {reason}" for reason, count in sorted(left_out.items()))
        raise BadInput(
            f"no thing of the rollout {name} failed for {'such a reason' if not reasons else ', '.join(reasons)}"
            + (f"; there are {others}" if others else ""),
            "there is nothing to offer again" if not others else "name a reason with `reasons`",
        )
    stored = StoredPlan(_plan(failed_in.stored.plan, following, things), status.product, status.version)
    counted = {reason: len(ones) for reason, ones in chosen.items()}
    return Retry(cloud, SnapshotReader(cloud, stored), document, False, counted, left_out)


def _failures(
    cloud: Cloud, rollout: BegunRollout, took: set[str], clock: WallClock, on_progress: OnProgress
) -> Iterator[ExecutionStatus]:
    """The newest execution of each thing that failed, with its details; without the things in `took`."""
    newest: dict[str, tuple[str, ExecutionStatus]] = {}
    for job in rollout.jobs:
        for thing, one in newest_executions(cloud, job.job_id).items():
            newest[thing] = job.job_id, one
    failed = [found for thing, found in sorted(newest.items()) if found[1].status in FAILURES and thing not in took]
    pace = RateLimiter(JOBS_PER_SECOND, clock)
    for done, (job_id, one) in enumerate(failed, start=1):
        pace.wait()
        yield with_details(cloud, job_id, one)
        if done % _TOLD_EVERY == 0:
            on_progress(RolloutProgress("asked why things failed", done, len(failed)))


def _require_passing(reasons: Sequence[str], *, force: bool) -> None:
    known = {*REFUSED, *FAILED, *PASSING, NO_REASON, *(f"{ROLLED_BACK}:{cause}" for cause in CAUSES), TIMED_OUT}
    for reason in reasons:
        if reason not in known:
            raise BadInput(
                f"`reasons`: expected a reason that devices report, got {reason!r}",
                f"use one of {', '.join(PASSING)}",
            )
        if not force and not _may_pass(reason) and reason != ROLLED_BACK:
            raise BadInput(
                f"`reasons`: {reason} will not pass: the same device would fail again with the same release",
                "offer another release, or say that it is meant with `force`",
            )


def _may_pass(reason: str) -> bool:
    return reason in PASSING


def _plan(failed: Plan, name: str, things: tuple[str, ...]) -> Plan:
    """That of the rollout that they failed in, for these things, all at once: others took the release before."""
    stage = Stage("again", percent=100.0, gate=failed.stages[-1].gate)
    return replace(failed, name=name, targets=Targets(things=things), stages=(stage,), most_things=None)
