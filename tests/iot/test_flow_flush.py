"""A flush that fails leaves a value in a cache, where it reads well until the next reset: nothing rests on that."""

import pytest

from fota.errors import StorageFailed
from fota.record import RecordStore
from tests.labs.device_lab import FACTORY, DeviceLab, Power, PoweredCell

NEW = b"new image"


class CachedCell(PoweredCell):
    """A cell behind a cache: what was not flushed is read all the same, and lost with the power."""

    def __init__(self, power: Power) -> None:
        super().__init__(power)
        self.flush_fails = False
        self._on_disk = super().read()

    def write(self, content: bytes) -> None:
        super().write(content)
        if self.flush_fails:
            raise StorageFailed("the flush failed")
        self._on_disk = super().read()

    def lose_power(self) -> None:
        self._content[:] = self._on_disk


@pytest.fixture
def cells(lab: DeviceLab) -> tuple[CachedCell, CachedCell]:
    """The cells of the record, which holds what it held before."""
    made = (CachedCell(lab.power), CachedCell(lab.power))
    record = lab.device.record()
    lab.records = RecordStore(*made)
    lab.records.save(record)
    lab.reboot()
    return made


def test_a_success_is_reported_only_of_a_record_that_is_on_storage(
    lab: DeviceLab, cells: tuple[CachedCell, CachedCell]
) -> None:
    lab.publish(NEW)
    lab.wake()
    for cell in cells:
        cell.flush_fails = True
    lab.live(600)
    assert (lab.status(), lab.running_image) == ("IN_PROGRESS", NEW)
    for cell in cells:
        cell.flush_fails = False
    lab.live(600)
    assert lab.status() == "SUCCEEDED"
    for cell in cells:
        cell.lose_power()
    lab.reboot()
    assert (lab.confirmed_image, lab.running_image) == (NEW, NEW)


def test_before_that_a_power_cut_brings_the_old_image_back_and_the_job_says_so(
    lab: DeviceLab, cells: tuple[CachedCell, CachedCell]
) -> None:
    lab.publish(NEW)
    lab.wake()
    for cell in cells:
        cell.flush_fails = True
    lab.live(60)
    for cell in cells:
        cell.lose_power()
        cell.flush_fails = False
    lab.reboot()
    lab.live(600)
    assert (lab.running_image, lab.statuses()) == (FACTORY, ["QUEUED", "IN_PROGRESS", "FAILED"])
