"""What several tests of the update arrange: slots in files, and servers of images."""

import pytest

from fota.boards.provisioning import create_slots
from fota.durable import CELL_BYTES
from fota.slots.files import FileSlots
from fota_testing.slots_contract import Hooks
from tests.labs.servers import authority, serve, silent_port, trusted

__all__ = ("authority", "homes", "serve", "silent_port", "trusted")

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
