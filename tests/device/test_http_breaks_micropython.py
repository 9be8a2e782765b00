"""A GET without urllib3, on both interpreters, over connections that break, fall silent, or never come about."""

import time

import pytest

from fota_testing.servers import behaviours as server_that
from tests.labs.http_micropython_lab import CONTENT, get, interpreter, plain_server, reset_after
from tests.labs.interpreter import device, only_where_it_runs

pytestmark = [only_where_it_runs, pytest.mark.slow]

__all__ = ("device", "get", "interpreter")


@pytest.mark.parametrize("count_bytes", [0, 1_100, 5_000, 19_999])
def test_what_came_before_a_break_is_not_lost(get, serve, count_bytes):
    found = get(serve(CONTENT, server_that.drop_after(count_bytes)).url(), buffer_bytes=8_192)
    assert (found.body, found.error) == (CONTENT[:count_bytes], None)


def test_a_connection_that_is_reset_ends_the_body(get, serve):
    found = get(serve(CONTENT, server_that.drop_after(10_000, reset=True)).url())
    assert found.error in (None, "Unreachable")
    assert CONTENT.startswith(found.body)


@pytest.mark.parametrize("pause_s", [0, 0.3], ids=["read as it comes", "read when the reset has come too"])
def test_of_what_came_before_a_reset_next_to_nothing_is_lost(get, serve, pause_s):
    found = get(serve(CONTENT, reset_after(10_000)).url(), buffer_bytes=65_536, pause_s=pause_s)
    assert 10_000 - 512 < len(found.body) <= 10_000


@pytest.mark.parametrize("reset", [False, True])
def test_a_server_that_hangs_up_before_the_head_is_unreachable(get, serve, reset):
    assert get(serve(CONTENT, lambda visit: visit.break_off(reset=reset)).url()).error == "Unreachable"


def test_a_server_that_says_nothing_is_a_timeout(get, serve):
    assert get(serve(CONTENT, server_that.silence).url(), timeout_ms=200).error == "DownloadTimeout"


def test_a_server_that_falls_silent_half_way_is_a_timeout_after_what_came(get, serve):
    found = get(serve(CONTENT, server_that.silence_after(5_000)).url(), timeout_ms=300)
    assert (found.body, found.error) == (CONTENT[:5_000], "DownloadTimeout")


def goodbye_after(count_bytes, pause_s):
    def answer(visit):
        visit.head(200, {"Content-Length": len(visit.content)})
        visit.send(visit.content[:count_bytes])
        visit.pause(pause_s)
        visit.say_goodbye()

    return answer


@pytest.mark.parametrize("pause_s", [0, 0.1], ids=["at once", "later"])
@pytest.mark.parametrize("count_bytes", [0, 5_000])
def test_a_goodbye_of_tls_ends_the_body_though_the_connection_stays(get, serve, interpreter, count_bytes, pause_s):
    began = time.monotonic()
    found = get(serve(CONTENT, goodbye_after(count_bytes, pause_s)).url(), timeout_ms=4_000)
    # A goodbye that comes in one read with bytes is lost in MicroPython's `readinto`: silence ends that try, and
    # nothing that came is lost.
    is_lost = interpreter == "micropython" and bool(count_bytes) and not pause_s
    assert (found.body, found.error) in (
        (CONTENT[:count_bytes], None),
        (CONTENT[:count_bytes], is_lost and "DownloadTimeout"),
    )
    assert is_lost or time.monotonic() - began < 3


def test_a_goodbye_behind_a_full_piece_ends_the_body(get, serve):
    # The read before it filled its piece of 512 bytes, so the goodbye comes in a read of its own.
    found = get(serve(CONTENT, goodbye_after(5_120, 0.1)).url(), timeout_ms=4_000, pause_s=0.5, buffer_bytes=8_192)
    assert (found.body, found.error) == (CONTENT[:5_120], None)


def test_a_head_that_never_ends_has_no_more_time_than_one_that_is_silent(get, serve):
    def head_without_end(visit):
        visit.send(b"HTTP/1.1 200 OK\r\n")
        for _ in range(100):
            visit.pause(0.05)
            visit.send(b"X: y\r\n")

    server = serve(CONTENT, head_without_end)
    assert get(server.url(), timeout_ms=400).error == "DownloadTimeout"


def test_a_body_may_take_as_long_as_it_never_falls_silent(get, serve):
    server = serve(CONTENT[:3_000], server_that.slow(500, 0.15))
    assert get(server.url(), timeout_ms=600).body == CONTENT[:3_000]


def test_a_server_that_takes_the_connection_and_never_speaks_tls_is_a_timeout(get, serve):
    with plain_server(lambda connection: connection.recv(1 << 20) and connection.recv(1)) as port:
        assert get(f"https://127.0.0.1:{port}/image", timeout_ms=300).error == "DownloadTimeout"


def test_a_server_that_does_not_speak_tls_is_unreachable(get, serve):
    with plain_server(lambda connection: connection.sendall(b"SSH-2.0-OpenSSH_9.2\r\n\r\n")) as port:
        assert get(f"https://127.0.0.1:{port}/image").error == "Unreachable"


def test_a_port_where_nobody_listens_is_unreachable(get, silent_port):
    assert get(f"https://127.0.0.1:{silent_port}/image").error == "Unreachable"


def test_a_name_that_nobody_has_is_unreachable(get):
    assert get("https://nobody.invalid/image").error == "Unreachable"
