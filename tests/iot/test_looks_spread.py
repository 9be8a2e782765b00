"""After an outage that all devices had, each looks at a random time; one that owes something looks immediately."""

import random

import pytest

from fota_testing.jobs.faults import LOST_BEFORE
from tests.labs.device_lab import DeviceLab

NEW = b"new image"


def after_outage(lab: DeviceLab, outage_s: int) -> None:
    """The connection is lost for that long, and a job comes meanwhile, so that its notification is lost."""
    lab.live(60)
    lab.service.reachable = False
    lab.service.drop()
    lab.live(outage_s // 2)
    lab.publish(NEW)
    lab.live(outage_s - outage_s // 2)
    lab.service.reachable = True
    lab.service.mend()


def first_look_s(lab: DeviceLab) -> int:
    """How many seconds pass until the next look."""
    before = len(lab.service.asked("list"))
    for second in range(3_600):
        lab.look()
        if len(lab.service.asked("list")) > before:
            return second
        lab.pass_ms(1_000)
    raise AssertionError("it never looked")


def test_devices_look_at_times_spread_over_ten_minutes() -> None:
    waits = []
    for seed in range(40):
        random.seed(seed)
        lab = DeviceLab()
        after_outage(lab, 120)
        waits.append(first_look_s(lab))
    assert max(waits) <= 601
    assert min(waits) < 120
    assert max(waits) > 480
    assert 200 < sum(waits) / len(waits) < 400


def test_a_short_loss_puts_nothing_off(lab: DeviceLab) -> None:
    after_outage(lab, 10)
    assert first_look_s(lab) == 0


def test_force_looks_immediately(lab: DeviceLab) -> None:
    after_outage(lab, 120)
    lab.wake()
    assert lab.statuses()[-1] == "IN_PROGRESS"


def test_news_is_not_put_off(lab: DeviceLab) -> None:
    after_outage(lab, 120)
    lab.look()
    lab.publish(b"other", "job-2")
    assert first_look_s(lab) == 0


def test_a_report_that_is_owed_is_not_put_off(lab: DeviceLab) -> None:
    lab.publish(NEW)
    lab.wake()
    lab.service.expect("update", LOST_BEFORE, times=4, status="SUCCEEDED")
    lab.wake()
    assert lab.status() == "IN_PROGRESS"
    lab.service.reachable = False
    lab.service.drop()
    lab.live(120)
    lab.service.reachable = True
    lab.service.mend()
    lab.live(3)
    assert lab.status() == "SUCCEEDED"


def test_the_first_connection_of_a_boot_is_not_put_off(lab: DeviceLab) -> None:
    lab.service.reachable = False
    lab.reboot()
    lab.live(120)
    lab.service.reachable = True
    lab.jobs.thing.mqtt.connect()
    assert first_look_s(lab) == 0


def test_a_loss_while_it_is_put_off_does_not_hasten_it(lab: DeviceLab, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level("INFO"):
        after_outage(lab, 120)
        lab.look()
    wait_s = int(caplog.text.split("look-put-off wait_s=")[1].split()[0])
    lab.service.drop()
    lab.pass_ms(1_000)
    lab.service.mend()
    assert first_look_s(lab) >= wait_s - 2
