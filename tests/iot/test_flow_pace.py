"""However many jobs come: a slot is not rewritten all day long, and a bad image is not tried all day long."""

import pytest

from tests.labs.device_lab import FACTORY, DeviceLab

HOUR_S = 3_600
DAY_S = 24 * HOUR_S
GOOD = b"a good image"
BAD = b"a bad image"


def fail_at_once(lab: DeviceLab, count: int) -> None:
    """So many jobs whose objects are not what they promise, each taken as soon as the device takes it."""
    for number in range(count):
        lab.publish(b"wrong %d" % number, f"wrong-{number}", bc_crc="0" * 32, bc_sha256=None)
        lab.wake()


def insist(lab: DeviceLab, seconds: int) -> int:
    """Offer a bad image again as soon as it is rolled back, and insist; how often it was booted."""
    boots, number, end_ms = lab.boots, 0, lab.clock.now_ms() + seconds * 1000
    while lab.clock.now_ms() < end_ms:
        if number == 0 or lab.status(f"bad-{number}") == "FAILED":
            number += 1
            lab.publish(BAD, f"bad-{number}", bc_insist=True)
        lab.look()
        if lab.running_image == BAD:
            lab.reboot("crashed")
        lab.pass_ms(1_000)
    return lab.boots - boots


def test_wrong_objects_do_not_rewrite_a_slot_all_day_long(lab: DeviceLab) -> None:
    fail_at_once(lab, 9)
    assert lab.erases == 3
    lab.live(DAY_S)
    assert lab.erases == 9
    assert {lab.status(f"wrong-{number}") for number in range(9)} == {"FAILED"}


def test_a_bad_image_that_is_insisted_on_is_not_tried_all_day_long(lab: DeviceLab) -> None:
    assert insist(lab, 60) <= 6
    assert insist(lab, HOUR_S) <= 14
    assert insist(lab, DAY_S) <= 60
    assert lab.running_image == FACTORY


def test_a_job_that_waits_says_so_once_and_is_done_in_its_time(lab: DeviceLab) -> None:
    fail_at_once(lab, 3)
    lab.publish(GOOD)
    lab.wake()
    assert lab.status() == "IN_PROGRESS"
    assert lab.details() == {"step": "waiting", "message": "after the updates before it, this one is begun in 60 s"}
    updates = len(lab.service.asked("update"))
    lab.wake()
    lab.wake()
    assert len(lab.service.asked("update")) == updates
    lab.live(300)
    assert lab.statuses() == ["QUEUED", "IN_PROGRESS", "SUCCEEDED"]
    assert lab.confirmed_image == GOOD


def test_a_reset_neither_ends_the_wait_nor_begins_it_anew(lab: DeviceLab) -> None:
    fail_at_once(lab, 8)
    lab.live(HOUR_S)
    lab.publish(GOOD, "good")
    before = lab.erases
    for _ in range(60):
        lab.reboot()
        lab.look()
        if lab.erases > before:
            break
        lab.pass_ms(30_000)
    waited = lab.status("good")
    lab.live(600)
    assert waited == "IN_PROGRESS"
    assert lab.status("good") == "SUCCEEDED"


def test_an_update_that_succeeds_ends_the_waits(lab: DeviceLab) -> None:
    fail_at_once(lab, 3)
    lab.publish(GOOD)
    lab.live(600)
    fail = lab.erases
    for number in range(3):
        lab.publish(b"wrong again %d" % number, f"again-{number}", bc_crc="0" * 32, bc_sha256=None)
        lab.wake()
    assert lab.erases == fail + 3


def test_a_job_that_waits_holds_up_no_other_job_and_can_be_cancelled(lab: DeviceLab) -> None:
    given: list[str] = []
    fail_at_once(lab, 3)
    lab.publish(GOOD)
    lab.publish_document({"operation": "blink"}, "blink-1")
    lab.publish_document({"operation": "fota-keyring", "envelope": {}}, "keyring-1")
    lab.wake(job_cbk=lambda job: given.append(job.jobid))
    assert given == ["blink-1"]
    assert lab.status("keyring-1") == "REJECTED"
    lab.cancel()
    lab.live(600)
    assert (lab.status(), lab.running_image) == ("CANCELED", FACTORY)


def test_an_update_that_a_reset_interrupts_does_not_wait_to_go_on(lab: DeviceLab) -> None:
    image = bytes(range(256)) * 8
    fail_at_once(lab, 2)
    lab.publish(image)
    for _ in range(5):
        lab.slots.cut_after(1_000)
        lab.wake()
    lab.live(60)
    assert lab.status() == "SUCCEEDED"


@pytest.mark.parametrize("per_day", [2, 5])
def test_updates_that_succeed_are_bounded_in_a_day_and_the_bound_can_be_set(lab: DeviceLab, per_day: int) -> None:
    done = 0
    for number in range(per_day + 3):
        lab.device.pace.per_day = per_day
        lab.publish(b"release %d" % number, f"job-{number}")
        lab.wake()
        lab.device.pace.per_day = per_day
        lab.wake()
        done += lab.status(f"job-{number}") == "SUCCEEDED"
    assert done == per_day


def test_a_refused_job_counts_for_nothing(lab: DeviceLab) -> None:
    for number in range(10):
        lab.publish(GOOD, f"odd-{number}", bc_idx=0)
        lab.wake()
    lab.publish(GOOD)
    lab.live(60)
    assert lab.status() == "SUCCEEDED"


def test_a_device_whose_service_tells_no_time_counts_what_passes_while_it_runs(lab: DeviceLab) -> None:
    device = lab.device
    for _ in range(5):
        device.pace.count_update(None)
    assert device.pace.wait_before_update_s(None) == 240
    lab.pass_ms(200_000)
    assert device.pace.wait_before_update_s(None) == 40
    lab.reboot()
    # What passed before the reset is not known: it waits anew.
    assert lab.device.pace.wait_before_update_s(None) == 240
