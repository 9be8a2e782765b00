"""A connection over awscrt, the client below the AWS IoT Device SDK. awscrt connects again by itself."""

import concurrent.futures
from functools import partial
from typing import Any

from awscrt import io, mqtt

from aws.iot.errors import ConnectFailed, NoAnswer, NotConnected
from aws.iot.mqtt import rules
from peers.adapters.remembering import GOODBYE_S, Remembering

Future = concurrent.futures.Future[Any]


class OverAwscrt(Remembering):
    """`tls`: a ClientTlsContext with the authority to trust and the certificate of the device."""

    def __init__(self, host: str, port: int, client_id: str, tls: Any) -> None:
        super().__init__()
        self._where = {"host_name": host, "port": port, "client_id": client_id, "client": mqtt.Client(tls_ctx=tls)}
        self._client: Any = None
        self._sent: set[Future] = set()
        self._asked: set[str] = set()
        self._is_established = False

    def connect(self, port: "int | None" = None, *, timeout_ms: int = 30_000) -> None:
        self._where["port"] = port or self._where["port"]
        if not self._is_open:
            client = mqtt.Connection(
                **self._where,
                clean_session=True,
                reconnect_min_timeout_secs=2,
                # What is not acknowledged by then ends in an error; a message is sent again here. AWS IoT discards
                # what is sent too fast, without a word.
                protocol_operation_timeout_ms=rules.GRANT_WITHIN_MS,
                on_connection_interrupted=self._on_loss,
                on_connection_resumed=lambda connection, **_: self._subscribe_again(connection),
            )
            client.on_message(lambda topic, payload, **_: self._hand_out(topic, bytes(payload)))
            try:
                client.connect().result(timeout_ms / 1000)
            except Exception as error:
                client.disconnect()
                raise ConnectFailed(f"{type(error).__name__}: {error}") from error
            self._client, self._is_open = client, True
            self._subscribe_again(client)
        with self._changed:
            if not self._changed.wait_for(self.is_connected, timeout_ms / 1000):
                raise ConnectFailed("the connection is lost, or the subscriptions are not answered")

    def is_connected(self) -> bool:
        return self._is_open and self._is_established

    def disconnect(self) -> None:
        if self._is_open:
            self._is_open = False
            if self._is_established:
                concurrent.futures.wait(list(self._sent), GOODBYE_S)
            self._is_established = False
            concurrent.futures.wait([self._client.disconnect()], GOODBYE_S)

    def close(self) -> None:
        self.disconnect()
        self._filters.clear()

    def _waiting(self) -> int:
        return len(self._sent)

    def _post(self, topic: str, body: bytes, qos: int) -> None:
        sent, _ = self._client.publish(topic, body, mqtt.QoS(qos))
        self._sent.add(sent)
        sent.add_done_callback(partial(self._on_sent, topic, body, qos))

    def _on_sent(self, topic: str, body: bytes, qos: int, sent: Future) -> None:
        self._sent.discard(sent)
        # A loss ends what was sent before it, since the next session is a clean one; so does the time above.
        if sent.exception() and qos and self._is_open:
            self._post(topic, body, qos)

    def _ask(self, topic_filter: str, qos: int) -> None:
        try:
            self._client.subscribe(topic_filter, mqtt.QoS(qos))[0].result(rules.GRANT_WITHIN_MS / 1000 + 1)
        except Exception as error:
            is_over = isinstance(error, mqtt.SubscribeError) or not self.is_connected()
            raise (NotConnected if is_over else NoAnswer)(f"{topic_filter}: {error}") from error

    def _leave(self, topic_filter: str) -> None:
        self._client.unsubscribe(topic_filter)

    def _on_loss(self, connection: Any, **_: object) -> None:
        if connection is self._client:
            self._is_established = False

    def _subscribe_again(self, connection: Any) -> None:
        """One by one: awscrt's own way asks for all of them in one SUBSCRIBE, and AWS IoT takes eight."""
        with self._changed:
            self._asked = asked = set(self._filters)
            for name, (_, qos) in list(self._filters.items()):
                connection.subscribe(name, mqtt.QoS(qos))[0].add_done_callback(partial(self._on_grant, asked, name))
            self._establish(asked)

    def _on_grant(self, asked: set[str], topic_filter: str, _future: object) -> None:
        with self._changed:
            asked.discard(topic_filter)
            self._establish(asked)

    def _establish(self, asked: set[str]) -> None:
        """Count the session once everything was subscribed to again."""
        if asked is self._asked and not asked and not self.is_connected() and self._is_open:
            self._is_established = True
            self.sessions += 1
            self._changed.notify_all()


def from_files(host: str, port: int, client_id: str, cacert: str, certificate: str, key: str) -> OverAwscrt:
    """A connection with the files of a thing's folder."""
    options = io.TlsContextOptions.create_client_with_mtls_from_path(certificate, key)
    options.override_default_trust_store_from_path(ca_filepath=cacert)
    return OverAwscrt(host, port, client_id, io.ClientTlsContext(options))


def from_authorities(host: str, port: int, client_id: str, authorities: str) -> OverAwscrt:
    """A connection without a certificate of its own; `authorities` is PEM."""
    options = io.TlsContextOptions()
    options.override_default_trust_store(authorities.encode())
    return OverAwscrt(host, port, client_id, io.ClientTlsContext(options))
