"""The job executions that AWS IoT Jobs keeps for one thing, and the rules by which they change. It knows no MQTT.

AWS: https://docs.aws.amazon.com/iot/latest/developerguide/iot-jobs-lifecycle.html
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from fota_testing.jobs.requests import Refusal, check_update

if TYPE_CHECKING:
    from collections.abc import Callable

    from fota_testing.jobs.requests import Request

QUEUED, IN_PROGRESS = "QUEUED", "IN_PROGRESS"
BY_THE_DEVICE = frozenset((IN_PROGRESS, "SUCCEEDED", "FAILED", "REJECTED"))
BY_THE_SERVICE = frozenset(("CANCELED", "TIMED_OUT", "REMOVED"))
MAX_LISTED = 10


@dataclass
class Execution:
    """One execution of a job, and every status it ever had."""

    job_id: str
    number: int
    document: object
    order: int
    queued_at_s: int
    updated_at_s: int
    started_at_s: int | None = None
    status: str = QUEUED
    version: int = 1
    details: dict[str, str] = field(default_factory=dict)
    history: list[tuple[str, dict[str, str]]] = field(default_factory=lambda: [(QUEUED, {})])
    """Each status with its details, in order; one entry more for every accepted change."""

    @property
    def is_over(self) -> bool:
        """Whether it ended, one way or another."""
        return self.status not in {QUEUED, IN_PROGRESS}

    def statuses(self) -> list[str]:
        """Every status it ever had, without repetitions."""
        found: list[str] = []
        for status, _ in self.history:
            if not found or found[-1] != status:
                found.append(status)
        return found

    def change(self, status: str, details: dict[str, str] | None, now_s: int) -> None:
        """Set another status, and other details if given."""
        self.status = status
        self.version += 1
        self.updated_at_s = now_s
        if details is not None:
            self.details = details
        if status == IN_PROGRESS and self.started_at_s is None:
            self.started_at_s = now_s
        self.history.append((status, dict(self.details)))

    def summary(self) -> dict[str, object]:
        """The execution as a list shows it."""
        shown: dict[str, object] = {
            "jobId": self.job_id,
            "queuedAt": self.queued_at_s,
            "lastUpdatedAt": self.updated_at_s,
            "versionNumber": self.version,
            "executionNumber": self.number,
        }
        if self.started_at_s is not None:
            shown["startedAt"] = self.started_at_s
        return shown

    def state(self) -> dict[str, object]:
        """The execution as an answer to an update shows it."""
        shown: dict[str, object] = {"status": self.status, "versionNumber": self.version}
        if self.details:
            shown["statusDetails"] = dict(self.details)
        return shown

    def full(self) -> dict[str, object]:
        """The execution as an answer to a describe shows it, without its document."""
        return self.summary() | self.state()


class FakeLedger:
    """All executions of one thing. `now_s` tells the time."""

    def __init__(self, now_s: Callable[[], int]) -> None:
        self.code_of_a_late_update = "InvalidStateTransition"
        """The error code for an update of an execution that is over; AWS also answers "TerminalStateReached"."""
        self._now_s = now_s
        self._executions: list[Execution] = []
        self._made = 0

    def create(self, job_id: str, document: object) -> Execution:
        """Add a job for the thing; the same job again, as a retry adds it, is another execution of it."""
        now_s = self._now_s()
        self._made += 1
        number = 1 + max((e.number for e in self._executions if e.job_id == job_id), default=0)
        execution = Execution(job_id, number, document, self._made, now_s, now_s)
        self._executions.append(execution)
        return execution

    def end(self, job_id: str, status: str) -> None:
        """End the newest execution as the service, in one of the ways that only the service may."""
        execution = self.find(job_id)
        if status not in BY_THE_SERVICE or execution.is_over:
            raise ValueError(f"{job_id}: the service does not make {status} of {execution.status}")
        execution.change(status, None, self._now_s())

    def delete(self, job_id: str) -> None:
        """Delete the job and all its executions."""
        self._executions = [e for e in self._executions if e.job_id != job_id]

    def find(self, job_id: str, number: int | None = None) -> Execution:
        """The execution of that number, or the newest. *Raises* Refusal."""
        found = [e for e in self._executions if e.job_id == job_id and number in {None, e.number}]
        if not found:
            raise Refusal("ResourceNotFound", f"no execution {number or ''} of job {job_id}")
        return found[-1]

    def pending(self) -> list[Execution]:
        """The executions that are not over, the running ones first, each in the order of creation; at most ten."""
        waiting = [e for e in self._executions if not e.is_over]
        return sorted(waiting, key=lambda e: (e.status == QUEUED, e.order))[:MAX_LISTED]

    def describe(self, request: Request) -> Execution:
        """The execution that a describe asks for. *Raises* Refusal."""
        execution = self.find(request.job_id, request.number("executionNumber"))
        if execution.is_over:
            raise Refusal(
                "TerminalStateReached",
                "Job Execution has reached terminal state. It is neither IN_PROGRESS nor QUEUED",
            )
        return execution

    def update(self, request: Request) -> Execution:
        """Change an execution as asked. *Raises* Refusal; then nothing has changed."""
        status = check_update(request)
        execution = self.find(request.job_id, request.number("executionNumber"))
        expected = request.number("expectedVersion")
        if execution.is_over:
            shows = self.code_of_a_late_update == "InvalidStateTransition"
            raise Refusal(self.code_of_a_late_update, "it is over", execution.state() if shows else None)
        if expected is not None and expected != execution.version:
            message = f"Expected version {expected} but found version {execution.version}"
            raise Refusal("VersionMismatch", message, execution.state())
        if status not in BY_THE_DEVICE:
            message = f"The status of job execution cannot be changed to be {status}"
            raise Refusal("InvalidStateTransition", message, execution.state())
        execution.change(status, request.details(), self._now_s())
        return execution
