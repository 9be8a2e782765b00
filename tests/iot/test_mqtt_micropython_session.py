"""What the connection of MicroPython alone does: one thread, that of the program, and bounds that fit a board."""

import time

import pytest

from aws.iot.errors import NoAnswer, NotConnected
from aws.iot.mqtt import rules
from fota_testing.servers.mqtt_packets import CONNECT, PUBACK, SUBACK
from tests.labs.mqtt_lab import Ceilings, ignore
from tests.labs.mqtt_micropython_connections import Context
from tests.labs.mqtt_micropython_lab import MicroPythonLab


def test_nothing_is_sent_or_heard_unless_the_program_calls(both: MicroPythonLab) -> None:
    heard: list[bytes] = []
    connection = both.connected()
    connection.subscribe("a", lambda _topic, payload: heard.append(payload))
    both.broker.send("a", b"now")
    time.sleep(0.1)  # For a thread that must not be there.
    assert heard == []

    connection.wait(1_000)

    assert heard == [b"now"]


def test_a_loop_waits_for_nothing(both: MicroPythonLab) -> None:
    connection = both.connected()
    connection.loop()
    began_s = time.monotonic()

    connection.loop()

    assert time.monotonic() - began_s < 0.5


def test_a_loop_does_not_wait_for_the_next_try_either(both: MicroPythonLab) -> None:
    connection = both.down()
    began_s = time.monotonic()

    connection.loop()

    assert time.monotonic() - began_s < 0.5


def test_a_lost_connection_is_not_tried_again_before_its_time(both: MicroPythonLab) -> None:
    connection = both.down()

    connection.wait(50)
    connection.loop()

    assert len(both.broker.connects) == 1


def test_a_wait_while_the_connection_is_down_ends_in_time(both: MicroPythonLab) -> None:
    connection = both.down()
    began_s = time.monotonic()

    connection.wait(50)

    assert 0.04 < time.monotonic() - began_s < 5


def test_a_callback_that_waits_or_subscribes_is_not_served_and_not_hung(both: MicroPythonLab) -> None:
    seen: list[object] = []
    connection = both.connected()

    def callback(_topic: str, _payload: bytes) -> None:
        began_s = time.monotonic()
        connection.wait(5_000)
        try:
            connection.subscribe("b", ignore)
        except NoAnswer as error:
            seen.append(type(error))
        seen.append(time.monotonic() - began_s < 1)

    connection.subscribe("a", callback)
    both.broker.send("a", b"")

    both.eventually(lambda: seen)
    assert seen == [NoAnswer, True]


def test_a_loop_inside_a_callback_hands_nothing_out(both: MicroPythonLab) -> None:
    heard: list[str] = []
    connection = both.connected()

    def callback(_topic: str, payload: bytes) -> None:
        heard.append(f"{payload.decode()} begins")
        connection.loop()
        heard.append(f"{payload.decode()} ends")

    connection.subscribe("a", callback)
    both.broker.send_raw(b"\x30\x04\0\x01a1" + b"\x30\x04\0\x01a2")

    both.eventually(lambda: len(heard) == 4)
    assert heard == ["1 begins", "1 ends", "2 begins", "2 ends"]


def test_what_a_callback_publishes_goes_after_the_acknowledgement_of_its_message(here: MicroPythonLab) -> None:
    connection = here.connected()

    def answer(_topic: str, _payload: bytes) -> None:
        connection.publish("answer", bytes(100))

    connection.subscribe("ask", answer)

    here.broker.send("ask", b"")

    here.eventually(lambda: here.broker.published)
    assert [octets[0] >> 4 for octets in Context.last.written][-2:] == [4, 3]


def test_a_goodbye_ends_when_the_broker_has_read_it_and_hung_up(both: MicroPythonLab) -> None:
    connection = both.connected()

    connection.disconnect()

    assert both.broker.farewells == 1


def test_no_more_bytes_wait_than_the_longest_message_has(both: MicroPythonLab) -> None:
    connection = both.down()
    connection.publish("sample", bytes(131_072))

    with pytest.raises(NotConnected, match=r"sample: 1 messages of 131.* bytes wait already"):
        connection.publish("sample", bytes(1_024))


def test_messages_sent_again_after_a_loss_keep_their_order(both: MicroPythonLab) -> None:
    both.broker.withheld.add(PUBACK)
    connection = both.connected()
    for number in range(rules.MAX_WAITING_MICROPYTHON):
        connection.publish("sample", str(number))
    both.eventually(lambda: len(both.broker.published) == rules.MAX_WAITING_MICROPYTHON)

    both.broker.withheld.clear()
    both.broker.kick()

    both.eventually(lambda: len(both.broker.published) == 2 * rules.MAX_WAITING_MICROPYTHON)
    again = both.broker.published[rules.MAX_WAITING_MICROPYTHON :]
    assert [int(message.payload) for message in again] == list(range(rules.MAX_WAITING_MICROPYTHON))
    assert all(message.is_repeated for message in again)


def test_a_message_never_sent_is_not_marked_as_repeated_after_a_loss(both: MicroPythonLab) -> None:
    connection = both.connected()
    both.broker.hangs_up_on.add(CONNECT)
    both.broker.kick()
    both.eventually(lambda: not connection.is_connected())
    connection.publish("a", "")
    both.eventually(lambda: len(both.broker.peers) == 3)

    both.broker.hangs_up_on.clear()

    both.eventually(lambda: both.broker.published)
    assert not both.broker.published[0].is_repeated


def test_messages_wait_until_the_subscriptions_are_made_again(both: MicroPythonLab) -> None:
    both.rule("ASK_AGAIN_AFTER_MS", 50)
    connection = both.connected()
    connection.subscribe("answers", ignore)
    both.broker.withheld.add(SUBACK)
    both.broker.kick()
    both.eventually(lambda: not connection.is_connected())
    connection.publish("question", "")
    both.eventually(lambda: len(both.broker.subscribes) == 4)
    assert both.broker.published == []

    both.broker.withheld.clear()

    both.eventually(lambda: both.broker.published)


def test_a_message_may_take_longer_to_be_answered_than_a_subscription(both: MicroPythonLab) -> None:
    both.rule("ASK_AGAIN_AFTER_MS", 10)
    both.broker.withheld.add(PUBACK)
    connection = both.connected()

    connection.publish("a", "")
    connection.wait(50)
    connection.wait(50)

    assert len(both.broker.published) == 1


def test_a_connection_lasts_from_when_it_is_established_and_not_from_when_it_is_begun(here: MicroPythonLab) -> None:
    here.rule("STABLE_MS", 300)
    here.rule("ASK_AGAIN_AFTER_MS", 400)
    ceilings = Ceilings()
    connection = here.connected(backoff=ceilings)
    connection.subscribe("a", ignore)
    here.broker.withheld.add(SUBACK)
    here.broker.kick()
    here.eventually(lambda: len(here.broker.subscribes) == 2)
    here.broker.withheld.clear()
    # Its subscription is asked for again and granted, later than a connection must last.
    here.eventually(lambda: connection.sessions == 2)

    here.broker.kick()

    here.eventually(lambda: connection.sessions == 3)
    assert ceilings.seen == [1, 2]
