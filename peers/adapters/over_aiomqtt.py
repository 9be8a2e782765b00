"""A connection over aiomqtt, in an event loop of its own. aiomqtt connects once: this connects again, and resends."""

import asyncio
import contextlib
import logging
import random
import ssl
import threading
from collections.abc import Callable
from typing import Any

from aiomqtt import Client, MqttError

from aws.iot.errors import ConnectFailed, NoAnswer, NotConnected
from aws.iot.mqtt import check_filter, check_topic, encode, rules
from aws.iot.mqtt.filters import matches

Message = tuple[str, bytes, int]
Callback = Callable[[str, bytes], None]
GOODBYE_S = rules.GOODBYE_WITHIN_MS / 1000


class OverAiomqtt:
    """`tls` has the authority to trust and the certificate of the device."""

    def __init__(self, host: str, port: int, client_id: str, tls: ssl.SSLContext) -> None:
        self.sessions = 0
        self._filters: dict[str, tuple[Callback, int]] = {}
        self._is_open = False
        self._changed = threading.Condition()
        self._arrived = threading.Event()
        self._host, self._port = host, port
        self._options: dict[str, Any] = {"identifier": client_id, "tls_context": tls}
        self._messages: list[Message] = []
        """What is not acknowledged, in order."""
        self._tasks: set[asyncio.Task[None]] = set()
        self._client: Any = None
        self._life: Any = None
        self._problem: Exception | None = None
        self._loop = asyncio.new_event_loop()
        threading.Thread(target=self._loop.run_forever, daemon=True).start()

    def connect(self, port: "int | None" = None, *, timeout_ms: int = 30_000) -> None:
        self._port = port or self._port
        if not self._is_open:
            self._problem = None
            self._life = asyncio.run_coroutine_threadsafe(self._live(timeout_ms / 1000), self._loop)
        with self._changed:
            self._changed.wait_for(lambda: self._client or (self._problem and not self._is_open), timeout_ms / 1000)
            if self._client is None:
                if not self._is_open:
                    self._life.cancel()
                raise ConnectFailed(f"no connection: {self._problem}")

    def is_connected(self) -> bool:
        return self._client is not None

    def disconnect(self) -> None:
        with self._changed:
            self._is_open = False
            if self._client is not None:
                self._changed.wait_for(lambda: not self._messages, GOODBYE_S)
            if self._life is not None:
                self._life.cancel()
                self._changed.wait_for(lambda: self._client is None, GOODBYE_S)

    def close(self) -> None:
        self.disconnect()
        self._filters.clear()
        self._messages.clear()

    def loop(self) -> None:
        """The loop has a thread of its own."""

    def publish(self, topic: str, payload: "bytes | str | dict[str, object]", qos: int = 1) -> None:
        """Send, or keep while a lost connection is mended."""
        check_topic(topic, qos)
        if not self._is_open:
            raise NotConnected(f"{topic}: not connected")
        if len(self._messages) >= rules.MAX_WAITING_CPYTHON:
            raise NotConnected(f"{topic}: {rules.MAX_WAITING_CPYTHON} messages wait already")
        self._post(topic, encode(payload), qos)

    def subscribe(self, topic_filter: str, callback: Callback, qos: int = 1) -> None:
        """Remember it, and ask for it when connected."""
        check_filter(topic_filter, qos)
        self._filters[topic_filter] = (callback, qos)
        if self.is_connected():
            try:
                self._ask(topic_filter, qos)
            except (NoAnswer, NotConnected):
                self._filters.pop(topic_filter, None)
                raise

    def unsubscribe(self, topic_filter: str) -> None:
        """Forget it."""
        self._filters.pop(topic_filter, None)
        if self.is_connected():
            self._leave(topic_filter)

    def wait(self, timeout_ms: int) -> None:
        """Return once a message was handed out since the last call, or after that time."""
        self._arrived.wait(timeout_ms / 1000)
        self._arrived.clear()

    def _hand_out(self, topic: str, payload: bytes) -> None:
        for topic_filter, (callback, _) in list(self._filters.items()):
            if matches(topic_filter, topic):
                try:
                    callback(topic, payload)
                except Exception as error:  # noqa: BLE001  # it would end the client's thread
                    # The kind alone: a message may hold a presigned URL.
                    logging.getLogger(__name__).warning("%s: %s", topic, type(error).__name__)
        self._arrived.set()

    def _post(self, topic: str, body: bytes, qos: int) -> None:
        self._messages.append((topic, body, qos))
        self._loop.call_soon_threadsafe(self._send, self._messages[-1])

    def _ask(self, topic_filter: str, qos: int) -> None:
        client = self._client
        if client is None:
            return
        try:
            asked = asyncio.run_coroutine_threadsafe(client.subscribe(topic_filter, qos), self._loop)
            if any(getattr(code, "value", code) >= 0x80 for code in asked.result()):
                raise NotConnected(f"{topic_filter}: the broker refused the subscription")
        except MqttError as error:
            raise (NoAnswer if client is self._client else NotConnected)(f"{topic_filter}: {error}") from error

    def _leave(self, topic_filter: str) -> None:
        if self._client is not None:
            asyncio.run_coroutine_threadsafe(self._client.unsubscribe(topic_filter), self._loop)

    async def _live(self, timeout_s: float) -> None:
        """One connection after the other, until this is cancelled or the first one fails."""
        while True:
            # A fresh client each time: one that has lost a connection does not wait for the CONNACK of the next.
            client = Client(self._host, self._port, **self._options, timeout=timeout_s)
            client.pending_calls_threshold = rules.MAX_WAITING_CPYTHON
            try:
                async with client:
                    client.timeout = timeout_s = rules.GRANT_WITHIN_MS / 1000
                    filters = [(name, qos) for name, (_, qos) in self._filters.items()]
                    for start in range(0, len(filters), rules.MAX_FILTERS):
                        await client.subscribe(filters[start : start + rules.MAX_FILTERS])
                    self._set_client(client)
                    async for message in client.messages:
                        self._hand_out(str(message.topic), bytes(message.payload))
            except MqttError as error:
                self._problem = error
            finally:
                self._set_client(None)
            if not self._is_open:
                return
            await asyncio.sleep(rules.CONNECT_EVERY_MS / 1000 + random.random())

    def _set_client(self, client: Any) -> None:
        with self._changed:
            self._client = client
            if client is not None:
                self._is_open = True
                self.sessions += 1
            self._changed.notify_all()
        for task in self._tasks:
            task.cancel()
        for message in list(self._messages):
            self._send(message)

    def _send(self, message: Message) -> None:
        if self._client is not None:
            task = self._loop.create_task(self._publish(self._client, message))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)

    async def _publish(self, client: Any, message: Message) -> None:
        while client is self._client:
            with contextlib.suppress(MqttError):
                await client.publish(*message)
                with self._changed:
                    self._messages.remove(message)
                    self._changed.notify_all()
                return
            # Not acknowledged in time: once more, unless this is the goodbye.
            if not self._is_open:
                return


def from_files(host: str, port: int, client_id: str, cacert: str, certificate: str, key: str) -> OverAiomqtt:
    """A connection with the files of a thing's folder."""
    context = ssl.create_default_context(cafile=cacert)
    context.load_cert_chain(certificate, key)
    return OverAiomqtt(host, port, client_id, context)


def from_authorities(host: str, port: int, client_id: str, authorities: str) -> OverAiomqtt:
    """A connection without a certificate of its own; `authorities` is PEM."""
    return OverAiomqtt(host, port, client_id, ssl.create_default_context(cadata=authorities))
