"""How a connection begins."""

import socket
import threading
import time

import pytest

from aws.iot.errors import ConnectFailed
from aws.iot.mqtt import _tls_cpython as _mqtt_tls_cpython
from fota_testing.servers.mqtt_packets import CONNACK, CONNECT
from tests.labs.mqtt_lab import MqttLab

SERVER_UNAVAILABLE, NOT_AUTHORIZED, WRONG_PROTOCOL = 3, 5, 1


def test_a_connection_that_the_broker_accepts_is_a_session(mqtt_lab: MqttLab) -> None:
    connection = mqtt_lab.connection()
    assert (connection.is_connected(), connection.sessions) == (False, 0)

    connection.connect()

    assert (connection.is_connected(), connection.sessions) == (True, 1)


def test_the_session_is_clean_and_of_mqtt_3_1_1(mqtt_lab: MqttLab) -> None:
    mqtt_lab.connected()

    keepalive = bytes([0, mqtt_lab.value_of("KEEPALIVE_S")])
    assert mqtt_lab.broker.connects == [b"\0\x04MQTT" + b"\x04" + b"\x02" + keepalive + b"\0\x08device-1"]


def test_connecting_twice_connects_once(mqtt_lab: MqttLab) -> None:
    connection = mqtt_lab.connected()

    connection.connect()

    assert len(mqtt_lab.broker.connects) == 1


def test_small_packets_leave_at_once(paho_lab: MqttLab, monkeypatch: pytest.MonkeyPatch) -> None:
    sockets = []
    handshake = _mqtt_tls_cpython._Socket.do_handshake

    def noted(tls: _mqtt_tls_cpython._Socket, block: bool = False) -> None:
        sockets.append(tls)
        handshake(tls, block)

    monkeypatch.setattr(_mqtt_tls_cpython._Socket, "do_handshake", noted)
    connection = paho_lab.connected()

    assert connection.is_connected()
    assert [bool(tls.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY)) for tls in sockets] == [True]


def test_a_port_given_to_connect_wins_over_that_of_the_endpoint(mqtt_lab: MqttLab) -> None:
    connection = mqtt_lab.connection(endpoint="localhost:1")

    connection.connect(mqtt_lab.broker.port)

    assert connection.is_connected()


def test_connecting_again_keeps_the_port_of_the_connect_before(mqtt_lab: MqttLab) -> None:
    connection = mqtt_lab.connection(endpoint="localhost:1")
    connection.connect(mqtt_lab.broker.port)
    connection.disconnect()

    connection.connect()

    assert connection.is_connected()


def test_a_broker_that_withholds_its_answer_is_given_up_in_time(mqtt_lab: MqttLab) -> None:
    mqtt_lab.broker.withheld.add(CONNACK)
    connection = mqtt_lab.connection()
    began_s = time.monotonic()

    with pytest.raises(ConnectFailed, match="not connected within 200 ms"):
        connection.connect(timeout_ms=200)

    assert time.monotonic() - began_s < 2
    assert not mqtt_lab.network_threads()


def test_the_last_answer_is_told_though_another_try_was_under_way_when_time_was_up(mqtt_lab: MqttLab) -> None:
    mqtt_lab.broker.connack_codes.append(SERVER_UNAVAILABLE)
    connection = mqtt_lab.connection()
    mqtt_lab.broker.silent_after = 1

    with pytest.raises(ConnectFailed, match="Server unavailable"):
        connection.connect(timeout_ms=400)


def test_a_broker_that_takes_too_long_to_accept_is_tried_anew(mqtt_lab: MqttLab) -> None:
    mqtt_lab.rule("ACCEPT_WITHIN_MS", 150)
    mqtt_lab.rule("TURN_MS", 20)
    mqtt_lab.broker.withheld.add(CONNACK)
    connection = mqtt_lab.connection()
    connecting = threading.Thread(target=connection.connect)
    connecting.start()

    mqtt_lab.eventually(lambda: len(mqtt_lab.broker.connects) == 2)
    mqtt_lab.broker.withheld.clear()

    connecting.join()
    assert connection.is_connected()


def test_a_refusal_is_final_and_says_why(mqtt_lab: MqttLab) -> None:
    mqtt_lab.broker.connack_codes.append(NOT_AUTHORIZED)

    with pytest.raises(ConnectFailed, match="Not authorized"):
        mqtt_lab.connection().connect()

    assert len(mqtt_lab.broker.connects) == 1


def test_a_refused_protocol_version_is_not_answered_with_an_older_one(paho_lab: MqttLab) -> None:
    paho_lab.broker.connack_codes.append(WRONG_PROTOCOL)

    paho_lab.connected()

    first, second = paho_lab.broker.connects
    assert first == second


def test_a_broker_that_is_unavailable_for_now_is_tried_again(mqtt_lab: MqttLab) -> None:
    mqtt_lab.broker.connack_codes.extend([SERVER_UNAVAILABLE, SERVER_UNAVAILABLE])

    mqtt_lab.connected()

    assert len(mqtt_lab.broker.connects) == 3


def test_a_broker_that_hangs_up_before_it_answers_is_tried_again(mqtt_lab: MqttLab) -> None:
    mqtt_lab.broker.hangs_up_on.add(CONNECT)
    connection = mqtt_lab.connection()
    connecting = threading.Thread(target=connection.connect)
    connecting.start()

    mqtt_lab.eventually(lambda: len(mqtt_lab.broker.peers) >= 3)
    mqtt_lab.broker.hangs_up_on.clear()

    connecting.join()
    assert connection.is_connected()


def test_an_endpoint_where_nobody_listens_is_named(mqtt_lab: MqttLab) -> None:
    endpoint = f"localhost:{_unused_port()}"

    with pytest.raises(ConnectFailed, match=rf"{endpoint}: not connected within 100 ms: .*(refused|ECONNREFUSED)$"):
        mqtt_lab.connection(endpoint=endpoint).connect(timeout_ms=100)


@pytest.mark.parametrize("endpoint", ["", ":", ":8883", "host:", "host:x", "host:0", "host:65536", "mqtts://host"])
def test_what_is_no_endpoint_is_named(mqtt_lab: MqttLab, endpoint: str) -> None:
    with pytest.raises(ConnectFailed, match="endpoint: expected host or host:port"):
        mqtt_lab.connection(endpoint=endpoint)


def test_after_a_failed_connect_another_may_succeed(mqtt_lab: MqttLab) -> None:
    mqtt_lab.broker.connack_codes.append(NOT_AUTHORIZED)
    connection = mqtt_lab.connection()
    with pytest.raises(ConnectFailed):
        connection.connect()

    connection.connect()

    assert connection.is_connected()


def _unused_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port: int = listener.getsockname()[1]
        return port


@pytest.mark.parametrize(
    "lacking",
    [
        (socket, "socketpair", OSError(24, "Too many open files")),
        (threading.Thread, "start", RuntimeError("can't start new thread")),
    ],
)
def test_a_machine_without_room_for_a_connection_is_a_connect_that_failed_and_may_pass(
    paho_lab: MqttLab, monkeypatch: pytest.MonkeyPatch, lacking: tuple[object, str, Exception]
) -> None:
    owner, name, error = lacking

    def refuse(*_: object) -> None:
        raise error

    connection = paho_lab.connection()
    with monkeypatch.context() as full:
        full.setattr(owner, name, refuse)  # To fill the machine would stop the tests beside this one.
        with pytest.raises(ConnectFailed, match=str(error.args[-1])):
            connection.connect()
    connection.connect()
    assert connection.is_connected()
