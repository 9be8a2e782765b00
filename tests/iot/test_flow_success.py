"""An update that goes well, from the job to the report, over its restart."""

import pytest

from aws.iot.jobs import Job
from tests.labs.device_lab import FACTORY, JOB, DeviceLab
from tests.labs.diary import Diary


def test_a_job_takes_the_device_into_its_image_on_trial(lab: DeviceLab) -> None:
    lab.publish(image=b"new image")
    lab.wake()
    assert lab.running_image == b"new image"
    assert lab.confirmed_image == FACTORY
    assert lab.statuses() == ["QUEUED", "IN_PROGRESS"]


def test_the_new_image_confirms_itself_and_reports_success(lab: DeviceLab) -> None:
    lab.publish(image=b"new image")
    lab.wake()
    lab.wake()
    assert lab.confirmed_image == b"new image"
    assert lab.statuses() == ["QUEUED", "IN_PROGRESS", "SUCCEEDED"]
    assert lab.is_settled


def test_an_update_costs_one_restart(lab: DeviceLab) -> None:
    lab.publish()
    lab.live()
    assert (lab.status(), lab.boots) == ("SUCCEEDED", 1)


def test_nobody_needs_to_force_what_a_notification_tells(lab: DeviceLab) -> None:
    lab.live(seconds=5)
    lab.publish()
    lab.look()
    lab.look()
    assert lab.status() == "SUCCEEDED"


def test_while_the_restart_is_awaited_the_device_knows_whose_update_it_is(lab: DeviceLab) -> None:
    lab.publish()
    lab.wake(auto_reset=False)
    entry = lab.journal.load()
    assert entry is not None
    assert (entry.job_id, entry.execution) == (JOB, 1)


def test_without_auto_reset_a_due_restart_is_told_and_not_made(lab: DeviceLab) -> None:
    lab.publish(image=b"new image")
    assert lab.wake(auto_reset=False) is True
    assert (lab.boots, lab.running_image) == (0, FACTORY)
    lab.reboot()
    lab.wake()
    assert lab.status() == "SUCCEEDED"


def test_a_due_restart_is_told_again_when_asked_again(lab: DeviceLab) -> None:
    lab.publish()
    lab.wake(auto_reset=False)
    published = len(lab.service.published)
    assert lab.wake(auto_reset=False) is True
    assert len(lab.service.published) == published


def test_with_nothing_to_do_no_restart_is_due(lab: DeviceLab) -> None:
    assert lab.wake() is False
    assert lab.look() is False


def test_a_success_needs_no_restart_any_more(lab: DeviceLab) -> None:
    lab.publish()
    lab.wake()
    assert lab.wake(auto_reset=False) is False


def test_an_image_that_runs_already_is_a_success_without_a_restart(lab: DeviceLab) -> None:
    lab.publish(image=FACTORY)
    lab.live()
    assert lab.statuses() == ["QUEUED", "SUCCEEDED"]
    assert (lab.boots, lab.erases, lab.server.asked) == (0, 0, [])


def test_an_image_that_runs_already_is_a_success_whichever_slot_was_asked_for(lab: DeviceLab) -> None:
    lab.publish(image=FACTORY, bc_idx=0)
    lab.publish(image=FACTORY, bc_idx=1, job="job-2")
    lab.live()
    assert (lab.status(), lab.status("job-2")) == ("SUCCEEDED", "SUCCEEDED")


def test_an_image_that_lies_in_the_spare_slot_is_not_downloaded_again(lab: DeviceLab) -> None:
    lab.slots.put(1, b"new image")
    lab.update_to(b"new image")
    assert lab.status() == "SUCCEEDED"
    assert lab.server.asked == []


def test_a_slot_asked_for_by_number_is_the_one_that_is_filled() -> None:
    lab = DeviceLab(slots=3)
    lab.publish(image=b"new image", bc_idx=2)
    lab.wake()
    assert lab.slots.content(2) == b"new image"
    assert lab.slots.erases == [0, 0, 1]
    assert lab.running_image == b"new image"


