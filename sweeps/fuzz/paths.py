"""The two ways of a document through a device: judged only, or through the whole flow.

`judged`: the answer to a describe is read, dispatched by the flow and carried out by the job's own code, up to the
claim; then the service says that the job is over. This is fast, and the device is used again.
`whole`: `handle_fota_jobs` over the fake of AWS IoT Jobs, with a download, up to the restart. Each document gets
a new device.
"""

from __future__ import annotations

import contextlib
import random
from dataclasses import dataclass
from typing import TYPE_CHECKING

from aws.iot import fota as awsfota
from aws.iot.errors import ExecutionOver
from aws.iot.exchange import UNREADABLE, Exchange
from aws.iot.flow import Flow
from aws.iot.iot import Thing
from aws.iot.jobs import Job, Jobs
from aws.iot.mqtt import parse_object
from aws.iot.shadows import Shadows
from fota.progress import Progress
from fota_testing.jobs.memory_connection import MemoryConnection
from fota_testing.jobs.service import JobsService
from sweeps.fuzz.bench import Bench, Restarted
from sweeps.fuzz.stage import NOW_S

if TYPE_CHECKING:
    from collections.abc import Callable

    from fota_testing.clock import FakeClock
    from sweeps.fuzz.documents import Document

    Path = Callable[[Bench, Document], "Outcome"]

JOB = "job-1"
LEFT, HANDED_OVER, CLAIMED = "left", "handed-over", "claimed"
"""Nothing came of it; the job is the program's own; the device set about it. Else it is the status reported."""
TAKEN = frozenset((CLAIMED, "SUCCEEDED", "FAILED"))
"""Ways to end of a document that was not refused."""

_PLACEHOLDER = "@document@"


@dataclass(frozen=True)
class Outcome:
    """What a document came to."""

    end: str
    reason: str
    written_bytes: int

    @property
    def label(self) -> str:
        """In a table."""
        return f"{self.end} {self.reason}".strip()


def judged(bench: Bench, document: Document) -> Outcome:
    """What the device decides, on a bench that has decided before. Writes only what a keyring or a release needs."""
    thing = Thing("broker.example", "lamp", b"", b"", connection=MemoryConnection(bench.clock))
    service = _ScriptedExchange(answer(document.text))
    before = bench.meter.written_bytes
    handed: list[Job] = []
    if Flow(_OneJob(thing, service), bench.device, Progress(), disconnects=False).run(None, handed.append):
        raise AssertionError("a restart for a job that was over before it began")
    end = HANDED_OVER if handed else service.status
    return Outcome(end, service.reason, bench.meter.written_bytes - before)


def whole(bench: Bench, document: Document) -> Outcome:
    """What comes of the document, on a bench that is new."""
    dice = random.Random(document.number)
    # Of tokens and delays.
    random.seed(document.number)
    service = _RawService(bench.clock, document.text)
    thing = Thing("broker.example", service.thing_name, b"", b"", connection=service)
    thing.mqtt.connect()
    jobs = Jobs(thing, clock=bench.clock)
    service.create(JOB, _PLACEHOLDER)
    handed: list[Job] = []
    with contextlib.suppress(Restarted):
        awsfota.handle_fota_jobs(
            jobs, force=True, disconnect_mqtt=dice.random() < 0.5, job_cbk=handed.append, device=bench.device
        )
    execution = service.execution(JOB)
    end = {"QUEUED": HANDED_OVER if handed else LEFT, "IN_PROGRESS": CLAIMED}.get(execution.status, execution.status)
    return Outcome(end, execution.details.get("reason", ""), bench.meter.written_bytes)


class _ScriptedExchange(Exchange):
    """Answers a describe with the document; takes what is reported, but says of a claim that the job is over."""

    def __init__(self, answer: bytes) -> None:
        self.status = ""
        self.reason = ""
        self._answer = answer

    def ask(self, topic: str, request: dict[str, object], tries: int = 1) -> dict[str, object]:  # noqa: ARG002 - its signature
        if not topic.endswith("/update"):
            body = parse_object(self._answer, clips=True)
            return UNREADABLE if body is None else body
        status, details = request["status"], request.get("statusDetails")
        if status == Job.IN_PROGRESS:
            self.status = CLAIMED
            raise ExecutionOver("cancelled")
        self.status = str(status)
        self.reason = str(details.get("reason", "")) if isinstance(details, dict) else ""
        return {}


class _OneJob(Jobs):
    """One job waits."""

    def __init__(self, thing: Thing, exchange: Exchange) -> None:
        self._one = Job(thing, JOB, exchange, execution=1)
        self.others = {}
        self.told_to_wait = []
        self.waits_for_leave = None
        self.deferrals = None
        # What the device runs is no part of a document.
        self.shadows = _NoShadows()

    def may_try_again(self, job: Job) -> bool:  # noqa: ARG002 - the protocol's
        """Whatever lacks ends the job."""
        return False

    def reconnect(self) -> None:
        """Connected always."""

    def look(self) -> tuple[list[Job], list[Job]]:
        """The one."""
        return [], [self._one]


class _NoShadows(Shadows):
    """Tells nothing."""

    def __init__(self) -> None:
        self._tells_state = False


class _RawService(JobsService):
    """AWS IoT Jobs with a document that need be no JSON."""

    def __init__(self, clock: FakeClock, text: bytes) -> None:
        super().__init__(clock, "lamp")
        self._text = text

    def deliver(self, topic: str, payload: bytes, delay_ms: int = 0) -> None:
        """Put the very bytes of the document in the place of its placeholder."""
        super().deliver(topic, payload.replace(b'"' + _PLACEHOLDER.encode() + b'"', self._text), delay_ms)


def answer(text: bytes) -> bytes:
    """What the service answers to a describe, as `JobsService` words it."""
    head = (
        b'{"execution": {"jobId": "job-1", "queuedAt": 1767226600, "lastUpdatedAt": 1767226600, "versionNumber": 1,'
    )
    head += b' "executionNumber": 1, "status": "QUEUED", "jobDocument": '
    return head + text + b'}, "timestamp": ' + str(NOW_S).encode() + b', "clientToken": "0123456789abcdef"}'
