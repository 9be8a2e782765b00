"""A device counts what its updates fetch, whatever comes of them."""

import functools

import pytest

from fota.fetched import Fetched
from fota.journal import Journal
from fota.pace import Pacing
from tests.labs.device_lab import DeviceLab

IMAGE = bytes(range(250)) * 20
SIZE_BYTES = len(IMAGE)


def account_after_a_reset(lab: DeviceLab) -> int:
    """The bytes of the month, as the next boot reads them."""
    again = Journal(*lab.journal_cells)
    return Fetched(again, Pacing(again, lab.clock)).month_bytes()


def test_an_update_counts_its_bytes(lab: DeviceLab) -> None:
    lab.update_to(IMAGE)
    assert lab.running_image == IMAGE
    assert account_after_a_reset(lab) == SIZE_BYTES


def test_bytes_of_an_image_that_is_not_the_promised_one_count(lab: DeviceLab) -> None:
    lab.publish(IMAGE, bc_crc="0" * 32, bc_sha256=None)
    lab.wake()
    assert lab.reason() == "hash-mismatch"
    assert account_after_a_reset(lab) == SIZE_BYTES


def test_bytes_of_a_download_that_failed_count(lab: DeviceLab) -> None:
    def gone() -> None:
        lab.server.put(next(iter(lab.server.asked)).split("?", 1)[0], b"")
        lab.server.status = 404

    lab.server.at(2_000, gone)
    lab.server.breaks_after = 3_000
    lab.publish(IMAGE)
    lab.wake()
    assert lab.status() == "FAILED"
    assert account_after_a_reset(lab) >= 3_000


def test_the_account_costs_no_write(lab: DeviceLab, monkeypatch: pytest.MonkeyPatch) -> None:
    def writes(one: DeviceLab) -> int:
        one.server.ms_per_chunk = 300
        one.update_to(IMAGE)
        assert one.running_image == IMAGE
        return one.power.writes

    with_it = writes(lab)
    # Without it: there is no other way to have a device that counts nothing.
    monkeypatch.setattr(Fetched, "count", lambda *_: None)
    assert with_it == writes(DeviceLab())


def test_a_cut_loses_no_more_than_what_came_since_the_last_checkpoint(lab: DeviceLab) -> None:
    lab.server.ms_per_chunk = 1_000
    left: list[tuple[int, int]] = []

    def look(at_bytes: int) -> None:
        left.append((at_bytes, account_after_a_reset(lab)))

    for at_bytes in range(500, SIZE_BYTES, 500):
        lab.server.at(at_bytes, functools.partial(look, at_bytes))
    lab.update_to(IMAGE)
    # A checkpoint is due after 10 s at the latest: ten reads of a buffer of 64 bytes, and the one that is under way.
    assert len(left) == 9
    assert all(at - 12 * 64 <= counted_bytes <= at + 64 for at, counted_bytes in left)
