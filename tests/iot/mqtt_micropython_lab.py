"""The connection of MicroPython on either interpreter, and a broker that misbehaves as told.

As `mqtt_lab`, for a connection that works only while it is called: `eventually` calls `loop` of all of them.

lab.connection()           a connection, on the interpreter of the lab
lab.set(module, name, v)   another value for a constant of the product, on that interpreter

On MicroPython the connection lives in a process of its own (`Remote`), run by the real interpreter, and its callbacks
run here. On CPython it is the very same files; only the TLS socket is dressed as one of MicroPython (`Stream`).
"""

import json
import logging
import shutil
import socket
import ssl
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from aws.iot import _mqtt_micropython, _mqtt_tls_cpython
from aws.iot import errors as iot_errors
from aws.iot._mqtt_micropython import SocketConnection
from aws.iot.credentials import Credentials
from aws.iot.mqtt import encode
from fota.backoff import Backoff
from iot.broker import SUBSCRIBE, UNSUBSCRIBE, Broker
from iot.mqtt_lab import MqttLab
from iot.pki import Identity
from structure.test_micropython import COMMAND, SOURCE
from structure.test_micropython import pytestmark as only_where_it_runs

_WITHIN_S = 10
_DRIVER = Path(__file__).with_name("mqtt_micropython_driver.py")


class NotingBroker(Broker):
    """Notes the number of each packet that wants an answer."""

    def __init__(self, context: ssl.SSLContext) -> None:
        self.numbers: list[tuple[int, int]] = []
        """Kind and number, in order of arrival."""
        super().__init__(context)

    def _answer(self, client: ssl.SSLSocket, kind: int, flags: int, body: bytes) -> bool:
        if kind in (SUBSCRIBE, UNSUBSCRIBE):
            self.numbers.append((kind, int.from_bytes(body[:2], "big")))
        return super()._answer(client, kind, flags, body)


class Stream:
    """A TLS socket of CPython with the manners of MicroPython's: None for what would block."""

    def __init__(self, tls: ssl.SSLSocket) -> None:
        self.tls = tls
        self.written: list[bytes] = []
        """What was handed over, call by call."""
        self.fileno = tls.fileno
        self.close = tls.close

    def write(self, octets: memoryview) -> "int | None":
        try:
            count = self.tls.send(octets)
        except (ssl.SSLWantReadError, ssl.SSLWantWriteError):
            return None
        self.written.append(bytes(octets))
        return count

    def readinto(self, buffer: memoryview) -> "int | None":
        try:
            return self.tls.recv_into(buffer)
        except (ssl.SSLWantReadError, ssl.SSLWantWriteError):
            return None


class Context:
    """CPython's context, which makes such sockets; `last` is the last one made."""

    last: Stream

    def __init__(self, credentials: Credentials) -> None:
        self._context = _mqtt_tls_cpython.tls_context(credentials)

    def wrap_socket(self, plain: socket.socket, **options: Any) -> Stream:
        Context.last = Stream(self._context.wrap_socket(plain, **options))
        return Context.last


class Local:
    """A connection in this process. A lock, since a test may look from one thread while another connects."""

    def __init__(self, connection: SocketConnection) -> None:
        self._connection = connection
        self._lock = threading.RLock()

    @property
    def sessions(self) -> int:
        return self._connection.sessions

    def __getattr__(self, name: str) -> Callable[..., object]:
        def locked(*arguments: object, **options: object) -> object:
            with self._lock:
                return getattr(self._connection, name)(*arguments, **options)

        return locked

    def drive(self) -> None:
        """`loop`, unless a call is under way."""
        if self._lock.acquire(blocking=False):
            try:
                self._connection.loop()
            finally:
                self._lock.release()

    def end(self) -> None:
        self.close()


