"""The list of jobs says little: a job may wait behind others, unseen or unannounced, and is done all the same."""

from collections.abc import Callable

import pytest

from aws.iot.jobs import Job, Jobs
from fota_testing.jobs import faults
from tests.labs.device_lab import JOB, DeviceLab
from tests.labs.job_resume_lab import IMAGE, ResumeLab
from tests.labs.job_resume_lab import lab as resume_lab

__all__ = ("resume_lab",)

NOTIFY = "$aws/things/lamp/jobs/notify"
REBOOT = {"operation": "reboot-the-modem"}
MINUTES_S = 5 * 60


def announce_next_only(lab: DeviceLab) -> None:
    """A policy made before allows `notify-next` alone."""
    lab.service.power_off()
    lab.service.forbidden_filters = {NOTIFY}
    lab.reboot()


def begin(lab: DeviceLab) -> None:
    """The other agent has begun its job, and does not end it."""
    lab.jobs.job("modem-1").update(Job.IN_PROGRESS)


@pytest.mark.parametrize("prepare", [lambda lab: None, begin], ids=["queued", "in progress"])
def test_a_firmware_job_behind_another_agents_job_is_done_when_the_list_changes(
    lab: DeviceLab, prepare: Callable[[DeviceLab], None]
) -> None:
    lab.publish_document(REBOOT, "modem-1")
    prepare(lab)
    lab.live(3)
    lab.publish(IMAGE)
    lab.live(10)
    assert (lab.status(), lab.confirmed_image) == ("SUCCEEDED", IMAGE)
    assert lab.status("modem-1") != "SUCCEEDED"


def test_a_firmware_job_behind_another_agents_job_is_done_within_minutes_under_an_older_policy(
    lab: DeviceLab,
) -> None:
    announce_next_only(lab)
    lab.publish_document(REBOOT, "modem-1")
    lab.live(3)
    lab.publish(IMAGE)
    lab.live(MINUTES_S)
    assert (lab.status(), lab.confirmed_image) == ("SUCCEEDED", IMAGE)


def test_a_subscription_that_the_policy_forbids_is_tried_once_for_each_boot(lab: DeviceLab) -> None:
    announce_next_only(lab)
    before = lab.service.hang_ups
    lab.live(7_200)
    assert before == 1
    assert lab.service.hang_ups == 1
    assert NOTIFY not in lab.service.filters


def test_a_firmware_job_whose_notification_was_lost_is_done_within_two_hours(lab: DeviceLab) -> None:
    lab.live(3)
    for topic in (NOTIFY, NOTIFY + "-next"):
        lab.service.unsubscribe(topic)
    lab.publish(IMAGE)
    lab.live(3_500)
    assert lab.status() == "QUEUED"
    lab.live(3_800)
    assert lab.status() == "SUCCEEDED"


def looks(lab: DeviceLab, seconds: int) -> int:
    before = len(lab.service.asked("list"))
    lab.live(seconds)
    return len(lab.service.asked("list")) - before


def test_an_idle_device_looks_once_or_less_in_an_hour(lab: DeviceLab) -> None:
    lab.live(3)
    assert 6 <= looks(lab, 12 * 3_600) <= 12


def test_a_device_behind_another_agents_job_looks_every_few_minutes_and_reads_the_job_once(lab: DeviceLab) -> None:
    lab.publish_document(REBOOT, "modem-1")
    lab.live(3)
    assert 15 <= looks(lab, 3_600) <= 30
    assert len(lab.service.asked("describe")) == 1


def test_how_often_a_device_looks_can_be_set(lab: DeviceLab) -> None:
    lab.jobs = Jobs(lab.jobs.thing, clock=lab.clock, look_again_s=60, look_behind_s=10)
    lab.live(3)
    assert 30 <= looks(lab, 3_600) <= 60
    lab.publish_document(REBOOT, "modem-1")
    assert 30 <= looks(lab, 600) <= 62


@pytest.mark.parametrize("settings", [{"look_again_s": 0}, {"look_behind_s": -1}])
def test_looking_all_the_time_is_refused(lab: DeviceLab, settings: dict[str, int]) -> None:
    with pytest.raises(ValueError, match="at least 1 second"):
        Jobs(lab.jobs.thing, clock=lab.clock, **settings)  # type: ignore[arg-type]  # none of them is a Boolean


