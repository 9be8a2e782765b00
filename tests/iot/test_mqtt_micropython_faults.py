"""The connection of MicroPython and a broker that misbehaves: on both interpreters where that can be."""

import socket
import threading
import time
from collections.abc import Callable
from contextlib import suppress

import pytest

from aws.iot.errors import ConnectFailed, NoAnswer, NotConnected
from fota.backoff import Backoff
from iot.broker import CONNACK, PINGRESP, PUBACK, SUBACK, SUBSCRIBE, UNSUBSCRIBE
from iot.mqtt_micropython_lab import MicroPythonLab, both

__all__ = ("both",)

WRONG_PROTOCOL = 1


def test_a_message_without_an_answer_is_sent_again_under_its_number_on_the_same_connection(
    both: MicroPythonLab,
) -> None:
    both.set("outbox", "_RESEND_AFTER_MS", 50)
    both.broker.withheld.add(PUBACK)
    connection = both.connected()

    connection.publish("report", "SUCCEEDED")

    both.eventually(lambda: len(both.broker.published) == 3)
    first, second, third = both.broker.published
    assert (first.is_repeated, second.is_repeated, third.is_repeated) == (False, True, True)
    assert first.packet_id == second.packet_id == third.packet_id
    assert first.payload == second.payload == b"SUCCEEDED"
    assert len(both.broker.connects) == 1


def test_a_message_that_is_answered_is_not_sent_again(both: MicroPythonLab) -> None:
    both.set("outbox", "_RESEND_AFTER_MS", 30)
    connection = both.connected()

    connection.publish("a", "")
    connection.wait(150)
    connection.wait(150)

    assert len(both.broker.published) == 1


def test_a_message_whose_answer_came_while_the_program_was_busy_is_not_sent_again(both: MicroPythonLab) -> None:
    both.set("outbox", "_RESEND_AFTER_MS", 30)
    connection = both.connected()
    connection.publish("a", "")
    _until(lambda: both.broker.published)
    time.sleep(0.05)  # The program is busy with something else.

    connection.wait(10)

    assert len(both.broker.published) == 1


def test_a_subscription_without_an_answer_is_asked_for_again_under_its_number(both: MicroPythonLab) -> None:
    both.set("outbox", "_ASK_AGAIN_AFTER_MS", 50)
    both.set("connection", "_TURN_MS", 10)
    both.broker.withheld.add(SUBACK)
    connection = both.connected()
    subscribing = threading.Thread(target=connection.subscribe, args=("a", _ignore))
    subscribing.start()

    _until(lambda: len(both.broker.numbers) == 2)
    both.broker.withheld.clear()

    subscribing.join()
    first, second = both.broker.numbers[:2]
    assert first == second
    assert len(both.broker.connects) == 1


def test_a_subscription_that_was_never_answered_is_an_error_and_asked_for_no_more(both: MicroPythonLab) -> None:
    both.set("connection", "_GRANT_WITHIN_MS", 100)
    both.set("outbox", "_ASK_AGAIN_AFTER_MS", 30)
    both.set("connection", "_TURN_MS", 10)
    both.broker.withheld.add(SUBACK)
    connection = both.connected()

    with pytest.raises(NoAnswer, match="jobs/notify: no answer to the subscription within 100 ms"):
        connection.subscribe("jobs/notify", _ignore)

    connection.wait(100)
    asked = len(both.broker.subscribes)
    connection.wait(100)
    assert len(both.broker.subscribes) == asked > 1


def test_a_broker_that_hangs_up_on_a_filter_is_asked_for_it_no_more(both: MicroPythonLab) -> None:
    both.set("connection", "_GRANT_WITHIN_MS", 300)
    connection = both.connected()
    both.broker.hangs_up_on.add(SUBSCRIBE)

    with pytest.raises(NoAnswer, match="forbidden: no answer"):
        connection.subscribe("forbidden", _ignore)

    both.eventually(connection.is_connected)


