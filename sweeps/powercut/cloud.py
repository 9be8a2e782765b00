"""AWS IoT Jobs in a power session: its state can be kept and restored, and one fault can happen in it.

`fota_testing.jobs.service` has the rules of executions and answers.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from fota_testing.jobs import requests as jobs_requests
from fota_testing.jobs.ledger import BY_THE_SERVICE
from fota_testing.jobs.service import ANY, JobsService
from sweeps.powercut.scenarios import (
    DELETED,
    ENDINGS,
    OFFERED,
    OFFERED_LATE,
    OUTAGE_REQUESTS,
    OUTAGES,
    REQUEST_FAULTS,
    Scenario,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    from fota_testing.clock import FakeClock
    from fota_testing.jobs.ledger import Execution
    from sweeps.powercut.scenarios import Fault

_MENDED_AFTER_MS = 3_000


class ExecutionState(NamedTuple):
    """One execution, as a value."""

    job_id: str
    number: int
    status: str
    version: int
    details: tuple[tuple[str, str], ...]
    statuses: tuple[str, ...]
    """Each status that it had, without repetitions."""

    @property
    def is_over(self) -> bool:
        """Whether it ended, one way or another."""
        return self.status not in {"QUEUED", "IN_PROGRESS"}

    @property
    def ended_by_the_service(self) -> bool:
        """Whether the device had no part in its end."""
        return self.status in BY_THE_SERVICE


class CloudState(NamedTuple):
    """What the service knows of the thing, and how many requests the thing has made."""

    requests: int
    executions: tuple[ExecutionState, ...]
    told_of_fall_back: bool = False
    """Whether the shadow says that the device went back from a confirmed image."""


NO_REQUEST_YET = CloudState(0, ())


class Cloud(JobsService):
    """The service during one power session."""

    def __init__(self, clock: FakeClock, scenario: Scenario, before: CloudState) -> None:
        super().__init__(clock, "lamp")
        self._scenario = scenario
        self._fault = scenario.fault
        self._documents = {offer.job_id: offer.document() for offer in scenario.all_offers()}
        self._count = before.requests
        self._executions: list[Execution] = []
        self._told_of_fall_back = before.told_of_fall_back
        self.watch: Callable[[str], None] = lambda _moment: None
        """Called for each request, before it reaches the service and after it took effect there."""
        self.judge: Callable[[str, str], None] = lambda _job_id, _status: None
        """Called for each status that the device reports for a job, accepted or not."""
        for state in before.executions:
            self._restore(state)
        if before == NO_REQUEST_YET:
            for offer in scenario.offers:
                if not offer.waits:
                    self._offer(offer.job_id)

    def state(self) -> CloudState:
        """The state, from which a later session can begin."""
        executions = tuple(_state(execution) for execution in self._executions)
        return CloudState(self._count, executions, self._told_of_fall_back)

    def is_idle(self) -> bool:
        """Whether no execution waits for the device."""
        return not self.ledger.pending()

    def has_more_to_offer(self) -> bool:
        """Whether a job is made only once the device has come to rest."""
        return bool(self._still_to_offer())

    def offer_next(self) -> None:
        """Make the next job."""
        self._offer(self._still_to_offer()[0])

    def _still_to_offer(self) -> list[str]:
        made = {execution.job_id for execution in self._executions}
        return [offer.job_id for offer in self._scenario.offers if offer.waits and offer.job_id not in made]

    def _offer(self, job_id: str) -> None:
        self._executions.append(self.create(job_id, self._documents[job_id]))

    def calm(self) -> None:
        """No fault happens from now on."""
        self._fault = None

    def drop(self, for_ms: int | None = None) -> None:
        """Lose the connection for a while; a program that connects again gets through."""
        super().drop(_MENDED_AFTER_MS if for_ms is None else for_ms)

    def _arrived(self, topic: str, payload: bytes) -> None:
        if not jobs_requests.is_for_jobs(topic):
            self._told_of_fall_back |= topic.endswith("/shadow/update") and b'"fell_back"' in payload
            # What it runs is told to the named shadow, when no report is due: no moment of its own.
            super()._arrived(topic, payload)
            return
        self._count += 1
        if self._fault is not None:
            self._go_wrong(self._fault)
        request = jobs_requests.read(self.thing_name, topic, payload)
        name = f"{request.kind} {request.job_id} {request.body.get('status', '')}".strip()
        self.watch(f"before {name}")
        if request.kind == jobs_requests.UPDATE:
            self.judge(request.job_id, str(request.body.get("status")))
        super()._arrived(topic, payload)
        self.watch(f"after {name}")

    def _go_wrong(self, fault: Fault) -> None:
        if fault.kind in OUTAGES and 0 <= self._count - fault.at_request < OUTAGE_REQUESTS:
            self.expect(ANY, OUTAGES[fault.kind])
        elif self._count == fault.at_request:
            self._go_wrong_once(fault.kind)

    def _go_wrong_once(self, kind: str) -> None:
        first = self._scenario.offers[0].job_id
        if kind in REQUEST_FAULTS:
            self.expect(ANY, REQUEST_FAULTS[kind])
        elif kind == OFFERED:
            self._offer(OFFERED_LATE.job_id)
        elif kind == DELETED:
            self._executions = [execution for execution in self._executions if execution.job_id != first]
            self.delete(first)
        elif any(e.job_id == first and not e.is_over for e in self._executions):
            self.end(first, ENDINGS[kind])

    def _restore(self, state: ExecutionState) -> None:
        execution = self.ledger.create(state.job_id, self._documents[state.job_id])
        execution.number, execution.status, execution.version = state.number, state.status, state.version
        execution.details = dict(state.details)
        execution.history = [(status, {}) for status in state.statuses]
        self._executions.append(execution)


def _state(execution: Execution) -> ExecutionState:
    return ExecutionState(
        execution.job_id,
        execution.number,
        execution.status,
        execution.version,
        tuple(execution.details.items()),
        tuple(execution.statuses()),
    )
