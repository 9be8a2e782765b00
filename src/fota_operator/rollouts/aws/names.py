"""The names that a rollout has in AWS: of its object, its jobs and its groups. Pure.

Leaves to others: whether something with such a name exists and is ours (`reader`).
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from fota_operator.errors import BadInput
from fota_operator.rollouts.plan.limits import ROLLOUT_NAME

PAUSED = "paused"
ABORTED = "aborted"

PLAN_PREFIX = "rollouts/"
_NAME = re.compile(ROLLOUT_NAME)


@dataclass(frozen=True)
class Place:
    """The place of a job in a rollout: its stage, the number of its offer, and its number among the jobs of that.

    Each further offer follows a pause.
    """

    name: str
    stage: int
    offer: int = 1
    part: int = 1

    @property
    def job_id(self) -> str:
        """The id of the job."""
        # No name holds an underscore: with a dash, stage 1, offer 2 of `a` would be stage 2 of `a-1`.
        part = "" if self.part == 1 else f"-{self.part}"
        return f"fota-{self.name}-{self.stage}" + (f"_{self.offer}{part}" if self.offer > 1 or part else "")


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
    """The name of the rollout whose plan an object holds; None if it is not a plan."""
    name = key.removeprefix(PLAN_PREFIX).removesuffix(".json")
    return name if _NAME.fullmatch(name) and plan_key(name) == key else None
