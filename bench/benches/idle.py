"""What the library costs a program's own loop while there is nothing to do: one `handle_fota_jobs` call.

It is compared with one `loop(timeout=0)` of paho, which a program with paho alone would call there. Ours has a
thread for the network, so its call only looks whether something came.
"""

import sys

from bench import peers
from bench.figures import Outcome, Row, samples
from bench.processes import run_program
from bench.stage import MIB, Stage

NAME = "idle"
AIM = "some 1 µs; no allocation that stays"
_WITHIN_S = 60.0


def measure(stage: Stage) -> Outcome:
    """Both in turn, connected to the same local AWS."""
    rounds, calls = stage.pick(5, 1), stage.pick(100_000, 1000)
    ours, paho = [], []
    for _ in range(rounds):
        ours.append(device_idle(stage, calls))
        settings = {"thing": str(stage.new_things("idle")[0]), "calls": calls}
        paho.append(run_program("paho_idle", settings, python=peers.python_with_paho(), within_s=_WITHIN_S))
    return Outcome(
        NAME,
        "client.loop(timeout=0) of paho",
        AIM,
        (
            Row("one call", "µs", samples(ours, "microseconds"), samples(paho, "microseconds")),
            Row("one call while an update is put off", "µs", samples(ours, "put_off")),
            Row(f"kept after {calls} calls", "bytes", samples(ours, "kept")),
        ),
    )


def device_idle(stage: Stage, calls: int) -> dict[str, float]:
    """`microseconds` for a call, and the bytes `kept` after all calls."""
    settings = {"home": str(stage.new_home(MIB)), "thing": str(stage.new_things("idle")[0]), "calls": calls}
    return run_program("ours_idle", settings, python=sys.executable, within_s=_WITHIN_S)
