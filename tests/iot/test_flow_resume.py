"""A job whose download is interrupted: by a reset, by an expired URL, by its own end; and what it may cost."""

from collections.abc import Callable

import pytest

from aws.iot.firmware_job import MOST_TAKEN_UP
from fota.download import Limits
from fota.errors import StorageFailed
from fota.install import PROVE_EVERY_MS, Installer
from fota.journal import Entry
from fota.progress import Progress
from fota.record import Record, RecordStore
from iot.images import ImageAnswer, ImageServer
from iot.lab import BUFFER_BYTES, FACTORY, JOB, Lab, Power, PoweredCell

IMAGE = bytes(range(256)) * 8
EVERY_BYTES = 256
CUT_AT_BYTES = 1_100


class ExpiringServer(ImageServer):
    """Serves each URL as often as it is told to; keeps what was asked for, and how it answered."""

    def __init__(self, lab: Lab) -> None:
        super().__init__(lab.clock)
        self.ranges: list[str | None] = []
        self.expires = 0
        """So many of the next requests are answered as S3 answers an expired URL."""
        self.on_expiry: Callable[[], object] = lambda: None

    def get(self, url: str, headers: dict[str, str], timeout_ms: int) -> ImageAnswer:
        self.ranges.append(headers.get("Range"))
        if self.expires:
            self.expires -= 1
            self.asked.append(url)
            self.on_expiry()
            return ImageAnswer(self, 403, b"<Error/>", 0)
        return super().get(url, headers, timeout_ms)


class ResumeLab(Lab):
    """A device whose downloads are slow enough to be put on record at every few bytes."""

    server: ExpiringServer

    def _start(self, slot: int) -> None:
        if not isinstance(self.server, ExpiringServer):
            self.server = ExpiringServer(self)
            self.server.ms_per_chunk = PROVE_EVERY_MS
        super()._start(slot)
        self.device.installer = Installer(
            self.slots,
            client=self.server,
            clock=self.clock,
            buffer_bytes=BUFFER_BYTES,
            prove_every_bytes=EVERY_BYTES,
            limits=Limits(times_size=4, spare_bytes=0),
        )

    def cut(self, **options: object) -> None:
        """The power fails in mid-download; the device is there again."""
        self.slots.cut_after(CUT_AT_BYTES)
        self.wake(**options)

    @property
    def proven_bytes(self) -> int:
        return self.entry.proven.offset_bytes

    @property
    def entry(self) -> Entry:
        entry = self.journal.load()
        assert entry is not None
        return entry


@pytest.fixture
def lab() -> ResumeLab:
    """A device that runs its factory image, with nothing to do."""
    return ResumeLab()


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


def test_the_bytes_of_another_job_are_not_built_on(lab: ResumeLab) -> None:
    lab.publish(IMAGE)
    lab.cut()
    lab.cancel()
    lab.publish(IMAGE, "job-2")
    lab.live()
    assert lab.server.ranges == [None, None]
    assert (lab.status(), lab.status("job-2")) == ("CANCELED", "SUCCEEDED")


def test_the_bytes_of_another_execution_are_not_built_on(lab: ResumeLab) -> None:
    lab.publish(IMAGE)
    lab.cut()
    lab.service.end(JOB, "TIMED_OUT")
    lab.publish(IMAGE)
    lab.live()
    assert lab.server.ranges == [None, None]
    assert lab.statuses(number=2) == ["QUEUED", "IN_PROGRESS", "SUCCEEDED"]


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


# An expired URL.


@pytest.mark.parametrize("disconnect_mqtt", [True, False])
def test_a_url_that_expired_is_replaced_by_the_one_that_the_job_has_now(
    lab: ResumeLab, disconnect_mqtt: bool
) -> None:
    lab.publish(IMAGE)
    lab.server.expires = 1
    lab.wake(disconnect_mqtt=disconnect_mqtt)
    first, fresh = lab.server.asked
    assert first.split("?")[0] == fresh.split("?")[0]
    assert first != fresh
    lab.live()
    assert (lab.status(), lab.confirmed_image) == ("SUCCEEDED", IMAGE)


def test_a_url_that_expired_over_a_reset_does_not_cost_what_came_before(lab: ResumeLab) -> None:
    lab.publish(IMAGE)
    lab.cut()
    lab.server.expires = 1
    lab.live()
    assert lab.server.ranges == [None, "bytes=1024-", "bytes=1024-"]
    assert lab.status() == "SUCCEEDED"


def test_asking_for_fresh_urls_comes_to_an_end(lab: ResumeLab) -> None:
    lab.publish(IMAGE)
    lab.server.expires = 1000
    lab.wake()
    assert (lab.status(), lab.reason()) == ("FAILED", "http-status")
    assert len(set(lab.server.asked)) == len(lab.server.asked) == 4


