"""The connection of MicroPython and a broker that is silent: what is said again, and how that is found out."""

import time
from contextlib import suppress

import pytest

from aws.iot.errors import NotConnected
from fota_testing.servers.mqtt_packets import PINGRESP, UNSUBACK, UNSUBSCRIBE
from tests.labs.mqtt_lab import ignore
from tests.labs.mqtt_micropython_lab import MicroPythonLab, until


def test_a_message_whose_answer_came_while_the_program_was_busy_is_not_sent_again(both: MicroPythonLab) -> None:
    both.rule("RESEND_AFTER_MS", 30)
    connection = both.connected()
    connection.publish("a", "")
    until(lambda: both.broker.published)
    time.sleep(0.05)  # The program is busy with something else.

    connection.wait(10)

    assert len(both.broker.published) == 1


def test_an_unsubscription_without_an_answer_is_said_again_under_its_number(both: MicroPythonLab) -> None:
    both.rule("ASK_AGAIN_AFTER_MS", 30)
    connection = both.connected()
    connection.subscribe("a", ignore)
    both.broker.withheld.add(UNSUBACK)

    connection.unsubscribe("a")

    both.eventually(lambda: len(both.broker.unsubscribes) == 2)
    first, second = [number for number in both.broker.numbers if number[0] == UNSUBSCRIBE][:2]
    assert first == second


def test_a_quiet_connection_is_kept_alive(both: MicroPythonLab) -> None:
    both.set("link", "_PING_AFTER_MS", 30)
    connection = both.connected()

    both.eventually(lambda: both.broker.pings >= 3)

    assert connection.sessions == 1


def test_a_connection_that_only_hears_is_kept_alive(both: MicroPythonLab) -> None:
    both.set("link", "_PING_AFTER_MS", 100)
    connection = both.connected()
    connection.subscribe("a", ignore)

    def hear() -> bool:
        both.broker.send("a", b"", qos=0)
        return bool(both.broker.pings)

    both.eventually(hear)


def test_a_connection_that_only_speaks_finds_out_that_nobody_hears(both: MicroPythonLab) -> None:
    both.set("link", "_PING_AFTER_MS", 100)
    connection = both.connected()

    def speak() -> bool:
        with suppress(NotConnected):  # It is faster than AWS IoT allows.
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
    until(lambda: connection.wait(10) or both.broker.pings)
    time.sleep(0.1)  # The answer has come, and waits for longer than it may take.

    connection.wait(10)

    assert connection.sessions == 1


@pytest.mark.slow
def test_a_broker_that_reads_nothing_more_is_left_in_time(
    both: MicroPythonLab, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO", "fota")
    both.set("link", "_WRITE_WITHIN_MS", 100)
    both.rule("PUBLISH_EVERY_MS", 1)
    both.rule("TURN_MS", 20)
    connection = both.connected()
    both.broker.stop_reading()

    # What the operating system keeps on the way, megabytes of it, is filled first: that takes its time.
    with suppress(NotConnected):
        for _ in range(200):
            connection.publish("much", bytes(65_536), qos=0)

    def is_left() -> bool:
        with suppress(NotConnected):
            connection.publish("much", bytes(65_536), qos=0)
        return "the broker did not take a packet within 100 ms" in caplog.text

    both.eventually(is_left)
