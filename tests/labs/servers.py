"""Fixtures: servers of an object whose authority a device trusts, and a port where nobody listens."""

import contextlib
import socket

import pytest

from fota_testing.servers.authority import Authority
from fota_testing.servers.https_server import HttpsServer


@pytest.fixture(scope="session")
def authority():
    """The authority that vouches for every honest server."""
    return Authority()


@pytest.fixture(scope="session")
def trusted(authority, tmp_path_factory):
    """A file with that authority: what a device trusts."""
    path = tmp_path_factory.mktemp("trust") / "ca.pem"
    path.write_text(authority.pem)
    return str(path)


@pytest.fixture
def serve(authority):
    """Starts servers of an object; all of them end with the test."""
    with contextlib.ExitStack() as servers:

        def start(content, *script, **how):
            return servers.enter_context(HttpsServer(content, script=script, **{"authority": authority, **how}))

        yield start


@pytest.fixture
def silent_port():
    """A port of this machine where nobody listens, and nobody will."""
    with socket.socket() as bound:
        bound.bind(("127.0.0.1", 0))
        yield bound.getsockname()[1]
