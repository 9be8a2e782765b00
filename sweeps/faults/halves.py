"""Puts the virtual world in the place of the operating system, in every module that a device runs.

What the interpreters do differently is here too: CPython's device has paho, urllib3 and `fota-boot`; MicroPython's
has its own clients, its own boot chooser, and no thread besides the program's.
"""

from __future__ import annotations

import errno
import gc
import importlib
import io
import random
import select
import signal
import socket
import ssl
import sys
import threading
import time
import traceback
from contextlib import ExitStack, contextmanager
from typing import TYPE_CHECKING, cast
from unittest.mock import patch

import paho.mqtt.client
import urllib3.connection

from aws.iot.mqtt import _client_cpython, _client_micropython
from fota import _machine_micropython, _storage_micropython, machine, start
from fota.transfer import _http_cpython, _http_micropython
from fota.transfer.http import HttpsClient
from fota_testing.posix.model import installed
from sweeps.faults import processes
from sweeps.faults.polling import Select
from sweeps.faults.tls import Context, Ssl
from sweeps.faults.world import VirtualThreading
from sweeps.powercut.device_modules import modules as modules_with_files

if TYPE_CHECKING:
    from collections.abc import Iterator
    from types import ModuleType

    from fota.transfer.http import Answer
    from fota_testing.posix.model import PosixModel
    from sweeps.faults.life import Life
    from sweeps.faults.network import Network
    from sweeps.faults.world import World

CPYTHON, MICROPYTHON = "cpython", "micropython"
HALVES = (CPYTHON, MICROPYTHON)

_OURS = ("aws.", "fota.", "fota_boot.")
_THEIRS = ("paho.mqtt.client", "urllib3.connection", "urllib3.util.connection", "http.client")
_KEPT = ("fota_boot.doctor", "fota_boot.command", "fota_boot.signals", "fota_boot.systemd")


class Time:
    """The module `time`."""

    def __init__(self, world: World) -> None:
        self._world = world

    def monotonic(self) -> float:
        """Seconds."""
        return self._world.now_ms() / 1000

    perf_counter = monotonic

    def monotonic_ns(self) -> int:
        """The same."""
        return self._world.now_ms() * 1_000_000

    def sleep(self, duration_s: float) -> None:
        """Let time pass."""
        self._world.sleep_ms(int(duration_s * 1000))

    def time(self) -> float:
        """Seconds since 1970."""
        return self._world.wall_s()

    def __getattr__(self, name: str) -> object:
        return getattr(time, name)


class _Collector:
    """The module `gc` of MicroPython."""

    threshold = staticmethod(lambda *_: None)
    collect = staticmethod(lambda: None)
    mem_alloc = mem_free = staticmethod(lambda: 50_000)
    isenabled = gc.isenabled


@contextmanager
def in_world(life: Life, network: Network) -> Iterator[None]:
    """While inside, every module of a device lives in the world of this life."""
    world, settings = life.world, life.settings
    importlib.import_module("aws.iot._shared_exchange_cpython")
    importlib.import_module("aws.iot.job_progress")
    importlib.import_module("aws.iot.keyring_job")
    importlib.import_module("aws.iot.offered_patches")
    importlib.import_module("fota.patch.patched")
    importlib.import_module("fota.policy._asking_cpython")
    virtual = {
        id(time): Time(world),
        id(socket): network,
        id(select): Select(world),
        id(ssl): Ssl(life.active),
        id(threading): VirtualThreading(world),
    }
    with ExitStack() as stack:
        for module in _modules():
            for name, found in list(vars(module).items()):
                if id(found) in virtual and not (module is paho.mqtt.client and found is threading):
                    stack.enter_context(patch.object(module, name, virtual[id(found)]))
        for target, name, value in (
            (machine, "now_ms", world.now_ms),
            (machine, "sleep_ms", world.sleep_ms),
            (machine, "random_fraction", random.random),
            (machine, "setting", settings.get),
            (machine, "alive", life.says_alive),
            (machine, "still_alive", life.says_alive),
            (machine, "emit", lambda _event, _facts: None),
            (_machine_micropython, "gc", _Collector),
            (start, "require_no_fat", lambda _home: None),
            (start, "put_setting", settings.__setitem__),
            (paho.mqtt.client, "time_func", virtual[id(time)].monotonic),  # type: ignore[attr-defined]
            (urllib3.connection, "wait_for_read", lambda *_, **__: False),
            (_client_cpython, "tls_context", lambda _credentials: Context()),
            (_client_cpython, "offer_alpn", lambda *_: None),
            (_client_micropython, "tls_context", lambda _credentials: Context()),
            (signal, "signal", lambda *_: None),
        ):
            if hasattr(target, name):
                stack.enter_context(patch.object(target, name, value))
        stack.enter_context(patch.object(sys, "print_exception", _print_exception, create=True))
        stack.enter_context(installed(cast("PosixModel", life.door), *modules_with_files()))
        stack.enter_context(processes.installed(life.kernel, life.active, life.run_image))
        yield


def forget_the_process() -> None:
    """What a module keeps for a process is gone with the process."""
    for module, name, fresh in _FRESH:
        kept = vars(module)[name]
        kept.clear()
        (kept.extend if isinstance(kept, list) else kept.update)(fresh)


def _modules() -> list[ModuleType]:
    return [
        module
        for name, module in sorted(sys.modules.items())
        if (name.startswith(_OURS) or name in _THEIRS) and not name.startswith(_KEPT)
    ]


def connection(half: str) -> object:
    """The MQTT connection of a thing."""
    if half == CPYTHON:
        return _client_cpython.PahoConnection("broker.example", "lamp", None)  # type: ignore[arg-type]
    return _client_micropython.SocketConnection("broker.example", "lamp", None)  # type: ignore[arg-type]


def client(half: str, active: set[str]) -> HttpsClient:
    """The HTTPS client of a device."""
    made = HttpsClient("ca.pem") if half == CPYTHON else _SslClient(active)
    get = made.get

    def may_break(url: str, headers: dict[str, str], timeout_ms: int) -> Answer:
        if "client-breaks" in active:
            raise ValueError("nobody expected this")
        return get(url, headers, timeout_ms)

    setattr(made, "get", may_break)  # noqa: B010 - of this one alone
    return made


class _SslClient(HttpsClient):
    """MicroPython's."""

    def __init__(self, active: set[str]) -> None:
        super().__init__("ca.pem")
        self._active = active

    def get(self, url: str, headers: dict[str, str], timeout_ms: int) -> Answer:
        """See `Client`."""
        if self._client is None:
            with patch.object(_http_micropython, "open", self._authorities, create=True):
                self._client = _http_micropython.SslClient("ca.pem")
        return super().get(url, headers, timeout_ms)

    def _authorities(self, path: str, _mode: str) -> io.BytesIO:
        if "no-authorities" in self._active:
            raise FileNotFoundError(errno.ENOENT, "No such file or directory", path)
        return io.BytesIO(b"a certificate in DER")


def _print_exception(error: BaseException, stream: io.StringIO) -> None:
    """See `sys.print_exception` of MicroPython."""
    stream.write("".join(traceback.format_exception(error)))


_FRESH = [
    (module, name, value.copy())
    for module in _modules()
    if module.__name__.startswith(("aws.", "fota."))
    for name, value in vars(module).items()
    if isinstance(value, (list, dict)) and name.startswith("_") and not name.startswith("__")
]
"""What the modules of the library keep for a process, as it is before anything has happened."""

START = start
_UNUSED = (_http_cpython, _machine_micropython, _storage_micropython)
