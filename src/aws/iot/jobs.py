"""The jobs of a thing: list, describe, update. This file knows nothing of firmware; `reports` says how jobs ended.

AWS: https://docs.aws.amazon.com/iot/latest/developerguide/jobs-mqtt-api.html
"""

from aws.iot import topics
from aws.iot.errors import ExecutionOver, IotError, NoAnswer, VersionMismatch
from aws.iot.exchange import MAX_TRIES, UNREADABLE, Exchange, call, clean_details
from aws.iot.looks import Looks
from aws.iot.mqtt import parse_object
from aws.iot.shadows import Shadows
from fota import machine
from fota.log import log

TYPE_CHECKING = False
if TYPE_CHECKING:
    from aws.iot.deferrals import Deferrals
    from aws.iot.iot import Thing
    from fota.clock import Clock

LISTED = 10
"""The service lists this number of jobs that wait; https://docs.aws.amazon.com/iot/latest/developerguide/job-limits.html"""

MAX_SHORTAGES = 10
"""A job is given up when memory or file descriptors were lacking more often, one time after the other."""


class Job:
    """One thing's part of a job, which AWS calls a job execution. Made by `Jobs.list`."""

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
        self.status: "str" = ""
        self.version: "int" = 0
        """The version of the execution as last seen; 0 before that."""
        self.document: object = None
        """The job document after `describe`; a dict, unless the operator wrote something odd."""
        self.told_at_s: "int | None" = None
        """When the service answered `describe`, by its own clock, in seconds since 1970; not every answer says it."""
        self.state: "dict[str, object]" = {}
        """The execution as the service last described it."""
        self._exchange = exchange

    def describe(self) -> bool:
        """Fill `status`, `version`, `execution` and `document`; returns True. Presigned URLs are fresh each time.

        *Blocks*. *Raises* ExecutionOver when it ended or is gone, NoAnswer, NotConnected, RequestRejected.
        """
        request: "dict[str, object]" = {"includeJobDocument": True}
        if self.execution is not None:
            request["executionNumber"] = self.execution
        answer = self._exchange.ask(topics.job_get(self.thing.thingname, self.jobid), request)
        if answer is UNREADABLE:
            # The operator must learn of this in the report: the job has no document.
            self.document = None
            return True
        state = answer.get("execution")
        if not isinstance(state, dict):
            raise ExecutionOver(f"{self.jobid}: the service knows no such execution", code="ResourceNotFound")
        self.state = state
        self._see(state)
        told_at_s = answer.get("timestamp")
        self.told_at_s = told_at_s if type(told_at_s) is int else None
        document = state.get("jobDocument")
        # Over MQTT the document is an object; elsewhere AWS sends it as a string.
        found = parse_object(document.encode()) if isinstance(document, str) else None
        self.document = document if found is None else found
        return True

    def is_pending(self) -> bool:
        """Whether this execution waits or is in progress, as the service says.

        *Blocks* as `describe`. *Raises* NoAnswer, NotConnected, RequestRejected.
        """
        try:
            self.describe()
            problem: "object" = self.status
        except ExecutionOver as error:
            problem = error
        is_pending = problem in (self.QUEUED, self.IN_PROGRESS)
        if not is_pending:
            log("job-over", job=self.jobid, problem=problem)
        return is_pending

    def update(self, status: str, status_details: "dict[str, str] | None" = None, *, tries: int = MAX_TRIES) -> bool:
        """Report a status, with details that replace the former ones; True once the service has accepted it.

        Sends the version last seen, so that a change by somebody else is noticed. If a rejection
        shows that the wanted status was reached already (an answer was lost), that counts as accepted. *Blocks*.
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

    def __init__(
        self,
        thing: "Thing",
        *,
        clock: "Clock" = machine,
        look_again_s: int = 3_600,
        look_behind_s: int = 120,
        spread_s: int = 600,
        tells_state: bool = True,
    ) -> None:
        """Subscribe to notifications and answers. *Blocks* until granted. *Raises* NoAnswer, NotConnected.

        look_again_s: after this number of seconds, up to twice as many, `changed` is True without any news.
        look_behind_s: the same while a job waits that is not ours to end: another may wait behind it.
        spread_s: after an outage `changed` waits for a random time up to this number of seconds.
        tells_state: whether the shadow `fota` is told what the device runs; see `aws.iot.shadows`.
        """
        self.thing = thing
        self.others: "dict[tuple[str, int | None], bool]" = {}
        """The executions that are no firmware job, and whether the program's callback has had each."""
        self.told_to_wait: "list[tuple[str, int | None]]" = []
        """The executions that the service was told to be waiting; see `fota.pace`."""
        self.waits_for_leave: "tuple[str, int | None] | None" = None
        """The execution whose image is installed and waits for leave to restart, once the service was told."""
        self.deferrals: "Deferrals | None" = None
        """The firmware jobs that the program's policy puts off; None while it puts off none."""
        self._looks = Looks(thing.mqtt, clock, look_again_s, look_behind_s, spread_s)
        self._shortages: "dict[tuple[str, int | None], int]" = {}
        self._is_paused = False
        kind = Exchange
        if TYPE_CHECKING or machine.INTERPRETER == "cpython":
            # Imported here, since a program for MicroPython has one thread.
            from aws.iot._shared_exchange_cpython import SharedExchange

            kind = SharedExchange
        self._exchange = kind(thing.mqtt, thing.thingname, clock)
        self.shadows: "Shadows" = Shadows(thing, self._exchange, self._looks, clock, tells_state=tells_state)
        """What the device tells its shadows."""
        thing.mqtt.subscribe(topics.jobs_notify_next(thing.thingname), self._notify)
        try:
            # The last one: AWS hangs up on a SUBSCRIBE that the policy forbids, as older policies of ours do.
            thing.mqtt.subscribe(topics.jobs_notify(thing.thingname), self._notify)
        except IotError as error:
            # Asked for once. A change behind the first job is noticed when `changed` is True by itself.
            log("subscribe-refused", topics=topics.jobs_notify(thing.thingname), problem=error)

    def changed(self) -> bool:
        """True once after a notification, after a new connection, or when `put_off` is due: then `list` again.

        A connection counts because notifications are not replayed to a device that was away; after an outage, a
        random time later, unless work is left. They are also lost without a trace, and say little; so it is True now
        and then by itself.
        """
        return self._looks.are_due()

    def policy_is_due(self) -> bool:
        """Whether the program's policy is to be asked again about a job that it put off; costs microseconds."""
        return self.deferrals is not None and self.deferrals.is_due()

    def look_seldom(self) -> None:
        """All that waits is put off: the next look by itself comes as if nothing waited."""
        self._looks.seldom()

    def look_now(self) -> None:
        """Let `changed` be True at the next call."""
        self._looks.is_notified = True

    def put_off(self) -> int:
        """Work was left: `changed` becomes True again after a delay that grows; returns the delay in ms."""
        return self._looks.retry.start()

    def nothing_left(self) -> None:
        """No work is left: the next `put_off` is a short one again."""
        self._looks.retry.reset()

    def disconnect(self) -> None:
        """Close the connection of the thing, for `reconnect` to open again."""
        self._is_paused = True
        try:
            call(self.thing.mqtt.disconnect)
        except IotError as error:
            log("connection-lost", problem=error)

    def reconnect(self) -> None:
        """Undo `disconnect`, if there was one. *Blocks* while connecting. *Raises* NotConnected."""
        if self._is_paused:
            call(self.thing.mqtt.connect)
            self._is_paused = False

    def try_to_reconnect(self) -> None:
        """The same, but a failure is logged: a later call tries again."""
        try:
            self.reconnect()
        except IotError as error:
            log("connect-failed", endpoint=self.thing.endpoint, problem=error)

    def may_try_again(self, job: Job) -> bool:
        """Whether a job that ended for want of memory or file descriptors is left for later; counted in each boot."""
        name = (job.jobid, job.execution)
        count = self._shortages.get(name, 0) + 1
        self._shortages[name] = count
        return count <= MAX_SHORTAGES

    def job(self, jobid: str, execution: "int | None" = None) -> Job:
        """A job that is known by its id and not described yet."""
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
        self.look_now()

    def look(self) -> "tuple[list[Job], list[Job]]":
        """The same as `list`, without telling the shadow anything."""
        answer = self._exchange.ask(topics.jobs_get(self.thing.thingname), {})
        in_progress = self._listed(answer, "inProgressJobs", Job.IN_PROGRESS)
        queued = self._listed(answer, "queuedJobs", Job.QUEUED)
        count = len(in_progress) + len(queued)
        if count >= LISTED:
            log("list-full", listed=count)
        self._looks.seen(count)
        return in_progress, queued

    def list(self) -> "tuple[list[Job], list[Job]]":
        """The jobs in progress and the jobs queued, each in the service's order; at most ten or so in all.

        A job that is not listed may still wait: `Job.describe` tells. The shadow is told what the device runs, if
        that has changed and a device is known. *Blocks*. *Raises* NoAnswer, NotConnected, RequestRejected.
        """
        found = self.look()
        self.shadows.tell_state()
        return found
