"""A device's connection and a broker that misbehaves as it is told to, with verbs to arrange them.

lab.broker                what the broker saw, and what it is told to do
lab.connection()          a connection that is not connected yet
lab.connected()           one that is
lab.down()                one that was lost, and that is not mended within a test
lab.rule(name, value)     another value for one of `aws.iot.mqtt.rules`
lab.eventually(fact)      wait until it is so; both ends are real and run in threads of their own

The connection of `MqttLab` is paho's. `mqtt_micropython_lab` has the same lab for the other one, and the fixture
`mqtt_lab` is each of them in turn.
"""

import ssl
import threading
import time
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

import pytest

from aws.iot.credentials import Credentials
from aws.iot.mqtt import rules
from aws.iot.mqtt._client_cpython import PahoConnection
from fota.transfer.backoff import Backoff
from fota_testing.servers.authority import Authority
from fota_testing.servers.mqtt_broker import Broker
from tests.labs.pki import Identity, new_identity

if TYPE_CHECKING:
    from aws.iot.mqtt import Connection

_WITHIN_S = 10

CONNECT_EVERY_MS = 40
"""The pace of connections where it is not what a test is about; AWS IoT's quota is shortened with it."""
_CONNECTS_APART_MS = 15
_THREAD = "aws-iot-mqtt"


class MqttLab:
    """Everything made here is closed at the end of the test."""

    half = "CPYTHON"
    """How the rules are marked that hold for this connection alone."""
    full_queue = "messages wait already"
    """What is said, after their number, of messages for which there is no room."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self._brokers: list[Broker] = []
        self._monkeypatch = monkeypatch
        self.authority = Authority()
        self.identity = new_identity()
        self.broker = self.new_broker("localhost")
        self._connections: list[PahoConnection] = []
        # A test that is about the pace sets another value; every other one need not wait for it.
        monkeypatch.setattr(rules, "CONNECT_EVERY_MS", CONNECT_EVERY_MS)

    @property
    def endpoint(self) -> str:
        return f"localhost:{self.broker.port}"

    @property
    def max_waiting(self) -> int:
        """How many messages wait before one more is an error."""
        return int(self.value_of("MAX_WAITING"))

    def value_of(self, name: str) -> int:
        """The value of a rule for this connection."""
        return int(getattr(rules, self._full_name(name)))

    def rule(self, name: str, value: object) -> None:
        """Have another value for a rule; for one that both halves have, that of this connection."""
        self._monkeypatch.setattr(rules, self._full_name(name), value)

    def _full_name(self, name: str) -> str:
        return name if hasattr(rules, name) else f"{name}_{self.half}"

    def new_broker(self, name: str) -> Broker:
        """A broker whose certificate bears this name, and which trusts our device."""
        return self.broker_with(self.authority.server_context([name]))

    def broker_with(self, context: ssl.SSLContext, port: int = 0) -> Broker:
        """A broker that trusts our device, with this certificate of its own; it minds AWS IoT's quotas."""
        context.load_verify_locations(cadata=self.identity.clicert)
        context.verify_mode = context.verify_mode.CERT_REQUIRED
        return self._listen(context, port)

    def open_broker(self) -> None:
        """Put a broker in the place of ours that asks for no certificate."""
        self.broker.close()
        self.broker = self._listen(self.authority.server_context(["localhost"]), 0)

    def _listen(self, context: ssl.SSLContext, port: int) -> Broker:
        self._brokers.append(Broker(context, port))
        self._brokers[-1].quotas.connects_apart_ms = _CONNECTS_APART_MS
        return self._brokers[-1]

    def name_broker(self, name: str) -> None:
        """Put a broker of another name in the place of ours."""
        self.broker.close()
        self.broker = self.new_broker(name)

    def credentials(self, *, cacert: str | None = None, identity: Identity | None = None) -> Credentials:
        shown = identity or self.identity
        return Credentials(shown.clicert, shown.pkey, cacert or self.authority.pem)

    def connection(
        self,
        *,
        endpoint: str | None = None,
        cacert: str | None = None,
        identity: Identity | None = None,
        backoff: Backoff | None = None,
    ) -> "Connection":
        credentials = self.credentials(cacert=cacert, identity=identity)
        backoff = backoff or Backoff(1, 8)
        where = self.endpoint if endpoint is None else endpoint
        connection = PahoConnection(where, "device-1", credentials, backoff=backoff)
        self._connections.append(connection)
        return connection

    def connected(self, *, backoff: Backoff | None = None) -> "Connection":
        connection = self.connection(backoff=backoff)
        connection.connect()
        return connection

    def down(self) -> "Connection":
        """A connection that was lost, and that is not mended within a test."""
        connection = self.connected(backoff=Backoff(3_600_000, 3_600_000, lambda: 0.99))
        self.broker.kick()
        self.eventually(lambda: not connection.is_connected())
        return connection

    def eventually(self, fact: Callable[[], object]) -> None:
        """*Raises* AssertionError when it does not become so."""
        until_s = time.monotonic() + _WITHIN_S
        while not fact():
            assert time.monotonic() < until_s, "it did not become so"
            time.sleep(0.002)

    def mended(self, connection: "Connection", number: int) -> None:
        """Wait until a broker has accepted the connection so many times."""
        self.eventually(lambda: connection.sessions == number)

    def network_threads(self) -> list[str]:
        """The threads of connections that run now."""
        return [thread.name for thread in threading.enumerate() if thread.name == _THREAD]

    def close(self) -> None:
        # Answered or hung up on, nobody waits for what the broker was told to withhold. It listens to the last:
        # a connection that is reset before its TLS begins makes Python 3.11 leave a socket to the collector.
        self.broker.withheld.clear()
        self.broker.kick()
        for connection in self._connections:
            connection.close()
        self._close_brokers()

    def _close_brokers(self) -> None:
        self.broker.close()
        # What went against a quota of AWS IoT fails the test, whatever it is about.
        assert [breach for broker in self._brokers for breach in broker.quotas.breaches] == []


class Ceilings(Backoff):
    """Notes the ceiling that each delay is drawn below, and draws none."""

    def __init__(self) -> None:
        super().__init__(1, 1_000, lambda: 0.0)
        self.seen: list[int] = []

    def next_ms(self) -> int:
        self.seen.append(self._ceiling_ms)
        return super().next_ms()


def slow_once() -> Backoff:
    """Long enough down for a test to act meanwhile."""
    return Backoff(300, 300, lambda: 0.99)


def ignore(_topic: str, _payload: bytes) -> None:
    """A callback that does nothing."""


@pytest.fixture
def paho_lab(monkeypatch: pytest.MonkeyPatch) -> Iterator[MqttLab]:
    """For what is asked of paho's connection alone."""
    lab = MqttLab(monkeypatch)
    yield lab
    lab.close()
