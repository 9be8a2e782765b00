"""What a device costs from process start to connection: time, memory, and the size of what had to be installed.

Each runs in a virtual environment of its own with nothing else in it. The time is from the start of the process to
the answer of the broker.
"""

import time
from collections.abc import Callable

from bench import peers
from bench.figures import Outcome, Row, samples
from bench.processes import run_program
from bench.stage import MIB, Stage

NAME = "start"
AIM = "within 1.3 of paho alone"
_WITHIN_S = 60.0
_MAKERS: dict[str, Callable[[], str]] = {
    "ours": peers.python_with_ours,
    "paho": peers.python_with_paho,
    "awsiotsdk": peers.python_with_awsiotsdk,
}


def measure(stage: Stage) -> Outcome:
    """All three in turn, against the same local AWS."""
    rounds = stage.pick(9, 1)
    pythons = {name: make() for name, make in _MAKERS.items()}
    things = {name: str(stage.new_things("start")[0]) for name in pythons}
    for name, python in pythons.items():
        # The first start is not measured: it writes byte code, which a device that has started before already has.
        _start(name, python, things[name])
    found: dict[str, list[dict[str, float]]] = {name: [] for name in pythons}
    for _ in range(rounds):
        for name, python in pythons.items():
            found[name].append(_start(name, python, things[name]))
    sizes = {name: (peers.installed_bytes(python) / MIB,) for name, python in pythons.items()}

    def row(work: str, unit: str, peer: str, figure: str, per: float = 1.0) -> Row:
        return Row(
            f"{work} (beside: {peer})", unit, samples(found["ours"], figure, per), samples(found[peer], figure, per)
        )

    return Outcome(
        NAME,
        "paho alone, awsiotsdk",
        AIM,
        (
            row("import and connect", "s", "paho", "seconds"),
            row("import and connect", "s", "awsiotsdk", "seconds"),
            row("resident then", "MiB", "paho", "resident", MIB),
            row("resident then", "MiB", "awsiotsdk", "resident", MIB),
            Row("installed (beside: paho)", "MiB", sizes["ours"], sizes["paho"]),
            Row("installed (beside: awsiotsdk)", "MiB", sizes["ours"], sizes["awsiotsdk"]),
        ),
    )


def _start(name: str, python: str, thing: str) -> dict[str, float]:
    began = time.monotonic()
    found = run_program(f"{name}_start", {"thing": thing}, python=python, within_s=_WITHIN_S)
    return {**found, "seconds": found["connected_s"] - began}
