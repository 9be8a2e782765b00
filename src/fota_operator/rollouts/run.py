"""Runs a rollout: looks at AWS, decides, does the one step that is due, waits, and repeats. Its state is only in AWS.

If it is killed at any point and run again, here or elsewhere, it goes on; two parallel runs make each job only once.
Leaves to others: deciding (`decide.next_step`), the jobs (`make_job`), all that comes before (`prepare`).
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta

from fota_operator.account.roles import presign_role_arn
from fota_operator.bounded_text import parse_json
from fota_operator.cloud import Cloud, is_passing
from fota_operator.errors import AlreadyThere, CloudUnreachable, NotFound, OperatorError, TimedOut
from fota_operator.former_names import former_keyword
from fota_operator.jobs.limits import MAX_TARGETS
from fota_operator.jobs.look_up import read_document
from fota_operator.jobs.publish import Publication, ship
from fota_operator.rate_limiter import SystemClock, WallClock, jittered, require_waits
from fota_operator.rollouts.aws.acts import caller_tag
from fota_operator.rollouts.aws.make_job import StageOffer, make_stage_jobs
from fota_operator.rollouts.aws.notices import NoticeSender
from fota_operator.rollouts.aws.package import package_version
from fota_operator.rollouts.aws.plan_store import role_of, store_plan
from fota_operator.rollouts.aws.progress import OnProgress, RolloutProgress, silent
from fota_operator.rollouts.aws.reader import SnapshotReader
from fota_operator.rollouts.aws.stage_group import delete_groups
from fota_operator.rollouts.control import Rollout, enforce, require_paused, unmark
from fota_operator.rollouts.decide.snapshot import (
    ABORTED_CODE,
    GATE_CODE,
    PAUSED_CODE,
    RULE_CODE,
    Aborted,
    Begin,
    Decision,
    Done,
    Halted,
    OfferAgain,
    OfferMore,
    Paused,
    Step,
    Wait,
)
from fota_operator.rollouts.decide.stages import split
from fota_operator.rollouts.decide.status import RolloutStatus
from fota_operator.rollouts.look import judge

INTERVAL_S = 10.0
MAX_TROUBLES = 8
"""A run gives up after this many failures in a row: AWS is out of reach, or throttles."""
_LONGEST_TROUBLE_S = 60.0
_QUEUE_LOOKS = 30
_STOPS: dict[type[Step], str] = {Paused: PAUSED_CODE, Aborted: ABORTED_CODE, Halted: GATE_CODE}
"""Why jobs that still run are cancelled: a pause or an abort may have been interrupted, or a gate failed."""
_OFFERED: dict[type[Step], str] = {Begin: "begins", OfferMore: "goes on", OfferAgain: "offered again"}


@dataclass(frozen=True)
class RunOptions:
    """How far to go, and how long. `until` is a stage's number: end when its gate is passed. `once`: do not wait.

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
    """What a run works with.

    `publication` None: the rollout has begun, and its document is in AWS, or it is `document`.
    """

    cloud: Cloud
    reader: SnapshotReader
    publication: Publication | None = None
    clock: WallClock = field(default_factory=SystemClock)
    on_progress: OnProgress = silent
    document: str | None = None
    _packages: list[str | None] = field(default_factory=list)
    """The release in the package catalog, once it was asked for."""

    def begin(self, options: RunOptions = TO_THE_END) -> RolloutStatus:
        """Store the plan, unless it is there, and go on as `run` does. *Raises* AlreadyThere, and what `run` does."""
        store_plan(self.cloud, self.reader.stored)
        return self.run(options)

    def run(self, options: RunOptions = TO_THE_END) -> RolloutStatus:
        """Go on until it is done, halted, aborted or paused, or as far as the options say; returns its status then.

        *Raises* TimedOut, AlreadyThere, CloudRefused, CloudUnreachable after MAX_TROUBLES in a row.
        """
        began_at, troubles, told = self.clock.now(), 0, ""
        notices = NoticeSender(self.cloud, self.on_progress)
        while True:
            try:
                decision = self._advanced(options)
                notices.send(self.reader, decision.status)
                troubles = 0
            except OperatorError as error:
                troubles += 1
                if not is_passing(error) or options.once or troubles > MAX_TROUBLES:
                    raise
                self._rest(error, troubles, began_at, options)
                continue
            status, step = decision.status, decision.step
            if status.because != told:
                told = status.because
                self.on_progress(RolloutProgress(told))
            if not isinstance(step, Wait) or options.once or _is_reached(status, options.until):
                return status
            self._sleep(self._pause_s(step, options), began_at, options)

    def status(self) -> RolloutStatus:
        """Its status now. *Raises* CloudRefused, CloudUnreachable."""
        return judge(self.reader, self.clock).status

    def offer_again(self) -> RolloutStatus:
        """Make the jobs that a pause has left to be made, and no others. *Raises* CloudRefused."""
        made: OfferAgain | None = None
        while True:
            decision = judge(self.reader, self.clock, fresh=True)
            step = decision.step
            if not isinstance(step, OfferAgain):
                return decision.status
            _require_other(step, made)
            made = step if self._offer(step) else None

    def _advanced(self, options: RunOptions) -> Decision:
        """Do every step that is due; returns the status then, and what is waited for."""
        made: Step | None = None
        while True:
            decision = judge(self.reader, self.clock)
            if not isinstance(decision.step, Wait | Paused | Aborted):
                # A final decision, or one that makes something, needs the members that the groups have now.
                decision = judge(self.reader, self.clock, fresh=True)
            step = decision.step
            if _is_reached(decision.status, options.until) or not isinstance(step, Begin | OfferMore | OfferAgain):
                return self._ended(decision)
            _require_other(step, made)
            made = step if self._offer(step) else None

    def _offer(self, step: Begin | OfferMore | OfferAgain) -> bool:
        """Make jobs for a stage. False: some of its things do not exist, and the next step must be decided again."""
        plan, number = self.reader.stored.plan, step.stage
        if isinstance(step, Begin):
            things = split(plan, number, self.reader.targets(), self.reader.offered())
        else:
            if isinstance(step, OfferAgain):
                self._wait_for_cancelled(number)
            things = self.reader.due(number)
        if not things:
            return False
        title = f"stage {number}, {plan.stages[number - 1].name}"
        self.on_progress(RolloutProgress(f"{title}: {_OFFERED[type(step)]}, {len(things)} things"))
        place = self.reader.next_place(number, again=isinstance(step, OfferAgain))
        role_arn = presign_role_arn(self.cloud, role_of(plan))
        total = self.reader.offer_total(number) if isinstance(step, OfferMore) else len(things)
        document, by = self._document_of(), caller_tag(self.cloud.caller_arn)
        offer = StageOffer(self.reader.stored, place, document, role_arn, total, by, self._package_version())
        most = step.jobs if isinstance(step, OfferMore) else offer.jobs.at_once
        gone = make_stage_jobs(self.cloud, offer, things[: most * MAX_TARGETS], self.clock, self.on_progress)
        self.reader.expect(number)
        if gone:
            self.on_progress(
                RolloutProgress(f"{title}: {len(gone)} things are not registered any more, {min(gone)} is one")
            )
            self.reader.forget(gone)
        return not gone

    def _package_version(self) -> str | None:
        if not self._packages:
            self._packages.append(package_version(self.cloud, self.reader.stored, self.on_progress))
        return self._packages[0]

    def _wait_for_cancelled(self, number: int) -> None:
        """AWS cancels executions a little after their job: until then a device may take one up."""
        for _ in range(_QUEUE_LOOKS):
            snapshot = self.reader.read()
            if not next(stage for stage in snapshot.stages if stage.number == number).counts.get("QUEUED"):
                return
            self.clock.sleep(1.0)
        raise TimedOut("AWS has not cancelled all executions yet", "run this again in a minute")

    def _document_of(self) -> str:
        """The document of every job: that of the first job, or else the one that the publication makes."""
        if self.document is None:
            self.document = self._stored_document() if self.reader.jobs else self._shipped_document()
        return self.document

    def _shipped_document(self) -> str:
        if self.publication is None:
            raise NotFound(
                f"the rollout {self.reader.stored.plan.name} has not begun, and the release is not at hand",
                "run it with its plan: `fota rollout run PLAN`",
            )
        published = ship(self.cloud, self.publication)
        verb = "found" if published.stored.reused else "uploaded"
        self.on_progress(RolloutProgress(f"{verb} s3://{published.stored.bucket}/{published.stored.key}"))
        return published.document

    def _stored_document(self) -> str:
        job_id = self.reader.jobs[0].job_id
        document = read_document(self.cloud, job_id)
        if _image_of(document) != self.reader.stored.plan.release:
            raise AlreadyThere(
                f"the job {job_id} offers another release than its plan says", "abort it, and start another rollout"
            )
        return document

    def _ended(self, decision: Decision) -> Decision:
        """What is left to do when nothing begins now."""
        code = _STOPS.get(type(decision.step))
        if code == GATE_CODE:
            # If it is halted because of its targets, things that were already offered the release may install it.
            states = {stage.state for stage in decision.status.stages}
            code = RULE_CODE if "aborted" in states else GATE_CODE if "failed" in states else None
        # AWS's abort rule cancels one job: the others of its stage offer the same release.
        of_stage = {job for stage in decision.status.stages if stage.state == "aborted" for job in stage.job_ids}
        only = of_stage if code == RULE_CODE else None
        if code is not None and any(job.running for job in self.reader.jobs if only is None or job.job_id in only):
            enforce(self.cloud, self.reader, code, only=only)
            decision = judge(self.reader, self.clock)
        if isinstance(decision.step, Aborted | Done | Halted):
            delete_groups(self.cloud, self.reader.jobs)
        return decision

    def _rest(self, error: OperatorError, troubles: int, began_at: datetime, options: RunOptions) -> None:
        seconds = jittered(min(2.0**troubles, _LONGEST_TROUBLE_S))
        self.on_progress(RolloutProgress(f"{error.message}; again in {seconds:.0f} s"))
        self._sleep(seconds, began_at, options)

    def _pause_s(self, step: Wait, options: RunOptions) -> float:
        until_s = float("inf") if step.until is None else (step.until - self.clock.now()).total_seconds()
        return max(0.0, min(jittered(options.interval_s), until_s))

    def _sleep(self, seconds: float, began_at: datetime, options: RunOptions) -> None:
        if options.timeout_s is not None:
            left = (began_at + timedelta(seconds=options.timeout_s) - self.clock.now()).total_seconds()
            if left <= 0:
                name = self.reader.stored.plan.name
                raise TimedOut(
                    f"the rollout {name} has not come so far within {options.timeout_s:g} s; its jobs go on in AWS",
                    "run this again to go on",
                )
            seconds = min(seconds, left)
        self.clock.sleep(seconds)


