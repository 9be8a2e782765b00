"""A program that is asked before the device restarts: until it says yes the new image waits, and nothing is lost."""

import pytest

from aws.iot.firmware_job import MAX_TAKEN_UP
from aws.iot.jobs import Job
from fota import journal
from fota_testing.jobs import faults
from tests.labs.device_lab import FACTORY, JOB, DeviceLab

IMAGE = b"new image" * 20
OTHER = IMAGE[::-1]
DAY_S = 24 * 3_600


def no() -> bool:
    return False


def yes() -> bool:
    return True


def steps(lab: DeviceLab, job: str = JOB) -> list[str]:
    """Every step that the job was told while it was in progress, without repetitions."""
    told = [
        details.get("step", "") for status, details in lab.service.execution(job).history if status == Job.IN_PROGRESS
    ]
    return [step for step, before in zip(told, [None, *told], strict=False) if step != before]


def test_without_leave_the_image_is_installed_and_no_trial_begins(lab: DeviceLab) -> None:
    lab.publish(IMAGE)
    assert lab.wake(may_restart=no) is False
    assert (lab.boots, lab.device.verdict(), lab.slots.content(1)) == (0, "settled", IMAGE)
    assert steps(lab) == ["download", "waiting-for-restart"]


def test_with_leave_the_trial_begins_as_without_the_question(lab: DeviceLab) -> None:
    lab.publish(IMAGE)
    lab.wake(may_restart=yes)
    lab.wake(may_restart=yes)
    assert steps(lab) == ["download", "restart"]
    assert (lab.status(), lab.boots, lab.confirmed_image) == ("SUCCEEDED", 1, IMAGE)


def test_leave_that_comes_after_a_day_is_enough_and_nothing_is_downloaded_again(lab: DeviceLab) -> None:
    lab.publish(IMAGE)
    lab.live(DAY_S, may_restart=no)
    assert (lab.boots, lab.status()) == (0, "IN_PROGRESS")
    lab.live(900, may_restart=yes)
    assert (lab.status(), lab.confirmed_image, len(lab.server.asked)) == ("SUCCEEDED", IMAGE, 1)
    assert steps(lab) == ["download", "waiting-for-restart", "restart"]


def test_waiting_writes_nothing_and_reports_nothing_again(lab: DeviceLab) -> None:
    lab.publish(IMAGE)
    lab.wake(may_restart=no)
    writes, updates = lab.power.writes, len(lab.service.asked("update"))
    lab.live(DAY_S, may_restart=no)
    assert (lab.power.writes, len(lab.service.asked("update"))) == (writes, updates)


def test_a_power_cut_while_it_waits_costs_no_download_and_it_asks_again(lab: DeviceLab) -> None:
    lab.publish(IMAGE)
    lab.wake(may_restart=no)
    asked: list[bytes] = []

    def ask() -> bool:
        asked.append(lab.running_image)
        return False

    lab.reboot()
    lab.wake(may_restart=ask)
    assert (asked, lab.running_image, lab.device.verdict()) == ([FACTORY], FACTORY, "settled")
    lab.wake(may_restart=yes)
    lab.wake()
    assert (lab.status(), lab.confirmed_image, len(lab.server.asked)) == ("SUCCEEDED", IMAGE, 1)


@pytest.mark.parametrize("torn_bytes", [0, 20])
def test_a_power_cut_at_any_durable_write_ends_well_when_the_leave_comes_late(
    lab: DeviceLab, torn_bytes: int
) -> None:
    def late(device: DeviceLab) -> None:
        device.publish(IMAGE)
        device.live(600, may_restart=no)
        device.live(900, may_restart=yes)

    late(lab)
    assert lab.status() == "SUCCEEDED"
    for cut_at in range(1, lab.power.writes + 1):
        device = DeviceLab()
        device.power.cut_at, device.power.torn_bytes = cut_at, torn_bytes
        late(device)
        assert device.power.writes >= cut_at
        assert device.is_settled
        assert (
            device.running_image == device.confirmed_image == (IMAGE if device.status() == "SUCCEEDED" else FACTORY)
        )
        assert device.status() == "SUCCEEDED" or device.reason() == "rolled-back"


@pytest.mark.parametrize("end", ["CANCELED", "TIMED_OUT", "REMOVED", "deleted"])
def test_a_job_that_ends_while_it_waits_is_never_begun_even_with_leave(lab: DeviceLab, end: str) -> None:
    lab.publish(IMAGE)
    lab.wake(may_restart=no)
    if end == "deleted":
        lab.service.delete(JOB)
    else:
        lab.service.end(JOB, end)
    lab.wake(may_restart=yes)
    assert (lab.boots, lab.is_settled, lab.running_image) == (0, True, FACTORY)


def test_without_a_network_leave_restarts_nothing_and_is_asked_for_again_later(lab: DeviceLab) -> None:
    lab.publish(IMAGE)
    lab.wake(may_restart=no)
    lab.service.drop()
    lab.wake(may_restart=yes)
    assert (lab.boots, lab.device.verdict()) == (0, "settled")
    lab.service.mend()
    lab.live(may_restart=yes)
    assert (lab.status(), lab.boots) == ("SUCCEEDED", 1)


