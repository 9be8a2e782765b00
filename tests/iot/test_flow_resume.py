"""A job whose download is interrupted, by a reset or by its own end; and what it may cost."""

import pytest

from aws.iot.firmware_job import MAX_TAKEN_UP
from fota.errors import StorageFailed
from fota.journal import Entry
from fota.record import Record, RecordStore
from tests.labs.device_lab import FACTORY, JOB, Power, PoweredCell
from tests.labs.job_resume_lab import IMAGE, ResumeLab, lab

__all__ = ("lab",)


# After a power cut.


@pytest.mark.parametrize("disconnect_mqtt", [True, False])
def test_the_download_of_a_job_goes_on_where_it_was_proven(lab: ResumeLab, disconnect_mqtt: bool) -> None:
    lab.publish(IMAGE)
    lab.cut(disconnect_mqtt=disconnect_mqtt)
    proven_bytes = lab.proven_bytes
    assert proven_bytes == 1_024
    lab.wake(disconnect_mqtt=disconnect_mqtt)
    assert lab.server.ranges == [None, f"bytes={proven_bytes}-"]
    lab.wake()
    assert lab.statuses() == ["QUEUED", "IN_PROGRESS", "SUCCEEDED"]
    assert lab.confirmed_image == IMAGE


def test_a_damaged_beginning_costs_a_download_and_not_the_update(lab: ResumeLab) -> None:
    lab.publish(IMAGE)
    lab.cut()
    lab.slots.damage(1, 5)
    lab.live()
    assert lab.server.ranges == [None, None]
    assert (lab.status(), lab.confirmed_image) == ("SUCCEEDED", IMAGE)


def test_the_next_job_for_the_same_image_goes_on_where_a_cancelled_one_was(lab: ResumeLab) -> None:
    lab.publish(IMAGE)
    lab.cut()
    lab.cancel()
    lab.publish(IMAGE, "job-2")
    lab.live()
    assert lab.server.ranges == [None, "bytes=1024-"]
    assert (lab.status(), lab.status("job-2")) == ("CANCELED", "SUCCEEDED")


def test_the_next_execution_goes_on_where_the_one_that_timed_out_was(lab: ResumeLab) -> None:
    lab.publish(IMAGE)
    lab.cut()
    lab.service.end(JOB, "TIMED_OUT")
    lab.publish(IMAGE)
    lab.live()
    assert lab.server.ranges == [None, "bytes=1024-"]
    assert lab.statuses(number=2) == ["QUEUED", "IN_PROGRESS", "SUCCEEDED"]


def test_the_next_job_for_another_image_begins_anew(lab: ResumeLab) -> None:
    lab.publish(IMAGE)
    lab.cut()
    lab.cancel()
    lab.publish(IMAGE[::-1], "job-2")
    lab.live()
    assert lab.server.ranges == [None, None]
    assert (lab.status("job-2"), lab.confirmed_image) == ("SUCCEEDED", IMAGE[::-1])


def test_a_job_whose_image_is_another_one_after_the_reset_is_begun_anew(lab: ResumeLab) -> None:
    other = IMAGE[::-1]
    lab.publish(IMAGE)
    lab.cut()
    lab.service.execution(JOB).document = lab.document(other)
    lab.live()
    assert lab.server.ranges == [None, None]
    assert (lab.status(), lab.confirmed_image) == ("SUCCEEDED", other)


def test_a_job_that_came_first_after_the_reset_takes_the_slot_and_both_are_done(lab: ResumeLab) -> None:
    lab.publish(IMAGE)
    lab.publish(IMAGE[::-1], "job-2")
    lab.cut()
    lab.live()
    assert (lab.status(), lab.status("job-2")) == ("SUCCEEDED", "SUCCEEDED")
    assert lab.confirmed_image == IMAGE[::-1]


@pytest.mark.parametrize("end", ["CANCELED", "TIMED_OUT", "REMOVED", "deleted"])
def test_a_job_that_is_not_listed_after_the_reset_is_forgotten(lab: ResumeLab, end: str) -> None:
    lab.publish(IMAGE)
    lab.cut()
    if end == "deleted":
        lab.service.delete(JOB)
    else:
        lab.service.end(JOB, end)
    lab.live()
    assert lab.is_settled
    assert (lab.running_image, lab.boots, len(lab.server.asked)) == (FACTORY, 1, 1)


