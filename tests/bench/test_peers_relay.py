"""The relay between a device and a peer's server: it counts, acts and cuts as it is told, and changes no byte."""

import socket
import threading
from collections.abc import Iterator

import pytest

from peers.relay import Relay

CONTENT = bytes(range(256)) * 800
PIECE_BYTES = 4096


@pytest.fixture
def relay() -> Iterator[Relay]:
    """In front of a server that sends CONTENT to everyone, and closes then."""
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def serve() -> None:
            while True:
                try:
                    one, _ = listener.accept()
                except OSError:
                    return
                with one:
                    try:
                        one.sendall(CONTENT)
                    except OSError:
                        continue

        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        with Relay(listener.getsockname()[1]).running() as relay:
            yield relay
        listener.shutdown(socket.SHUT_RDWR)
        thread.join(5)
        assert not thread.is_alive()


def received(relay: Relay) -> bytes:
    content = b""
    with socket.create_connection(("127.0.0.1", relay.port), 5) as one:
        while piece := one.recv(65_536):
            content += piece
    return content


def test_it_passes_every_byte_and_counts_connections(relay: Relay) -> None:
    assert [received(relay) == CONTENT for _ in range(2)] == [True, True]
    assert relay.connections == 2


def test_it_cuts_every_connection_after_so_many_bytes(relay: Relay) -> None:
    relay.cut_after_bytes = 10_000
    found = [received(relay) for _ in range(3)]
    assert [10_000 <= len(one) < 10_000 + PIECE_BYTES for one in found] == [True] * 3
    assert all(CONTENT.startswith(one) for one in found)


def test_it_acts_once_in_the_middle_and_keeps_what_that_raised(relay: Relay) -> None:
    acted = []

    def act() -> None:
        acted.append(True)
        raise OSError("it did not start")

    relay.act_at(10_000, act)
    assert received(relay) == CONTENT
    received(relay)
    assert acted == [True]
    assert str(relay.problem) == "it did not start"


def test_it_cuts_in_the_middle_when_told(relay: Relay) -> None:
    relay.act_at(10_000, relay.cut)
    assert len(received(relay)) < len(CONTENT)
    assert received(relay) == CONTENT
