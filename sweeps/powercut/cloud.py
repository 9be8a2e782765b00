"""AWS IoT Jobs as one more party that may fail: a state that can be kept and gone back to, and one misfortune.

The rules of executions and answers are `fota_testing.jobs_service`'s.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from sweeps.powercut.scenarios import (
    DELETED,
    ENDINGS,
    FAULTS,
    OFFERED,
    OFFERED_LATE,
    OUTAGE_REQUESTS,
    OUTAGES,
    Scenario,
)

from fota_testing import jobs_requests
from fota_testing.jobs_ledger import BY_THE_SERVICE
from fota_testing.jobs_service import ANY, JobsService

if TYPE_CHECKING:
    from collections.abc import Callable

    from sweeps.powercut.scenarios import Misfortune

    from fota_testing.clock import FakeClock
    from fota_testing.jobs_ledger import Execution

_MENDED_AFTER_MS = 3_000


class ExecutionState(NamedTuple):
    """One execution, as a value."""

    job_id: str
    number: int
    status: str
    version: int
    details: tuple[tuple[str, str], ...]
    statuses: tuple[str, ...]
    """Each status it ever had, without repetitions."""

    @property
    def is_over(self) -> bool:
        """Whether it ended, one way or another."""
        return self.status not in {"QUEUED", "IN_PROGRESS"}

    @property
    def ended_by_the_service(self) -> bool:
        """Whether the device had no part in its end."""
        return self.status in BY_THE_SERVICE


class CloudState(NamedTuple):
    """All that the service knows of the thing, and how many requests it ever got of it."""

    requests: int
    executions: tuple[ExecutionState, ...]


NO_REQUEST_YET = CloudState(0, ())


class Cloud(JobsService):
    """The service from one power-on of the device to the next."""

    def __init__(self, clock: FakeClock, scenario: Scenario, before: CloudState) -> None:
        super().__init__(clock, "lamp")
        self._scenario = scenario
        self._event = scenario.misfortune
        self._documents = {offer.job_id: offer.document() for offer in scenario.all_offers()}
        self._count = before.requests
        self._executions: list[Execution] = []
        self.watch: Callable[[str], None] = lambda _moment: None
        """Told of each request, before it reached the service and after it took effect there."""
        self.judge: Callable[[str, str], None] = lambda _job_id, _status: None
        """Told of each status that the device claims for a job, accepted or not."""
        for state in before.executions:
            self._restore(state)
        if before == NO_REQUEST_YET:
            for offer in scenario.offers:
                if not offer.waits:
                    self._offer(offer.job_id)

    def state(self) -> CloudState:
        """As a value, to go back to."""
        return CloudState(self._count, tuple(_state(execution) for execution in self._executions))

    def is_idle(self) -> bool:
        """Whether no execution waits for the device."""
        return not self.ledger.pending()

    def has_more_to_offer(self) -> bool:
        """Whether a job is made only once the device has come to rest."""
        return bool(self._still_to_offer())

    def offer_next(self) -> None:
        """Make that job."""
        self._offer(self._still_to_offer()[0])

    def _still_to_offer(self) -> list[str]:
        made = {execution.job_id for execution in self._executions}
        return [offer.job_id for offer in self._scenario.offers if offer.waits and offer.job_id not in made]

    def _offer(self, job_id: str) -> None:
        self._executions.append(self.create(job_id, self._documents[job_id]))

    def calm(self) -> None:
        """Nothing goes wrong from now on."""
        self._event = None

    def drop(self, for_ms: int | None = None) -> None:
        """Lost for a while: who connects again has not to be told."""
        super().drop(_MENDED_AFTER_MS if for_ms is None else for_ms)

    def _arrived(self, topic: str, payload: bytes) -> None:
        if not jobs_requests.is_for_jobs(topic):
            return
        self._count += 1
        if self._event is not None:
            self._go_wrong(self._event)
        request = jobs_requests.read(self.thing_name, topic, payload)
        name = f"{request.kind} {request.job_id} {request.body.get('status', '')}".strip()
        self.watch(f"before {name}")
        if request.kind == jobs_requests.UPDATE:
            self.judge(request.job_id, str(request.body.get("status")))
        super()._arrived(topic, payload)
        self.watch(f"after {name}")

    def _go_wrong(self, event: Misfortune) -> None:
        if event.kind in OUTAGES and 0 <= self._count - event.at_request < OUTAGE_REQUESTS:
            self.expect(ANY, OUTAGES[event.kind])
        elif self._count == event.at_request:
            self._go_wrong_once(event.kind)

    def _go_wrong_once(self, kind: str) -> None:
        first = self._scenario.offers[0].job_id
        if kind in FAULTS:
            self.expect(ANY, FAULTS[kind])
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
