"""The peers by name: how each one is had, and its checks. Adding a peer is adding a row here."""

import contextlib
import tempfile
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from importlib import metadata
from pathlib import Path

from peers import broker, clients, halves, objects, operator, packages, programs, updates
from peers.devices import DEVICES

Check = Callable[[], None]
"""*Raises* AssertionError, NotHere, ProcessFailed, FotaError, OSError."""


@dataclass(frozen=True)
class Peer:
    """`version` fetches it the first time and tells its version, or *raises* NotHere. `checks` are in order."""

    version: Callable[[], str]
    checks: Callable[[], Iterator[tuple[str, Check]]]


def _each(checks: Mapping[str, Callable[[Path], None]]) -> Iterator[tuple[str, Check]]:
    """Each check with an empty folder of its own."""
    for title, check in checks.items():
        with _folder() as folder:
            yield title, partial(check, folder / "run")


def _objects(name: str) -> Iterator[tuple[str, Check]]:
    for half in halves.HALVES:
        for title, check in objects.CHECKS.items():
            with _folder() as folder:
                yield (
                    f"{title}, {half}",
                    lambda check=check, half=half, folder=folder: check(  # type: ignore[misc]
                        objects.Objects(name, folder / "run"), half
                    ),
                )


def _mosquitto() -> Iterator[tuple[str, Check]]:
    yield from _each(broker.MOSQUITTO_CHECKS)
    for kind in DEVICES:
        yield from _each({f"{title}, {kind.half}": partial(check, kind) for title, check in updates.CHECKS.items()})


def _awscrt() -> Iterator[tuple[str, Check]]:
    yield from _each(clients.whole_updates("awscrt", "awscrt", ", MQTT 3.1.1"))
    yield from _each(clients.whole_updates("awscrt5", "awscrt", ", MQTT 5"))


def _aiomqtt() -> Iterator[tuple[str, Check]]:
    yield from _each(clients.contract("aiomqtt"))
    yield from _each(clients.whole_updates("aiomqtt", "aiomqtt"))


def _moto() -> Iterator[tuple[str, Check]]:
    with _folder() as folder:
        yield from operator.checks(folder / "run")


def _folder() -> "contextlib.AbstractContextManager[Path]":
    @contextlib.contextmanager
    def made() -> Iterator[Path]:
        with tempfile.TemporaryDirectory(prefix="peers-") as name:
            yield Path(name)

    return made()


def _of_program(name: str) -> Callable[[], str]:
    def version() -> str:
        programs.program(name)
        return programs.version(name)

    return version


PEERS: dict[str, Peer] = {
    # Those that take longest come first, since peers run side by side.
    "moto": Peer(partial(packages.version, "moto"), _moto),
    "mosquitto": Peer(_of_program("mosquitto"), _mosquitto),
    "awscrt": Peer(partial(packages.version, "awscrt"), _awscrt),
    "aiomqtt": Peer(partial(packages.version, "aiomqtt"), _aiomqtt),
    "paho": Peer(partial(metadata.version, "paho-mqtt"), lambda: _each(clients.whole_updates("paho", None))),
    "nginx": Peer(_of_program("nginx"), partial(_objects, "nginx")),
    "apache2": Peer(_of_program("apache2"), partial(_objects, "apache2")),
    "rabbitmq": Peer(_of_program("rabbitmq-server"), lambda: _each(broker.RABBITMQ_CHECKS)),
}
