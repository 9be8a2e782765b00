"""Looks at a rollout until it has ended. Looking moves nothing: `fota rollout run` does.

Leaves to others: how it stands (`look`), and how that is shown (`cli.live`).
"""

from collections.abc import Iterator

from fota_operator.cloud import Cloud
from fota_operator.errors import BadInput, CloudRefused, NotFound, TimedOut
from fota_operator.progress import executions_of_job
from fota_operator.rollouts.look import Looker
from fota_operator.rollouts.standing import Standing
from fota_operator.watching import Patience, looks

ENDS = ("done", "halted", "aborted")


def watch_rollout(cloud: Cloud, name: str, patience: Patience, *, bucket: str | None = None) -> Iterator[Standing]:
    """Look at a rollout until it is done, halted or aborted. One that is paused may be resumed: it is watched on.

    *Raises* TimedOut, NotFound.
    """
    too_late = TimedOut(
        f"the rollout {name} has not ended within {patience.timeout_s:g} s",
        f"watch on with `fota watch {name}`, or end it with `fota rollout abort {name}`",
    )
    return looks(Looker(cloud, name, bucket).standing, has_ended, patience, lambda _: too_late)


def has_ended(standing: Standing) -> bool:
    """Whether a rollout starts nothing more."""
    return standing.state in ENDS


def is_rollout(cloud: Cloud, name: str, *, bucket: str | None = None) -> bool:
    """Whether a rollout is called that; if not, it may be a job. *Raises* CloudRefused, CloudUnreachable."""
    try:
        Looker(cloud, name, bucket)
    except (BadInput, NotFound):
        # The ids that `fota start` makes hold a capital letter, no name of a rollout does: nothing was asked.
        return False
    except CloudRefused:
        # Who may only look at jobs may not look into the bucket of rollouts: a job need not be there.
        if not _is_job(cloud, name):
            raise
        return False
    return True


def _is_job(cloud: Cloud, job_id: str) -> bool:
    try:
        executions_of_job(cloud, job_id)
    except (BadInput, NotFound):
        return False
    return True
