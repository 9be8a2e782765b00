"""What AWS IoT Device Advisor asks of a connection, where no other file asks it; docs/reference/device-advisor.md."""

import ssl
import threading

import pytest

from aws.iot.errors import ConnectFailed
from fota_testing.servers.mqtt_packets import CONNACK, PINGRESP, PUBACK
from tests.labs.dated_authority import DatedAuthority
from tests.labs.mqtt_lab import MqttLab

ATTEMPTS = 6
"""Device Advisor withholds five answers and gives the sixth, twice."""


@pytest.mark.parametrize("suite", ["ECDHE-ECDSA-AES128-GCM-SHA256", "ECDHE-ECDSA-AES256-GCM-SHA384"])
def test_a_broker_that_takes_a_suite_that_aws_recommends_and_no_other_is_connected_to(
    mqtt_lab: MqttLab, suite: str
) -> None:
    context = mqtt_lab.authority.server_context(["localhost"])
    context.maximum_version = ssl.TLSVersion.TLSv1_2
    context.set_ciphers(suite)
    serve(mqtt_lab, context)

    assert mqtt_lab.connected().is_connected()


def test_a_broker_with_a_long_certificate_is_connected_to(mqtt_lab: MqttLab) -> None:
    others = [f"another-name-of-the-broker-{number}.example" for number in range(100)]
    serve(mqtt_lab, mqtt_lab.authority.server_context(["localhost", *others]))

    assert mqtt_lab.connected().is_connected()


def test_a_broker_whose_certificate_has_expired_is_refused_at_once(mqtt_lab: MqttLab) -> None:
    authority = DatedAuthority()
    authority.days = (-3, -1)
    serve(mqtt_lab, authority.server_context(["localhost"]))

    with pytest.raises(ConnectFailed, match=r"its certificate is not trusted: .*expired"):
        mqtt_lab.connection(cacert=authority.pem).connect()

    assert not mqtt_lab.broker.connects


@pytest.mark.slow
@pytest.mark.slow
def test_a_device_that_is_not_answered_connects_until_it_is_and_so_again_after_a_loss(mqtt_lab: MqttLab) -> None:
    mqtt_lab.rule("ACCEPT_WITHIN_MS", 300)
    mqtt_lab.rule("TURN_MS", 10)
    mqtt_lab.broker.withheld.add(CONNACK)
    connection = mqtt_lab.connection()
    connecting = threading.Thread(target=connection.connect)
    connecting.start()
    wait_for_connects(mqtt_lab, ATTEMPTS - 1)
    mqtt_lab.broker.withheld.clear()
    connecting.join(10)
    assert connection.is_connected()

    seen = len(mqtt_lab.broker.connects)
    mqtt_lab.broker.withheld.add(CONNACK)
    mqtt_lab.broker.kick()
    mqtt_lab.eventually(lambda: len(mqtt_lab.broker.connects) >= seen + ATTEMPTS - 1)
    mqtt_lab.broker.withheld.clear()
    mqtt_lab.mended(connection, 2)


@pytest.mark.slow
@pytest.mark.slow
def test_a_broker_that_answers_no_message_and_no_ping_is_left(paho_lab: MqttLab) -> None:
    paho_lab.rule("KEEPALIVE_S", 1)
    paho_lab.rule("TURN_MS", 50)
    paho_lab.broker.withheld.update((PUBACK, PINGRESP))
    connection = paho_lab.connected()
    connection.publish("sample", "")

    paho_lab.mended(connection, 2)

    assert paho_lab.broker.pings


def serve(lab: MqttLab, context: ssl.SSLContext) -> None:
    """Put a broker with this certificate in the place of the lab's."""
    lab.broker.close()
    lab.broker = lab.broker_with(context)


def wait_for_connects(lab: MqttLab, number: int) -> None:
    """Wait until so many CONNECTs came; the connection is driven by its own call of `connect`."""
    pause = threading.Event()
    for _ in range(2_000):
        if len(lab.broker.connects) >= number:
            return
        pause.wait(0.005)
    raise AssertionError("the device does not try again")
