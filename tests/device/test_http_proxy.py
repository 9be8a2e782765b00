"""A gateway behind a proxy: downloads go through it, and nothing of its answers is without a bound."""

import logging
import time

import pytest

from fota.errors import DownloadTimeout, Unreachable, UntrustedServer
from fota.progress import Progress
from fota.transfer import proxy_cpython
from fota.transfer._http_cpython import Urllib3Client
from fota.waiting import Listening
from tests.labs.endless_answers import CONTENT, FLOODS, dripping, without_end
from tests.labs.proxy import proxy

__all__ = ("proxy",)

TARGET = "bucket.example:443"
URL = "https://bucket.example/image?X-Amz-Signature=secret"
SECRET = "pa ss:w%rd"
ESCAPED = "lamp:pa%20ss%3Aw%25rd"


@pytest.fixture
def client(trusted):
    return Urllib3Client(trusted)


@pytest.fixture
def bucket(serve, proxy):
    """An object at `URL`, which only the proxy can reach."""

    def start(content=CONTENT, *script):
        server = serve(content, *script, names=["bucket.example"])
        proxy.leads(TARGET, server.port)
        return server

    return start


def body(client, timeout_ms=5_000):
    answer = client.get(URL, {}, timeout_ms)
    found, buffer = b"", memoryview(bytearray(4_096))
    try:
        while count := answer.readinto(buffer):
            found += buffer[:count]
    finally:
        answer.close()
    return found


def test_a_download_goes_through_the_proxy(client, bucket, proxy):
    bucket()
    assert body(client) == CONTENT
    assert [head.splitlines()[:2] for head in proxy.asked] == [[f"CONNECT {TARGET} HTTP/1.1", f"Host: {TARGET}"]]
    assert "Authorization" not in proxy.asked[0]
    assert "secret" not in proxy.asked[0]


def test_the_server_is_verified_behind_a_proxy_as_without_one(client, serve, proxy):
    proxy.leads(TARGET, serve(CONTENT, names=["elsewhere.example"]).port)
    with pytest.raises(UntrustedServer):
        body(client)


def test_name_and_password_go_to_the_proxy_and_nowhere_else(client, bucket, proxy, monkeypatch, caplog):
    caplog.set_level(logging.DEBUG)
    monkeypatch.setenv("HTTPS_PROXY", f"http://{ESCAPED}@127.0.0.1:{proxy.port}")
    bucket()
    assert body(client) == CONTENT
    assert "Proxy-Authorization: Basic bGFtcDpwYSBzczp3JXJk\r\n" in proxy.asked[0]
    proxy.answer = b"HTTP/1.1 407 Proxy Authentication Required\r\n\r\n"
    with pytest.raises(Unreachable, match="wants a name and a password in HTTPS_PROXY") as raised:
        body(client)
    for word in (SECRET, "pa%20ss", "bGFtc", "lamp"):
        assert word not in caplog.text + str(raised.value) + repr(raised.value.cause)


def test_a_proxy_that_refuses_is_named_and_what_it_says_is_not_repeated(client, proxy):
    proxy.answer = b"HTTP/1.1 503 \x1b[31mred\r\n\r\n"
    with pytest.raises(Unreachable, match=f"the proxy 127.0.0.1:{proxy.port}: it answered 503 to CONNECT {TARGET}"):
        body(client)


def test_a_proxy_that_lets_this_port_not_out_says_which_it_may_be(client, proxy):
    with pytest.raises(
        Unreachable, match=r"it answered 403 to CONNECT bucket.example:443; many let port 443 alone out"
    ):
        body(client)


def test_a_proxy_that_is_not_there_is_named(client, proxy, silent_port, monkeypatch):
    monkeypatch.setenv("HTTPS_PROXY", f"http://127.0.0.1:{silent_port}")
    with pytest.raises(Unreachable, match=f"the proxy 127.0.0.1:{silent_port}: Connection refused"):
        body(client)


@pytest.mark.parametrize(
    "answer", [b"", b"HTTP/1.1 200 OK\r\n", b"HTTP/1.1 200 OK\r\nVia: x"], ids=["nothing", "a", "b"]
)
def test_a_proxy_that_falls_silent_costs_no_more_than_the_time(client, proxy, answer):
    proxy.answer = answer
    begun = time.monotonic()
    with pytest.raises(DownloadTimeout, match=r"it did not answer in time|timed out"):
        body(client, 300)
    assert time.monotonic() - begun < 1


