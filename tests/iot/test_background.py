"""Jobs that are handled in a thread of their own: the program goes on, is asked, and is told."""

import threading

from fota.progress import Progress
from fota_testing.jobs import faults
from tests.labs.background_lab import IMAGE, OTHER, BackgroundLab, Gate, lab, until, waits
from tests.labs.device_lab import FACTORY

__all__ = ("lab",)


def yes() -> bool:
    return True


# The update.


def test_an_update_is_installed_while_the_program_goes_on_and_then_it_asks(lab: BackgroundLab) -> None:
    gate = Gate(lab)
    lab.publish(IMAGE)
    updates = lab.start()
    assert gate.reached.wait(20)
    assert not updates.restart_wanted.is_set()
    gate.opened.set()
    assert updates.restart_wanted.wait(20)
    until(waits(lab))
    assert (lab.running_image, lab.device.verdict(), lab.slots.content(1)) == (FACTORY, "settled", IMAGE)


def test_the_connection_stays_open_during_the_download(lab: BackgroundLab) -> None:
    connected: list[bool] = []
    lab.server.at(len(IMAGE) // 2, lambda: connected.append(lab.service.is_connected()))
    lab.publish(IMAGE)
    updates = lab.start()
    assert updates.restart_wanted.wait(20)
    assert (connected, lab.service.sessions) == ([True], 1)


def test_with_leave_by_the_event_it_restarts_and_the_new_image_is_confirmed(lab: BackgroundLab) -> None:
    lab.publish(IMAGE)
    updates = lab.start()
    assert updates.restart_wanted.wait(20)
    updates.allow_restart()
    lab.restarted()
    lab.start()
    until(lambda: lab.status() == "SUCCEEDED")
    assert lab.confirmed_image == IMAGE


def test_with_leave_by_the_callback_it_restarts_when_the_callback_says_so(lab: BackgroundLab) -> None:
    answers = [False, False, False]
    lab.publish(IMAGE)
    lab.start(may_restart=lambda: not answers or answers.pop())
    lab.restarted()
    assert (answers, lab.running_image) == ([], IMAGE)


def test_leave_before_an_image_waits_is_none(lab: BackgroundLab) -> None:
    updates = lab.start()
    updates.allow_restart()
    lab.publish(IMAGE)
    until(waits(lab))
    assert not lab.restarts.wait(0.1)


def test_leave_holds_for_the_image_that_waited_and_not_for_the_next_one(lab: BackgroundLab) -> None:
    lab.publish(IMAGE)
    updates = lab.start()
    assert updates.restart_wanted.wait(20)
    lab.service.drop()
    updates.allow_restart()
    lab.cancel()
    lab.service.mend()
    until(lambda: not updates.restart_wanted.is_set())
    lab.publish(OTHER, "job-2")
    until(waits(lab, "job-2"))
    assert not lab.restarts.wait(0.1)


def test_a_job_that_is_cancelled_while_it_waits_is_not_wanted_any_more(lab: BackgroundLab) -> None:
    lab.publish(IMAGE)
    updates = lab.start()
    assert updates.restart_wanted.wait(20)
    lab.cancel()
    until(lambda: not updates.restart_wanted.is_set())
    updates.allow_restart()
    assert not lab.restarts.wait(0.1)
    assert lab.is_settled


def test_after_a_power_cut_while_it_waits_it_asks_again_without_another_download(lab: BackgroundLab) -> None:
    lab.publish(IMAGE)
    assert lab.start().restart_wanted.wait(20)
    until(waits(lab))
    lab.stop()
    lab.reboot()
    assert lab.running_image == FACTORY
    updates = lab.start()
    assert updates.restart_wanted.wait(20)
    updates.allow_restart()
    lab.restarted()
    lab.start()
    until(lambda: lab.status() == "SUCCEEDED")
    assert (len(lab.server.asked), lab.confirmed_image) == (1, IMAGE)


def test_a_health_check_may_wait_for_the_program_since_it_has_a_thread_of_its_own(lab: BackgroundLab) -> None:
    is_well = threading.Event()
    lab.publish(IMAGE)
    lab.start(may_restart=yes)
    lab.restarted()
    threads: list[str] = []

    def healthy() -> bool:
        threads.append(threading.current_thread().name)
        return is_well.wait(20)

    lab.start(health_check=healthy)
    until(lambda: threads)
    assert (threads, lab.device.verdict()) == (["aws-iot-fota"], "on-trial")
    is_well.set()
    until(lambda: lab.status() == "SUCCEEDED")


def test_an_image_that_is_not_well_goes_back_without_being_asked(lab: BackgroundLab) -> None:
    lab.publish(IMAGE)
    lab.start(may_restart=yes)
    lab.restarted()
    lab.start(health_check=lambda: False)
    lab.restarted()
    assert lab.running_image == FACTORY


def test_a_job_that_comes_later_is_noticed_without_a_call_of_the_program(lab: BackgroundLab) -> None:
    handed: list[str] = []
    lab.start(job_cbk=lambda job: handed.append(job.jobid))
    lab.publish_document({"operation": "blink"}, "blink-1")
    until(lambda: handed == ["blink-1"])


def test_with_nothing_to_do_it_asks_the_service_once(lab: BackgroundLab) -> None:
    lab.start()
    until(lambda: len(lab.service.requests) > 1)
    assert not lab.restarts.wait(0.2)
    assert [request.kind for request in lab.service.requests] == ["list", "shadow"]


# Its end.


def test_stop_during_a_download_keeps_what_came_and_the_next_start_goes_on_there(lab: BackgroundLab) -> None:
    told: list[int] = []
    answers: list[bool] = []
    started = threading.Event()

    class Slow(Progress):
        def downloading(self, done_bytes: int, total_bytes: int) -> None:
            # Time for a checkpoint.
            lab.pass_ms(11_000)
            told.append(done_bytes)
            if done_bytes >= len(IMAGE) // 2:
                assert started.wait(20)
                answers.append(updates.stop())

    class Told(Progress):
        def downloading(self, done_bytes: int, total_bytes: int) -> None:
            told.append(done_bytes)

    lab.publish(IMAGE)
    updates = lab.start(progress=Slow())
    started.set()
    until(lambda: not updates.is_running())
    assert len(IMAGE) // 2 <= told[-1] < len(IMAGE) // 2 + 200
    # In its own thread it cannot wait for its end.
    assert answers == [False]
    assert (lab.status(), updates.stop()) == ("IN_PROGRESS", True)
    told.clear()
    assert lab.start(progress=Told()).restart_wanted.wait(20)
    # The first piece of the second download lies behind the middle.
    assert len(IMAGE) // 2 < told[0] < len(IMAGE) // 2 + 200


def test_stop_returns_within_its_time_when_the_thread_cannot_end(lab: BackgroundLab) -> None:
    gate = Gate(lab)
    lab.publish(IMAGE)
    updates = lab.start()
    assert gate.reached.wait(20)
    assert updates.stop(0.05) is False
    gate.opened.set()
    assert updates.stop() is True
    assert lab.status() == "IN_PROGRESS"


def test_stop_ends_a_wait_for_an_answer(lab: BackgroundLab) -> None:
    lab.service.expect("list", faults.LOST_BEFORE, times=4)
    updates = lab.start()
    assert updates.stop() is True
    assert not updates.is_running()


def test_after_stop_the_program_may_handle_jobs_itself(lab: BackgroundLab) -> None:
    lab.publish(IMAGE)
    lab.start().stop()
    lab.live()
    assert lab.status() == "SUCCEEDED"
