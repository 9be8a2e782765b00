"""AWS IoT Jobs as a client of a real broker: it answers with `fota_testing.jobs.service`.

Its session is kept by the broker: what devices ask while it connects again after a restart is not lost, as nothing
is lost in AWS.
"""

import json
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from paho.mqtt.client import Client, MQTTMessage
from paho.mqtt.enums import CallbackAPIVersion

from fota_testing.clock import FakeClock
from fota_testing.jobs.service import JobsService

WITHIN_S = 15.0
_ANSWERS = {"accepted", "rejected", "notify", "notify-next"}


class Responder:
    """The jobs of one thing. An operator creates them here; `statuses` and `details` tell what the device said."""

    def __init__(self, client: Client, thing: str) -> None:
        """`client` is made with a session that is kept, and not connected yet."""
        self._filter = f"$aws/things/{thing}/jobs/#"
        self._lock = threading.Lock()
        self._listens = threading.Event()
        self._client = client
        self._service = _Service(FakeClock(), thing, answer_ms=0)
        self._service.connect()
        self._service.subscribe(self._filter, self._hand_over)
        client.on_connect = self._listen
        client.on_subscribe = lambda *_: self._listens.set()
        client.on_message = self._ask

    @contextmanager
    def answering(self, port: int) -> Iterator["Responder"]:
        """Answer while the block runs. *Raises* AssertionError, OSError."""
        self._client.reconnect_delay_set(1, 1)
        self._client.connect("localhost", port)
        self._client.loop_start()
        try:
            if not self._listens.wait(WITHIN_S):
                raise AssertionError(f"the responder does not listen within {WITHIN_S:.0f} s")
            yield self
        finally:
            self._client.disconnect()
            self._client.loop_stop()

    def create(self, job_id: str, document: object) -> None:
        """Offer a job."""
        with self._lock:
            self._service.create(job_id, document)
            self._service.wait(0)

    def statuses(self, job_id: str) -> list[str]:
        """Every status that the job had, without repetitions."""
        with self._lock:
            return self._service.statuses(job_id)

    def details(self, job_id: str) -> dict[str, str]:
        """What the device told with the last status."""
        with self._lock:
            return dict(self._service.execution(job_id).details)

    def end_of(self, job_id: str, within_s: float) -> str:
        """The last status of a job, once there is one. *Raises* AssertionError."""
        return _last(lambda: self.statuses(job_id), within_s)

    def _hand_over(self, topic: str, payload: bytes) -> None:
        self._client.publish(topic, payload, 1)

    def _listen(self, *_: object) -> None:
        self._client.subscribe(self._filter, 1)

    def _ask(self, _client: Client, _userdata: object, message: MQTTMessage) -> None:
        # What the service itself publishes comes back to it.
        if message.topic.rsplit("/", 1)[-1] not in _ANSWERS:
            with self._lock:
                self._service.publish(message.topic, json.loads(message.payload))
                self._service.wait(0)


class _Service(JobsService):
    """Takes the same request twice, as AWS does: a device sends it again when its acknowledgement was lost."""

    def _arrived(self, topic: str, payload: bytes) -> None:
        self._tokens.clear()
        super()._arrived(topic, payload)


def new_client(name: str) -> Client:
    """A client for a Responder, without TLS yet."""
    return Client(CallbackAPIVersion.VERSION2, name, clean_session=False)


def _last(statuses: Callable[[], list[str]], within_s: float) -> str:
    deadline = time.monotonic() + within_s
    while time.monotonic() < deadline:
        last = statuses()[-1]
        if last not in {"QUEUED", "IN_PROGRESS"}:
            return last
        time.sleep(0.05)
    raise AssertionError(f"the job did not end within {within_s:.0f} s: {statuses()}")
