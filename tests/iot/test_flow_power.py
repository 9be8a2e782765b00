"""Power cuts: at every durable write of an update, torn at its beginning, in its middle and at its end.

Whatever is cut, the device boots a whole image, comes to rest by itself, and the job says which image it runs.
"""

import pytest

from aws.iot.jobs import Job
from fota_testing.jobs import faults
from tests.labs.device_lab import FACTORY, JOB, DeviceLab

IMAGE = b"new image" * 20


def durable_writes(lab: DeviceLab) -> int:
    """How many durable writes an update makes that nothing disturbs."""
    lab.publish(IMAGE)
    lab.live(60)
    assert lab.status() == "SUCCEEDED"
    return lab.power.writes


def check_truth(lab: DeviceLab) -> None:
    """The device is at rest, and the job tells what became of it."""
    assert lab.is_settled
    assert lab.running_image == lab.confirmed_image
    assert lab.status() in {"SUCCEEDED", "FAILED"}
    assert lab.running_image == (IMAGE if lab.status() == "SUCCEEDED" else FACTORY)
    if lab.status() == "FAILED":
        assert lab.reason() == "rolled-back"


@pytest.mark.parametrize("torn_bytes", [0, 1, 20, 4096], ids=["nothing", "a byte", "some", "all"])
def test_a_power_cut_at_any_durable_write_ends_well_and_is_told_truly(lab: DeviceLab, torn_bytes: int) -> None:
    statuses = set()
    for cut_at in range(1, durable_writes(lab) + 1):
        device = DeviceLab()
        device.power.cut_at, device.power.torn_bytes = cut_at, torn_bytes
        device.publish(IMAGE)
        device.live(900)
        assert device.power.writes >= cut_at
        check_truth(device)
        statuses.add(device.status())
    assert "SUCCEEDED" in statuses


@pytest.mark.parametrize("torn_bytes", [0, 20])
def test_a_power_cut_with_every_report_answered_late_ends_well_too(lab: DeviceLab, torn_bytes: int) -> None:
    for cut_at in range(1, durable_writes(lab) + 1):
        device = DeviceLab()
        device.service.expect("update", faults.LOST_AFTER, times=4, status=Job.SUCCEEDED)
        device.power.cut_at, device.power.torn_bytes = cut_at, torn_bytes
        device.publish(IMAGE)
        device.live(900)
        check_truth(device)


@pytest.mark.parametrize("cut_at", [0, 1, 64, 100, len(IMAGE) - 1])
@pytest.mark.parametrize("disconnect_mqtt", [True, False])
def test_a_power_cut_during_the_download_costs_nothing_but_time(
    lab: DeviceLab, cut_at: int, disconnect_mqtt: bool
) -> None:
    lab.slots.cut_after(cut_at)
    lab.publish(IMAGE)
    lab.live(disconnect_mqtt=disconnect_mqtt)
    assert lab.statuses() == ["QUEUED", "IN_PROGRESS", "SUCCEEDED"]
    assert lab.boots == 2


def test_a_power_cut_after_the_confirmation_and_before_the_report_is_a_success(lab: DeviceLab) -> None:
    lab.publish(IMAGE)
    lab.wake()
    lab.device.confirm()
    lab.reboot()
    lab.wake()
    assert lab.statuses() == ["QUEUED", "IN_PROGRESS", "SUCCEEDED"]
    assert lab.running_image == IMAGE


def test_a_power_cut_after_the_report_and_before_it_is_forgotten_tells_nothing_twice(lab: DeviceLab) -> None:
    lab.publish(IMAGE)
    lab.wake()
    entry = lab.journal.load()
    assert entry is not None
    lab.wake()
    lab.journal.save(entry)
    lab.reboot()
    lab.live()
    assert [status for status, _ in lab.service.execution(JOB).history].count("SUCCEEDED") == 1
    assert lab.is_settled


def test_a_power_cut_between_installing_and_the_trial_downloads_nothing_again(lab: DeviceLab) -> None:
    lab.publish(IMAGE)
    lab.power.cut_at = 3
    lab.wake()
    assert lab.running_image == FACTORY
    lab.live()
    assert lab.status() == "SUCCEEDED"
    assert len(lab.server.asked) == 1


def test_a_power_cut_on_trial_is_a_rollback_and_told_as_one(lab: DeviceLab) -> None:
    lab.publish(IMAGE)
    lab.wake()
    lab.reboot()
    lab.live()
    assert (lab.status(), lab.details()["cause"]) == ("FAILED", "not-confirmed")
    assert lab.running_image == FACTORY
