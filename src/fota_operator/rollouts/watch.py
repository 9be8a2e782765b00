"""Looks at a rollout until it has ended, or until the gate of a stage is passed, while somebody else runs it.

Changes nothing: `fota rollout run` does. Leaves to others: its status (`look`), and how that is shown (`cli.live`).
"""

from collections.abc import Iterator

from fota_operator.cloud import Cloud
from fota_operator.errors import BadInput, CloudRefused, NotFound, OperatorError, TimedOut
from fota_operator.former_names import former_keyword
from fota_operator.jobs.progress import executions_of_job
from fota_operator.nearest import job_ids, or_nearest
from fota_operator.poll import PollOptions, poll
from fota_operator.rate_limiter import SystemClock, WallClock
from fota_operator.rollouts.aws.plan_store import stored_names
from fota_operator.rollouts.aws.progress import OnProgress, RolloutProgress, silent
from fota_operator.rollouts.control import Rollout
from fota_operator.rollouts.decide.status import RolloutStatus, StageStatus
from fota_operator.rollouts.look import Looker
from fota_operator.rollouts.run import INTERVAL_S

ENDS = ("done", "halted", "aborted")


def watch_rollout(
    cloud: Cloud, name: str, options: PollOptions, *, bucket: str | None = None
) -> Iterator[RolloutStatus]:
    """Look at a rollout until it is done, halted or aborted. A pause is no end: it may be resumed.

    *Raises* TimedOut, NotFound.
    """
    timed_out = TimedOut(
        f"the rollout {name} has not ended within {options.timeout_s:g} s",
        f"watch on with `fota watch {name}`, or end it with `fota rollout abort {name}`",
    )
    return poll(Looker(cloud, name, bucket).status, has_ended, options, lambda _: timed_out)


def has_ended(status: RolloutStatus) -> bool:
    """Whether a rollout starts nothing more."""
    return status.state in ENDS


def is_rollout(cloud: Cloud, name: str, *, bucket: str | None = None) -> bool:
    """Whether a rollout has that name; if not, it may be a job. *Raises* CloudRefused, CloudUnreachable."""
    try:
        Looker(cloud, name, bucket)
    except (BadInput, NotFound):
        # The ids that `fota start` makes hold a capital letter, and no name of a rollout does: AWS need not be asked.
        return False
    except CloudRefused:
        # A user who may only look at jobs may not read the bucket of rollouts; following a job does not need it.
        if not _is_job(cloud, name):
            raise
        return False
    return True


def neither(cloud: Cloud, name: str, bucket: str | None) -> NotFound:
    """The error for a name that is that of no rollout and of no job."""
    remedy = "look at the name and the region, or name the bucket of the rollout with `bucket`"
    # The bucket of rollouts may not be there, or not be ours to look into.
    remedy = or_nearest(remedy, name, lambda: stored_names(cloud, bucket))
    return NotFound(
        f"there is neither a rollout nor a job {name} in {cloud.region}",
        or_nearest(remedy, name, lambda: job_ids(cloud)),
    )


def _is_job(cloud: Cloud, job_id: str) -> bool:
    try:
        executions_of_job(cloud, job_id)
    except (BadInput, NotFound):
        return False
    return True


@former_keyword(tell="on_progress")
def wait_for_gate(
    rollout: Rollout,
    stage: str,
    *,
    timeout_s: float,
    clock: WallClock | None = None,
    on_progress: OnProgress = silent,
    interval_s: float = INTERVAL_S,
) -> RolloutStatus:
    """Wait for the gate of a stage, given by name or number; returns the status of the rollout when it is passed.

    A look that fails for a moment is reported, and made again, as `poll.poll` does.
    *Raises* OperatorError if the gate failed, or the rollout was halted or aborted; TimedOut, NotFound, BadInput.
    """

    def is_passed(status: RolloutStatus) -> bool:
        return status.stage_called(stage).state == "passed"

    def on_timeout(status: RolloutStatus) -> TimedOut:
        why = _why(status.stage_called(stage))
        return TimedOut(f"the gate of {stage} is not passed within {timeout_s:g} s: {why}", "wait on")

    clock = clock or SystemClock()
    options = PollOptions(
        interval_s, timeout_s, lambda error: on_progress(RolloutProgress(f"{error}; looking again"))
    )
    told = ""
    for status in poll(rollout.looker(clock).status, is_passed, options, on_timeout, clock):
        if is_passed(status):
            break
        row = status.stage_called(stage)
        _require_hope(status, row)
        why = f"stage {row.number}, {row.name}: {row.state}, {_why(row)}"
        if why != told:
            told = why
            on_progress(RolloutProgress(why))
    return status


def _why(row: StageStatus) -> str:
    return f"{row.why}; {row.put_off} put it off" if row.put_off else row.why


def _require_hope(status: RolloutStatus, row: StageStatus) -> None:
    if row.state in ("failed", "aborted") or status.state in ("halted", "aborted"):
        raise OperatorError(
            f"the gate of {row.name} will not be passed: {status.state}, {status.because}",
            f"see `fota rollout status {status.name}`",
        )
