"""One request to AWS IoT Jobs over MQTT, and its answer.

Answers are matched by exact topic and by a client token that is fresh for every try. Every wait is bounded.
What the answer means is left to `jobs`.

AWS: https://docs.aws.amazon.com/iot/latest/developerguide/jobs-mqtt-api.html
"""

from aws.iot import topics
from aws.iot.errors import ExecutionOver, NoAnswer, RequestRejected, TryLater, VersionMismatch
from aws.iot.mqtt import parse_object
from fota import machine
from fota.backoff import Backoff
from fota.log import log

TYPE_CHECKING = False
if TYPE_CHECKING:
    from aws.iot.mqtt import Connection
    from fota.download import Clock

ANSWER_TIMEOUT_MS = 10_000
MOST_TRIES = 4
UNREADABLE: "dict[str, object]" = {}
"""The body of an answer that is ours by its token, and no JSON that can be read one way only."""

_FIRST_DELAY_MS = 500
_MOST_DELAY_MS = 8_000
_MOST_WAITING = 8

_KINDS = {
    "VersionMismatch": VersionMismatch,
    "InvalidStateTransition": ExecutionOver,
    "TerminalStateReached": ExecutionOver,
    "ResourceNotFound": ExecutionOver,
    "RequestThrottled": TryLater,
    "InternalError": TryLater,
}


class Exchange:
    """Requests of one thing over one connection; one at a time."""

    def __init__(self, connection: "Connection", thing_name: str, clock: "Clock" = machine) -> None:
        """Subscribes to the answers. *Blocks* until the broker has granted that. *Raises* NoAnswer, NotConnected."""
        self._connection = connection
        self._clock = clock
        self._awaited: "tuple[str, str] | None" = None
        self._inbox: "list[tuple[str, bytes]]" = []
        for topic_filter in topics.jobs_replies(thing_name):
            connection.subscribe(topic_filter, self._receive)

    def ask(self, topic: str, request: "dict[str, object]", tries: int = MOST_TRIES) -> "dict[str, object]":
        """Publish `request` and return the body of its `accepted` answer.

        Tries again, with a new token, when nothing is answered or the service asks for patience; a request must
        therefore bear being carried out twice. *Blocks* for at most `tries` times ANSWER_TIMEOUT_MS and the
        delays between. *Raises* NoAnswer, NotConnected, RequestRejected.
        """
        backoff = Backoff(_FIRST_DELAY_MS, _MOST_DELAY_MS)
        while True:
            tries -= 1
            try:
                return self._ask_once(topic, request)
            except (NoAnswer, TryLater) as error:
                if tries <= 0:
                    raise
                log("request-retried", topic=topic, problem=error)
            self._clock.sleep_ms(backoff.next_ms())

    def _ask_once(self, topic: str, request: "dict[str, object]") -> "dict[str, object]":
        token = fresh_token()
        message = dict(request)
        message["clientToken"] = token
        awaited = (topics.accepted(topic), topics.rejected(topic))
        deadline_ms = self._clock.now_ms() + ANSWER_TIMEOUT_MS
        self._inbox = []
        self._awaited = awaited
        try:
            self._connection.publish(topic, message)
            while True:
                remaining_ms = deadline_ms - self._clock.now_ms()
                if remaining_ms <= 0:
                    raise NoAnswer(f"{topic}: no answer within {ANSWER_TIMEOUT_MS} ms")
                if not self._inbox:
                    self._connection.wait(remaining_ms)
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
        """Keep an answer that is waited for. Runs in the connection's thread: quick, and raises nothing."""
        if self._awaited is not None and topic in self._awaited and len(self._inbox) < _MOST_WAITING:
            self._inbox.append((topic, payload))

    def _next_with(self, token: str) -> "tuple[str, dict[str, object]] | None":
        """The first waiting answer that carries our token; others are dropped."""
        while self._inbox:
            topic, payload = self._inbox.pop(0)
            body = parse_object(payload, clips=True)
            if body is None and token.encode() in payload:
                # Ours, and nobody can read it: a job document that AWS took and no two parsers read alike.
                log("message-unreadable", topic=topic)
                return topic, UNREADABLE
            if body is None:
                log("message-dropped", topic=topic, problem="not a JSON object")
            elif body.get("clientToken") == token:
                return topic, body
        return None


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
