"""What the connection of MicroPython alone does with packets, addresses and memory."""

import socket

import pytest

from aws.iot.errors import ConnectFailed
from aws.iot.mqtt._outbox_micropython import Outbox
from aws.iot.mqtt.filters import Filter
from fota.transfer.backoff import Backoff
from tests.labs.mqtt_lab import ignore
from tests.labs.mqtt_micropython_connections import Context, Remote, Stream
from tests.labs.mqtt_micropython_lab import MicroPythonLab


def test_a_host_without_an_address_is_named(both: MicroPythonLab) -> None:
    with pytest.raises(ConnectFailed, match=r"nowhere\.invalid:8883: not connected within 50 ms: "):
        both.connection(endpoint="nowhere.invalid:8883").connect(timeout_ms=50)


def test_a_message_of_many_tls_records_arrives_whole(both: MicroPythonLab) -> None:
    payload = bytes(range(256)) * 400
    connection = both.connected()

    connection.publish("a", payload)

    both.eventually(lambda: both.broker.published)
    assert both.broker.published[0].payload == payload


def test_a_message_that_the_network_takes_in_pieces_arrives_whole(
    here: MicroPythonLab, monkeypatch: pytest.MonkeyPatch
) -> None:
    write = Stream.write
    monkeypatch.setattr(Stream, "write", lambda stream, octets: write(stream, octets[:10]))
    connection = here.connected()

    connection.publish("a", b"0123456789" * 20)

    here.eventually(lambda: here.broker.published)
    assert here.broker.published[0].payload == b"0123456789" * 20


def test_an_address_that_fails_at_once_is_passed_over_at_once(
    here: MicroPythonLab, monkeypatch: pytest.MonkeyPatch
) -> None:
    # TCP refuses to connect to a broadcast address by itself: nothing is sent.
    _resolve_to(monkeypatch, ("255.255.255.255", 1), ("127.0.0.1", here.broker.port))
    connection = here.connection(backoff=Backoff(3_600_000, 3_600_000, lambda: 0.99))

    connection.connect(timeout_ms=5_000)

    assert connection.is_connected()


def test_after_an_address_that_is_silent_the_next_one_is_tried(
    here: MicroPythonLab, monkeypatch: pytest.MonkeyPatch
) -> None:
    here.rule("ACCEPT_WITHIN_MS", 100)
    here.rule("TURN_MS", 10)
    with socket.create_server(("127.0.0.1", 0)) as silent:
        _resolve_to(monkeypatch, silent.getsockname(), ("127.0.0.1", here.broker.port))
        connection = here.connection()

        connection.connect(timeout_ms=5_000)

    assert connection.is_connected()


def test_a_number_that_waits_for_its_answer_is_not_given_to_another_packet() -> None:
    outbox = Outbox()
    route = Filter("a", ignore, 1)
    waiting = outbox.ask([route])

    for _ in range(65_536):
        number = outbox.ask([route])
        assert number not in (0, waiting)
        outbox.take_answered(number)


def test_each_packet_goes_in_one_write(here: MicroPythonLab) -> None:
    connection = here.connected()
    connection.subscribe("a", ignore)
    connection.publish("b", b"x" * 1_000)
    here.broker.send("a", b"")
    connection.wait(1_000)
    connection.disconnect()

    kinds = [octets[0] >> 4 for octets in Context.last.written]
    assert kinds == [1, 8, 3, 4, 14]


def test_no_packet_waits_for_the_acknowledgement_of_the_one_before(here: MicroPythonLab) -> None:
    here.connected()

    assert Context.last.tls.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY)


def test_a_message_for_which_there_is_no_memory_costs_the_connection_and_not_the_device(
    there: MicroPythonLab, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO", "fota")
    connection = there.connection(heap="208k")
    connection.connect()

    there.broker.send("a", bytes(131_072))

    there.eventually(lambda: connection.sessions == 2)
    assert "memory allocation failed" in caplog.text


def test_a_session_leaves_nothing_on_the_heap_when_it_is_made_again(there: MicroPythonLab) -> None:
    connection = there.connection()
    assert isinstance(connection, Remote)
    connection.connect()
    connection.subscribe("a", ignore)
    used = []
    for session in range(2, 18):
        there.broker.kick()
        there.mended(connection, session)
        used.append(connection.memory())

    # The first ones may fill what is kept once; after those, 50 bytes a session would be seen.
    assert used[-1] - used[4] < 500


def test_a_long_message_leaves_nothing_on_the_heap(there: MicroPythonLab) -> None:
    heard: list[int] = []
    connection = there.connection()
    assert isinstance(connection, Remote)
    connection.connect()
    connection.subscribe("a", lambda _topic, payload: heard.append(len(payload)))
    before = connection.memory()

    there.broker.send("a", bytes(100_000))

    there.eventually(lambda: heard)
    assert connection.memory() - before < 2_000


def test_what_a_session_holds_is_little(there: MicroPythonLab) -> None:
    connection = there.connection()
    assert isinstance(connection, Remote)
    before = connection.memory()
    connection.connect()
    for number in range(8):
        connection.subscribe(f"$aws/things/thing-0001/jobs/{number}", ignore)

    assert connection.memory() - before < 8_192


def _resolve_to(monkeypatch: pytest.MonkeyPatch, *addresses: tuple[str, int]) -> None:
    """Every name has these addresses."""
    found = [(socket.AF_INET, socket.SOCK_STREAM, 6, "", address) for address in addresses]
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_: found)


def test_a_network_stack_without_the_option_to_send_small_packets_early_will_do(both: MicroPythonLab) -> None:
    both.set("link", "_TCP_NODELAY", 9_999)

    connection = both.connected()

    assert connection.is_connected()
