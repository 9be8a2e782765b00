"""Run a rollout: look at AWS, decide, do the one step that is due, wait, and again. Its state is in AWS alone.

Killed at any point and run again, here or elsewhere, it goes on; two that run at once make each job once.
Leaves to others: deciding (`decision`), the jobs (`offer`), all that comes before (`prepare`).
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from fota_operator.account.roles import presign_role_arn
from fota_operator.cloud import Cloud, explaining, is_passing
from fota_operator.errors import AlreadyThere, CloudUnreachable, NotFound, OperatorError, TimedOut
from fota_operator.pace import Clock, SystemClock, jittered, require_waits
from fota_operator.rollouts.ledger import Ledger
from fota_operator.rollouts.look import judge
from fota_operator.rollouts.offer import Offer, make_offer
from fota_operator.rollouts.plan_store import role_of
from fota_operator.rollouts.seen import (
    ABORTED_CODE,
    GATE_CODE,
    PAUSED_CODE,
    Aborted,
    Begin,
    Done,
    Halted,
    Judgement,
    OfferAgain,
    Paused,
    Step,
    Wait,
)
from fota_operator.rollouts.stage_group import delete_groups
from fota_operator.rollouts.stages import split
from fota_operator.rollouts.standing import Standing
from fota_operator.rollouts.steer import Rollout, enforce, require_paused, unmark
from fota_operator.rollouts.telling import Progress, Tell, silent
from fota_operator.shipment import Shipment, ship

INTERVAL_S = 10.0
MOST_TROUBLES = 8
"""So often in a row AWS may be out of reach or ask for patience before a run gives up."""
_LONGEST_TROUBLE_S = 60.0
_QUEUE_LOOKS = 30
_STOPS: dict[type[Step], str] = {Paused: PAUSED_CODE, Aborted: ABORTED_CODE, Halted: GATE_CODE}
"""Why jobs that still run are cancelled: whoever paused or aborted it may have been interrupted, or a gate failed."""


@dataclass(frozen=True)
class RunOptions:
    """How far and how long. `until` is a stage's number: end when its gate is passed. `once`: do not wait.

    *Raises* BadInput for a time that cannot be waited for.
    """

    until: int | None = None
    once: bool = False
    timeout_s: float | None = None
    interval_s: float = INTERVAL_S

    def __post_init__(self) -> None:
        require_waits(interval_s=self.interval_s, timeout_s=self.timeout_s)


TO_THE_END = RunOptions()


@dataclass
class Runner:
    """What a run has in hand. `shipment` None: the rollout has begun, and its document is in AWS."""

    cloud: Cloud
    ledger: Ledger
    shipment: Shipment | None = None
    clock: Clock = field(default_factory=SystemClock)
    tell: Tell = silent
    _document: str | None = None

    def run(self, options: RunOptions = TO_THE_END) -> Standing:
        """Go on until it is done, halted, aborted or paused, or as far as the options say; how it stands then.

        *Raises* TimedOut, AlreadyThere, CloudRefused, CloudUnreachable after MOST_TROUBLES in a row.
        """
        began_at, troubles, told = self.clock.now(), 0, ""
        while True:
            try:
                judgement = self._advanced(options)
                troubles = 0
            except OperatorError as error:
                troubles += 1
                if not is_passing(error) or options.once or troubles > MOST_TROUBLES:
                    raise
                self._rest(error, troubles, began_at, options)
                continue
            standing, step = judgement.standing, judgement.step
            if standing.next != told:
                told = standing.next
                self.tell(Progress(told))
            if not isinstance(step, Wait) or options.once or _is_reached(standing, options.until):
                return standing
            self._sleep(self._pause_s(step, options), began_at, options)

    def offer_again(self) -> Standing:
        """Make the jobs that a pause has left to be made, and no others. *Raises* CloudRefused."""
        made: OfferAgain | None = None
        while True:
            judgement = judge(self.ledger, self.clock, fresh=True)
            step = judgement.step
            if not isinstance(step, OfferAgain):
                return judgement.standing
            _require_other(step, made)
            made = step if self._offer(step.stage, again=True) else None

    def _advanced(self, options: RunOptions) -> Judgement:
        """All steps done that are due; how it stands then, and what is waited for."""
        made: Step | None = None
        while True:
            judgement = judge(self.ledger, self.clock)
            if not isinstance(judgement.step, Wait | Paused | Aborted):
                # What is final, or makes something, is decided by the groups as they are now.
                judgement = judge(self.ledger, self.clock, fresh=True)
            step = judgement.step
            if _is_reached(judgement.standing, options.until) or not isinstance(step, Begin | OfferAgain):
                return self._ended(judgement)
            _require_other(step, made)
            made = step if self._offer(step.stage, again=isinstance(step, OfferAgain)) else None

    def _offer(self, number: int, *, again: bool) -> bool:
        """Make a job for a stage. False: its things were not all there, and it is to be decided anew."""
        plan = self.ledger.stored.plan
        if again:
            self._wait_for_cancelled(number)
            things = tuple(sorted(self.ledger.unanswered(number)))
        else:
            things = split(plan, number, self.ledger.targets(), self.ledger.offered())
        if not things:
            return False
        title = f"stage {number}, {plan.stages[number - 1].name}"
        self.tell(Progress(f"{title}: {'offered again' if again else 'begins'}, {len(things)} things"))
        role_arn = presign_role_arn(self.cloud, role_of(plan))
        offer = Offer(self.ledger.stored, self.ledger.next_place(number), self._document_of(), role_arn)
        gone = make_offer(self.cloud, offer, things, self.clock, self.tell)
        self.ledger.expect(number)
        if gone:
            self.tell(Progress(f"{title}: {len(gone)} things are not registered any more, {min(gone)} is one"))
            self.ledger.forget(gone)
        return not gone

    def _wait_for_cancelled(self, number: int) -> None:
        """AWS cancels executions a little after their job: until then a device may take one up."""
        for _ in range(_QUEUE_LOOKS):
            seen = self.ledger.read()
            if not next(stage for stage in seen.stages if stage.number == number).counts.get("QUEUED"):
                return
            self.clock.sleep(1.0)
        raise TimedOut("AWS has not cancelled all executions yet", "run this again in a minute")

    def _document_of(self) -> str:
        """The document of every job: that of the first, or else the one that the shipment makes."""
        if self._document is None:
            self._document = self._stored_document() if self.ledger.jobs else self._shipped_document()
        return self._document

    def _shipped_document(self) -> str:
        if self.shipment is None:
            raise NotFound(
                f"the rollout {self.ledger.stored.plan.name} has not begun, and the release is not at hand",
                "run it with its plan: `fota rollout run PLAN`",
            )
        shipped = ship(self.cloud, self.shipment)
        verb = "found" if shipped.stored.reused else "uploaded"
        self.tell(Progress(f"{verb} s3://{shipped.stored.bucket}/{shipped.stored.key}"))
        return shipped.document

    def _stored_document(self) -> str:
        job_id = self.ledger.jobs[0].job_id
        with explaining(f"read the document of the job {job_id}"):
            document = self.cloud.iot.get_job_document(jobId=job_id)["document"]
        if json.loads(document).get("bc_sha256") != self.ledger.stored.plan.release:
            raise AlreadyThere(
                f"the job {job_id} offers another release than its plan says", "abort it, and start another rollout"
            )
        return document

    def _ended(self, judgement: Judgement) -> Judgement:
        """What is left to do when nothing begins now."""
        code = _STOPS.get(type(judgement.step))
        if code == GATE_CODE and all(stage.state != "failed" for stage in judgement.standing.stages):
            # Halted for what its targets are: those that were offered the release may have it.
            code = None
        if code is not None and any(job.running for job in self.ledger.jobs):
            enforce(self.cloud, self.ledger, code)
            judgement = judge(self.ledger, self.clock)
        if isinstance(judgement.step, Aborted | Done | Halted):
            delete_groups(self.cloud, self.ledger.jobs)
        return judgement

    def _rest(self, error: OperatorError, troubles: int, began_at: datetime, options: RunOptions) -> None:
        seconds = jittered(min(2.0**troubles, _LONGEST_TROUBLE_S))
        self.tell(Progress(f"{error.message}; again in {seconds:.0f} s"))
        self._sleep(seconds, began_at, options)

    def _pause_s(self, step: Wait, options: RunOptions) -> float:
        until_s = float("inf") if step.until is None else (step.until - self.clock.now()).total_seconds()
        return max(0.0, min(jittered(options.interval_s), until_s))

    def _sleep(self, seconds: float, began_at: datetime, options: RunOptions) -> None:
        if options.timeout_s is not None:
            left = (began_at + timedelta(seconds=options.timeout_s) - self.clock.now()).total_seconds()
            if left <= 0:
                name = self.ledger.stored.plan.name
                raise TimedOut(
                    f"the rollout {name} has not come so far within {options.timeout_s:g} s; its jobs go on in AWS",
                    "run this again to go on",
                )
            seconds = min(seconds, left)
        self.clock.sleep(seconds)


def resume(rollout: Rollout, *, clock: Clock | None = None, tell: Tell = silent, dry_run: bool = False) -> Standing:
    """Offer the release again to the things that a pause left without an answer. Twice is harmless.

    The stages that come are begun by whoever runs it. *Raises* NotFound, BadInput if it has ended, CloudRefused.
    """
    looker = rollout.looker(clock)
    before = looker.standing()
    require_paused(before)
    if dry_run:
        return before
    if before.state == "paused":
        unmark(rollout.cloud, looker.ledger)
    return Runner(rollout.cloud, looker.ledger, clock=clock or SystemClock(), tell=tell).offer_again()


def _require_other(step: Step, made: Step | None) -> None:
    """*Raises* CloudUnreachable if what was made is due again: AWS does not show it yet."""
    if step == made:
        raise CloudUnreachable("AWS does not show the job that was made", "run this again in a minute")


def _is_reached(standing: Standing, until: int | None) -> bool:
    return until is not None and all(stage.state == "passed" for stage in standing.stages[:until])
