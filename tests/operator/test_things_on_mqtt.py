"""A device with the folder of its thing connects, and may do what its policy says and no more."""

import ssl
import threading
import time
from typing import Any

import paho.mqtt.client as mqtt
import pytest
from paho.mqtt.enums import CallbackAPIVersion

from fota_operator.local.aws import LocalAws
from fota_operator.things.things import AddedThing
from tests.labs.things_lab import added, folder

__all__ = ("added", "folder")

pytestmark = pytest.mark.e2e


class Session:
    """A device's connection with the credentials of a folder, as paho makes it."""

    def __init__(self, local_aws: LocalAws, added: AddedThing, client_id: str) -> None:
        self.connected = threading.Event()
        self.acknowledged = threading.Event()
        self.ended = threading.Event()
        context = ssl.create_default_context(cafile=str(local_aws.ca_bundle))
        context.load_cert_chain(added.folder / "certificate.pem.crt", added.folder / "private.pem.key")
        self.client = mqtt.Client(CallbackAPIVersion.VERSION2, client_id=client_id)
        self.client.tls_set_context(context)
        self.client.on_connect = self._on_connect
        self.client.on_publish = lambda *_: self.acknowledged.set()
        self.client.on_disconnect = lambda *_: self.ended.set()
        host, port = added.endpoint.split(":")
        self.client.connect(host, int(port))
        self.client.loop_start()

    def _on_connect(self, *heard: Any) -> None:  # Five things, one of which matters: the reason code.
        if not heard[3].is_failure:
            self.connected.set()

    def may_publish(self, topic: str) -> bool:
        assert self.connected.wait(10)
        self.client.publish(topic, "{}", qos=1)
        # MQTT 3.1.1 has no other no than the end of the connection.
        deadline = time.monotonic() + 10
        while not self.acknowledged.wait(0.01):
            assert time.monotonic() < deadline
            if self.ended.is_set():
                return False
        return True

    def close(self) -> None:
        self.client.disconnect()
        self.client.loop_stop()


@pytest.mark.parametrize(
    ("topic", "allowed"), [("things/{}/sample", True), ("plant/alarm", True), ("things/other/sample", False)]
)
def test_a_device_may_publish_what_its_policy_says(
    local_aws: LocalAws, added: AddedThing, topic: str, allowed: bool
) -> None:
    session = Session(local_aws, added, added.name)
    try:
        assert session.may_publish(topic.format(added.name)) is allowed
    finally:
        session.close()


def test_a_device_may_not_connect_under_another_name(local_aws: LocalAws, added: AddedThing) -> None:
    session = Session(local_aws, added, "another")
    try:
        assert session.ended.wait(10)
        assert not session.connected.is_set()
    finally:
        session.close()
