"""The connection of MicroPython on either interpreter, and a broker that misbehaves as told.

As `mqtt_lab`, for a connection that works only while it is called: `eventually` calls `loop` of all of them.

lab.connection()           a connection, on the interpreter of the lab
lab.set(module, name, v)   another value for a constant of a module, on that interpreter
lab.rule(name, v)          another value for one of the rules there

On MicroPython the connection lives in a process of its own (`Remote`), run by the real interpreter, and its callbacks
run here. On CPython it is the very same files; only the TLS socket is dressed as one of MicroPython (`Stream`).
`mqtt_micropython_connections` has both.
"""

import shutil
import ssl
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from aws.iot.credentials import Credentials
from aws.iot.mqtt import _client_micropython as _mqtt_micropython
from aws.iot.mqtt._client_micropython import SocketConnection
from fota.transfer.backoff import Backoff
from tests.labs.interpreter import SOURCE, only_where_it_runs
from tests.labs.mqtt_lab import CONNECT_EVERY_MS, MqttLab
from tests.labs.mqtt_micropython_connections import WITHIN_S, Context, Local, Remote
from tests.labs.pki import Identity


class MicroPythonLab(MqttLab):
    """`interpreter` is where the connections live."""

    half = "MICROPYTHON"
    full_queue = r"messages of .* bytes wait already"

    def __init__(self, interpreter: str, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        super().__init__(monkeypatch)
        self.interpreter = interpreter
        self._folder = folder
        self._made: list[Local | Remote] = []
        self._constants: list[dict[str, object]] = [
            {"module": "rules", "constant": "CONNECT_EVERY_MS", "value": CONNECT_EVERY_MS}
        ]
        monkeypatch.setattr(_mqtt_micropython, "tls_context", Context)
        if interpreter == "micropython":
            install(folder)

    def replace_broker(self, context: ssl.SSLContext) -> None:
        """Put a broker with this certificate in the place of ours."""
        self.broker.close()
        self.broker = self.broker_with(context)

    def set(self, module: str, name: str, value: object) -> None:
        """Before a connection is made: another value for a constant of `aws.iot.mqtt._<module>_micropython`."""
        self._constants.append({"module": module, "constant": name, "value": value})
        self._monkeypatch.setattr(f"aws.iot.mqtt._{module}_micropython.{name}", value)

    def rule(self, name: str, value: object) -> None:
        super().rule(name, value)
        self._constants.append({"module": "rules", "constant": self._full_name(name), "value": value})
        for connection in self._made:
            if isinstance(connection, Remote):
                connection.ask("set", **self._constants[-1])

    def connection(  # type: ignore[override]
        self,
        *,
        endpoint: str | None = None,
        client_id: str = "device-1",
        cacert: str | None = None,
        clicert: str | None = None,
        pkey: str | None = None,
        identity: Identity | None = None,
        backoff: Backoff | None = None,
        heap: str = "16m",
    ) -> "Local | Remote":
        """One that is not connected yet. `cacert` of no text stands for no authorities at all."""
        shown = identity or self.identity
        pem = (
            clicert or shown.clicert,
            pkey or shown.pkey,
            (self.authority.pem if cacert is None else cacert) or None,
        )
        endpoint = self.endpoint if endpoint is None else endpoint
        backoff = backoff or Backoff(1, 8)
        if self.interpreter == "cpython":
            made = SocketConnection(endpoint, client_id, Credentials(*pem), backoff=backoff)
            self._made.append(Local(made))
        else:
            remote = Remote(self._folder, heap)
            self._made.append(remote)
            for constant in self._constants:
                remote.ask("set", **constant)
            delays = (backoff._first_ms, backoff._most_ms, backoff._random_fraction())
            remote.ask("make", endpoint=endpoint, client_id=client_id, pem=pem, backoff=delays)
        return self._made[-1]

    def connected(self, *, backoff: Backoff | None = None) -> "Local | Remote":  # type: ignore[override]
        connection = self.connection(backoff=backoff)
        connection.connect()
        return connection

    def eventually(self, fact: Callable[[], object]) -> None:
        """*Raises* AssertionError when it does not become so, though every connection is driven."""
        until_s = time.monotonic() + WITHIN_S
        while not fact():
            assert time.monotonic() < until_s, "it did not become so"
            for connection in self._made:
                connection.drive()
            time.sleep(0.002)

    def mended(  # type: ignore[override]
        self, connection: "Local | Remote", sessions: int
    ) -> None:
        """The connection has had so many sessions. *Raises* AssertionError when it does not come to that."""
        self.eventually(lambda: connection.sessions == sessions)

    def network_threads(self) -> list[str]:
        """There is none; what is still connected instead."""
        return ["connected" for connection in self._made if connection.is_connected()]

    def close(self) -> None:
        self.broker.withheld.clear()
        self.broker.kick()
        for connection in self._made:
            connection.end()
        self._close_brokers()


@pytest.fixture(params=["cpython", pytest.param("micropython", marks=only_where_it_runs)])
def both(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[MicroPythonLab]:
    """A lab on each interpreter in turn."""
    lab = MicroPythonLab(request.param, tmp_path, monkeypatch)
    yield lab
    lab.close()


@pytest.fixture(params=[pytest.param("micropython", marks=only_where_it_runs)])
def there(
    request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[MicroPythonLab]:
    """A lab on MicroPython alone."""
    lab = MicroPythonLab(request.param, tmp_path, monkeypatch)
    yield lab
    lab.close()


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[MicroPythonLab]:
    """A lab on CPython alone, for what can only be looked at from inside."""
    lab = MicroPythonLab("cpython", tmp_path, monkeypatch)
    yield lab
    lab.close()


def install(folder: Path) -> None:
    """What a microcontroller would be given."""
    for package in ("fota", "aws"):
        ignored = shutil.ignore_patterns("*_cpython.py", "__pycache__")
        shutil.copytree(SOURCE / package, folder / package, ignore=ignored)


def until(fact: Callable[[], object]) -> None:
    """Wait for the broker alone; the connection is not driven."""
    until_s = time.monotonic() + WITHIN_S
    while not fact():
        assert time.monotonic() < until_s, "it did not become so"
        time.sleep(0.002)
