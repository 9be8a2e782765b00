"""How a rollout stands, as AWS tells it now. Changes nothing.

Leaves to others: reading AWS (`ledger`), judging (`decision`), showing (`cli`).
"""

from __future__ import annotations

from fota_operator.cloud import Cloud
from fota_operator.rollouts.decision import decide
from fota_operator.rollouts.ledger import Ledger
from fota_operator.rollouts.pace import Clock, SystemClock
from fota_operator.rollouts.plan_store import load_plan
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


def judge(ledger: Ledger, clock: Clock, *, fresh: bool = False) -> Judgement:
    """How a rollout stands now, and what is due. *Raises* CloudRefused, CloudUnreachable."""
    return decide(ledger.stored.plan, ledger.read(fresh=fresh), clock.now())
