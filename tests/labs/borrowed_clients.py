"""Programs that have an MQTT client of their own, which a connection borrows; one kind for each client and version.

`KINDS[name]` makes a program for an endpoint; it is the connection, except that `connect` and `disconnect` connect
and end the client too, as its program would. `check_connection` takes it.
"""

import concurrent.futures
import importlib.util
import ssl
import threading
from typing import Any

import pytest
from paho.mqtt.client import Client
from paho.mqtt.enums import CallbackAPIVersion, MQTTProtocolVersion

from aws.iot.connections import over_awscrt, over_paho
from aws.iot.errors import ConnectFailed

CLIENT_ID = "device-1"
RETRY_S = (0.09, 0.2)
"""Between two tries to connect, as a program sets it for its client; for AWS IoT it is more than a second."""

only_with_awscrt = pytest.mark.skipif(importlib.util.find_spec("awscrt") is None, reason="awscrt is not installed")


class Program:
    """The connection and the client below it. What is not here is the connection's."""

    marks_repeated = True
    options: dict[str, Any] = {}
    """More of what the client is made with."""

    def __init__(self, endpoint: str, authorities: str, context: ssl.SSLContext | None = None) -> None:
        self.host, _, port = endpoint.partition(":")
        self.port = int(port)
        self.context = context or ssl.create_default_context(cadata=authorities)
        self.authorities = authorities
        self.connection: Any = self.new_connection()
        self.client: Any = self.connection.client

    def __getattr__(self, name: str) -> Any:
        return getattr(self.connection, name)

    def new_connection(self) -> Any:
        raise NotImplementedError

    def begin(self) -> None:
        """Connect the client, which connects again by itself from then on."""
        raise NotImplementedError

    def end(self) -> None:
        """End the client."""
        raise NotImplementedError

    def connect(self, port: int | None = None, *, timeout_ms: int = 30_000) -> None:
        if not self.is_connected():
            self.begin()
        try:
            self.connection.connect(timeout_ms=timeout_ms)
        except ConnectFailed:
            self.end()
            raise

    def disconnect(self) -> None:
        self.connection.disconnect()
        self.end()

    def close(self) -> None:
        self.connection.close()
        self.end()


class PahoProgram(Program):
    """`loop_start` serves the client."""

    protocol = MQTTProtocolVersion.MQTTv311
    callbacks = CallbackAPIVersion.VERSION2

    def new_client(self) -> Client:
        client = Client(self.callbacks, CLIENT_ID, protocol=self.protocol)
        client.tls_set_context(self.context)
        client.reconnect_delay_set(*RETRY_S)  # type: ignore[arg-type]  # paho counts in any seconds
        return client

    def new_connection(self) -> Any:
        return over_paho(self.new_client())

    def begin(self) -> None:
        self.client.connect_async(self.host, self.port)
        self.client.loop_start()

    def end(self) -> None:
        self.client.disconnect()
        self.client.loop_stop()
        # Paho leaves them to the collector.
        self.client._reset_sockets()


class PahoProgram1(PahoProgram):
    callbacks = CallbackAPIVersion.VERSION1

    def new_client(self) -> Client:
        with pytest.warns(DeprecationWarning, match="Callback API version 1"):
            return super().new_client()


class PahoProgram5(PahoProgram):
    protocol = MQTTProtocolVersion.MQTTv5


class PahoProgram5With1(PahoProgram1):
    protocol = MQTTProtocolVersion.MQTTv5


class AwscrtProgram(Program):
    """awscrt of MQTT 3.1.1: a clean session forgets what was sent, so it is sent again as a new message."""

    marks_repeated = False

    def new_connection(self) -> Any:
        from awscrt import io, mqtt

        options = io.TlsContextOptions()
        options.override_default_trust_store(self.authorities.encode())
        client = mqtt.Connection(
            mqtt.Client(tls_ctx=io.ClientTlsContext(options)),
            self.host,
            self.port,
            CLIENT_ID,
            reconnect_min_timeout_secs=1,
            reconnect_max_timeout_secs=1,
            **self.options,
        )
        return self.over(client)

    def over(self, client: Any) -> Any:
        return over_awscrt(client)

    is_wanted = False
    is_trying = False

    def begin(self) -> None:
        self.is_wanted = True
        if not self.is_trying:
            self.is_trying = True
            self.try_to_connect()

    def try_to_connect(self) -> None:
        self.client.connect().add_done_callback(self.tried)

    def tried(self, ended: "concurrent.futures.Future[object]") -> None:
        """Have awscrt try again: it does so by itself only after a loss, and tries once before."""
        if ended.exception() is not None and self.is_wanted:
            threading.Timer(RETRY_S[0], self.try_to_connect).start()
            return
        self.is_trying = False
        if not self.is_wanted:
            self.client.disconnect()

    def end(self) -> None:
        self.is_wanted = False
        # An error where it was not connected.
        concurrent.futures.wait([self.client.disconnect()], 10)


class AwscrtProgram5(Program):
    """awscrt of MQTT 5, which is told to forget what was sent too, so that a forbidden message can be dropped."""

    marks_repeated = False

    def new_connection(self) -> Any:
        from awscrt import io, mqtt5

        options = io.TlsContextOptions()
        options.override_default_trust_store(self.authorities.encode())
        return over_awscrt(
            mqtt5.ClientOptions(
                self.host,
                self.port,
                tls_ctx=io.ClientTlsContext(options),
                connect_options=mqtt5.ConnectPacket(client_id=CLIENT_ID),
                offline_queue_behavior=mqtt5.ClientOperationQueueBehaviorType.FAIL_ALL_ON_DISCONNECT,
                retry_jitter_mode=mqtt5.ExponentialBackoffJitterMode.NONE,
                min_reconnect_delay_ms=int(RETRY_S[0] * 1000),
                max_reconnect_delay_ms=int(RETRY_S[1] * 1000),
                **self.options,
            )
        )

    def begin(self) -> None:
        self.client.start()

    def end(self) -> None:
        from awscrt import mqtt5

        # Without a packet it would say no goodbye.
        self.client.stop(mqtt5.DisconnectPacket())


PAHO: dict[str, type[PahoProgram]] = {
    "paho 3.1.1": PahoProgram,
    "paho 3.1.1, callbacks of version 1": PahoProgram1,
    "paho 5": PahoProgram5,
    "paho 5, callbacks of version 1": PahoProgram5With1,
}
AWSCRT: dict[str, type[Program]] = {"awscrt 3.1.1": AwscrtProgram, "awscrt 5": AwscrtProgram5}
KINDS: dict[str, type[Program]] = {**PAHO, **AWSCRT}
