"""One request to AWS IoT Jobs over MQTT, and its answer.

Answers are matched by exact topic and by a client token that is fresh for every try. Every wait is bounded.
`jobs` knows what the answer means.

AWS: https://docs.aws.amazon.com/iot/latest/developerguide/jobs-mqtt-api.html
"""

from aws.iot import topics
from aws.iot.errors import (
    ExecutionOver,
    IotError,
    NoAnswer,
    NotConnected,
    QueueFull,
    RequestRejected,
    TryLater,
    VersionMismatch,
)
from aws.iot.mqtt import parse_object
from fota import machine
from fota.log import log, problem_of
from fota.transfer.backoff import Backoff
from fota.waiting import pause, still_waiting

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from aws.iot.mqtt import Connection
    from fota.clock import Clock

ANSWER_TIMEOUT_MS = 10_000
MAX_TRIES = 4
UNREADABLE: "dict[str, object]" = {}
"""Takes the place of an answer that has our token but is no valid JSON, or JSON that parsers read differently."""

_WAIT_MS = 2_000
"""A wait for an answer is told to the progress so often."""
_FIRST_DELAY_MS = 500
_MAX_DELAY_MS = 8_000
_MAX_WAITING = 8
_MAX_DETAILS = 10
_MAX_DETAIL_CHARACTERS = 1024

_KINDS = {
    "VersionMismatch": VersionMismatch,
    "InvalidStateTransition": ExecutionOver,
    "TerminalStateReached": ExecutionOver,
    "ResourceNotFound": ExecutionOver,
    "RequestThrottled": TryLater,
    "InternalError": TryLater,
    "429": TryLater,
    "500": TryLater,
}


class Exchange:
    """Requests of one thing over one connection; one at a time."""

    def __init__(self, connection: "Connection", thing_name: str, clock: "Clock" = machine) -> None:
        """Subscribe to the answers. *Blocks* until the broker has granted that. *Raises* NoAnswer, NotConnected."""
        self._connection = connection
        self._clock = clock
        self._awaited: "tuple[str, str] | None" = None
        self._inbox: "list[tuple[str, bytes]]" = []
        for topic_filter in topics.jobs_replies(thing_name):
            connection.subscribe(topic_filter, self._receive)

    def ask(self, topic: str, request: "dict[str, object]", tries: int = MAX_TRIES) -> "dict[str, object]":
        """Publish `request` and return the body of its `accepted` answer.

        Tries again, with a new token, when no answer comes or the service is throttling; requests must
        therefore be idempotent. *Blocks* for at most `tries` times ANSWER_TIMEOUT_MS and the
        delays between. *Raises* NoAnswer, NotConnected, RequestRejected.
        """
        backoff = Backoff(_FIRST_DELAY_MS, _MAX_DELAY_MS)
        while True:
            tries -= 1
            try:
                return self._ask_once(topic, request)
            except (NoAnswer, TryLater) as error:
                if tries <= 0:
                    raise
                log("request-retried", topic=topic, problem=error)
            pause(self._clock, backoff.next_ms())

    def ask_aside(self, topic: str, request: "dict[str, object]") -> "dict[str, object]":
        """The same for a request that a policy may forbid: nothing of it outlives the call, and it is sent once.

        Its answers are subscribed to for its time only, and with QoS 0 no connection sends it again: so one that the
        broker hangs up on costs one connection. *Blocks* for at most 10 s more for each of two subscriptions.
        """
        asked: "list[str]" = []
        try:
            for answer_topic in (topics.accepted(topic), topics.rejected(topic)):
                call(self._connection.subscribe, answer_topic, self._receive)
                asked.append(answer_topic)
            return self._ask_once(topic, request, 0)
        finally:
            for answer_topic in asked:
                call(self._connection.unsubscribe, answer_topic)

    def _ask_once(self, topic: str, request: "dict[str, object]", qos: int = 1) -> "dict[str, object]":
        token = fresh_token()
        message = dict(request)
        message["clientToken"] = token
        awaited = (topics.accepted(topic), topics.rejected(topic))
        deadline_ms = self._clock.now_ms() + ANSWER_TIMEOUT_MS
        self._inbox = []
        self._awaited = awaited
        try:
            try:
                call(self._connection.publish, topic, message, qos)
            except QueueFull:
                # A client without a thread mends its connection only while it waits, and nothing else may wait now.
                call(self._connection.wait, _WAIT_MS)
                raise
            while True:
                remaining_ms = deadline_ms - self._clock.now_ms()
                if remaining_ms <= 0:
                    raise NoAnswer(f"{topic}: no answer within {ANSWER_TIMEOUT_MS} ms")
                if not self._inbox:
                    self._connection.wait(min(remaining_ms, _WAIT_MS))
                    still_waiting()
                answer = self._next_with(token)
                if answer is not None:
                    break
        finally:
            self._awaited = None
        answer_topic, body = answer
        if answer_topic == awaited[1]:
            raise _rejection(topic, body)
        return body

    def _receive(self, topic: str, payload: bytes) -> None:
        """Keep an answer if a request waits for it. Runs in the connection's thread: quick, and never raises."""
        if self._awaited is not None and topic in self._awaited and len(self._inbox) < _MAX_WAITING:
            self._inbox.append((topic, payload))

    def _next_with(self, token: str) -> "tuple[str, dict[str, object]] | None":
        """The first waiting answer that carries our token; others are dropped."""
        while self._inbox:
            topic, payload = self._inbox.pop(0)
            body = parse_object(payload, clips=True)
            if body is None and token.encode() in payload:
                # It is ours, but unreadable: AWS accepted a job document that parsers read differently.
                log("message-unreadable", topic=topic)
                return topic, UNREADABLE
            if body is None:
                log("message-dropped", topic=topic, problem="not a JSON object")
            elif body.get("clientToken") == token:
                return topic, body
        return None


def call(function: "Callable[..., None]", *arguments: object) -> None:
    """Call a function of a connection. *Raises* NotConnected for whatever it raises: it may be the program's own."""
    try:
        function(*arguments)
    except IotError:
        raise
    except Exception as error:  # noqa: BLE001 - no file descriptor, no thread, no memory: no connection
        raise NotConnected(f"the connection failed: {problem_of(error)}", cause=error)


def fresh_token() -> str:
    """A client token that no other request of ours has: 16 hexadecimal digits."""
    token = ""
    while len(token) < 16:
        token += f"{int(machine.random_fraction() * 65536):04x}"
    return token


def _rejection(topic: str, body: "dict[str, object]") -> RequestRejected:
    code, message, state = str(body.get("code", "")), body.get("message", ""), body.get("executionState")
    kind = _KINDS.get(code, RequestRejected)
    return kind(
        f"{topic}: {code or 'rejected'}: {message}",
        code=code,
        execution_state=state if isinstance(state, dict) else None,
    )


def clean_details(details: "dict[str, str]") -> "dict[str, str]":
    """Status details as the API takes them: at most ten, 1 to 1,024 characters, no control characters."""
    clean = {}
    for name in list(details)[:_MAX_DETAILS]:
        text = "".join(c if " " <= c <= "~" else "?" for c in str(details[name]))[:_MAX_DETAIL_CHARACTERS]
        if text:
            clean[name] = text
    return clean
