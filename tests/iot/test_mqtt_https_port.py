"""MQTT on the port of HTTPS: asked for by ALPN, as AWS IoT wants it, and through the proxy of a gateway."""

import logging
import ssl
from collections.abc import Iterator

import pytest

from aws.iot.errors import ConnectFailed
from fota_testing.servers.mqtt_broker import Broker
from tests.labs.addresses import names
from tests.labs.mqtt_lab import MqttLab
from tests.labs.mqtt_micropython_lab import MicroPythonLab
from tests.labs.proxy import Proxy, proxy

__all__ = ("names", "proxy")

HOST = "broker.example"
HTTPS, OTHER = f"{HOST}:443", f"{HOST}:8883"


class _Strict(ssl.SSLSocket):
    """Hangs up on who did not ask for MQTT, as AWS IoT does on this port."""

    def do_handshake(self, block: bool = False) -> None:
        super().do_handshake(block)
        if self.selected_alpn_protocol() != "x-amzn-mqtt-ca":
            self.close()
            raise OSError("MQTT was not asked for")


def _broker(lab: MqttLab, names_: dict[str, object]) -> Broker:
    """A broker that has this name and that port, and is strict."""
    context = lab.authority.server_context([HOST])
    context.set_alpn_protocols(["http/1.1", "x-amzn-mqtt-ca"])
    context.sslsocket_class = _Strict
    context.load_verify_locations(cadata=lab.identity.clicert)
    context.verify_mode = ssl.CERT_REQUIRED
    broker = Broker(context)
    names_[HOST] = [broker.port]
    return broker


@pytest.fixture
def broker(paho_lab: MqttLab, names: dict[str, object]) -> Iterator[Broker]:
    made = _broker(paho_lab, names)
    yield made
    made.close()


@pytest.mark.parametrize(("endpoint", "port"), [(HTTPS, None), (OTHER, 443), (HOST, 443)])
def test_mqtt_is_asked_for_on_the_port_of_https(
    paho_lab: MqttLab, broker: Broker, endpoint: str, port: int | None
) -> None:
    connection = paho_lab.connection(endpoint=endpoint)

    connection.connect(port, timeout_ms=5_000)

    assert (len(broker.connects), broker.tls_failures) == (1, [])


def test_on_another_port_it_is_not_asked_for(paho_lab: MqttLab, broker: Broker) -> None:
    with pytest.raises(ConnectFailed):
        paho_lab.connection(endpoint=OTHER).connect(timeout_ms=500)

    assert not broker.connects


def test_micropython_which_cannot_ask_is_told_so(
    here: MicroPythonLab, names: dict[str, object], monkeypatch: pytest.MonkeyPatch
) -> None:
    broker = _broker(here, names)

    with pytest.raises(ConnectFailed, match="port 443 needs ALPN, which MicroPython lacks; use 8883"):
        here.connection(endpoint=HTTPS).connect(timeout_ms=500)

    assert not broker.connects
    broker.close()


def test_behind_a_proxy_mqtt_goes_through_it_on_the_port_of_https(
    paho_lab: MqttLab, broker: Broker, names: dict[str, object], proxy: Proxy
) -> None:
    names[HOST] = []
    proxy.leads(HTTPS, broker.port)

    connection = paho_lab.connection(endpoint=HTTPS)
    connection.connect(timeout_ms=5_000)
    connection.publish("sample", {"a": 1})

    paho_lab.eventually(lambda: [one.payload for one in broker.published] == [b'{"a":1}'])
    assert [head.splitlines()[0] for head in proxy.asked] == [f"CONNECT {HTTPS} HTTP/1.1"]


def test_a_connection_through_a_proxy_is_mended(
    paho_lab: MqttLab, broker: Broker, names: dict[str, object], proxy: Proxy
) -> None:
    proxy.leads(HTTPS, broker.port)
    connection = paho_lab.connection(endpoint=HTTPS)
    connection.connect(timeout_ms=5_000)

    broker.kick()

    paho_lab.mended(connection, 2)
    assert len(proxy.asked) == 2


def test_on_another_port_mqtt_goes_its_own_way(paho_lab: MqttLab, proxy: Proxy, names: dict[str, object]) -> None:
    paho_lab.name_broker(HOST)
    names[HOST] = [paho_lab.broker.port]

    paho_lab.connection(endpoint=OTHER).connect(timeout_ms=5_000)

    assert not proxy.asked


def test_no_proxy_excepts_the_broker(
    paho_lab: MqttLab, broker: Broker, proxy: Proxy, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("NO_PROXY", ".example")

    paho_lab.connection(endpoint=HTTPS).connect(timeout_ms=5_000)

    assert not proxy.asked


def test_a_proxy_that_refuses_is_named_and_its_password_is_not(
    paho_lab: MqttLab, proxy: Proxy, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    monkeypatch.setenv("HTTPS_PROXY", f"http://lamp:secret@127.0.0.1:{proxy.port}")
    proxy.answer = b"HTTP/1.1 407 Who are you\r\n\r\n"

    with pytest.raises(ConnectFailed, match=f"the proxy 127.0.0.1:{proxy.port}: it answered 407") as raised:
        paho_lab.connection(endpoint=HTTPS).connect(timeout_ms=300)

    assert "secret" not in str(raised.value) + caplog.text
    assert "connect-failed" in caplog.text


def test_a_proxy_that_is_silent_ends_a_try(paho_lab: MqttLab, proxy: Proxy, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("aws.iot.mqtt._client_cpython._TCP_AND_TLS_WITHIN_S", 0.1)
    proxy.answer = b"HTTP/1.1 200"

    with pytest.raises(ConnectFailed, match=r"timed out|in time"):
        paho_lab.connection(endpoint=HTTPS).connect(timeout_ms=600)

    assert len(proxy.asked) > 1