def test_while_a_proxy_is_silent_a_program_can_feed_its_watchdog(client, proxy, monkeypatch):
    class Told(Progress):
        waits = 0

        def waiting(self):
            self.waits += 1

    progress = Told()
    proxy.answer = b""
    monkeypatch.setattr(proxy_cpython, "_SILENCE_S", 0.05)
    with Listening(progress), pytest.raises(DownloadTimeout):
        body(client, 500)
    assert progress.waits >= 5


@pytest.mark.parametrize("line", [b"Via: x\r\n", b"x", b"HTTP/1.1 100 Continue\r\n\r\n"])
def test_a_proxy_whose_head_has_no_end_is_left(client, proxy, line):
    proxy.answer, proxy.endless = line, True
    begun = time.monotonic()
    with pytest.raises(Unreachable):
        body(client, 15_000)
    # Long before its time is over, and on the slowest machine.
    assert time.monotonic() - begun < 8


def test_a_proxy_that_drips_its_head_has_no_more_time_than_a_silent_one(client, proxy):
    proxy.answer, proxy.endless, proxy.pause_s = b"x", True, 0.05
    begun = time.monotonic()
    with pytest.raises(DownloadTimeout, match=r"the proxy .*: (it did not answer in time|timed out)"):
        body(client, 300)
    assert time.monotonic() - begun < 1


@pytest.mark.parametrize("name", FLOODS)
def test_a_flood_behind_a_proxy_has_the_bounds_of_any_other(client, bucket, name):
    bucket(CONTENT, without_end(*FLOODS[name]))
    with pytest.raises(Unreachable):
        body(client, 20_000)


def test_a_server_that_stalls_behind_a_proxy_has_the_time_of_any_other(client, bucket):
    bucket(CONTENT, dripping(b"HTTP/1.1 200 OK\r\n", b"X: y\r\n"))
    begun = time.monotonic()
    with pytest.raises(DownloadTimeout):
        body(client, 300)
    assert time.monotonic() - begun < 1.5


@pytest.mark.parametrize(
    "text", ["https://proxy.example:3128", "socks5://proxy.example", "http://", "http://h:99999", "ftp://me:secret@h"]
)
def test_another_kind_of_proxy_is_refused_in_words(client, proxy, monkeypatch, text):
    monkeypatch.setenv("HTTPS_PROXY", text)
    with pytest.raises(Unreachable, match="HTTPS_PROXY: expected http://host:port") as raised:
        body(client)
    assert "secret" not in str(raised.value)


@pytest.mark.parametrize(
    ("excepted", "host", "is_direct"),
    [
        ("bucket.example", "bucket.example", True),
        (".example", "bucket.example", True),
        ("*.example", "bucket.example", True),
        ("example", "Bucket.Example.", True),
        ("a, example ,b", "bucket.example", True),
        ("*", "bucket.example", True),
        ("ucket.example", "bucket.example", False),
        ("bucket.example.org", "bucket.example", False),
        ("", "bucket.example", False),
        (",", "bucket.example", False),
        ("", "localhost", True),
        ("", "127.0.0.1", True),
    ],
)
def test_no_proxy_excepts_hosts(proxy, monkeypatch, excepted, host, is_direct):
    monkeypatch.setenv("NO_PROXY", excepted)
    assert (proxy_cpython.proxy_for(host) is None) is is_direct


@pytest.mark.parametrize(
    ("text", "place"), [("proxy.example:3128", "proxy.example:3128"), ("HTTP://Proxy.example", "proxy.example:80")]
)
def test_what_a_proxy_may_be_written_as(proxy, monkeypatch, text, place):
    monkeypatch.setenv("HTTPS_PROXY", text)
    found = proxy_cpython.proxy_for("bucket.example")
    assert found is not None
    assert found.place == place


def test_the_name_in_small_letters_comes_first(proxy, monkeypatch):
    monkeypatch.setenv("https_proxy", "http://small.example:1")
    found = proxy_cpython.proxy_for("bucket.example")
    assert found is not None
    assert found.host == "small.example"
