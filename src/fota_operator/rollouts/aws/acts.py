"""Who began, paused, resumed and aborted a rollout, and when: in tags of its first job.

The caller is the one that AWS knows by the credentials in use. Anybody who may tag a job can write something else
there: what is read is shown as text, never obeyed.
Leaves to others: when it is written (`make_job`, `control`).
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import datetime, timezone

from fota_operator.jobs.look_up import TAG_BY
from fota_operator.plain import plain
from fota_operator.rollouts.decide.status import RolloutAct

ACTS = ("paused", "resumed", "aborted")
"""Each is kept in a tag of its own, the newest of its kind."""
# AWS: https://docs.aws.amazon.com/iot/latest/apireference/API_Tag.html, and the letters that every service takes.
_NO_TAG = re.compile(r"[^A-Za-z0-9 _.:/=+@-]")
_MAX_CHARACTERS = 230
_TIME = "%Y-%m-%dT%H:%M:%SZ"


def caller_tag(caller_arn: str) -> str:
    """An ARN as a tag can hold it."""
    return _NO_TAG.sub("_", caller_arn)[:_MAX_CHARACTERS]


def act_tag(act: str) -> str:
    """The key of the tag that says who did that last."""
    return f"fota:{act}"


def act_value(caller_arn: str, now: datetime) -> str:
    """The value of such a tag: when, and who."""
    return f"{now.astimezone(timezone.utc).strftime(_TIME)} {caller_tag(caller_arn)}"


def acts_in(tags: Mapping[str, str], began_at: datetime) -> tuple[RolloutAct, ...]:
    """What the tags of the first job say, in the order in which it was done; what is no time has None for it.

    A rollout that an older version of this library began does not say who.
    """
    done = [_act(act, tags[act_tag(act)]) for act in ACTS if act_tag(act) in tags]
    done.sort(key=lambda one: one.at or began_at)
    by = tags.get(TAG_BY)
    return (RolloutAct("began", began_at, None if by is None else plain(by)), *done)


def _act(act: str, value: str) -> RolloutAct:
    moment, _, by = value.partition(" ")
    try:
        at = datetime.strptime(moment, _TIME).replace(tzinfo=timezone.utc)
    except ValueError:
        return RolloutAct(act, None, plain(value))
    return RolloutAct(act, at, plain(by) or None)
