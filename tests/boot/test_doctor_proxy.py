"""The doctor reaches an endpoint as the device does: through the proxy, and behind addresses that lead nowhere."""

import time

import pytest

from fota.transfer import dial
from fota_boot.doctor.findings import ERROR, OK
from fota_boot.doctor.network import examine_clock, examine_endpoint
from fota_testing.servers.https_server import HttpsServer
from tests.labs.addresses import dead_end, names
from tests.labs.mqtt_lab import paho_lab as mqtt_lab
from tests.labs.proxy import proxy
from tests.labs.thing_to_examine import device, folder, identity_of

__all__ = ("dead_end", "device", "folder", "mqtt_lab", "names", "proxy")

HOST = "broker.example"


@pytest.fixture
def thing(folder, mqtt_lab, names):
    """The folder of a thing whose endpoint is a broker of that name, at the given port."""
    mqtt_lab.name_broker(HOST)
    return lambda port: folder(mqtt_lab.identity, mqtt_lab.authority.pem, f"{HOST}:{port}")


def looked_at(path, within_s=5):
    return examine_endpoint(identity_of(path), within_s=within_s, refuses_within_s=0.2)


def test_on_the_port_of_https_the_proxy_is_used_and_told(thing, mqtt_lab, names, proxy):
    names[HOST] = []
    proxy.leads(f"{HOST}:443", mqtt_lab.broker.port)
    endpoint, certificate = looked_at(thing(443))
    assert (endpoint.level, certificate.level) == (OK, OK)
    assert endpoint.text.endswith(f", through the proxy 127.0.0.1:{proxy.port}")


def test_a_proxy_that_refuses_is_told_without_its_password(thing, proxy, monkeypatch):
    monkeypatch.setenv("HTTPS_PROXY", f"http://me:secret@127.0.0.1:{proxy.port}")
    (finding,) = looked_at(thing(443))
    assert finding.level == ERROR
    assert f"the proxy 127.0.0.1:{proxy.port}: it answered 403" in finding.text
    assert "secret" not in finding.as_line()


def test_on_another_port_it_says_which_one_the_proxy_is_for(thing, names, proxy):
    names[HOST] = []
    (finding,) = looked_at(thing(8883))
    assert "write it as broker.example:443" in finding.remedy
    assert not proxy.asked


def test_the_time_is_asked_through_the_proxy(folder, mqtt_lab, names, proxy):
    names[HOST] = []
    with HttpsServer(b"", authority=mqtt_lab.authority, names=[HOST]) as server:
        proxy.leads(f"{HOST}:443", server.port)
        examine_clock(identity_of(folder(mqtt_lab.identity, mqtt_lab.authority.pem, HOST)), within_s=2)
    assert len(proxy.asked) == 1


def test_addresses_that_lead_nowhere_do_not_hide_the_one_that_answers(thing, mqtt_lab, names, dead_end, monkeypatch):
    monkeypatch.setattr(dial, "_NEXT_AFTER_MS", 50)
    names[HOST] = [dead_end, dead_end, mqtt_lab.broker.port]
    assert [one.level for one in looked_at(thing(8883), within_s=1)] == [OK, OK]


def test_of_dead_addresses_alone_it_ends_in_its_time(thing, names, dead_end):
    names[HOST] = [dead_end, dead_end]
    begun = time.monotonic()
    (finding,) = looked_at(thing(8883), within_s=0.3)
    assert "does not answer within 0.3 s" in finding.text
    assert time.monotonic() - begun < 1