def test_two_jobs_in_the_queue_are_done_in_the_order_of_the_service(lab: DeviceLab) -> None:
    lab.publish(image=b"second image", job="a")
    lab.publish(image=b"third image", job="b")
    lab.live()
    assert (lab.status("a"), lab.status("b")) == ("SUCCEEDED", "SUCCEEDED")
    assert lab.running_image == b"third image"
    assert lab.boots == 2


def test_a_job_in_progress_goes_before_one_in_the_queue(lab: DeviceLab) -> None:
    lab.publish(image=b"second image", job="a")
    lab.publish(image=b"third image", job="b")
    lab.jobs.job("b").update(Job.IN_PROGRESS)
    lab.live()
    assert (lab.status("a"), lab.status("b")) == ("SUCCEEDED", "SUCCEEDED")
    assert lab.running_image == b"second image"


def test_two_jobs_in_progress_are_both_done(lab: DeviceLab) -> None:
    for job, image in (("a", b"second image"), ("b", b"third image")):
        lab.publish(image, job)
        lab.jobs.job(job).update(Job.IN_PROGRESS)
    lab.live()
    assert lab.statuses("a") == lab.statuses("b") == ["QUEUED", "IN_PROGRESS", "SUCCEEDED"]
    assert lab.running_image == b"third image"


def test_many_updates_in_a_row_go_well(lab: DeviceLab) -> None:
    for number in range(6):
        lab.update_to(f"image {number}".encode(), f"job-{number}")
    assert [lab.status(f"job-{number}") for number in range(6)] == ["SUCCEEDED"] * 6
    assert lab.slots.erases == [3, 3]


def test_a_retried_job_is_done_as_another_execution(lab: DeviceLab) -> None:
    lab.server.status = 500
    lab.publish()
    lab.live()
    lab.server.status = 200
    lab.publish()
    lab.live()
    assert lab.statuses(number=1) == ["QUEUED", "IN_PROGRESS", "FAILED"]
    assert lab.statuses(number=2) == ["QUEUED", "IN_PROGRESS", "SUCCEEDED"]


def test_a_job_without_a_sha256_is_done_by_its_md5(lab: DeviceLab) -> None:
    lab.publish(image=b"new image", bc_sha256=None)
    lab.live()
    assert (lab.status(), lab.running_image) == ("SUCCEEDED", b"new image")


def test_progress_is_told_every_step_in_order(lab: DeviceLab) -> None:
    diary = Diary()
    lab.publish(image=b"new image")
    lab.wake(progress=diary)
    lab.wake(progress=diary)
    assert diary.lines == [
        f"taken {JOB}",
        "downloaded 9",
        "proving 1",
        "installed 1",
        "restarting",
        "confirmed 1",
        f"ended {JOB} SUCCEEDED",
    ]


def test_progress_is_told_of_a_restart_only_where_it_is_made(lab: DeviceLab) -> None:
    diary = Diary()
    lab.publish()
    lab.wake(progress=diary, auto_reset=False)
    assert "restarting" not in diary.lines


@pytest.mark.parametrize("answer_ms", [0, 3000])
def test_slow_and_instant_answers_lead_to_the_same(answer_ms: int) -> None:
    lab = DeviceLab(answer_ms=answer_ms)
    lab.publish()
    lab.live()
    assert lab.statuses() == ["QUEUED", "IN_PROGRESS", "SUCCEEDED"]


def test_an_idle_call_publishes_nothing_and_reads_no_record(lab: DeviceLab) -> None:
    lab.live(seconds=5)
    before = (lab.power.reads, lab.power.writes, len(lab.service.published), lab.clock.now_ms())
    for _ in range(1000):
        assert lab.look() is False
    assert (lab.power.reads, lab.power.writes, len(lab.service.published), lab.clock.now_ms()) == before


def test_a_look_with_nothing_to_do_writes_nothing(lab: DeviceLab) -> None:
    writes = lab.power.writes
    for _ in range(5):
        lab.wake()
    assert lab.power.writes == writes


def test_a_restart_that_is_due_is_said_again_until_it_is_done(lab: DeviceLab) -> None:
    lab.publish()
    assert lab.wake(auto_reset=False) is True
    lab.pass_ms(600_000)
    assert lab.look(auto_reset=False) is True
