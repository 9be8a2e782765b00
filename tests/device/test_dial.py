"""A host has several addresses, and some lead nowhere: none of them costs the time of the others."""

import socket
import time
from pathlib import Path

import pytest

from fota import machine
from fota.errors import DownloadTimeout, Unreachable
from fota.transfer import dial, proxy_cpython
from fota.transfer._http_cpython import Urllib3Client
from fota.transfer._http_micropython import SslClient
from tests.labs.addresses import dead_end, full_port, names
from tests.labs.interpreter import device, only_where_it_runs, told
from tests.labs.present import present

__all__ = ("dead_end", "device", "names")

NEXT_AFTER_MS = 60
OPEN = Path("/proc/self/fd")
V4, V6 = socket.AF_INET, socket.AF_INET6


@pytest.fixture(autouse=True)
def impatient(monkeypatch):
    monkeypatch.setattr(dial, "_NEXT_AFTER_MS", NEXT_AFTER_MS)
    monkeypatch.setattr(dial, "_seen", {})


@pytest.fixture
def listening():
    """A port that takes connections."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield server.getsockname()[1]


def dialled(host, port=443, within_ms=5_000):
    """The port that was connected to."""
    with dial.connected(host, port, machine.now_ms() + within_ms) as tcp:
        return tcp.getpeername()[1]


def turn(place, *found):
    return [one[-1] for one in dial._in_turn(place, [(family, 1, 6, "", name) for family, name in found])]


MIXED = ((V6, "6a"), (V6, "6b"), (V6, "6c"), (V4, "4a"), (V4, "4b"))


def test_families_alternate_and_that_of_the_first_address_begins():
    assert turn("host", *MIXED) == ["6a", "4a", "6b", "4b", "6c"]
    assert turn("host", *MIXED[::-1]) == ["4b", "6c", "4a", "6b", "6a"]
    assert turn("host", *MIXED[:2]) == ["6a", "6b"]
    assert turn("host") == []


def test_the_address_that_was_of_use_last_is_the_first_and_one_that_was_not_is_the_last():
    dial._seen.update({"host": ["4a", True], "other": ["6b", True]})
    assert turn("host", *MIXED) == ["4a", "6b", "4b", "6c", "6a"]
    dial._seen["host"] = ["4a", False]
    assert turn("host", *MIXED) == ["6b", "4b", "6c", "6a", "4a"]
    dial._seen["host"] = ["gone", True]
    assert turn("host", *MIXED) == ["6a", "4a", "6b", "4b", "6c"]


def test_what_is_remembered_of_hosts_is_bounded(names, listening):
    for number in range(20):
        names[f"host-{number}"] = [listening]
        dialled(f"host-{number}")
    assert len(dial._seen) <= 4
    assert "host-19:443" in dial._seen


def test_addresses_that_lead_nowhere_cost_a_moment_each(names, dead_end, listening):
    names["many.example"] = [dead_end] * 4 + [listening]
    begun = time.monotonic()
    assert dialled("many.example") == listening
    assert 4 * NEXT_AFTER_MS / 1000 <= time.monotonic() - begun < 1


def test_what_is_not_connected_is_given_up_with_the_first_that_is(names, dead_end, listening):
    names["many.example"] = [dead_end, dead_end, listening]
    one, before = dial.Dial("many.example", 443), len(list(OPEN.iterdir()))
    while (tcp := one.step(NEXT_AFTER_MS)) is None:
        pass
    assert len(list(OPEN.iterdir())) == before + 1
    tcp.close()


def test_addresses_that_refuse_cost_nothing(names, silent_port, listening, monkeypatch):
    monkeypatch.setattr(dial, "_NEXT_AFTER_MS", 60_000)
    names["many.example"] = [silent_port] * 4 + [listening]
    begun = time.monotonic()
    assert dialled("many.example") == listening
    assert time.monotonic() - begun < 1


def test_a_family_that_this_machine_does_not_have_costs_nothing(names, listening, monkeypatch):
    monkeypatch.setattr(dial, "_NEXT_AFTER_MS", 60_000)
    names["many.example"] = [(97, 1, 6, "", ("no such family", 443)), listening]
    assert dialled("many.example") == listening


def test_an_address_that_answers_late_is_not_given_up_for_those_behind_it(names, dead_end):
    with full_port() as (late, port):
        names["many.example"] = [port, *[dead_end] * 4]
        one = dial.Dial("many.example", 443)
        assert [one.step(NEXT_AFTER_MS) for _ in range(5)] == [None] * 5
        # One of those that wait makes room for ours, which asks again after a second.
        late.accept()[0].close()
        with present(one.step(5_000)) as tcp:
            assert tcp.getpeername()[1] == port


@pytest.mark.parametrize("found", [[], None], ids=["an empty list", "nothing"])
def test_a_name_without_addresses_is_told_as_such(names, found):
    names["none.example"] = found
    with pytest.raises(OSError, match="the name has no address"):
        dialled("none.example")


def test_a_name_that_no_resolver_takes_is_told_as_such():
    with pytest.raises(OSError, match="is no host name"):
        proxy_cpython.direct("a" * 70 + ".example", 443, machine.now_ms() + 100)


def test_the_whole_time_is_a_bound_and_nothing_stays_open(names, dead_end):
    names["dead.example"] = [dead_end] * 3
    begun = time.monotonic()
    with pytest.raises(TimeoutError):
        dialled("dead.example", within_ms=300)
    assert 0.29 <= time.monotonic() - begun < 1


@pytest.fixture(params=[Urllib3Client, SslClient], ids=["urllib3", "sockets"])
def client(request, trusted):
    return request.param(trusted)


def status(client, url, timeout_ms=5_000):
    answer = client.get(url, {}, timeout_ms)
    answer.close()
    return answer.status


def test_a_download_reaches_a_server_behind_addresses_that_lead_nowhere(client, serve, names, dead_end):
    server = serve(b"image")
    names["localhost"] = [dead_end, dead_end, dead_end, dead_end, server.port]
    begun = time.monotonic()
    assert status(client, server.url(host="localhost")) == 200
    first_s = time.monotonic() - begun
    assert first_s < 1.5
    begun = time.monotonic()
    assert status(client, server.url(host="localhost")) == 200
    assert time.monotonic() - begun < min(first_s, 4 * NEXT_AFTER_MS / 1000), "it began with those again"


def test_an_address_that_accepts_and_is_silent_is_the_last_one_of_the_next_try(client, serve, names, listening):
    server = serve(b"image")
    names["localhost"] = [listening, server.port]
    with pytest.raises(DownloadTimeout):
        client.get(server.url(host="localhost"), {}, 200)
    assert status(client, server.url(host="localhost")) == 200


@pytest.mark.parametrize("found", [[], None], ids=["an empty list", "nothing"])
def test_a_download_from_a_name_without_addresses_is_unreachable(client, names, found):
    names["localhost"] = found
    with pytest.raises(Unreachable, match="the name has no address"):
        client.get("https://localhost:4443/image", {}, 500)


def test_a_download_of_dead_addresses_alone_ends_in_its_time(client, names, dead_end):
    names["localhost"] = [dead_end] * 4
    begun = time.monotonic()
    with pytest.raises(DownloadTimeout):
        client.get("https://localhost:4443/image", {}, 300)
    assert time.monotonic() - begun < 1


SCRIPT = """
import json, socket, sys, time
from fota.transfer import dial
from fota.transfer._http_micropython import SslClient

