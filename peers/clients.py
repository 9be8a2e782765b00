"""awscrt and aiomqtt as a program's own connection: each held against the contract, and a whole update over it.

Leaves to others: the adapters themselves (`adapters`).
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


def checks(name: str) -> dict[str, Callable[[Path], None]]:
    """The checks of one client, by its package's name."""
    return {
        "contract, clauses 1 to 7": lambda _: _hold(name, range(1, 8), [_QUOTAS]),
        "contract, clauses 8 to 10": lambda _: _hold(name, range(8, 11), _LEFT_OUT),
        "whole update over it": lambda folder: updates.good(_gateway(name), folder),
        "broker restarted in mid-download": lambda folder: updates.broker_restarted(_gateway(name), folder),
    }


def _hold(name: str, clauses: range, left_out: Sequence[str]) -> None:
    path = f"{halves.ROOT / 'src'}:{packages.folder(name)}:{halves.ROOT}"
    command = [sys.executable, "-m", "peers.adapters.hold", f"over_{name}", *map(str, clauses)]
    said = run(command, within_s=90, environment={"PYTHONPATH": path}).output.splitlines()
    found = [line for line in said if line.startswith("clause")]
    if found != list(left_out):
        raise AssertionError(f"expected to leave out {left_out}, got {found}")


def _gateway(name: str) -> type[Gateway]:
    """The gateway whose program brings this client."""

    class GatewayOver(Gateway):
        environment = {"PYTHONPATH": f"{halves.ROOT / 'src'}:{packages.folder(name)}"}

        def source(self, version: str, patches: Sequence[Patch] = ()) -> Path:
            source = super().source(version, (*_over(name), *patches))
            (source / "peers" / "adapters").mkdir(parents=True)
            modules = ("adapters/__init__.py", "adapters/remembering.py", f"adapters/over_{name}.py")
            for path in ("__init__.py", *modules):
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
