"""Progress that the service is told of, and a job that ends during its download."""

from collections.abc import Callable
from itertools import pairwise

import pytest

from aws.iot.document import MAX_REPORTS
from aws.iot.job_progress import EVERY_MS
from fota_testing.jobs import faults
from tests.labs.device_lab import BUFFER_BYTES, FACTORY, JOB, DeviceLab
from tests.labs.diary import Diary

CHUNKS = 150
IMAGE = bytes(range(BUFFER_BYTES)) * CHUNKS


@pytest.fixture
def slow(lab: DeviceLab) -> DeviceLab:
    """A job whose download takes a second for each of its chunks."""
    lab.server.ms_per_chunk = 1000
    lab.publish(IMAGE)
    return lab


def told(lab: DeviceLab) -> list[int]:
    """The percentages that the service was told of."""
    steps = [details.get("progress", "") for _, details in lab.service.execution(JOB).history]
    return [int(step.removesuffix(" %")) for step in steps if step]


def test_the_service_is_told_how_far_a_download_is(slow: DeviceLab) -> None:
    slow.wake(disconnect_mqtt=False)
    percentages = told(slow)
    assert len(percentages) > 4
    assert percentages == sorted(percentages)
    assert 0 < percentages[0] < 10
    assert 60 < percentages[-1] <= 100


def test_the_service_is_told_at_a_bounded_rate(slow: DeviceLab) -> None:
    slow.wake(disconnect_mqtt=False)
    percentages = told(slow)
    seconds_apart = [(b - a) * CHUNKS / 100 for a, b in pairwise(percentages)]
    assert min(seconds_apart) >= EVERY_MS / 1000 - 2
    assert seconds_apart[-1] > seconds_apart[0]


def test_the_slowest_download_is_told_of_a_bounded_number_of_times(lab: DeviceLab) -> None:
    lab.server.ms_per_chunk = 20_000
    lab.publish(IMAGE)
    lab.wake(disconnect_mqtt=False)
    assert 10 < len(told(lab)) <= MAX_REPORTS


def test_a_quick_download_is_not_told_of(lab: DeviceLab) -> None:
    lab.publish(IMAGE)
    lab.wake(disconnect_mqtt=False)
    assert told(lab) == []


def test_without_a_connection_nothing_is_told(slow: DeviceLab) -> None:
    slow.wake(disconnect_mqtt=True)
    assert told(slow) == []


def test_a_download_that_was_told_of_succeeds(slow: DeviceLab) -> None:
    slow.live(disconnect_mqtt=False)
    assert slow.statuses() == ["QUEUED", "IN_PROGRESS", "SUCCEEDED"]
    assert slow.running_image == IMAGE


def test_the_program_is_told_as_much_as_the_service(slow: DeviceLab) -> None:
    diary = Diary()
    slow.server.breaks_after = 2000
    slow.wake(disconnect_mqtt=False, progress=diary)
    assert diary.lines == [
        f"taken {JOB}",
        "retrying unreachable",
        f"downloaded {len(IMAGE)}",
        "proving 1",
        "installed 1",
        "restarting",
    ]


def delete(lab: DeviceLab) -> None:
    lab.service.delete(JOB)


ENDS: list[Callable[[DeviceLab], object]] = [
    lambda lab: lab.cancel(),
    lambda lab: lab.service.end(JOB, "TIMED_OUT"),
    lambda lab: lab.service.end(JOB, "REMOVED"),
    delete,
]


@pytest.mark.parametrize("end", ENDS, ids=["cancelled", "timed out", "removed", "deleted"])
@pytest.mark.parametrize("code", ["InvalidStateTransition", "TerminalStateReached"])
def test_a_job_that_ends_during_its_download_stops_it_and_is_cleaned_up(
    slow: DeviceLab, end: Callable[[DeviceLab], object], code: str
) -> None:
    slow.service.ledger.code_of_a_late_update = code
    slow.server.at(len(IMAGE) // 2, lambda: end(slow))
    assert slow.wake(disconnect_mqtt=False) is False
    assert slow.slots.written_bytes[1] < len(IMAGE) * 0.8
    assert not slow.spare_is_bootable
    assert slow.is_settled
    assert (slow.boots, slow.running_image) == (0, FACTORY)


def test_after_a_cancelled_download_the_next_job_is_done(slow: DeviceLab) -> None:
    slow.server.at(1000, slow.cancel)
    slow.publish(b"other image", "job-2")
    slow.live(disconnect_mqtt=False)
    assert (slow.status(), slow.status("job-2")) == ("CANCELED", "SUCCEEDED")
    assert slow.running_image == b"other image"


def test_a_connection_lost_during_the_download_does_not_stop_it(slow: DeviceLab) -> None:
    slow.server.at(1000, slow.service.drop)
    slow.server.at(5000, slow.service.mend)
    slow.live(disconnect_mqtt=False)
    assert slow.status() == "SUCCEEDED"


@pytest.mark.parametrize(
    "fault",
    [faults.LOST_BEFORE, faults.LOST_AFTER, faults.rejected("RequestThrottled"), faults.rejected("InvalidRequest")],
    ids=["lost before", "lost after", "throttled", "refused"],
)
def test_progress_that_cannot_be_told_does_not_stop_the_download(slow: DeviceLab, fault: faults.Fault) -> None:
    slow.service.expect("update", faults.HONEST)
    slow.service.expect("update", fault, times=3)
    slow.live(disconnect_mqtt=False)
    assert slow.statuses() == ["QUEUED", "IN_PROGRESS", "SUCCEEDED"]
    assert slow.boots == 1


def test_telling_the_service_of_progress_waits_for_one_answer_at_most(slow: DeviceLab) -> None:
    slow.service.expect("update", faults.HONEST)
    slow.service.expect("update", faults.LOST_BEFORE)
    slow.wake(disconnect_mqtt=False)
    assert slow.clock.sleeps == []