def test_an_unsubscription_without_an_answer_is_said_again_under_its_number(both: MicroPythonLab) -> None:
    both.set("outbox", "_ASK_AGAIN_AFTER_MS", 30)
    connection = both.connected()
    connection.subscribe("a", _ignore)
    both.broker.withheld.add(11)

    connection.unsubscribe("a")

    both.eventually(lambda: len(both.broker.unsubscribes) == 2)
    first, second = [number for number in both.broker.numbers if number[0] == UNSUBSCRIBE][:2]
    assert first == second


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
    _until(lambda: both.broker.connects)

    both.broker.send_raw(b"\x30\x03\0\x01a")

    _until(lambda: len(both.broker.connects) == 2)
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


def test_a_quiet_connection_is_kept_alive(both: MicroPythonLab) -> None:
    both.set("link", "_PING_AFTER_MS", 30)
    connection = both.connected()

    both.eventually(lambda: both.broker.pings >= 3)

    assert connection.sessions == 1


def test_a_connection_that_only_hears_is_kept_alive(both: MicroPythonLab) -> None:
    both.set("link", "_PING_AFTER_MS", 100)
    connection = both.connected()
    connection.subscribe("a", _ignore)

    def hear() -> bool:
        both.broker.send("a", b"", qos=0)
        return bool(both.broker.pings)

    both.eventually(hear)


def test_a_connection_that_only_speaks_finds_out_that_nobody_hears(both: MicroPythonLab) -> None:
    both.set("link", "_PING_AFTER_MS", 100)
    connection = both.connected()

    def speak() -> bool:
        connection.publish("a", b"", qos=0)
        return bool(both.broker.pings)

    both.eventually(speak)


def test_a_broker_that_answers_no_ping_is_left(both: MicroPythonLab) -> None:
    both.set("link", "_PING_AFTER_MS", 30)
    both.set("link", "_PONG_WITHIN_MS", 60)
    both.broker.withheld.add(PINGRESP)
    connection = both.connected()

    both.eventually(lambda: connection.sessions == 2)


def test_a_program_that_was_busy_for_long_finds_its_connection_alive(both: MicroPythonLab) -> None:
    both.set("link", "_PING_AFTER_MS", 30)
    both.set("link", "_PONG_WITHIN_MS", 30)
    connection = both.connected()
    _until(lambda: connection.wait(10) or both.broker.pings)
    time.sleep(0.1)  # The answer has come, and waits for longer than it may take.

    connection.wait(10)

    assert connection.sessions == 1


def test_a_broker_that_reads_nothing_more_is_left_in_time(
    both: MicroPythonLab, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO", "fota")
    both.set("link", "_WRITE_WITHIN_MS", 100)
    connection = both.connected()
    both.broker.stop_reading()

    def is_left() -> bool:
        with suppress(NotConnected):
            connection.publish("much", bytes(16_384), qos=0)
        return "the broker did not take a packet within 100 ms" in caplog.text

    both.eventually(is_left)


def test_a_server_that_does_not_speak_tls_is_given_up_in_time(both: MicroPythonLab) -> None:
    both.set("connection", "_ACCEPT_WITHIN_MS", 100)
    with socket.create_server(("127.0.0.1", 0)) as silent:
        both.set("connection", "_TURN_MS", 10)
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


def test_a_broker_that_takes_too_long_to_accept_is_tried_anew(both: MicroPythonLab) -> None:
    both.set("connection", "_ACCEPT_WITHIN_MS", 200)
    both.set("connection", "_TURN_MS", 10)
    both.broker.withheld.add(CONNACK)
    connection = both.connection()
    connecting = threading.Thread(target=connection.connect)
    connecting.start()

    _until(lambda: len(both.broker.connects) == 2)
    both.broker.withheld.clear()

    connecting.join()
    assert connection.is_connected()


def test_a_broker_that_grants_nothing_after_a_loss_is_tried_anew(both: MicroPythonLab) -> None:
    both.set("connection", "_ACCEPT_WITHIN_MS", 200)
    connection = both.connected()
    connection.subscribe("a", _ignore)
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


def _until(fact: Callable[[], object]) -> None:
    """Wait for the broker alone; the connection is not driven."""
    until_s = time.monotonic() + 10
    while not fact():
        assert time.monotonic() < until_s, "it did not become so"
        time.sleep(0.002)


def _slow() -> Backoff:
    return Backoff(3_600_000, 3_600_000, lambda: 0.99)


def _ignore(_topic: str, _payload: bytes) -> None:
    pass
