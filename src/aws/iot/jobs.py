"""The jobs of a thing: list, describe, update, report how they ended. Knows nothing of firmware.

AWS: https://docs.aws.amazon.com/iot/latest/developerguide/jobs-mqtt-api.html
"""

from aws.iot import topics
from aws.iot.errors import ExecutionOver, NoAnswer, VersionMismatch
from aws.iot.exchange import MOST_TRIES, UNREADABLE, Exchange
from aws.iot.mqtt import parse_object
from fota import machine
from fota.backoff import Backoff
from fota.log import log

TYPE_CHECKING = False
if TYPE_CHECKING:
    from aws.iot.iot import Thing
    from fota.download import Clock
    from fota.progress import Progress

_FIRST_PUT_OFF_MS = 2_000
_MOST_PUT_OFF_MS = 300_000
_MOST_INSISTED = 3
_MOST_DETAILS = 10
_MOST_DETAIL_CHARACTERS = 1024


class Job:
    """One thing's share of a job: what AWS calls a job execution. Made by `Jobs.list`."""

    QUEUED = "QUEUED"
    IN_PROGRESS = "IN_PROGRESS"
    FAILED = "FAILED"
    SUCCEEDED = "SUCCEEDED"
    REJECTED = "REJECTED"

    def __init__(self, thing: "Thing", jobid: str, exchange: Exchange, *, execution: "int | None" = None) -> None:
        self.thing = thing
        self.jobid = jobid
        self.execution = execution
        """The execution number, opaque: a retry of the same job has another. None: the newest."""
        self.status = ""
        self.version = 0
        """The version of the execution as last seen; 0 before that."""
        self.document: object = None
        """The job document after `describe`; a dict, unless the operator wrote something odd."""
        self.told_at_s: "int | None" = None
        """When the service answered `describe`, by its own clock: seconds since 1970, where it said so."""
        self._exchange = exchange

    def describe(self) -> bool:
        """Fill `status`, `version`, `execution` and `document`; True. Presigned URLs are made afresh each time.

        *Blocks*. *Raises* ExecutionOver when it ended or is gone, NoAnswer, NotConnected, RequestRejected.
        """
        request: "dict[str, object]" = {"includeJobDocument": True}
        if self.execution is not None:
            request["executionNumber"] = self.execution
        answer = self._exchange.ask(topics.job_get(self.thing.thingname, self.jobid), request)
        if answer is UNREADABLE:
            # Whoever made the job must hear that: its document is none.
            self.document = None
            return True
        state = answer.get("execution")
        if not isinstance(state, dict):
            raise ExecutionOver(f"{self.jobid}: the service knows no such execution", code="ResourceNotFound")
        self._see(state)
        told_at_s = answer.get("timestamp")
        self.told_at_s = told_at_s if type(told_at_s) is int else None
        document = state.get("jobDocument")
        # Over MQTT the document is an object; elsewhere AWS sends it as a string.
        found = parse_object(document.encode()) if isinstance(document, str) else None
        self.document = document if found is None else found
        return True

    def update(self, status: str, status_details: "dict[str, str] | None" = None, *, tries: int = MOST_TRIES) -> bool:
        """Report a status, with details that replace the former ones; True once the service has accepted it.

        Sends the version last seen, so that a change by somebody else is noticed. A refusal that shows the
        wanted status as reached already (an answer was lost) counts as accepted. *Blocks*.
        *Raises* VersionMismatch (`version` and `status` are then the service's), ExecutionOver, NoAnswer,
        NotConnected, RequestRejected.
        """
        request: "dict[str, object]" = {"status": status, "includeJobExecutionState": True}
        if status_details is not None:
            request["statusDetails"] = clean_details(status_details)
        if self.version:
            request["expectedVersion"] = self.version
        if self.execution is not None:
            request["executionNumber"] = self.execution
        try:
            answer = self._exchange.ask(topics.job_update(self.thing.thingname, self.jobid), request, tries)
            state = answer.get("executionState")
        except (VersionMismatch, ExecutionOver) as error:
            state = error.execution_state or {}
            self._see(state)
            # A terminal status that is ours can only be our own report, whose answer was lost; a status that may be
            # repeated must agree in its details too.
            is_ours = isinstance(error, ExecutionOver)
            is_ours = is_ours or state.get("statusDetails", {}) == request.get("statusDetails", {})
            if state.get("status") != status or not is_ours:
                raise
        self._see(state if isinstance(state, dict) else {"status": status, "versionNumber": 0})
        return True

    def _see(self, state: "dict[str, object]") -> None:
        status, version, execution = state.get("status"), state.get("versionNumber"), state.get("executionNumber")
        if isinstance(status, str):
            self.status = status
        if isinstance(version, int):
            self.version = version
        if isinstance(execution, int):
            self.execution = execution