def test_a_second_job_does_not_take_the_slot_of_the_image_that_waits(lab: DeviceLab) -> None:
    lab.publish(IMAGE)
    lab.wake(may_restart=no)
    lab.publish(OTHER, "job-2")
    lab.live(may_restart=no)
    assert (lab.slots.content(1), lab.status("job-2")) == (IMAGE, "QUEUED")
    lab.live(may_restart=yes)
    assert (lab.status(), lab.status("job-2"), lab.confirmed_image) == ("SUCCEEDED", "SUCCEEDED", OTHER)
    assert len(lab.server.asked) == 2


def test_the_second_job_is_begun_when_the_first_is_cancelled_instead(lab: DeviceLab) -> None:
    lab.publish(IMAGE)
    lab.wake(may_restart=no)
    lab.publish(OTHER, "job-2")
    lab.cancel()
    lab.live(may_restart=no)
    assert (steps(lab, "job-2"), lab.slots.content(1)) == (["download", "waiting-for-restart"], OTHER)


def test_jobs_that_are_no_firmware_are_done_while_an_image_waits(lab: DeviceLab) -> None:
    lab.publish(IMAGE)
    lab.wake(may_restart=no)
    lab.publish_document({"operation": "blink"}, "blink-1")
    lab.live(may_restart=no, job_cbk=lambda job: job.update(Job.SUCCEEDED))
    assert lab.status("blink-1") == "SUCCEEDED"


@pytest.mark.parametrize("answer", [None, 1, "yes"])
def test_only_true_is_leave(lab: DeviceLab, answer: object) -> None:
    lab.publish(IMAGE)
    lab.wake(may_restart=lambda: answer)
    assert lab.boots == 0


def test_a_question_that_raises_is_no_leave_and_ends_nothing(lab: DeviceLab) -> None:
    def fall() -> bool:
        raise ValueError("odd")

    lab.publish(IMAGE)
    lab.wake(may_restart=fall)
    assert (lab.boots, lab.status()) == (0, "IN_PROGRESS")
    lab.live(may_restart=yes)
    assert lab.status() == "SUCCEEDED"


def test_leave_that_is_taken_back_before_the_restart_costs_nothing_however_often(lab: DeviceLab) -> None:
    answers = [False, *[True, False] * (MAX_TAKEN_UP + 1)]

    def waver() -> bool:
        return answers.pop(0)

    lab.publish(IMAGE)
    while answers:
        lab.wake(may_restart=waver)
    assert (lab.boots, lab.status()) == (0, "IN_PROGRESS")
    lab.live(may_restart=yes)
    assert (lab.status(), len(lab.server.asked)) == ("SUCCEEDED", 1)


def test_an_update_by_hand_that_took_the_slot_meanwhile_costs_a_download_and_not_the_job(lab: DeviceLab) -> None:
    from aws.iot import fota

    lab.publish(IMAGE)
    lab.wake(may_restart=no)
    fota.update(lab.direct_document(OTHER), device=lab.device)
    lab.live(may_restart=yes)
    assert (lab.status(), lab.confirmed_image) == ("SUCCEEDED", IMAGE)


def test_a_trial_that_was_begun_by_hand_is_asked_for_too(lab: DeviceLab) -> None:
    from aws.iot import fota

    fota.update(lab.direct_document(IMAGE), device=lab.device)
    fota.test(lab.direct_document(IMAGE), device=lab.device)
    assert (lab.wake(may_restart=no, auto_reset=False), lab.boots) == (False, 0)
    assert lab.wake(may_restart=yes, auto_reset=False) is True


def test_an_image_that_says_no_to_its_health_goes_back_without_leave(lab: DeviceLab) -> None:
    lab.publish(IMAGE)
    lab.wake()
    lab.wake(may_restart=no, health_check=lambda: False)
    assert lab.running_image == FACTORY


def test_the_journal_says_installed_and_the_job_is_taken_up_once_for_each_boot(lab: DeviceLab) -> None:
    lab.publish(IMAGE)
    lab.live(DAY_S, may_restart=no)
    entry = lab.journal.load()
    assert entry is not None
    assert (entry.stage, entry.taken_up) == (journal.INSTALLED, 1)


def test_a_lost_answer_about_the_wait_is_asked_for_again(lab: DeviceLab) -> None:
    lab.publish(IMAGE)
    lab.server.at(len(IMAGE) // 2, lambda: lab.service.expect("update", faults.LOST_BEFORE, times=4))
    lab.wake(may_restart=no)
    lab.live(may_restart=no)
    assert steps(lab)[-1] == "waiting-for-restart"
    assert (lab.boots, len(lab.server.asked)) == (0, 1)


def test_a_job_whose_document_wants_another_image_meanwhile_is_begun_again(lab: DeviceLab) -> None:
    lab.publish(IMAGE)
    lab.wake(may_restart=no)
    lab.service.execution(JOB).document = lab.document(OTHER)
    lab.live(may_restart=yes)
    assert (lab.status(), lab.confirmed_image) == ("SUCCEEDED", OTHER)


def test_a_job_whose_slot_another_job_took_without_the_question_is_begun_again(lab: DeviceLab) -> None:
    lab.publish(IMAGE)
    lab.wake(may_restart=no)
    lab.publish(OTHER, "job-2")
    lab.service.expect("describe", faults.rejected("InternalError"), times=4, job_id=JOB)
    lab.slots.fail_after(50, KeyboardInterrupt())
    with pytest.raises(KeyboardInterrupt):
        lab.wake()
    lab.live(may_restart=yes)
    assert (lab.status(), lab.status("job-2")) == ("SUCCEEDED", "SUCCEEDED")
    assert lab.confirmed_image == OTHER