class Remote:
    """A connection in a process of MicroPython, with the face of `mqtt.Connection`."""

    def __init__(self, folder: Path, heap: str = "16m") -> None:
        self._lock = threading.RLock()
        self._callbacks: dict[str, Callable[[str, bytes], None]] = {}
        command = [str(COMMAND), "-X", f"heapsize={heap}", str(_DRIVER)]
        self._process = subprocess.Popen(
            command,
            cwd=folder,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env={"MICROPYPATH": f"{folder}:.frozen"},
        )

    def ask(self, name: str, **arguments: object) -> object:
        """Have it done there; what comes meanwhile is handled here."""
        with self._lock:
            self._say(name=name, arguments=arguments)
            while True:
                assert self._process.stdout is not None
                line = self._process.stdout.readline()
                assert line, f"MicroPython ended with {self._process.wait()}"
                assert line.startswith("{"), line + self._process.stdout.read()
                words = json.loads(line)
                if "result" in words:
                    return words["result"]
                if "error" in words:
                    raise getattr(iot_errors, words["error"])(words["text"])
                if "log" in words:
                    logging.getLogger("fota").info("%s", words["log"])
                else:
                    self._call(words["heard"], words["topic"], bytes.fromhex(words["payload"]))

    def _call(self, topic_filter: str, topic: str, payload: bytes) -> None:
        problem = ""
        try:
            self._callbacks[topic_filter](topic, payload)
        except Exception as error:
            problem = type(error).__name__
        self._say(returned=problem)

    def _say(self, **words: object) -> None:
        assert self._process.stdin is not None
        self._process.stdin.write(json.dumps(words) + "\n")
        self._process.stdin.flush()

    @property
    def sessions(self) -> int:
        return self.ask("sessions")  # type: ignore[return-value]

    def connect(self, port: int | None = None, *, timeout_ms: int = 30_000) -> None:
        self.ask("connect", port=port, timeout_ms=timeout_ms)

    def is_connected(self) -> bool:
        return bool(self.ask("is_connected"))

    def publish(self, topic: str, payload: "bytes | str | dict[str, object]", qos: int = 1) -> None:
        self.ask("publish", topic=topic, payload=encode(payload).hex(), qos=qos)

    def subscribe(self, topic_filter: str, callback: Callable[[str, bytes], None], qos: int = 1) -> None:
        self._callbacks[topic_filter] = callback
        self.ask("subscribe", topic_filter=topic_filter, qos=qos)

    def unsubscribe(self, topic_filter: str) -> None:
        self.ask("unsubscribe", topic_filter=topic_filter)

    def wait(self, timeout_ms: int) -> None:
        self.ask("wait", timeout_ms=timeout_ms)

    def loop(self) -> None:
        self.ask("loop")

    def disconnect(self) -> None:
        self.ask("disconnect")

    def close(self) -> None:
        self.ask("close")

    def memory(self) -> int:
        """Bytes of the heap in use there, once what is not needed is collected."""
        return self.ask("memory")  # type: ignore[return-value]

    def drive(self) -> None:
        """`loop`, unless a call is under way."""
        if self._lock.acquire(blocking=False):
            try:
                self.loop()
            finally:
                self._lock.release()

    def end(self) -> None:
        with self._lock:
            if self._process.poll() is None:
                self.close()
                self._say(returned="")
        assert self._process.wait(_WITHIN_S) == 0
        for pipe in (self._process.stdin, self._process.stdout):
            assert pipe is not None
            pipe.close()


class MicroPythonLab(MqttLab):
    """`interpreter` is where the connections live."""

    def __init__(self, interpreter: str, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        super().__init__()
        self.interpreter = interpreter
        self._folder = folder
        self._monkeypatch = monkeypatch
        self._made: list[Local | Remote] = []
        self._constants: list[dict[str, object]] = []
        monkeypatch.setattr(_mqtt_micropython, "tls_context", Context)
        if interpreter == "micropython":
            install(folder)

    def new_broker(self, name: str) -> NotingBroker:
        context = self.authority.server_context([name])
        return self.broker_with(context)

    def broker_with(self, context: ssl.SSLContext) -> NotingBroker:
        """A broker that trusts our device, with this certificate of its own."""
        context.load_verify_locations(cadata=self.identity.clicert)
        context.verify_mode = context.verify_mode.CERT_REQUIRED
        return NotingBroker(context)

    def replace_broker(self, context: ssl.SSLContext) -> None:
        """Put a broker with this certificate in the place of ours."""
        self.broker.close()
        self.broker = self.broker_with(context)

    def set(self, module: str, name: str, value: object) -> None:
        """Before a connection is made: another value for a constant of `_mqtt_<module>_micropython`."""
        self._constants.append({"module": module, "constant": name, "value": value})
        part = "" if module == "connection" else f"_{module}"
        self._monkeypatch.setattr(f"aws.iot._mqtt{part}_micropython.{name}", value)

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
        endpoint, backoff = endpoint or self.endpoint, backoff or Backoff(1, 8)
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
        until_s = time.monotonic() + _WITHIN_S
        while not fact():
            assert time.monotonic() < until_s, "it did not become so"
            for connection in self._made:
                connection.drive()
            time.sleep(0.002)

    def network_threads(self) -> list[str]:
        """There is none; what is still connected instead."""
        return ["connected" for connection in self._made if connection.is_connected()]

    def close(self) -> None:
        self.broker.withheld.clear()
        self.broker.kick()
        for connection in self._made:
            connection.end()
        self.broker.close()


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
