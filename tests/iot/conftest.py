"""The fixtures of this folder."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.labs.device_lab import lab, seeded
from tests.labs.interpreter import only_where_it_runs as on_micropython
from tests.labs.mqtt_lab import MqttLab, paho_lab
from tests.labs.mqtt_micropython_lab import MicroPythonLab, both, here, there

__all__ = ("both", "here", "in_process_lab", "lab", "mqtt_lab", "paho_lab", "seeded", "there")

PAHO, SOCKETS = "paho", "sockets"
MICROPYTHON = pytest.param("micropython", marks=on_micropython)


@pytest.fixture(params=[PAHO, SOCKETS, MICROPYTHON])
def mqtt_lab(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[MqttLab]:
    """A lab with each connection in turn: paho's, and the other one on both interpreters."""
    made = _lab_of(request.param, tmp_path, monkeypatch)
    yield made
    made.close()


@pytest.fixture(params=[PAHO, SOCKETS])
def in_process_lab(
    request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[MqttLab]:
    """A lab with each connection in turn, for what can only be looked at from inside."""
    made = _lab_of(request.param, tmp_path, monkeypatch)
    yield made
    made.close()


def _lab_of(client: str, folder: Path, monkeypatch: pytest.MonkeyPatch) -> MqttLab:
    if client == PAHO:
        return MqttLab(monkeypatch)
    return MicroPythonLab("cpython" if client == SOCKETS else client, folder, monkeypatch)
