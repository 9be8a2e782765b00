"""A connection that the peer ends before the handshake leaves no descriptor behind."""

import gc
import socket
import ssl
import struct
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from aws.iot.mqtt._tls_cpython import _Socket
from fota.transfer._wire_cpython import bound

pytestmark = pytest.mark.slow

_WITHIN_S = 5


def _metered() -> ssl.SSLContext:
    context = ssl.create_default_context()
    bound(context).expect_answer(1_000)
    return context


def _undelayed() -> ssl.SSLContext:
    context = ssl.create_default_context()
    context.sslsocket_class = _Socket
    return context


def _left_by_its_peer(*, resets: bool) -> socket.socket:
    """A connected socket whose peer has hung up, with a reset or with an end."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        ours = socket.create_connection(server.getsockname())
        theirs, _ = server.accept()
    if resets:
        theirs.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    theirs.close()
    end_s = time.monotonic() + _WITHIN_S
    while resets and time.monotonic() < end_s:
        try:
            ours.getpeername()
        except OSError:
            break
        time.sleep(0.001)
    return ours


@pytest.mark.parametrize("resets", [True, False])
@pytest.mark.parametrize("context", [_metered, _undelayed])
def test_a_peer_that_hangs_up_before_the_handshake_leaves_nothing_open(
    context: Callable[[], ssl.SSLContext], resets: bool
) -> None:
    # Made before, since what it needs stays open.
    tls = context()
    gc.collect()
    before = sorted(path.name for path in Path("/proc/self/fd").iterdir())
    ours = _left_by_its_peer(resets=resets)

    # urllib3 has `ssl` make the handshake; paho makes it itself.
    makes_handshake = context is _metered

    with pytest.raises((ConnectionError, ssl.SSLError)) as raised:
        tls.wrap_socket(ours, server_hostname="a.example", do_handshake_on_connect=makes_handshake).do_handshake()

    assert sorted(path.name for path in Path("/proc/self/fd").iterdir()) == before, raised.value
