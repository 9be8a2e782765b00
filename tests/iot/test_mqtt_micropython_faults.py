"""The connection of MicroPython and a broker that sends what is wrong, too much or too late."""

import socket
import threading

import pytest

from aws.iot.errors import ConnectFailed
from fota.transfer.backoff import Backoff
from fota_testing.servers.mqtt_packets import CONNACK, SUBACK
from tests.labs.mqtt_lab import ignore
from tests.labs.mqtt_micropython_lab import MicroPythonLab, until

pytestmark = pytest.mark.slow

WRONG_PROTOCOL = 1


def test_a_packet_that_is_too_long_ends_the_connection_with_its_size(
    both: MicroPythonLab, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO", "fota")
    connection = both.connected()

    both.broker.send("a", bytes(131_585))

    both.eventually(lambda: connection.sessions == 2)
    assert "a packet of 131590 bytes, more than 131584" in caplog.text


def test_the_longest_packet_that_aws_iot_sends_is_read(both: MicroPythonLab) -> None:
    heard: list[int] = []
    topic = "t" * 256
    connection = both.connected()
    connection.subscribe(topic, lambda _topic, payload: heard.append(len(payload)))

    both.broker.send(topic, bytes(131_072))

    both.eventually(lambda: heard == [131_072])


@pytest.mark.parametrize(
    "octets",
    [
        b"\x30\xff\xff\xff\xff",  # a length that does not end
        b"\x20\x02\0\0",  # accepted twice
        b"\x50\x02\0\x01",  # PUBREC, of QoS 2
        b"\x10\x02\0\0",  # CONNECT, from a broker
        b"\x40\x01\0",  # PUBACK of half a number
        b"\x40\x00",
        b"\x90\x00",
        b"\x30\x00",
        b"\x32\x04\0\x01a\0",  # a message of half a number
    ],
    ids=bytes.hex,
)
def test_what_is_not_mqtt_costs_the_connection_and_not_the_device(both: MicroPythonLab, octets: bytes) -> None:
    connection = both.connected()

    both.broker.send_raw(octets + b"\xff")

    both.eventually(lambda: connection.sessions == 2)
    assert len(both.broker.connects) == 2


def test_a_message_before_we_are_accepted_costs_the_connection(
    both: MicroPythonLab, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO", "fota")
    both.broker.withheld.add(CONNACK)
    connection = both.connection()
    connecting = threading.Thread(target=connection.connect)
    connecting.start()
    until(lambda: both.broker.connects)

    both.broker.send_raw(b"\x30\x03\0\x01a")

    until(lambda: len(both.broker.connects) == 2)
    both.broker.withheld.clear()
    both.broker.kick()
    connecting.join()
    assert "the broker sent a packet out of turn" in caplog.text


def test_half_a_packet_and_then_silence_ends_the_connection_in_time(
    both: MicroPythonLab, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO", "fota")
    both.set("link", "_PING_AFTER_MS", 100)
    both.set("link", "_PONG_WITHIN_MS", 100)
    connection = both.connected()

    both.broker.send_raw(b"\x30\x7f\0\x01a")

    both.eventually(lambda: connection.sessions == 2)
    assert "did not answer a ping within 100 ms" in caplog.text


def test_half_a_packet_and_then_the_end_is_a_loss_and_nothing_of_it_is_kept(both: MicroPythonLab) -> None:
    heard: list[bytes] = []
    connection = both.connected()
    connection.subscribe("a", lambda _topic, payload: heard.append(payload))
    both.broker.send_raw(b"\x30\x7f\0\x01a")
    connection.wait(50)
    both.broker.kick()
    both.eventually(lambda: connection.sessions == 2)

    both.broker.send("a", b"whole")

    both.eventually(lambda: heard == [b"whole"])


def test_a_packet_that_comes_byte_by_byte_is_read(both: MicroPythonLab) -> None:
    heard: list[bytes] = []
    connection = both.connected()
    connection.subscribe("a", lambda _topic, payload: heard.append(payload))

    for octet in b"\x30\x04\0\x01a!":
        both.broker.send_raw(bytes([octet]))
        connection.wait(10)

    both.eventually(lambda: heard == [b"!"])


def test_a_server_that_does_not_speak_tls_is_given_up_in_time(both: MicroPythonLab) -> None:
    both.rule("ACCEPT_WITHIN_MS", 100)
    with socket.create_server(("127.0.0.1", 0)) as silent:
        both.rule("TURN_MS", 10)
        connection = both.connection(endpoint=f"localhost:{silent.getsockname()[1]}")

        with pytest.raises(ConnectFailed, match="the broker did not accept us within 100 ms"):
            connection.connect(timeout_ms=400)


def test_a_server_that_speaks_something_else_is_refused(both: MicroPythonLab) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        connection = both.connection(endpoint=f"localhost:{listener.getsockname()[1]}", backoff=_slow())
        listener.settimeout(5)
        speaking = threading.Thread(target=_say_hello, args=(listener,))
        speaking.start()

        with pytest.raises(ConnectFailed):
            connection.connect(timeout_ms=300)

        speaking.join()


def test_a_broker_that_grants_nothing_after_a_loss_is_tried_anew(both: MicroPythonLab) -> None:
    both.rule("ACCEPT_WITHIN_MS", 200)
    connection = both.connected()
    connection.subscribe("a", ignore)
    both.broker.withheld.add(SUBACK)
    both.broker.kick()

    both.eventually(lambda: len(both.broker.connects) == 3)

    assert connection.sessions == 1


def test_a_refused_protocol_version_is_final(both: MicroPythonLab) -> None:
    both.broker.connack_codes.append(WRONG_PROTOCOL)

    with pytest.raises(ConnectFailed, match="refused us: Unsupported protocol version"):
        both.connection().connect()

    assert len(both.broker.connects) == 1


def test_an_unknown_refusal_is_told_by_its_number(both: MicroPythonLab) -> None:
    both.broker.connack_codes.append(200)

    with pytest.raises(ConnectFailed, match="the broker refused us: 200"):
        both.connection().connect()


def _say_hello(listener: socket.socket) -> None:
    client, _ = listener.accept()
    with client:
        client.sendall(b"220 mail.example ESMTP\r\n")
        client.recv(1_000)


def _slow() -> Backoff:
    return Backoff(3_600_000, 3_600_000, lambda: 0.99)
