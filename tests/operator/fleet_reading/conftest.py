"""What tests of the fleet arrange with: a strict fleet, and the command before it."""

from collections.abc import Iterator

import pytest

from fota_operator import cloud as cloud_module
from tests.labs.fota_command import FotaCommand
from tests.labs.strict_fleet import StrictFleet


@pytest.fixture
def empty_fleet() -> Iterator[StrictFleet]:
    """A registry without things, and an index that is off."""
    fleet = StrictFleet(page=100)
    yield fleet
    fleet.operations.close()


@pytest.fixture
def strict_fota(empty_fleet: StrictFleet, monkeypatch: pytest.MonkeyPatch) -> FotaCommand:
    """The command, where AWS is the strict fleet: the fake answers inside the client, not by HTTP."""
    monkeypatch.setattr(cloud_module, "connect", lambda: empty_fleet.cloud)
    return FotaCommand()
