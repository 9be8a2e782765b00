"""A flush that fails leaves a value in a cache, where it reads well until the next reset: nothing rests on that."""

import pytest

from aws.iot import fota
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
    lab.records = RecordStore(*made, is_sure=False)
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


def test_the_process_that_reports_does_not_rest_on_what_another_one_could_not_flush(
    lab: DeviceLab, cells: tuple[CachedCell, CachedCell]
) -> None:
    lab.publish(NEW)
    lab.wake()
    for cell in cells:
        cell.flush_fails = True
    lab.live(60)
    lab.records = RecordStore(*cells, is_sure=False)
    lab.reboot()
    # Its health is not asked for the report: what counts is the boot in which it was confirmed.
    lab.live(60, health_check=lambda: False)
    assert (lab.status(), lab.running_image) == ("IN_PROGRESS", NEW)
    for cell in cells:
        cell.flush_fails = False
    lab.live(600, health_check=lambda: False)
    for cell in cells:
        cell.lose_power()
    lab.reboot()
    assert (lab.status(), lab.running_image) == ("SUCCEEDED", NEW)


def test_a_confirm_that_failed_is_an_error_again_and_again_until_it_is_on_storage(
    lab: DeviceLab, cells: tuple[CachedCell, CachedCell]
) -> None:
    document = lab.direct_document(NEW)
    fota.update(document, device=lab.device)
    fota.test(document, device=lab.device)
    lab.reboot()
    for cell in cells:
        cell.flush_fails = True
    for _ in range(3):
        with pytest.raises(StorageFailed):
            fota.confirm(device=lab.device)
    for cell in cells:
        cell.flush_fails = False
    fota.confirm(device=lab.device)
    for cell in cells:
        cell.lose_power()
    lab.reboot()
    assert (lab.confirmed_image, lab.running_image) == (NEW, NEW)
