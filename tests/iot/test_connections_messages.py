"""Messages over a program's own client: each arrives, in order, and none waits for ever."""

import threading

import pytest

from aws.iot.errors import NotConnected
from aws.iot.mqtt import rules
from fota_testing.servers.mqtt_packets import PUBACK
from tests.labs.borrowed_clients import Program
from tests.labs.borrowed_lab import MARKED, Begin, begin, each_client
from tests.labs.mqtt_lab import MqttLab, paho_lab

pytestmark = pytest.mark.slow

__all__ = ("begin", "paho_lab")


@pytest.fixture
def lab(paho_lab: MqttLab) -> MqttLab:
    """The broker and its arrangements."""
    return paho_lab


@each_client
def test_messages_of_many_threads_arrive_each_once(lab: MqttLab, begin: Begin, name: str) -> None:
    lab.rule("PUBLISH_EVERY_MS", 1)
    lab.broker.quotas.second_ms = 20
    program = begin(name)
    program.connect()

    def publish(sender: int) -> None:
        for number in range(20):
            program.publish("many", f"{sender}/{number}")

    senders = [threading.Thread(target=publish, args=(sender,)) for sender in range(4)]
    for one in senders:
        one.start()
    for one in senders:
        one.join()

    lab.eventually(lambda: len(lab.broker.published) == 80)
    payloads = [one.payload.decode() for one in lab.broker.published]
    for sender in range(4):
        assert [one for one in payloads if one.startswith(f"{sender}/")] == [f"{sender}/{n}" for n in range(20)]


@each_client
def test_of_200_messages_without_acknowledgements_the_last_are_refused_and_the_others_arrive_in_order(
    lab: MqttLab, begin: Begin, name: str
) -> None:
    lab.rule("PUBLISH_EVERY_MS", 1)
    lab.broker.quotas.second_ms = 20
    lab.broker.withheld.add(PUBACK)
    program = begin(name)
    program.connect()

    taken = publish_until_full(program, 200)

    assert rules.MAX_WAITING_CPYTHON <= taken <= rules.MAX_WAITING_CPYTHON + rules.MAX_UNACKNOWLEDGED_CPYTHON
    lab.eventually(lambda: len(lab.broker.published) == rules.MAX_UNACKNOWLEDGED_CPYTHON)
    lab.broker.kick()
    lab.eventually(lambda: not program.is_connected())
    lab.broker.withheld.clear()
    lab.eventually(lambda: len({one.payload for one in lab.broker.published}) == taken)
    numbers = [int(one.payload) for one in lab.broker.published]
    assert list(dict.fromkeys(numbers)) == list(range(taken))


def publish_until_full(program: Program, most: int) -> int:
    for number in range(most):
        try:
            program.publish("queue", str(number))
        except NotConnected:
            return number
    return most


@pytest.mark.parametrize("name", [one for one in MARKED if "5" in str(one.values[0])])
def test_a_message_that_a_broker_of_mqtt_5_refuses_is_told_and_not_sent_again(
    lab: MqttLab, begin: Begin, name: str
) -> None:
    lab.broker.refused_topics.add("forbidden")
    program = begin(name)
    program.connect()

    program.publish("forbidden", "")
    program.publish("behind", "")
    lab.eventually(lambda: len(lab.broker.published) == 2)
    program.disconnect()
    program.connect()
    program.publish("last", "")

    lab.eventually(lambda: [one.topic for one in lab.broker.published] == ["forbidden", "behind", "last"])


@each_client
def test_what_was_not_acknowledged_before_a_loss_comes_before_what_was_published_after_it(
    lab: MqttLab, begin: Begin, name: str
) -> None:
    # Longer than the test: the order must not depend on a look at the clock.
    lab.rule("TURN_MS", 5_000)
    lab.broker.withheld.add(PUBACK)
    program = begin(name)
    program.connect()
    program.publish("first", "")
    lab.eventually(lambda: lab.broker.published)

    lab.broker.kick()
    lab.eventually(lambda: not program.is_connected())
    program.publish("second", "")
    lab.broker.withheld.clear()

    lab.eventually(lambda: len(lab.broker.published) == 3)
    assert [one.topic for one in lab.broker.published] == ["first", "first", "second"]
