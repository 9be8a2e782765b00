"""Names with addresses of a test's choice, and an address that leads nowhere.

dead_end          a port that answers nothing, as an address behind a broken tunnel
names[name] = [ports]   from then on this name has those addresses of this machine, in this order
"""

import contextlib
import socket

import pytest

_real = socket.getaddrinfo


@contextlib.contextmanager
def full_port():
    """A socket that listens, and its port: its queue is full, so who asks it for a connection hears nothing."""
    with contextlib.ExitStack() as opened:
        listening = opened.enter_context(socket.socket())
        listening.bind(("127.0.0.1", 0))
        listening.listen(0)
        for _ in range(3):
            waiting = opened.enter_context(socket.socket())
            waiting.setblocking(False)
            waiting.connect_ex(listening.getsockname())
        yield listening, listening.getsockname()[1]


@pytest.fixture
def dead_end():
    """A port that answers nothing, as an address does that leads nowhere."""
    with full_port() as (_, port):
        yield port


@pytest.fixture
def names(monkeypatch):
    """The addresses of names; any other name has its own. Each is a port, or an entry of `getaddrinfo`."""
    known: dict[str, object] = {}

    def addresses(host, *arguments, **how):
        if host not in known:
            return _real(host, *arguments, **how)
        found = known[host]
        if not isinstance(found, list):
            return found
        return [entry(one) if isinstance(one, int) else one for one in found]

    monkeypatch.setattr(socket, "getaddrinfo", addresses)
    return known


def entry(port, host="127.0.0.1"):
    """One address of this machine, as `getaddrinfo` gives it."""
    return _real(host, port, type=socket.SOCK_STREAM)[0]
