"""What several tests of the update arrange: slots in files, and servers of images."""

import contextlib
import socket

import pytest

from fota.durable import CELL_BYTES
from fota.provisioning import create_slots
from fota.slots.files import FileSlots
from fota_testing.authority import Authority
from fota_testing.https_server import HttpsServer
from fota_testing.slots_contract import Hooks

CAPACITY_BYTES = 9_000


@pytest.fixture
def homes(tmp_path):
    """Makes FileSlots, each in a home of its own; `homes.of` knows whose is whose."""

    class Homes:
        def __init__(self):
            self.of = {}

        def make(self, count=3):
            home = tmp_path / f"home-{len(self.of)}"
            home.mkdir()
            slots = create_slots(str(home), count, CAPACITY_BYTES)
            self.of[id(slots)] = (home, slots)
            return slots

        def path(self, slots):
            return self.of[id(slots)][0]

        def hooks(self):
            return Hooks(
                reopen=lambda slots: FileSlots.open(str(self.path(slots))),
                tear_seal=lambda slots, slot: tear_seal(self.path(slots), slot),
                refuse=lambda slots, slot: (self.path(slots) / f"slot-{slot}.img").mkdir(),
            )

    return Homes()


def tear_seal(home, slot):
    """Both copies of the seal lose their second half: one alone would be outlived."""
    for copy in (0, 1):
        path = home / f"slot-{slot}.seal-{copy}"
        path.write_bytes(path.read_bytes()[:30] + bytes(CELL_BYTES - 30))


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
