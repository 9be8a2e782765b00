"""The broker's name has several addresses, and some lead nowhere: none of them costs the time of the others."""

import socket
import time

import pytest

from aws.iot.errors import ConnectFailed
from fota.transfer import dial
from tests.labs.addresses import dead_end, names
from tests.labs.mqtt_lab import MqttLab

__all__ = ("dead_end", "names")

NEXT_AFTER_MS = 60


@pytest.fixture(autouse=True)
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(dial, "_NEXT_AFTER_MS", NEXT_AFTER_MS)
    monkeypatch.setattr(dial, "_seen", {})


def test_a_device_connects_behind_addresses_that_lead_nowhere_and_begins_there_the_next_time(
    in_process_lab: MqttLab, names: dict[str, object], dead_end: int
) -> None:
    names["localhost"] = [*[dead_end] * 4, in_process_lab.broker.port]
    connection = in_process_lab.connection()
    took_s = []
    for _ in range(2):
        begun = time.monotonic()
        connection.connect(timeout_ms=5_000)
        took_s.append(time.monotonic() - begun)
        connection.disconnect()

    assert took_s[0] > 4 * NEXT_AFTER_MS / 1000 > took_s[1]


def test_of_dead_addresses_alone_a_connect_ends_in_its_time(
    in_process_lab: MqttLab, names: dict[str, object], dead_end: int
) -> None:
    names["localhost"] = [dead_end] * 4
    begun = time.monotonic()

    with pytest.raises(ConnectFailed, match="not connected within 300 ms"):
        in_process_lab.connection().connect(timeout_ms=300)

    assert time.monotonic() - begun < 1.5


@pytest.mark.parametrize("found", [[], None], ids=["an empty list", "nothing"])
def test_a_name_without_addresses_is_looked_up_again(
    in_process_lab: MqttLab, names: dict[str, object], found: object, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO", "fota")
    names["localhost"] = found
    connection = in_process_lab.connection()

    with pytest.raises(ConnectFailed, match="the name has no address"):
        connection.connect(timeout_ms=100)

    names["localhost"] = [in_process_lab.broker.port]
    connection.connect(timeout_ms=5_000)
    assert connection.is_connected()


def test_an_address_that_accepts_and_is_silent_is_the_last_one_of_the_next_try(
    in_process_lab: MqttLab, names: dict[str, object], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("aws.iot.mqtt._client_cpython._TCP_AND_TLS_WITHIN_S", 0.3)
    in_process_lab.rule("ACCEPT_WITHIN_MS", 300)
    with socket.create_server(("127.0.0.1", 0)) as silent:
        names["localhost"] = [silent.getsockname()[1], in_process_lab.broker.port]
        in_process_lab.connection().connect(timeout_ms=5_000)
