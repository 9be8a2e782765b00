"""What a rollout is called in AWS: its object, its jobs, its groups, its tags. Pure.

Leaves to others: whether what is called so is there, and ours (`ledger`).
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from fota_operator.errors import BadInput
from fota_operator.rollouts.plan_limits import ROLLOUT_NAME

TAG_ROLLOUT = "fota:rollout"
TAG_STAGE = "fota:stage"
TAG_PLAN = "fota:plan"
"""The SHA-256 of the plan's bytes, in hex."""
TAG_THINGS = "fota:things"
"""How many things a job aims at: AWS does not say it of a group."""
TAG_STATE = "fota:state"
"""On the first job of a rollout alone; absent while it runs."""
PAUSED = "paused"
ABORTED = "aborted"

PLAN_PREFIX = "rollouts/"
_NAME = re.compile(ROLLOUT_NAME)


@dataclass(frozen=True)
class Place:
    """Where a job has its place: which offer of which stage of which rollout. All but the first follow a pause."""

    name: str
    stage: int
    offer: int = 1

    @property
    def job_id(self) -> str:
        """The id of the job; also the name of the group, where it has too many things to name them."""
        # No name holds an underscore: with a dash, stage 1, offer 2 of `a` were stage 2 of `a-1`.
        return f"fota-{self.name}-{self.stage}" + ("" if self.offer == 1 else f"_{self.offer}")


def require_name(name: str) -> None:
    """*Raises* BadInput unless a rollout can have that name."""
    if not _NAME.fullmatch(name):
        raise BadInput(
            f"{name!r} is not the name of a rollout", "use 1 to 40 of a-z 0-9 and -, a letter or digit first"
        )


def plan_key(name: str) -> str:
    """The object that holds the plan. *Raises* BadInput."""
    require_name(name)
    return f"{PLAN_PREFIX}{name}.json"


def name_in(key: str) -> str | None:
    """The rollout whose plan an object holds; None if that is not what it is."""
    name = key.removeprefix(PLAN_PREFIX).removesuffix(".json")
    return name if _NAME.fullmatch(name) and plan_key(name) == key else None
