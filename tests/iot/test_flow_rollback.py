"""An image on trial that does not confirm itself: the old one comes back, and the job says so."""

from collections.abc import Callable

import pytest

from fota_testing.jobs import faults
from tests.labs.device_lab import FACTORY, JOB, DeviceLab
from tests.labs.diary import Diary


@pytest.fixture
def trial(lab: DeviceLab) -> DeviceLab:
    """The new image has just started, on trial, and has not looked at its jobs yet."""
    lab.publish(image=b"new image")
    lab.wake()
    assert lab.running_image == b"new image"
    return lab


@pytest.mark.parametrize("cause", ["crashed", "deadline", "not-confirmed"])
def test_a_trial_that_ended_unconfirmed_is_reported_with_its_cause(trial: DeviceLab, cause: str) -> None:
    trial.reboot(cause)
    assert trial.running_image == FACTORY
    trial.wake()
    assert trial.statuses() == ["QUEUED", "IN_PROGRESS", "FAILED"]
    assert trial.details() == {"reason": "rolled-back", "cause": cause, "attempts": "1"}


def test_after_the_report_of_a_rollback_nothing_is_left_of_it(trial: DeviceLab) -> None:
    trial.reboot()
    trial.wake()
    assert trial.is_settled


def test_a_rolled_back_job_is_not_begun_again(trial: DeviceLab) -> None:
    trial.reboot()
    boots = trial.boots
    trial.live()
    assert trial.statuses() == ["QUEUED", "IN_PROGRESS", "FAILED"]
    assert trial.boots == boots


def test_a_damaged_image_is_not_started(lab: DeviceLab) -> None:
    lab.publish(image=b"new image")
    lab.wake(auto_reset=False)
    lab.slots.damage(1, 3)
    lab.reboot()
    assert lab.running_image == FACTORY
    lab.wake()
    assert (lab.reason(), lab.details()["cause"]) == ("rolled-back", "image-damaged")


def test_after_a_rollback_another_image_is_installed_and_confirmed(trial: DeviceLab) -> None:
    trial.reboot("crashed")
    trial.publish(image=b"better image", job="job-2")
    trial.live()
    assert (trial.status(), trial.status("job-2")) == ("FAILED", "SUCCEEDED")
    assert trial.confirmed_image == b"better image"


def test_a_retry_after_a_rollback_is_told_apart_and_refused_as_known_bad(trial: DeviceLab) -> None:
    trial.reboot("crashed")
    trial.live()
    trial.publish(image=b"new image")
    trial.live()
    assert trial.statuses(number=1) == ["QUEUED", "IN_PROGRESS", "FAILED"]
    assert trial.statuses(number=2) == ["QUEUED", "REJECTED"]


def test_a_health_check_that_is_passed_confirms(trial: DeviceLab) -> None:
    trial.wake(health_check=lambda: True)
    assert (trial.status(), trial.confirmed_image) == ("SUCCEEDED", b"new image")


def raising() -> bool:
    raise OSError("the sensor is gone")


@pytest.mark.parametrize(
    "health_check",
    [lambda: False, lambda: None, lambda: 1, lambda: "yes", raising, lambda: 1 / 0],
    ids=["False", "None", "1", "a string", "raises", "raises another"],
)
def test_a_health_check_that_does_not_say_true_goes_back_at_once(
    trial: DeviceLab, health_check: Callable[[], object]
) -> None:
    trial.wake(health_check=health_check)
    assert trial.running_image == FACTORY
    trial.wake(health_check=health_check)
    assert trial.statuses() == ["QUEUED", "IN_PROGRESS", "FAILED"]
    assert trial.details() == {"reason": "rolled-back", "cause": "health-check", "attempts": "1"}
    assert trial.is_settled


def test_a_failed_health_check_without_auto_reset_asks_for_the_restart(trial: DeviceLab) -> None:
    assert trial.wake(health_check=lambda: False, auto_reset=False) is True
    assert trial.wake(health_check=lambda: True, auto_reset=False) is True
    assert trial.confirmed_image == FACTORY


def test_a_failed_health_check_reports_nothing_before_the_old_image_runs(trial: DeviceLab) -> None:
    trial.wake(health_check=lambda: False, auto_reset=False)
    assert trial.statuses() == ["QUEUED", "IN_PROGRESS"]


def test_a_health_check_is_asked_only_on_trial(lab: DeviceLab) -> None:
    asked: list[str] = []

    def health_check() -> bool:
        asked.append("asked")
        return True

    lab.wake(health_check=health_check)
    lab.publish()
    lab.wake(health_check=health_check)
    assert asked == []
    lab.wake(health_check=health_check)
    lab.wake(health_check=health_check)
    assert asked == ["asked"]


def test_an_image_that_aws_iot_never_answered_is_not_confirmed(trial: DeviceLab) -> None:
    trial.service.expect("list", faults.LOST_BEFORE, times=4)
    trial.wake(health_check=lambda: pytest.fail("asked too early"))
    assert trial.confirmed_image == FACTORY
    trial.reboot()
    assert trial.running_image == FACTORY


def test_an_image_that_aws_iot_answers_late_is_confirmed(trial: DeviceLab) -> None:
    trial.service.expect("list", faults.LOST_BEFORE, times=4)
    trial.live()
    assert trial.confirmed_image == b"new image"
    assert trial.status() == "SUCCEEDED"


def test_a_throttled_list_is_no_answer_to_confirm_on(trial: DeviceLab) -> None:
    trial.service.expect("list", faults.rejected("RequestThrottled"), times=4)
    trial.wake()
    assert trial.confirmed_image == FACTORY


def test_progress_is_told_of_a_rollback(trial: DeviceLab) -> None:
    diary = Diary()
    trial.reboot()
    trial.wake(progress=diary)
    assert diary.lines == [f"ended {JOB} FAILED rolled-back"]


def test_a_rollback_without_a_journal_is_settled_and_the_job_tried_again(trial: DeviceLab) -> None:
    trial.journal.clear()
    trial.reboot()
    trial.live()
    assert trial.is_settled
    assert trial.statuses() == ["QUEUED", "IN_PROGRESS", "SUCCEEDED"]


def test_the_rollback_of_one_execution_is_not_told_of_the_next(trial: DeviceLab) -> None:
    trial.service.end(JOB, "TIMED_OUT")
    trial.publish(image=b"new image")
    trial.reboot("crashed")
    trial.live()
    assert trial.statuses(number=1) == ["QUEUED", "IN_PROGRESS", "TIMED_OUT"]
    assert trial.statuses(number=2) == ["QUEUED", "REJECTED"]


@pytest.mark.parametrize("end", ["CANCELED", "TIMED_OUT", "REMOVED", "deleted"])
@pytest.mark.parametrize("code", ["InvalidStateTransition", "TerminalStateReached"])
def test_a_job_that_ends_during_the_trial_does_not_end_the_trial(trial: DeviceLab, end: str, code: str) -> None:
    trial.service.ledger.code_of_a_late_update = code
    if end == "deleted":
        trial.service.delete(JOB)
    else:
        trial.service.end(JOB, end)
    trial.live()
    assert trial.confirmed_image == b"new image"
    assert trial.is_settled


def test_a_rollback_whose_job_was_deleted_is_settled(trial: DeviceLab) -> None:
    trial.service.delete(JOB)
    trial.reboot()
    trial.live()
    assert trial.is_settled
    assert trial.running_image == FACTORY
