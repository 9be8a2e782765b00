"""The connection of MicroPython as tests hold it: in this process, or in one of the real interpreter."""

import json
import logging
import socket
import ssl
import subprocess
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

from aws.iot import errors as iot_errors
from aws.iot.credentials import Credentials
from aws.iot.mqtt import _tls_cpython as _mqtt_tls_cpython
from aws.iot.mqtt import encode
from aws.iot.mqtt._client_micropython import SocketConnection
from tests.labs.interpreter import COMMAND

WITHIN_S = 10
_DRIVER = Path(__file__).with_name("mqtt_micropython_driver.py")


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
        self._callbacks: dict[str, Callable[[str, bytes], object]] = {}
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
        octets = encode(payload)
        if any(octets):
            self.ask("publish", topic=topic, payload=octets.hex(), qos=qos)
        else:
            # Long ones, which only have to be long, are made there.
            self.ask("publish", topic=topic, zeros=len(octets), qos=qos)

    def subscribe(self, topic_filter: str, callback: Callable[[str, bytes], object], qos: int = 1) -> None:
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

    def sockets(self) -> list[str]:
        """The sockets that are open there, as the operating system counts them."""
        descriptors = Path(f"/proc/{self._process.pid}/fd").iterdir()
        return [str(one.readlink()) for one in descriptors if str(one.readlink()).startswith("socket:")]

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
        assert self._process.wait(WITHIN_S) == 0
        for pipe in (self._process.stdin, self._process.stdout):
            assert pipe is not None
            pipe.close()
