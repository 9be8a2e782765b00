"""An install that may not take all in one go keeps what came, and the next one goes on there."""

import pytest

from fota.install import Installer
from fota.transfer.bounds import Bounds
from fota.transfer.download import Source
from fota.transfer.limits import Limits
from tests.labs.bounds_lab import Server, Taken
from tests.labs.image_digests import digests_of
from tests.labs.resume_lab import CHUNK_BYTES, IMAGE, SPARE, Lab, memory_lab

__all__ = ("memory_lab",)

SIZE_BYTES = len(IMAGE)


def go(lab: Lab, server: Server, bounds: Bounds | None) -> bool:
    """One go, by an installer of its own, as after a reset."""
    installer = Installer(lab.slots, server, lab.clock, Limits(), CHUNK_BYTES)
    source = Source("https://host/key")
    return installer.install(source, digests_of(IMAGE), SPARE, Taken(lab.clock), lab.ledger, bounds=bounds)


@pytest.mark.parametrize("most_bytes", [1, 999, 1_000, 1_001, 20_000, SIZE_BYTES - 1])
def test_what_a_go_brought_is_on_storage_and_is_not_fetched_again(memory_lab: Lab, most_bytes: int) -> None:
    server, bounds = Server(memory_lab.clock, IMAGE), Bounds(max_bytes=most_bytes)
    assert go(memory_lab, server, bounds) is False
    assert bounds.is_spent
    assert (memory_lab.ledger.kept.offset_bytes, memory_lab.content()) == (most_bytes, IMAGE[:most_bytes])
    assert go(memory_lab, server, None) is True
    assert memory_lab.holds_the_image()
    assert server.ranges == [f"bytes=0-{most_bytes - 1}", f"bytes={most_bytes}-"]


def test_an_image_comes_in_goes_of_time(memory_lab: Lab) -> None:
    server = Server(memory_lab.clock, IMAGE, read_ms=700)
    goes = 1
    while not go(memory_lab, server, Bounds(for_s=10)):
        goes += 1
        assert goes < 10
    assert memory_lab.holds_the_image()
    assert goes >= 3
    assert server.closed == goes


def test_a_go_that_brought_nothing_in_no_time_writes_nothing(memory_lab: Lab) -> None:
    server, bounds = Server(memory_lab.clock, IMAGE), Bounds(for_s=0)
    assert go(memory_lab, server, bounds) is False
    assert (bounds.is_spent, memory_lab.ledger.saves, server.ranges) == (True, [], [])


def test_the_time_of_goes_that_brought_nothing_counts_for_the_download(memory_lab: Lab) -> None:
    server = Server(memory_lab.clock, IMAGE)
    server.is_silent_from = 0
    assert go(memory_lab, server, Bounds(for_s=20)) is False
    assert memory_lab.ledger.kept.spent_ms >= 20_000