# A job that ends during its download.


@pytest.mark.parametrize("end", ["CANCELED", "TIMED_OUT", "REMOVED", "deleted"])
def test_a_job_that_ends_while_the_connection_is_closed_costs_no_restart(lab: ResumeLab, end: str) -> None:
    lab.publish(IMAGE)
    lab.server.at(500, lambda: lab.service.delete(JOB) if end == "deleted" else lab.service.end(JOB, end))
    lab.wake()
    assert (lab.boots, lab.running_image) == (0, FACTORY)
    assert lab.is_settled
    assert lab.service.is_connected()


def test_a_job_that_was_cancelled_while_the_connection_is_closed_is_told_nothing_more(lab: ResumeLab) -> None:
    lab.publish(IMAGE)
    lab.server.at(500, lab.cancel)
    lab.live()
    assert lab.statuses() == ["QUEUED", "IN_PROGRESS", "CANCELED"]


def test_after_a_job_that_was_cancelled_during_its_download_the_next_one_is_done(lab: ResumeLab) -> None:
    lab.publish(IMAGE)
    lab.server.at(500, lab.cancel)
    lab.publish(IMAGE[::-1], "job-2")
    lab.live()
    assert (lab.status("job-2"), lab.confirmed_image) == ("SUCCEEDED", IMAGE[::-1])


# What a job may cost.


def taken_up(lab: ResumeLab, times: int) -> None:
    """The job was taken up so many times, and the device reset before it was installed."""
    lab.publish(IMAGE)
    lab.cut()
    entry = lab.entry
    lab.journal.save(Entry(entry.job_id, entry.execution, entry.wanted, taken_up=times))


def test_a_job_that_was_taken_up_too_often_is_given_up(lab: ResumeLab) -> None:
    taken_up(lab, MAX_TAKEN_UP)
    lab.live()
    assert (lab.status(), lab.reason()) == ("FAILED", "budget-spent")
    assert (len(lab.server.asked), lab.is_settled) == (1, True)


def test_a_job_that_was_taken_up_almost_too_often_is_done(lab: ResumeLab) -> None:
    taken_up(lab, MAX_TAKEN_UP - 1)
    lab.live()
    assert lab.status() == "SUCCEEDED"


def test_a_job_that_resets_the_device_at_every_try_comes_to_an_end(lab: ResumeLab) -> None:
    lab.publish(IMAGE)
    for _ in range(MAX_TAKEN_UP + 1):
        # Before anything is put on record: no byte counts.
        lab.slots.cut_after(10)
        lab.wake()
    assert (lab.status(), lab.reason()) == ("FAILED", "budget-spent")
    assert lab.boots == MAX_TAKEN_UP


def test_bytes_that_come_for_nothing_are_counted_to_an_end_over_resets(lab: ResumeLab) -> None:
    lab.publish(IMAGE)
    for _ in range(4):
        lab.slots.cut_after(len(IMAGE) - 10)
        lab.wake()
        lab.slots.damage(1, 0)
    assert lab.status() == "IN_PROGRESS"
    lab.live()
    assert (lab.status(), lab.reason()) == ("FAILED", "budget-spent")


# A record whose writing failed and did not.


class LyingCell(PoweredCell):
    """Takes every byte, and says once that it did not."""

    lies = False

    def write(self, content: bytes) -> None:
        super().write(content)
        if self.lies:
            self.lies = False
            raise StorageFailed("an error that the disk got over")


def test_a_trial_that_was_begun_in_spite_of_an_error_is_not_reported_as_failed(lab: ResumeLab) -> None:
    cells = (LyingCell(Power()), LyingCell(Power()))
    lab.records = RecordStore(*cells)
    lab.records.save(Record(0))
    lab.reboot()
    lab.publish(IMAGE)
    # The record is in the first cell: the next one is written to the second.
    cells[1].lies = True
    lab.live()
    assert not cells[1].lies
    assert lab.statuses() == ["QUEUED", "IN_PROGRESS", "SUCCEEDED"]
    assert lab.confirmed_image == IMAGE
