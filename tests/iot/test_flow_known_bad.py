"""An image that was rolled back is not tried again, across restarts, unless the job insists."""

from collections.abc import Callable

import pytest

from fota_testing.jobs import faults
from tests.labs.device_lab import FACTORY, JOB, DeviceLab

BAD = b"a bad image"
GOOD = b"a good image"


def by_a_crash(lab: DeviceLab) -> None:
    lab.wake()
    lab.reboot("crashed")


def by_a_deadline(lab: DeviceLab) -> None:
    lab.wake()
    lab.reboot("deadline")


def by_its_health_check(lab: DeviceLab) -> None:
    lab.wake()
    lab.wake(health_check=lambda: False)


every_way = pytest.mark.parametrize("roll_back", [by_a_crash, by_a_deadline, by_its_health_check])


@pytest.fixture
def burnt(lab: DeviceLab) -> DeviceLab:
    """BAD was rolled back, and reported; the factory image runs."""
    lab.publish(BAD)
    by_a_crash(lab)
    lab.live()
    assert (lab.reason(), lab.running_image) == ("rolled-back", FACTORY)
    return lab


@every_way
def test_an_image_that_was_rolled_back_is_refused_when_offered_again(
    lab: DeviceLab, roll_back: Callable[[DeviceLab], None]
) -> None:
    lab.publish(BAD)
    roll_back(lab)
    lab.live()
    boots, erases, asked = lab.boots, lab.erases, len(lab.server.asked)
    lab.publish(BAD, "job-2")
    lab.live()
    assert lab.statuses("job-2") == ["QUEUED", "REJECTED"]
    assert lab.reason("job-2") == "known-bad"
    assert (lab.boots, lab.erases, len(lab.server.asked)) == (boots, erases, asked)


def test_an_image_that_was_rolled_back_is_refused_across_restarts(burnt: DeviceLab) -> None:
    for _ in range(3):
        burnt.reboot()
    burnt.publish(BAD, "job-2")
    burnt.live()
    assert burnt.reason("job-2") == "known-bad"


def test_an_image_that_was_rolled_back_is_refused_after_other_updates(burnt: DeviceLab) -> None:
    burnt.update_to(GOOD, "job-2")
    burnt.update_to(b"a better image", "job-3")
    burnt.publish(BAD, "job-4")
    burnt.live()
    assert burnt.reason("job-4") == "known-bad"


def test_an_image_that_was_rolled_back_is_refused_whatever_its_job_says_of_its_sha256(burnt: DeviceLab) -> None:
    burnt.publish(BAD, "job-2", bc_sha256=None)
    burnt.live()
    assert burnt.reason("job-2") == "known-bad"


def test_another_image_is_not_refused(burnt: DeviceLab) -> None:
    burnt.publish(GOOD, "job-2")
    burnt.live()
    assert (burnt.status("job-2"), burnt.confirmed_image) == ("SUCCEEDED", GOOD)


def test_a_job_that_insists_has_the_image_tried_again(burnt: DeviceLab) -> None:
    burnt.publish(BAD, "job-2", bc_insist=True)
    burnt.live()
    assert (burnt.status("job-2"), burnt.confirmed_image) == ("SUCCEEDED", BAD)


def test_a_job_that_does_not_insist_in_so_many_words_has_it_refused(burnt: DeviceLab) -> None:
    burnt.publish(BAD, "job-2", bc_insist=False)
    burnt.live()
    assert burnt.reason("job-2") == "known-bad"


@pytest.mark.parametrize("word", ["true", 1, None, "yes"])
def test_insisting_with_anything_but_true_is_no_document(burnt: DeviceLab, word: object) -> None:
    burnt.publish_document(burnt.document(BAD) | {"bc_insist": word}, "job-2")
    burnt.live()
    assert (burnt.status("job-2"), burnt.reason("job-2")) == ("REJECTED", "bad-document")


def test_an_image_that_was_insisted_on_and_rolled_back_again_is_refused_again(burnt: DeviceLab) -> None:
    burnt.publish(BAD, "job-2", bc_insist=True)
    by_a_crash(burnt)
    burnt.live()
    burnt.publish(BAD, "job-3")
    burnt.live()
    assert (burnt.reason("job-2"), burnt.reason("job-3")) == ("rolled-back", "known-bad")


def test_an_image_that_was_insisted_on_is_tried_again_after_a_power_cut(burnt: DeviceLab) -> None:
    burnt.slots.cut_after(3)
    burnt.publish(BAD, "job-2", bc_insist=True)
    burnt.live()
    assert (burnt.status("job-2"), burnt.confirmed_image) == ("SUCCEEDED", BAD)


def test_an_image_whose_download_failed_is_not_known_as_bad(lab: DeviceLab) -> None:
    lab.server.status = 404
    lab.publish(GOOD)
    lab.live()
    assert lab.reason() == "http-status"
    lab.server.status = 200
    lab.publish(GOOD, "job-2")
    lab.live()
    assert lab.status("job-2") == "SUCCEEDED"


def test_an_image_whose_failed_download_is_reported_late_is_not_known_as_bad(lab: DeviceLab) -> None:
    lab.server.status = 404
    lab.service.expect("update", faults.LOST_BEFORE, times=4, status="FAILED")
    lab.publish(GOOD)
    lab.wake()
    assert lab.status() == "IN_PROGRESS"
    lab.reboot()
    lab.live()
    lab.server.status = 200
    lab.publish(GOOD, "job-2")
    lab.live()
    assert (lab.status(), lab.status("job-2")) == ("FAILED", "SUCCEEDED")


def test_an_image_whose_job_was_deleted_during_the_trial_is_known_as_bad_all_the_same(lab: DeviceLab) -> None:
    lab.publish(BAD)
    lab.wake()
    lab.service.delete(JOB)
    lab.reboot("crashed")
    lab.live()
    lab.publish(BAD, "job-2")
    lab.live()
    assert lab.reason("job-2") == "known-bad"


def test_an_image_whose_report_met_a_power_cut_is_known_as_bad_all_the_same(lab: DeviceLab) -> None:
    lab.publish(BAD)
    by_a_crash(lab)
    # The next write is the one that forgets the update, after the report.
    lab.power.cut_at = lab.power.writes + 1
    lab.live()
    lab.publish(BAD, "job-2")
    lab.live()
    assert (lab.reason(), lab.reason("job-2")) == ("rolled-back", "known-bad")


def test_the_image_that_runs_is_a_success_whatever_it_was_before(burnt: DeviceLab) -> None:
    burnt.publish(BAD, "job-2", bc_insist=True)
    burnt.live()
    burnt.publish(BAD, "job-3")
    burnt.live()
    assert (burnt.status("job-3"), burnt.details("job-3")["message"]) == ("SUCCEEDED", "runs already")
