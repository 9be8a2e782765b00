"""How a rollout stands, as AWS tells it now. Changes nothing.

Leaves to others: reading AWS (`ledger`), judging (`decision`), showing (`cli`).
"""

from __future__ import annotations

from fota_operator.cloud import Cloud
from fota_operator.errors import AlreadyThere, BadInput, NotFound
from fota_operator.pace import Clock, SystemClock
from fota_operator.rollouts.decision import decide
from fota_operator.rollouts.ledger import Ledger
from fota_operator.rollouts.plan_store import load_plan, stored_names
from fota_operator.rollouts.seen import Judgement
from fota_operator.rollouts.standing import Standing


class Looker:
    """Looks at one rollout again and again: a look costs the calls for what may have changed since the last."""

    def __init__(self, cloud: Cloud, name: str, bucket: str | None = None, clock: Clock | None = None) -> None:
        """Read its plan. *Raises* NotFound if there is no such rollout, CloudRefused, CloudUnreachable."""
        self.ledger = Ledger(cloud, load_plan(cloud, name, bucket))
        self._clock = clock or SystemClock()

    def judgement(self, *, fresh: bool = False) -> Judgement:
        """How it stands and what is due; with `fresh`, the members of groups are asked anew."""
        return judge(self.ledger, self._clock, fresh=fresh)

    def standing(self) -> Standing:
        """How it stands. *Raises* CloudRefused, CloudUnreachable."""
        return self.judgement().standing


def standing_of(cloud: Cloud, name: str, bucket: str | None = None) -> Standing:
    """How the rollout `name` stands. `bucket` None is the one that `fota bootstrap` makes.

    To look more than once, a `Looker` is cheaper.
    *Raises* NotFound if there is no such rollout, CloudRefused, CloudUnreachable.
    """
    return Looker(cloud, name, bucket).standing()


def standings(cloud: Cloud, bucket: str | None = None) -> list[Standing]:
    """How each rollout of a bucket stands, by name; one that cannot be told is "unreadable", and `next` says why.

    *Raises* NotFound, CloudRefused, CloudUnreachable.
    """
    return [_standing_if_readable(cloud, name, bucket) for name in stored_names(cloud, bucket)]


def _standing_if_readable(cloud: Cloud, name: str, bucket: str | None) -> Standing:
    try:
        return standing_of(cloud, name, bucket)
    except (AlreadyThere, BadInput, NotFound) as error:
        # Of one whose plan is damaged, or whose jobs are not its own, the others must not suffer.
        return Standing(name, "unreadable", str(error), "", "", 0, ())


def judge(ledger: Ledger, clock: Clock, *, fresh: bool = False) -> Judgement:
    """How a rollout stands now, and what is due. *Raises* CloudRefused, CloudUnreachable."""
    return decide(ledger.stored.plan, ledger.read(fresh=fresh), clock.now())