def test_devices_look_at_different_times(lab: DeviceLab) -> None:
    moments = set()
    for _ in range(20):
        jobs = Jobs(lab.jobs.thing, clock=lab.clock, look_again_s=1_000)
        jobs.changed()
        since_ms = lab.clock.now_ms()
        while not jobs.changed():
            lab.pass_ms(1_000)
        moments.add((lab.clock.now_ms() - since_ms) // 1_000)
    assert len(moments) > 15
    assert min(moments) >= 1_000
    assert max(moments) <= 2_001


# A callback and the news that its own reports make.


def test_a_callback_that_has_begun_a_job_is_not_given_it_again(lab: DeviceLab) -> None:
    given: list[str] = []

    def begin_slowly(job: Job) -> None:
        given.append(job.jobid)
        job.update(Job.IN_PROGRESS, {"step": "1"})

    lab.publish_document(REBOOT, "modem-1")
    lab.live(3, job_cbk=begin_slowly)
    for _ in range(3):
        lab.service.deliver(NOTIFY, b"{}")
        lab.live(600, job_cbk=begin_slowly)
    assert given == ["modem-1"]
    lab.wake(job_cbk=begin_slowly)
    assert given == ["modem-1"] * 2


def test_a_callback_that_left_a_job_queued_or_failed_is_given_it_again(lab: DeviceLab) -> None:
    given: list[str] = []

    def not_now(job: Job) -> None:
        given.append(job.jobid)
        if job.jobid == "modem-2":
            job.update(Job.IN_PROGRESS)
            raise ValueError("half way")

    lab.publish_document(REBOOT, "modem-1")
    lab.publish_document(REBOOT, "modem-2")
    lab.live(600, job_cbk=not_now)
    assert given.count("modem-1") > 1
    assert given.count("modem-2") > 1


def test_a_job_that_had_no_callback_is_given_to_one_that_comes_later(lab: DeviceLab) -> None:
    given: list[Job] = []
    lab.publish_document(REBOOT, "modem-1")
    begin(lab)
    lab.live(3)
    lab.live(600, job_cbk=given.append)
    assert [job.jobid for job in given] == ["modem-1"]


# More jobs than the list shows.


def ten_others(lab: DeviceLab) -> None:
    for number in range(10):
        lab.publish_document(REBOOT, f"modem-{number}")


def begin_ten(lab: DeviceLab) -> None:
    ten_others(lab)
    for number in range(10):
        lab.jobs.job(f"modem-{number}").update(Job.IN_PROGRESS)


def test_an_update_that_ten_others_hide_goes_on_where_it_was(resume_lab: ResumeLab) -> None:
    lab = resume_lab
    lab.publish(IMAGE)
    lab.cut()
    proven_bytes = lab.proven_bytes
    begin_ten(lab)
    # The job of the update comes after those that were begun, so it is not among the first ten.
    lab.service.execution(JOB).order = 99
    lab.live(60)
    assert lab.server.ranges == [None, f"bytes={proven_bytes}-"]
    assert lab.status() == "SUCCEEDED"


def test_what_a_hidden_update_has_cost_is_not_forgotten(resume_lab: ResumeLab) -> None:
    lab = resume_lab
    lab.publish(IMAGE)
    lab.cut()
    lab.service.expect("describe", faults.LOST_BEFORE, times=4)
    begin_ten(lab)
    lab.service.execution(JOB).order = 99
    lab.wake()
    assert lab.entry.taken_up == 1
    lab.slots.cut_after(1)
    lab.live(60)
    assert lab.boots == 3
    assert lab.status() == "SUCCEEDED"


def test_a_firmware_job_that_ten_others_hide_is_done_when_one_of_them_ends(lab: DeviceLab) -> None:
    ten_others(lab)
    lab.publish(IMAGE)
    lab.live(600)
    assert lab.status() == "QUEUED"
    lab.cancel("modem-3")
    lab.live(10)
    assert lab.status() == "SUCCEEDED"


def test_a_hidden_firmware_job_is_done_within_minutes_of_one_that_ends_under_an_older_policy(lab: DeviceLab) -> None:
    announce_next_only(lab)
    ten_others(lab)
    lab.publish(IMAGE)
    lab.live(3)
    lab.cancel("modem-3")
    lab.live(MINUTES_S)
    assert lab.status() == "SUCCEEDED"
