"""This file is AWS IoT Jobs for one thing, in memory and on virtual time; it is the device's connection too.

It is published for porters and for users who test their own programs:

    service = JobsService(FakeClock())
    service.connect()
    service.create("job-1", {"operation": "fota", ...})
    service.expect("update", LOST_AFTER, status="SUCCEEDED")
    ...
    assert service.statuses("job-1") == ["QUEUED", "IN_PROGRESS", "SUCCEEDED"]

It keeps the named shadow `fota` too.
Topics, payloads, codes and notifications are those of AWS; a request that no careful program sends is Misuse. The
rules of executions are in `jobs.ledger`, those of requests in `jobs.requests`, the faults in `jobs.faults`.
`start-next` and `$next` are not supported.

AWS: https://docs.aws.amazon.com/iot/latest/developerguide/jobs-mqtt-api.html
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from fota_testing.jobs import requests as jobs_requests
from fota_testing.jobs.faults import HONEST, Fault
from fota_testing.jobs.ledger import IN_PROGRESS, QUEUED, Execution, FakeLedger
from fota_testing.jobs.memory_connection import MemoryConnection
from fota_testing.jobs.named_shadow import SHADOW, SHADOW_NAME, FakeShadow, state_request
from fota_testing.jobs.requests import DESCRIBE, LIST, Refusal, Request
from fota_testing.misuse import Misuse

if TYPE_CHECKING:
    from fota_testing.clock import FakeClock

ANSWER_MS = 20
ANY = "any"
"""Every kind of request."""

_EPOCH_S = 1_767_225_600
_PRESIGNED = re.compile(r"\$\{aws:iot:s3-presigned-url(?:-v2)?:([^}]*)\}")


@dataclass(frozen=True)
class _Expected:
    """A fault that waits for its request."""

    fault: Fault
    kind: str
    job_id: str | None
    status: str | None

    def fits(self, request: Request) -> bool:
        return (
            self.kind in {ANY, request.kind}
            and self.job_id in {None, request.job_id}
            and self.status in {None, request.body.get("status")}
        )


class JobsService(MemoryConnection):
    """The service, and the connection of the thing to it."""

    def __init__(self, clock: FakeClock, thing_name: str = "thing", *, answer_ms: int = ANSWER_MS) -> None:
        """`answer_ms` is how long an answer takes; with 0 it arrives while the request is still being published."""
        super().__init__(clock)
        self.thing_name = thing_name
        self.requests: list[Request] = []
        """Every request that reached the service."""
        self.epoch_s: int = _EPOCH_S
        """The time of the service, in seconds since 1970, when the clock shows 0."""
        self.ledger: FakeLedger = FakeLedger(self._now_s)
        self.shadow: FakeShadow = FakeShadow()
        """The named shadow `fota`: what the device says that it runs."""
        self._answer_ms = answer_ms
        self._faults: list[_Expected] = []
        self._tokens: set[str] = set()
        self.minted: int = 0
        """How many documents were delivered with fresh URLs."""
        self._listed: set[tuple[str, int]] = set()

    # The calls of an operator.

    def create(self, job_id: str, document: object) -> Execution:
        """Offer a job to the thing. A presigned-URL placeholder in it becomes a fresh URL at each describe."""
        head = self._head()
        execution = self.ledger.create(job_id, document)
        self._notify(head)
        return execution

    def cancel(self, job_id: str) -> None:
        """Cancel the newest execution, with force."""
        self.end(job_id, "CANCELED")

    def end(self, job_id: str, status: str) -> None:
        """End an execution as CANCELED, TIMED_OUT or REMOVED, which only the service may do."""
        head = self._head()
        self.ledger.end(job_id, status)
        self._notify(head)

    def delete(self, job_id: str) -> None:
        """Delete the job with all its executions."""
        head = self._head()
        self.ledger.delete(job_id)
        self._notify(head)

    # The calls of a test.

    def expect(
        self, kind: str, fault: Fault, *, times: int = 1, job_id: str | None = None, status: str | None = None
    ) -> None:
        """Give these faults to the next requests of a kind, job and status.

        The kinds are "list", "describe", "update", "shadow", and ANY.
        """
        self._faults += [_Expected(fault, kind, job_id, status)] * times

    def execution(self, job_id: str, number: int | None = None) -> Execution:
        """The execution of that number, or the newest."""
        return self.ledger.find(job_id, number)

    def statuses(self, job_id: str, number: int | None = None) -> list[str]:
        """Every status that an execution ever had, without repetitions."""
        return self.execution(job_id, number).statuses()

    def asked(self, kind: str) -> list[Request]:
        """Every request of a kind that reached the service."""
        return [request for request in self.requests if request.kind == kind]

    # How the service handles a message.

    def _arrived(self, topic: str, payload: bytes) -> None:
        if topic == f"$aws/things/{self.thing_name}/shadow/name/{SHADOW_NAME}/update":
            request = state_request(topic, payload)
        elif jobs_requests.is_for_jobs(topic):
            request = jobs_requests.read(self.thing_name, topic, payload)
        else:
            return
        self._require_listener(topic)
        if request.token in self._tokens:
            raise Misuse(f"{topic}: clientToken {request.token} was used before")
        self._tokens.add(request.token)
        self.requests.append(request)
        fault = self._fault_of(request)
        head = self._head()
        answer, body = self._judge(request, fault)
        if fault.drops:
            self.drop()
        self._answer(request, fault, answer, body)
        if fault.acts:
            self._notify(head, self._answer_ms)

    def _require_listener(self, topic: str) -> None:
        for answer in ("accepted", "rejected"):
            if not self.listens_to(f"{topic}/{answer}"):
                raise Misuse(f"{topic}: asked before subscribing to {answer}")

    def _fault_of(self, request: Request) -> Fault:
        for expected in self._faults:
            if expected.fits(request):
                self._faults.remove(expected)
                return expected.fault
        return HONEST

    def _judge(self, request: Request, fault: Fault) -> tuple[str, dict[str, object]]:
        """Which answer the request gets, and its body."""
        try:
            if fault.code is not None:
                raise Refusal(fault.code, "scripted")
            if request.kind == SHADOW:
                return "accepted", self.shadow.update(request) if fault.acts else {}
            return "accepted", self._carry_out(request) if fault.acts else {}
        except Refusal as refusal:
            # The shadow service has numbers for codes.
            code = int(refusal.code) if refusal.code.isdecimal() else refusal.code
            body: dict[str, object] = {"code": code, "message": str(refusal)}
            if refusal.state is not None:
                body["executionState"] = refusal.state
            return "rejected", body

    def _carry_out(self, request: Request) -> dict[str, object]:
        if request.kind == LIST:
            pending = self.ledger.pending()
            return {
                "inProgressJobs": [e.summary() for e in pending if e.status == IN_PROGRESS],
                "queuedJobs": [e.summary() for e in pending if e.status == QUEUED],
            }
        if request.kind == DESCRIBE:
            execution = self.ledger.describe(request)
            return {
                "execution": self._shown(execution, documented=request.body.get("includeJobDocument", True) is True)
            }
        execution = self.ledger.update(request)
        answer: dict[str, object] = {}
        if request.body.get("includeJobExecutionState"):
            answer["executionState"] = execution.state()
        if request.body.get("includeJobDocument"):
            answer["jobDocument"] = self._with_urls(execution.document)
        return answer

    def _answer(self, request: Request, fault: Fault, answer: str, body: dict[str, object]) -> None:
        topic = request.topic
        if fault.job_id is not None:
            topic = topic.replace(f"/jobs/{request.job_id}/", f"/jobs/{fault.job_id}/")
        content = body | {"timestamp": self._now_s(), "clientToken": fault.token or request.token}
        payload = json.dumps(content).encode() if fault.payload is None else fault.payload
        for _ in range(fault.copies if not fault.drops else 0):
            self.deliver(f"{topic}/{answer}", payload, self._answer_ms + fault.delay_ms)

    def _notify(self, head: tuple[str, int] | None, delay_ms: int = 0) -> None:
        """Publish what changed since `head` was the next job: the list on any change of it, the next if another."""
        pending = self.ledger.pending()
        listed = {(e.job_id, e.number) for e in pending}
        prefix = f"$aws/things/{self.thing_name}/jobs"
        if listed != self._listed:
            self._listed = listed
            jobs = {
                status: [e.summary() for e in pending if e.status == status]
                for status in (IN_PROGRESS, QUEUED)
                if any(e.status == status for e in pending)
            }
            self._publish(f"{prefix}/notify", {"jobs": jobs}, delay_ms)
        if self._head() != head:
            self._publish(
                f"{prefix}/notify-next", {"execution": self._shown(pending[0])} if pending else {}, delay_ms
            )

    def _publish(self, topic: str, body: dict[str, object], delay_ms: int) -> None:
        self.deliver(topic, json.dumps(body | {"timestamp": self._now_s()}).encode(), delay_ms)

    def _head(self) -> tuple[str, int] | None:
        """Which execution is the next one."""
        pending = self.ledger.pending()
        return (pending[0].job_id, pending[0].number) if pending else None

    def _shown(self, execution: Execution, *, documented: bool = True) -> dict[str, object]:
        shown = execution.full()
        if documented:
            shown["jobDocument"] = self._with_urls(execution.document)
        return shown

    def _with_urls(self, document: object) -> object:
        """The document with fresh presigned URLs for its placeholders, as AWS makes them for each describe."""
        self.minted += 1
        signed = rf"\1?X-Amz-Expires=3600&X-Amz-Signature={self.minted:064x}"
        shown: object = json.loads(_PRESIGNED.sub(signed, json.dumps(document)))
        return shown

    def _now_s(self) -> int:
        return self.epoch_s + self._clock.now_ms() // 1000