@former_keyword(tell="on_progress")
def resume(
    rollout: Rollout, *, clock: WallClock | None = None, on_progress: OnProgress = silent, dry_run: bool = False
) -> RolloutStatus:
    """Offer the release again to the things that a pause left without an answer. Twice is harmless.

    `fota rollout run` begins the later stages. *Raises* NotFound, BadInput if it has ended, CloudRefused.
    """
    looker = rollout.looker(clock)
    before = looker.status()
    require_paused(before)
    if dry_run:
        return before
    if before.state == "paused":
        unmark(rollout.cloud, looker.reader, (clock or SystemClock()).now())
    return Runner(rollout.cloud, looker.reader, clock=clock or SystemClock(), on_progress=on_progress).offer_again()


def _require_other(step: Step, made: Step | None) -> None:
    """*Raises* CloudUnreachable if the step just done is due again: AWS does not show its job yet."""
    if step == made:
        raise CloudUnreachable("AWS does not show the job that was made", "run this again in a minute")


def _image_of(document: str) -> object:
    try:
        fields = parse_json(document)
    except ValueError:
        return None
    return fields.get("bc_sha256") if isinstance(fields, dict) else None


def _is_reached(status: RolloutStatus, until: int | None) -> bool:
    return until is not None and all(stage.state == "passed" for stage in status.stages[:until])
