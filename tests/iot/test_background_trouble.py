"""A thread that handles jobs and meets trouble: it tells of it, and goes on."""

import threading

import pytest

from aws.iot import background_cpython, fota
from aws.iot.jobs import Job
from fota import device as devices
from fota.errors import Busy, NotProvisioned
from fota.progress import Progress
from fota_testing.jobs import faults
from tests.labs.background_lab import IMAGE, OTHER, BackgroundLab, Gate, lab, until, waits

__all__ = ("lab",)


def test_a_call_of_the_program_meanwhile_is_busy_and_the_thread_goes_on(lab: BackgroundLab) -> None:
    gate = Gate(lab)
    lab.publish(IMAGE)
    updates = lab.start()
    assert gate.reached.wait(20)
    with pytest.raises(Busy):
        fota.handle_fota_jobs(lab.jobs, force=True, device=lab.device)
    gate.opened.set()
    assert updates.restart_wanted.wait(20)


def test_a_thread_that_comes_during_an_update_by_hand_tells_busy_and_goes_on_after_it(lab: BackgroundLab) -> None:
    gate = Gate(lab)
    by_hand = threading.Thread(target=lambda: fota.update(lab.direct_document(IMAGE), device=lab.device))
    by_hand.start()
    assert gate.reached.wait(20)
    lab.publish(OTHER)
    updates = lab.start()
    until(lambda: isinstance(updates.problem, Busy))
    gate.opened.set()
    by_hand.join(20)
    assert updates.restart_wanted.wait(20)
    until(lambda: updates.problem is None)
    assert lab.slots.content(1) == OTHER


@pytest.mark.parametrize("error", [ValueError("odd"), SystemExit(1), MemoryError(), KeyboardInterrupt()])
def test_an_error_in_the_thread_is_told_and_the_thread_goes_on(
    lab: BackgroundLab, error: BaseException, monkeypatch: pytest.MonkeyPatch
) -> None:
    errors = [error, error]
    changed = lab.jobs.changed

    def fall() -> bool:
        if errors:
            raise errors.pop()
        return changed()

    monkeypatch.setattr(lab.jobs, "changed", fall)
    updates = lab.start()
    until(lambda: updates.problem is error)
    lab.publish(IMAGE)
    assert updates.restart_wanted.wait(20)
    until(lambda: updates.problem is None)
    assert updates.is_running()


def test_a_callback_that_ends_its_thread_does_not_end_this_one(lab: BackgroundLab) -> None:
    def leave(job: Job) -> None:
        raise SystemExit

    lab.publish_document({"operation": "blink"}, "blink-1")
    updates = lab.start(job_cbk=leave)
    until(lambda: isinstance(updates.problem, SystemExit))
    assert updates.is_running()


def test_a_question_that_raises_is_logged_once_and_asked_again(
    lab: BackgroundLab, caplog: pytest.LogCaptureFixture
) -> None:
    failures = [ValueError("odd")] * 20

    def ask() -> bool:
        if failures:
            raise failures.pop()
        return True

    lab.publish(IMAGE)
    with caplog.at_level("INFO", "fota"):
        lab.start(may_restart=ask)
        lab.restarted()
    assert len([line for line in caplog.messages if "may-restart-failed" in line]) == 1


def test_without_a_network_leave_is_tried_later_and_later(lab: BackgroundLab) -> None:
    lab.publish(IMAGE)
    updates = lab.start()
    until(waits(lab))
    lab.service.drop()
    updates.allow_restart()
    assert not lab.restarts.wait(0.1)
    assert updates.is_running()
    lab.service.mend()
    lab.restarted()
    assert lab.running_image == IMAGE


def test_outside_of_fota_boot_the_caller_is_told(lab: BackgroundLab, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(devices, "_current", None)
    monkeypatch.delenv("FOTA_HOME", raising=False)
    with pytest.raises(NotProvisioned):
        fota.start_background(lab.jobs)


def test_another_thread_that_waits_meanwhile_is_told_no_progress(lab: BackgroundLab) -> None:
    from fota.waiting import still_waiting

    names: list[str] = []

    class Told(Progress):
        def waiting(self) -> None:
            names.append(threading.current_thread().name)

    gate = Gate(lab)
    lab.publish(IMAGE)
    updates = lab.start(progress=Told())
    assert gate.reached.wait(20)
    updates.stop(0)
    # As `thing.mqtt.subscribe` of the program does in its waits; it must not be ended in the place of the thread.
    still_waiting()
    gate.opened.set()
    updates.stop()
    assert set(names) <= {"aws-iot-fota"}


def test_leave_by_the_event_holds_although_the_callback_gives_none(lab: BackgroundLab) -> None:
    lab.publish(IMAGE)
    updates = lab.start(may_restart=lambda: False)
    until(waits(lab))
    assert updates.restart_wanted.wait(20)
    updates.allow_restart()
    lab.restarted()
    assert lab.running_image == IMAGE


def test_leave_that_was_taken_back_is_asked_for_again(lab: BackgroundLab) -> None:
    # Asked by the thread it says yes, and no directly before the trial, again and again; then yes for good.
    answers = [False, *[True, False] * 10]
    lab.publish(IMAGE)
    lab.start(may_restart=lambda: answers.pop(0) if answers else True)
    lab.restarted()
    assert (lab.running_image, len(lab.server.asked)) == (IMAGE, 1)


def test_a_trial_that_was_begun_by_hand_is_asked_for_too(lab: BackgroundLab) -> None:
    fota.update(lab.direct_document(IMAGE), device=lab.device)
    fota.test(lab.direct_document(IMAGE), device=lab.device)
    updates = lab.start()
    assert updates.restart_wanted.wait(20)
    assert not lab.restarts.is_set()
    updates.allow_restart()
    lab.restarted()
    assert lab.running_image == IMAGE


def test_an_image_that_runs_already_is_not_asked_for_while_its_report_is_due(lab: BackgroundLab) -> None:
    lab.publish(IMAGE)
    lab.start(may_restart=lambda: True)
    lab.restarted()
    lab.service.expect("update", faults.LOST_BEFORE, times=1_000, status=Job.SUCCEEDED)
    updates = lab.start()
    until(lambda: lab.device.verdict() == "settled")
    assert not updates.restart_wanted.wait(0.2)
    assert lab.status() == "IN_PROGRESS"


@pytest.mark.parametrize("trouble", ["an error", "no network"])
def test_what_does_not_work_is_tried_after_a_pause(
    lab: BackgroundLab, trouble: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(background_cpython, "_PAUSE_MS", (3_600_000, 3_600_000))
    tries: list[str] = []

    def fall() -> object:
        tries.append(trouble)
        raise ValueError(trouble)

    if trouble == "an error":
        monkeypatch.setattr(lab.jobs, "changed", fall)
        lab.start()
    else:
        lab.publish(IMAGE)
        lab.wake(may_restart=lambda: False)
        monkeypatch.setattr(lab.jobs, "look", fall)
        lab.start(may_restart=lambda: True).restart_wanted.set()
    until(lambda: tries)
    assert not lab.restarts.wait(0.3)
    # Without a pause there were some fifty.
    assert len(tries) < 5