@pytest.mark.parametrize("disconnect_mqtt", [True, False])
def test_a_fresh_document_is_asked_for_with_the_connection_as_it_is_kept(
    lab: ResumeLab, disconnect_mqtt: bool
) -> None:
    connected: list[bool] = []
    lab.publish(IMAGE)
    lab.server.expires = 1
    lab.server.at(500, lambda: connected.append(lab.service.is_connected()))
    lab.wake(disconnect_mqtt=disconnect_mqtt)
    assert connected == [not disconnect_mqtt]


@pytest.mark.parametrize("field", ["bc_crc", "bc_size", "bc_sha256"])
def test_a_job_that_wants_another_image_by_now_fails(lab: ResumeLab, field: str) -> None:
    lab.publish(IMAGE)
    changed = {"bc_crc": "0" * 32, "bc_size": len(IMAGE) - 1, "bc_sha256": "0" * 64}[field]

    def change() -> None:
        lab.service.execution(JOB).document = lab.document(IMAGE, **{field: changed})

    lab.server.expires, lab.server.on_expiry = 1, change
    lab.live()
    assert (lab.status(), lab.reason()) == ("FAILED", "bad-document")
    assert (lab.boots, lab.is_settled, len(lab.server.asked)) == (0, True, 1)


def test_a_job_whose_document_cannot_be_read_any_more_fails(lab: ResumeLab) -> None:
    lab.publish(IMAGE)
    lab.server.expires = 1
    lab.server.on_expiry = lambda: setattr(lab.service.execution(JOB), "document", {"operation": "fota"})
    lab.live()
    assert (lab.status(), lab.reason()) == ("FAILED", "bad-document")


@pytest.mark.parametrize("end", ["CANCELED", "TIMED_OUT", "REMOVED", "deleted"])
@pytest.mark.parametrize("disconnect_mqtt", [True, False])
def test_a_job_that_is_over_when_asked_for_a_fresh_url_is_let_go(
    lab: ResumeLab, end: str, disconnect_mqtt: bool
) -> None:
    lab.publish(IMAGE)
    lab.server.expires = 1
    lab.server.on_expiry = lambda: lab.service.delete(JOB) if end == "deleted" else lab.service.end(JOB, end)
    lab.live(disconnect_mqtt=disconnect_mqtt)
    assert (lab.boots, lab.is_settled, len(lab.server.asked)) == (0, True, 1)
    assert not lab.spare_is_bootable
    assert lab.service.is_connected()


class Mends(Progress):
    """Lets the broker be reachable again at the next pause."""

    def __init__(self, lab: Lab) -> None:
        self.reasons: list[str] = []
        self._lab = lab

    def retrying(self, reason: str, delay_ms: int) -> None:
        self.reasons.append(reason)
        self._lab.service.reachable = True


def test_while_nobody_answers_for_a_fresh_url_it_is_asked_for_again(lab: ResumeLab) -> None:
    progress = Mends(lab)
    lab.publish(IMAGE)
    lab.server.expires = 2
    lab.server.on_expiry = lambda: setattr(lab.service, "reachable", lab.server.expires == 0)
    lab.wake(progress=progress)
    assert progress.reasons == ["unreachable", "http-status"]
    lab.live()
    assert (lab.status(), lab.confirmed_image) == ("SUCCEEDED", IMAGE)


def test_asking_for_a_fresh_url_where_nobody_answers_comes_to_an_end(lab: ResumeLab) -> None:
    lab.publish(IMAGE)
    lab.server.expires = 1000
    lab.server.on_expiry = lambda: setattr(lab.service, "reachable", False)
    lab.wake()
    lab.service.reachable = True
    lab.live()
    assert (lab.status(), lab.reason()) == ("FAILED", "http-status")
    assert (len(lab.server.asked), lab.is_settled) == (4, True)


# What a job may cost.


def taken_up(lab: ResumeLab, times: int) -> None:
    """The job was taken up so many times, and the device reset before it was installed."""
    lab.publish(IMAGE)
    lab.cut()
    entry = lab.entry
    lab.journal.save(Entry(entry.job_id, entry.execution, entry.wanted, taken_up=times))


def test_a_job_that_was_taken_up_too_often_is_given_up(lab: ResumeLab) -> None:
    taken_up(lab, MOST_TAKEN_UP)
    lab.live()
    assert (lab.status(), lab.reason()) == ("FAILED", "budget-spent")
    assert (len(lab.server.asked), lab.is_settled) == (1, True)


def test_a_job_that_was_taken_up_almost_too_often_is_done(lab: ResumeLab) -> None:
    taken_up(lab, MOST_TAKEN_UP - 1)
    lab.live()
    assert lab.status() == "SUCCEEDED"


def test_a_job_that_resets_the_device_at_every_try_comes_to_an_end(lab: ResumeLab) -> None:
    lab.publish(IMAGE)
    for _ in range(MOST_TAKEN_UP + 1):
        # Before anything is put on record: no byte counts.
        lab.slots.cut_after(10)
        lab.wake()
    assert (lab.status(), lab.reason()) == ("FAILED", "budget-spent")
    assert lab.boots == MOST_TAKEN_UP


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
