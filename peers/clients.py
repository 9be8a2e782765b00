"""Clients of others as a program's own connection: whole updates over each, and aiomqtt held against the contract.

Leaves to others: the adapters themselves (`adapters`). The tests hold the connections that the library brings against
the contract.
"""

import shutil
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

from bench.processes import run
from peers import halves, packages, updates
from peers.devices import Gateway
from sweeps.seeding.verbs import Patch, after, replace

_QUOTAS = "clauses 3, 7 and 8: quotas, silence and refusals of AWS IoT, since `minds_aws` is False"
_LEFT_OUT = [
    "clause 8: the mark of a repeated message, since `marks_repeated` is False",
    _QUOTAS,
    "clause 9: what the broker hangs up on, since `drops_forbidden` is False",
]
_ADAPTERS = Path(__file__).with_name("adapters")


def contract(name: str) -> dict[str, Callable[[Path], None]]:
    """The contract for an adapter that is here alone, by the name of its package."""
    return {
        "contract, clauses 1 to 7": lambda _: _hold(name, range(1, 8), [_QUOTAS]),
        "contract, clauses 8 to 10": lambda _: _hold(name, range(8, 11), _LEFT_OUT),
    }


def whole_updates(adapter: str, package: str | None, protocol: str = "") -> dict[str, Callable[[Path], None]]:
    """The checks of a client in a program; without a package it is one that the library needs anyway."""
    return {
        f"whole update over it{protocol}": lambda folder: updates.good(_gateway(adapter, package), folder),
        f"broker restarted in mid-download{protocol}": lambda folder: updates.broker_restarted(
            _gateway(adapter, package), folder
        ),
    }


def _hold(name: str, clauses: range, left_out: Sequence[str]) -> None:
    path = f"{halves.ROOT / 'src'}:{packages.folder(name)}:{halves.ROOT}"
    command = [sys.executable, "-m", "peers.adapters.hold", f"over_{name}", *map(str, clauses)]
    said = run(command, within_s=90, environment={"PYTHONPATH": path}).output.splitlines()
    found = [line for line in said if line.startswith("clause")]
    if found != list(left_out):
        raise AssertionError(f"expected to leave out {left_out}, got {found}")


def _gateway(name: str, package: str | None) -> type[Gateway]:
    """The gateway whose program brings this client."""
    ours = str(halves.ROOT / "src")

    class GatewayOver(Gateway):
        environment = {"PYTHONPATH": ours if package is None else f"{ours}:{packages.folder(package)}"}

        def source(self, version: str, patches: Sequence[Patch] = ()) -> Path:
            source = super().source(version, (*_over(name), *patches))
            (source / "peers" / "adapters").mkdir(parents=True)
            for path in ("__init__.py", "adapters/__init__.py", f"adapters/over_{name}.py"):
                shutil.copy(_ADAPTERS.parent / path, source / "peers" / path)
            return source

    return GatewayOver


def _over(name: str) -> tuple[Patch, ...]:
    """The patches that make the example's program use it."""
    files = ", ".join(f"str(folder / '{file}')" for file in ("cacert.pem", "certificate.pem.crt", "private.pem.key"))
    where = "conf['endpoint'].split(':')[0], int(conf['endpoint'].split(':')[1]), conf['mqttid']"
    connection = f"adapter.from_files({where}, {files})"
    thing = f"iot.Thing(conf['endpoint'], conf['mqttid'], '', '', connection={connection})"
    return (
        after("import json", f"from peers.adapters import over_{name} as adapter"),
        replace("iot.Thing(_, _, _, _, thingname=_, cacert=_)", thing),
    )
