"""A device's connection and a broker that misbehaves as told, with verbs to arrange them.

lab.broker                what the broker saw, and what it is told to do
lab.connection()          a connection that is not connected yet
lab.connected()           one that is
lab.eventually(fact)      wait until it is so; both ends are real and run in threads of their own
"""

import threading
import time
from collections.abc import Callable, Iterator

import pytest

from aws.iot._mqtt_cpython import PahoConnection
from aws.iot.credentials import Credentials
from fota.backoff import Backoff
from fota_testing.authority import Authority
from iot.broker import Broker
from iot.pki import Identity, new_identity

_WITHIN_S = 10
_THREAD = "aws-iot-mqtt"


class MqttLab:
    """Everything made here is closed at the end of the test."""

    def __init__(self) -> None:
        self.authority = Authority()
        self.identity = new_identity()
        self.broker = self.new_broker("localhost")
        self._connections: list[PahoConnection] = []

    @property
    def endpoint(self) -> str:
        return f"localhost:{self.broker.port}"

    def new_broker(self, name: str) -> Broker:
        """A broker whose certificate bears this name, and which trusts our device."""
        context = self.authority.server_context([name])
        context.load_verify_locations(cadata=self.identity.clicert)
        context.verify_mode = context.verify_mode.CERT_REQUIRED
        return Broker(context)

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
    ) -> PahoConnection:
        credentials = self.credentials(cacert=cacert, identity=identity)
        backoff = backoff or Backoff(1, 8)
        connection = PahoConnection(endpoint or self.endpoint, "device-1", credentials, backoff=backoff)
        self._connections.append(connection)
        return connection

    def connected(self, *, backoff: Backoff | None = None) -> PahoConnection:
        connection = self.connection(backoff=backoff)
        connection.connect()
        return connection

    def eventually(self, fact: Callable[[], object]) -> None:
        """*Raises* AssertionError when it does not become so."""
        until_s = time.monotonic() + _WITHIN_S
        while not fact():
            assert time.monotonic() < until_s, "it did not become so"
            time.sleep(0.002)

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
        self.broker.close()


@pytest.fixture
def mqtt_lab() -> Iterator[MqttLab]:
    lab = MqttLab()
    yield lab
    lab.close()
