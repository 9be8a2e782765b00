"""One update at a time: whoever comes second in the same program is told so at once, and nothing is lost."""

import threading
from collections.abc import Callable

import pytest

from aws.iot import fota
from fota.errors import Busy, DownloadFailed
from fota_testing.jobs import faults
from tests.labs.device_lab import JOB, DeviceLab

IMAGE = bytes(range(256)) * 8
OTHER = IMAGE[::-1]
PATIENCE_S = 20


class Second:
    """Another thread of the same program, which acts while the first is in mid-download."""

    def __init__(self, act: Callable[[], object]) -> None:
        self.answers: list[object] = []
        self._act = act

    def __call__(self) -> None:
        """Act in a thread of its own, and wait for its end."""
        thread = threading.Thread(target=self._run, daemon=True)
        thread.start()
        thread.join(PATIENCE_S)
        assert not thread.is_alive(), "the second thread waits for the first"

    def _run(self) -> None:
        try:
            self.answers.append(self._act())
        except Busy as error:
            self.answers.append(error.reason)


@pytest.fixture
def acts(lab: DeviceLab) -> Callable[[Callable[[], object]], Second]:
    """Arranges what the second thread does once the download of the first has come half way."""

    def arrange(act: Callable[[], object]) -> Second:
        second = Second(act)
        lab.server.at(len(IMAGE) // 2, second)
        return second

    return arrange


Acts = Callable[[Callable[[], object]], Second]


def test_a_second_update_is_busy_and_the_first_goes_on(lab: DeviceLab, acts: Acts) -> None:
    second = acts(lambda: fota.update(lab.direct_document(OTHER), device=lab.device))
    assert fota.update(lab.direct_document(IMAGE), device=lab.device) is True
    assert second.answers == ["busy"]
    assert lab.slots.content(1) == IMAGE
    assert lab.spare_is_bootable


def test_an_update_during_a_job_is_busy_and_the_job_succeeds(lab: DeviceLab, acts: Acts) -> None:
    second = acts(lambda: fota.update(lab.direct_document(OTHER), device=lab.device))
    lab.publish(IMAGE)
    lab.live()
    assert second.answers == ["busy"]
    assert (lab.status(), lab.confirmed_image) == ("SUCCEEDED", IMAGE)


def test_a_second_look_at_the_jobs_is_busy_and_the_first_goes_on(lab: DeviceLab, acts: Acts) -> None:
    second = acts(lambda: fota.handle_fota_jobs(lab.jobs, force=True, device=lab.device))
    lab.publish(IMAGE)
    lab.live()
    assert second.answers == ["busy"]
    assert (lab.statuses(), lab.confirmed_image) == (["QUEUED", "IN_PROGRESS", "SUCCEEDED"], IMAGE)


def test_jobs_that_come_while_an_update_by_hand_is_under_way_are_done_after_it(lab: DeviceLab, acts: Acts) -> None:
    def look() -> object:
        lab.publish(OTHER)
        return fota.handle_fota_jobs(lab.jobs, device=lab.device)

    lab.look()
    second = acts(look)
    fota.update(lab.direct_document(IMAGE), device=lab.device)
    assert second.answers == ["busy"]
    # Without force and without another notification: the one that there was is not used up.
    lab.live()
    assert (lab.status(), lab.confirmed_image) == ("SUCCEEDED", OTHER)


def test_a_second_look_that_was_busy_touches_nothing(lab: DeviceLab, acts: Acts) -> None:
    asked: list[int] = []

    def look() -> object:
        before = len(lab.service.requests), lab.power.writes, sum(lab.slots.erases)
        try:
            return fota.handle_fota_jobs(lab.jobs, force=True, device=lab.device)
        finally:
            after = len(lab.service.requests), lab.power.writes, sum(lab.slots.erases)
            asked.append(int(before != after))

    acts(look)
    fota.update(lab.direct_document(IMAGE), device=lab.device)
    assert asked == [0]


def test_a_callback_for_another_job_that_calls_update_is_busy_too(lab: DeviceLab) -> None:
    answers: list[object] = []

    def job_cbk(_job: object) -> None:
        try:
            answers.append(fota.update(lab.direct_document(IMAGE), device=lab.device))
        except Busy as error:
            answers.append(error.reason)

    lab.publish_document({"operation": "another"})
    lab.wake(job_cbk=job_cbk)
    assert answers == ["busy"]
    assert not lab.spare_is_bootable


def test_after_an_update_the_turn_is_free(lab: DeviceLab) -> None:
    fota.update(lab.direct_document(IMAGE), device=lab.device)
    assert fota.update(lab.direct_document(OTHER), device=lab.device) is True


def test_after_an_update_that_failed_the_turn_is_free(lab: DeviceLab) -> None:
    lab.server.status = 404
    with pytest.raises(DownloadFailed):
        fota.update(lab.direct_document(IMAGE), device=lab.device)
    lab.server.status = 200
    assert fota.update(lab.direct_document(IMAGE), device=lab.device) is True


def test_after_a_look_that_ended_in_an_error_the_turn_is_free(lab: DeviceLab) -> None:
    lab.slots.fail_after(10, KeyboardInterrupt())
    lab.publish(IMAGE)
    with pytest.raises(KeyboardInterrupt):
        lab.wake()
    lab.live()
    assert lab.status() == "SUCCEEDED"


def test_after_a_look_that_was_put_off_the_turn_is_free(lab: DeviceLab) -> None:
    lab.service.drop()
    lab.publish(IMAGE)
    lab.wake()
    lab.service.mend()
    lab.live()
    assert (lab.status(), lab.running_image) == ("SUCCEEDED", IMAGE)


def test_two_devices_in_one_program_do_not_wait_for_each_other(lab: DeviceLab) -> None:
    other = DeviceLab()
    lab.server.at(len(IMAGE) // 2, lambda: fota.update(other.direct_document(OTHER), device=other.device))
    fota.update(lab.direct_document(IMAGE), device=lab.device)
    assert (lab.slots.content(1), other.slots.content(1)) == (IMAGE, OTHER)


# One job at a time.


def test_a_job_that_comes_during_a_trial_is_done_after_the_trial(lab: DeviceLab) -> None:
    lab.publish(IMAGE)
    lab.wake()
    lab.publish(OTHER, "job-2")
    lab.live()
    assert lab.statuses() == ["QUEUED", "IN_PROGRESS", "SUCCEEDED"]
    assert (lab.status("job-2"), lab.confirmed_image) == ("SUCCEEDED", OTHER)


def test_a_job_that_comes_during_a_trial_that_fails_is_done_after_the_rollback(lab: DeviceLab) -> None:
    lab.publish(IMAGE)
    lab.wake()
    lab.publish(OTHER, "job-2")
    lab.wake(health_check=lambda: False)
    lab.live()
    assert (lab.status(), lab.reason()) == ("FAILED", "rolled-back")
    assert (lab.status("job-2"), lab.confirmed_image) == ("SUCCEEDED", OTHER)


def test_a_job_that_comes_while_a_restart_is_due_waits_for_the_restart(lab: DeviceLab) -> None:
    lab.publish(IMAGE)
    assert lab.wake(auto_reset=False) is True
    lab.publish(OTHER, "job-2")
    assert lab.wake(auto_reset=False) is True
    assert lab.statuses("job-2") == ["QUEUED"]
    lab.reboot()
    lab.live()
    assert (lab.status(), lab.status("job-2")) == ("SUCCEEDED", "SUCCEEDED")


@pytest.mark.parametrize("kind", ["list", "describe", "update"])
def test_a_job_of_which_every_answer_comes_twice_is_done_once(lab: DeviceLab, kind: str) -> None:
    lab.service.expect(kind, faults.TWICE, times=20)
    lab.publish(IMAGE)
    lab.live()
    assert lab.statuses() == ["QUEUED", "IN_PROGRESS", "SUCCEEDED"]
    assert (lab.boots, len(lab.server.asked)) == (1, 1)


def test_a_notification_that_comes_again_begins_nothing_again(lab: DeviceLab) -> None:
    lab.update_to(IMAGE)
    lab.service.deliver(f"$aws/things/{lab.service.thing_name}/jobs/notify-next", b"{}")
    lab.live()
    assert [status for status, _ in lab.service.execution(JOB).history].count("SUCCEEDED") == 1
    assert (lab.boots, len(lab.server.asked)) == (1, 1)
