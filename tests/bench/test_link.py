"""The bad link is as bad as it is told to be, and no worse."""

import socket
import threading
import time
from collections.abc import Iterator

import pytest

from bench.link import Weather, link_to

CONTENT = bytes(range(256)) * 400


@pytest.fixture
def server() -> Iterator[int]:
    """Sends CONTENT to whoever connects, and hangs up."""
    listener = socket.create_server(("127.0.0.1", 0))

    def serve() -> None:
        while True:
            try:
                client, _ = listener.accept()
            except OSError:
                return
            with client:
                client.sendall(CONTENT)

    thread = threading.Thread(target=serve)
    thread.start()
    yield listener.getsockname()[1]
    listener.shutdown(socket.SHUT_RDWR)
    listener.close()
    thread.join()


def received(port: int) -> bytes:
    """All that comes until the connection ends, however it does."""
    came = b""
    with socket.create_connection(("127.0.0.1", port), 10) as client:
        try:
            while chunk := client.recv(65_536):
                came += chunk
        except ConnectionResetError:
            pass
    return came


def test_a_good_link_carries_everything_and_counts_it(server: int) -> None:
    with link_to(server, Weather()) as link:
        assert received(link.port) == CONTENT
    assert (link.carried_bytes, link.cuts) == (len(CONTENT), 0)


def test_each_connection_breaks_after_its_number_of_bytes_which_all_arrive(server: int) -> None:
    with link_to(server, Weather(cut_after_bytes=(1000, 70_000))) as link:
        came = [received(link.port) for _ in range(3)]
    assert came == [CONTENT[:1000], CONTENT[:70_000], CONTENT]
    assert (link.carried_bytes, link.cuts) == (71_000 + len(CONTENT), 2)


def test_a_slow_link_takes_its_time(server: int) -> None:
    with link_to(server, Weather(bytes_per_s=500_000, one_way_s=0.05)) as link:
        began = time.monotonic()
        assert received(link.port) == CONTENT
        assert time.monotonic() - began > len(CONTENT) / 500_000


def test_a_cut_by_the_clock_loses_what_is_on_its_way(server: int) -> None:
    with link_to(server, Weather(bytes_per_s=200_000, cut_every_s=0.1)) as link:
        came = received(link.port)
        assert link.cuts >= 1
    assert CONTENT.startswith(came)
    assert len(came) < len(CONTENT)


def test_nothing_listens_once_the_link_is_gone(server: int) -> None:
    with link_to(server, Weather()) as link:
        port = link.port
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(("127.0.0.1", port), 10)