class Jobs:
    """The jobs of one thing, over its connection."""

    def __init__(self, thing: "Thing", *, clock: "Clock" = machine) -> None:
        """Subscribes to notifications and answers. *Blocks* until granted. *Raises* NoAnswer, NotConnected."""
        self.thing = thing
        self._clock = clock
        self._notified = False
        self._sessions_seen = 0
        self._due_at_ms: "int | None" = None
        self._patience = Backoff(_FIRST_PUT_OFF_MS, _MOST_PUT_OFF_MS)
        self._disconnected = False
        self._exchange = Exchange(thing.mqtt, thing.thingname, clock)
        thing.mqtt.subscribe(topics.jobs_notify_next(thing.thingname), self._notify)

    def changed(self) -> bool:
        """True once after a notification, a new connection, or what was put off: then `list` again.

        A connection counts because notifications are not replayed to a device that was away.
        """
        sessions = self.thing.mqtt.sessions
        if sessions != self._sessions_seen:
            self._sessions_seen = sessions
        elif self._notified:
            self._notified = False
        elif self._due_at_ms is not None and self._clock.now_ms() >= self._due_at_ms:
            self._due_at_ms = None
        else:
            return False
        return True

    def put_off(self) -> int:
        """Something was left to do: let `changed` be True again in a while, later each time; that time in ms."""
        delay_ms = self._patience.next_ms()
        self._due_at_ms = self._clock.now_ms() + delay_ms
        return delay_ms

    def nothing_left(self) -> None:
        """All was done: the next `put_off` is a short one again."""
        self._patience.reset()

    def disconnect(self) -> None:
        """Close the connection of the thing, for `reconnect` to open again."""
        self._disconnected = True
        self.thing.mqtt.disconnect()

    def reconnect(self) -> None:
        """Undo `disconnect`; nothing without one. *Blocks* as connecting does. *Raises* ConnectFailed."""
        if self._disconnected:
            self.thing.mqtt.connect()
            self._disconnected = False

    def job(self, jobid: str, execution: "int | None" = None) -> Job:
        """A job known by its id, not described yet."""
        return Job(self.thing, jobid, self._exchange, execution=execution)

    def _listed(self, answer: "dict[str, object]", member: str, status: str) -> "list[Job]":
        summaries = answer.get(member, [])
        if not isinstance(summaries, list):
            raise NoAnswer(f"{member}: expected a list, got {type(summaries).__name__}")
        found = []
        for summary in summaries:
            if isinstance(summary, dict) and isinstance(summary.get("jobId"), str):
                job = self.job(summary["jobId"])
                job._see({"status": status})
                job._see(summary)
                found.append(job)
        return found

    def _notify(self, _topic: str, _payload: bytes) -> None:
        self._notified = True

    def list(self) -> "tuple[list[Job], list[Job]]":
        """The jobs in progress and the jobs queued, each in the service's order; at most ten or so in all.

        *Blocks*. *Raises* NoAnswer, NotConnected, RequestRejected.
        """
        answer = self._exchange.ask(topics.jobs_get(self.thing.thingname), {})
        return self._listed(answer, "inProgressJobs", Job.IN_PROGRESS), self._listed(answer, "queuedJobs", Job.QUEUED)


def report(jobs: Jobs, job: Job, status: str, details: "dict[str, str]", progress: "Progress") -> None:
    """Report how a job ended, over a connection that is opened again if we closed it.

    *Raises* IotError while the service neither accepts it nor says that it is over: then it is still owed.
    """
    jobs.reconnect()
    try:
        insist(job, status, details)
    except ExecutionOver as error:
        log("job-over", job=job.jobid, problem=error)
        return
    reason = details.get("reason", "")
    log("job-reported", job=job.jobid, status=status, reason=reason)
    progress.ended(job.jobid, status, reason)


def insist(job: Job, status: str, details: "dict[str, str]") -> None:
    """Update a job, again when its version was another one: what we say is true whatever came between.

    *Raises* ExecutionOver, VersionMismatch when that does not end, and other IotErrors.
    """
    for tries_left in range(_MOST_INSISTED - 1, -1, -1):
        try:
            job.update(status, details)
            return
        except VersionMismatch:
            if not tries_left:
                raise


def clean_details(details: "dict[str, str]") -> "dict[str, str]":
    """Status details as the API takes them: at most ten, 1 to 1,024 characters, no control characters."""
    clean = {}
    for name in list(details)[:_MOST_DETAILS]:
        text = "".join(c if " " <= c <= "~" else "?" for c in str(details[name]))[:_MOST_DETAIL_CHARACTERS]
        if text:
            clean[name] = text
    return clean