class Names:
    def __init__(self, ports):
        self.ports = ports
    def __getattr__(self, name):
        return getattr(socket, name)
    def getaddrinfo(self, host, *others):
        return [socket.getaddrinfo("127.0.0.1", port, 0, 1)[0] for port in self.ports] if self.ports else None

dial._NEXT_AFTER_MS = {next_after_ms}
dial.socket = Names({ports})
for _ in range(2):
    begun = time.ticks_ms()
    try:
        answer = SslClient(sys.argv[1]).get(sys.argv[2], {{}}, 5_000)
        found = answer.status
        answer.close()
    except Exception as error:
        found = repr(error)
    print(json.dumps([found, time.ticks_diff(time.ticks_ms(), begun)]))
"""


def on_a_board(device, trusted, url, ports):
    script = SCRIPT.format(ports=ports, next_after_ms=NEXT_AFTER_MS).replace("sys.argv[1]", repr(trusted))
    return told(script.replace("sys.argv[2]", repr(url)), folder=device)


@only_where_it_runs
def test_a_board_reaches_a_server_behind_addresses_that_lead_nowhere(device, trusted, serve, dead_end, silent_port):
    server = serve(b"image")
    (first, first_ms), (second, second_ms) = on_a_board(
        device, trusted, server.url(host="localhost"), [dead_end, silent_port, dead_end, dead_end, server.port]
    )
    assert (first, second) == (200, 200)
    assert first_ms >= 3 * NEXT_AFTER_MS > second_ms


@only_where_it_runs
def test_on_a_board_a_name_without_addresses_is_unreachable(device, trusted):
    (told_first, _), _ = on_a_board(device, trusted, "https://localhost:4443/image", [])
    assert "Unreachable" in told_first
    assert "the name has no address" in told_first
