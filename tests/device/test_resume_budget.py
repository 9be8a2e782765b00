"""What the download of one job may cost in bytes and in time, over all its resets."""

import pytest

from fota.errors import BudgetSpent, DownloadTimeout
from fota.transfer.checkpoint import Checkpoint
from fota_testing.flash.cells import PowerCut
from tests.labs.resume_lab import IMAGE, SPARE, memory_lab, ranges

__all__ = ("memory_lab",)


def test_bytes_that_are_received_again_after_every_reset_are_counted_to_an_end(memory_lab, serve):
    server = serve(IMAGE)
    budget = {"times_size": 2, "spare_bytes": 0}
    for _ in range(2):
        memory_lab.slots.cut_after(40_500)
        with pytest.raises(PowerCut):
            memory_lab.install(server, **budget)
        # So that nothing of it can be used.
        memory_lab.slots.damage(SPARE, 0)
    with pytest.raises(BudgetSpent):
        memory_lab.install(server, **budget)
    assert ranges(server) == [None, None, None]


def test_a_download_within_its_budget_of_bytes_is_not_stopped(memory_lab, serve):
    memory_lab.ledger.kept = Checkpoint(received_bytes=len(IMAGE))
    memory_lab.install(serve(IMAGE), times_size=2, spare_bytes=0)
    assert memory_lab.holds_the_image()


def test_a_server_that_never_lets_a_byte_count_is_left_when_the_budget_of_bytes_is_spent(memory_lab, serve):
    def starts_over_each_time(visit):
        visit.head(200, {"Content-Length": len(IMAGE), "ETag": visit.etag})
        count = 5_000 * (1 + len(server.requests))
        visit.send(IMAGE[:count])
        visit.break_off()

    server = serve(IMAGE, afterwards=starts_over_each_time)
    with pytest.raises(BudgetSpent, match="bytes received"):
        memory_lab.install(server, times_size=2, spare_bytes=0)
    assert memory_lab.slots.written_bytes[SPARE] <= 2 * len(IMAGE)


def test_the_time_of_a_download_goes_on_over_resets(memory_lab, serve):
    server = serve(IMAGE)
    memory_lab.progress.ms_per_chunk = 1_000
    for at_bytes in (20_500, 40_500):
        memory_lab.cut(server, at_bytes, total_ms=45_000)
        # Time that passes while the device is off is not the download's.
        memory_lab.clock.advance_ms(10_000_000)
    with pytest.raises(DownloadTimeout):
        memory_lab.install(server, total_ms=45_000)


def test_the_time_that_the_device_was_off_does_not_count(memory_lab, serve):
    server = serve(IMAGE)
    memory_lab.progress.ms_per_chunk = 1_000
    memory_lab.cut(server, total_ms=100_000)
    memory_lab.clock.advance_ms(10_000_000)
    memory_lab.install(server, total_ms=100_000)
    assert memory_lab.holds_the_image()
