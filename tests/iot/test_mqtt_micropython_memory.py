"""The connection of a board without memory says so, in each place where memory can lack."""

import logging
from pathlib import Path

import pytest

from aws.iot.errors import ConnectFailed
from aws.iot.mqtt import _link_micropython
from fota import boot_note
from fota.log import SHORT, is_shortage
from fota.storage import cell_pair
from tests.labs.mqtt_micropython_lab import MicroPythonLab
from tests.labs.raising import failing

NO_TLS = OSError(-0x7F00, "MBEDTLS_ERR_SSL_ALLOC_FAILED")
PLACES = {
    "name": (
        "fota.transfer.dial.socket.getaddrinfo",
        [OSError(-203, ""), OSError(203, ""), OSError(-10, ""), MemoryError()],
    ),
    "socket": ("fota.transfer.dial.socket.socket", [OSError(23, "none left"), OSError(12, "none"), MemoryError()]),
    "session": ("tests.labs.mqtt_micropython_connections.Context.wrap_socket", [NO_TLS, MemoryError("allocating 9")]),
    "handshake": (
        "tests.labs.mqtt_micropython_connections.Stream.write",
        [NO_TLS, OSError(-0x2880, ""), MemoryError()],
    ),
    "answer": ("tests.labs.mqtt_micropython_connections.Stream.readinto", [NO_TLS, OSError(12, ""), MemoryError()]),
}
CASES = [(place, error) for place, (_, errors) in PLACES.items() for error in errors]


@pytest.mark.parametrize(("place", "error"), CASES, ids=lambda one: one if isinstance(one, str) else repr(one))
def test_a_connection_that_lacks_memory_says_so_and_blames_no_policy(
    here: MicroPythonLab, monkeypatch: pytest.MonkeyPatch, place: str, error: Exception
) -> None:
    connection = here.connection()
    with monkeypatch.context() as patch:
        patch.setattr(PLACES[place][0], failing(error, 1_000_000, lambda: None))
        with pytest.raises(ConnectFailed) as caught:
            connection.connect(timeout_ms=200)
    assert SHORT in str(caught.value)
    assert "policy" not in str(caught.value)
    assert is_shortage(caught.value)
    connection.connect()
    assert connection.is_connected()


def test_another_error_is_no_want_of_memory_though_one_came_before(
    here: MicroPythonLab, monkeypatch: pytest.MonkeyPatch
) -> None:
    connection = here.connection()
    where = PLACES["handshake"][0]
    with monkeypatch.context() as patch:
        patch.setattr(where, failing(MemoryError(), 1, failing(OSError(104, "reset"), 1_000_000, lambda: None)))
        with pytest.raises(ConnectFailed, match="reset") as caught:
            connection.connect(timeout_ms=300)
    assert not is_shortage(caught.value)


def test_a_long_message_without_memory_for_it_costs_the_connection_and_is_told_as_that(
    here: MicroPythonLab, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO, "fota")
    connection = here.connected()
    with monkeypatch.context() as patch:
        lacks = failing(MemoryError("allocating 5000"), 1, bytearray)
        patch.setattr(_link_micropython, "bytearray", lacks, raising=False)
        here.broker.send("a", bytes(5_000))
        here.eventually(lambda: connection.sessions == 2)
    assert f"{SHORT}allocating 5000" in caplog.text


def test_the_report_of_a_trial_that_ends_so_has_it_until_the_cloud_is_reached(
    here: MicroPythonLab, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    note = boot_note.BootNote(*cell_pair(str(tmp_path / "note")))
    boot_note.begin(note)
    try:
        connection = here.connection()
        with monkeypatch.context() as patch:
            patch.setattr(PLACES["handshake"][0], failing(NO_TLS, 1_000_000, lambda: None))
            with pytest.raises(ConnectFailed):
                connection.connect(timeout_ms=200)
        boot_note.offline()
        assert note.is_offline()
        assert note.last_words()["error"].startswith(SHORT)
        connection.connect()
        assert (note.is_offline(), note.last_words()) == (False, {})
    finally:
        boot_note._begun.clear()
        boot_note._told.clear()
