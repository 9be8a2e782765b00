"""An update that cannot be done: the job is told why, the device runs on as before."""

import logging
from collections.abc import Callable
from typing import Any

import pytest

from fota.errors import (
    BadHttpAnswer,
    DownloadTimeout,
    NoSpace,
    Unreachable,
    UntrustedServer,
)
from fota.progress import Progress
from tests.labs.device_lab import FACTORY, JOB, DeviceLab
from tests.labs.diary import Diary

IMAGE = bytes(range(256)) * 8
OTHER_MD5 = "0" * 32


def fails(failure: Exception) -> Callable[[DeviceLab], object]:
    return lambda lab: setattr(lab.server, "failure", failure)


def answers(status: int) -> Callable[[DeviceLab], object]:
    return lambda lab: setattr(lab.server, "status", status)


# The reason reported, what is arranged, the fields of the job that are not right.
CAUSES = [
    ("unreachable", fails(Unreachable("refused")), {}),
    ("untrusted-server", fails(UntrustedServer("no")), {}),
    ("download-timeout", fails(DownloadTimeout("silence")), {}),
    ("http-answer", fails(BadHttpAnswer("odd")), {}),
    ("http-status", answers(403), {}),
    ("http-status", answers(404), {}),
    ("http-status", answers(500), {}),
    ("http-status", answers(301), {}),
    ("http-answer", answers(206), {}),
    ("body-too-long", lambda lab: None, {"bc_size": len(IMAGE) - 1}),
    ("body-too-short", lambda lab: None, {"bc_size": len(IMAGE) + 1}),
    ("hash-mismatch", lambda lab: None, {"bc_crc": OTHER_MD5}),
    ("hash-mismatch", lambda lab: None, {"bc_sha256": OTHER_MD5 * 2}),
    ("storage-failed", lambda lab: lab.slots.fail_after(1000), {}),
    ("no-space", lambda lab: lab.slots.fail_after(1000, NoSpace("full")), {}),
]
every_cause = pytest.mark.parametrize(("reason", "arrange", "fields"), CAUSES)


@every_cause
@pytest.mark.parametrize("disconnect_mqtt", [True, False])
def test_a_failure_is_reported_with_its_reason_and_the_device_runs_on(
    lab: DeviceLab,
    reason: str,
    arrange: Callable[[DeviceLab], object],
    fields: dict[str, Any],
    disconnect_mqtt: bool,
) -> None:
    arrange(lab)
    lab.publish(IMAGE, **fields)
    assert lab.wake(disconnect_mqtt=disconnect_mqtt) is False
    assert lab.statuses() == ["QUEUED", "IN_PROGRESS", "FAILED"]
    assert lab.reason() == reason
    assert lab.details()["message"]
    assert (lab.boots, lab.running_image, lab.confirmed_image) == (0, FACTORY, FACTORY)
    assert lab.is_settled


@every_cause
def test_a_failure_leaves_nothing_that_could_be_started(
    lab: DeviceLab, reason: str, arrange: Callable[[DeviceLab], object], fields: dict[str, Any]
) -> None:
    arrange(lab)
    lab.publish(IMAGE, **fields)
    lab.wake()
    assert not lab.spare_is_bootable
    lab.reboot()
    assert lab.running_image == FACTORY


@every_cause
def test_a_failure_needs_no_restart_even_where_the_program_makes_it(
    lab: DeviceLab, reason: str, arrange: Callable[[DeviceLab], object], fields: dict[str, Any]
) -> None:
    arrange(lab)
    lab.publish(IMAGE, **fields)
    assert lab.wake(auto_reset=False) is False
    assert lab.reason() == reason


def test_after_a_failure_the_connection_is_there_again(lab: DeviceLab) -> None:
    lab.server.status = 403
    lab.publish()
    lab.wake()
    assert lab.service.is_connected()


def test_after_a_failure_the_next_job_is_done(lab: DeviceLab) -> None:
    lab.publish(IMAGE, "a", bc_crc=OTHER_MD5)
    lab.publish(IMAGE, "b")
    lab.live()
    assert (lab.status("a"), lab.status("b")) == ("FAILED", "SUCCEEDED")
    assert lab.running_image == IMAGE


def test_after_a_refusal_the_next_job_is_done(lab: DeviceLab) -> None:
    lab.publish(IMAGE, "a", bc_idx=7)
    lab.publish(IMAGE, "b")
    lab.live()
    assert (lab.status("a"), lab.status("b")) == ("REJECTED", "SUCCEEDED")


def test_a_refused_job_was_never_in_progress(lab: DeviceLab) -> None:
    lab.publish(bc_crc="xyz")
    lab.wake()
    assert lab.statuses() == ["QUEUED", "REJECTED"]


def test_a_refusal_closes_no_connection(lab: DeviceLab) -> None:
    lab.publish(bc_crc="xyz")
    lab.wake()
    assert lab.service.sessions == 1


def test_progress_is_told_how_a_failed_job_ended(lab: DeviceLab) -> None:
    diary = Diary()
    lab.server.status = 404
    lab.publish()
    lab.wake(progress=diary)
    assert diary.lines == [f"taken {JOB}", f"ended {JOB} FAILED http-status"]


def test_progress_is_told_how_a_refused_job_ended(lab: DeviceLab) -> None:
    diary = Diary()
    lab.publish(bc_idx=7)
    lab.wake(progress=diary)
    assert diary.lines == [f"ended {JOB} REJECTED no-such-slot"]


def test_a_broken_download_goes_on_where_it_broke(lab: DeviceLab) -> None:
    diary = Diary()
    lab.server.breaks_after = 1000
    lab.publish(IMAGE)
    lab.wake(progress=diary)
    assert diary.lines[1] == "retrying unreachable"
    assert lab.running_image == IMAGE
    assert lab.slots.written_bytes[1] == len(IMAGE)


class Decay(Progress):
    """Tips a bit over on the storage once all is written, before it is read back."""

    def __init__(self, lab: DeviceLab) -> None:
        self._lab = lab

    def proving(self, slot: int) -> None:
        self._lab.slots.damage(slot, 100)


def test_storage_that_reads_back_other_bytes_is_found_out(lab: DeviceLab) -> None:
    lab.publish(IMAGE)
    assert lab.wake(progress=Decay(lab)) is False
    assert (lab.status(), lab.reason()) == ("FAILED", "storage-failed")
    assert not lab.spare_is_bootable


def test_storage_that_fails_altogether_is_reported_and_ends_no_program(lab: DeviceLab) -> None:
    def break_storage() -> None:
        for cell in lab.journal_cells + lab.record_cells:
            cell.broken = True
        lab.slots.fail_after(0)

    lab.server.at(1000, break_storage)
    lab.publish(IMAGE)
    assert lab.wake() is False
    assert (lab.status(), lab.reason()) == ("FAILED", "storage-failed")


def test_a_journal_that_takes_nothing_is_reported_before_anything_is_downloaded(lab: DeviceLab) -> None:
    for cell in lab.journal_cells:
        cell.broken = True
    lab.publish()
    assert lab.wake() is False
    assert (lab.status(), lab.reason(), lab.server.asked) == ("FAILED", "storage-failed", [])


def test_a_record_that_takes_nothing_is_reported_and_the_device_runs_on(lab: DeviceLab) -> None:
    for cell in lab.record_cells:
        cell.broken = True
    lab.publish()
    assert lab.wake() is False
    assert (lab.status(), lab.reason(), lab.boots) == ("FAILED", "storage-failed", 0)


def test_no_secret_of_a_presigned_url_is_logged_or_reported(lab: DeviceLab, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    lab.server.breaks_after = 500
    lab.publish(IMAGE, "a")
    lab.publish(b"other", "b", bc_crc=OTHER_MD5)
    lab.publish(b"third", "c", bc_idx="1")
    lab.live()
    assert [lab.status(job) for job in "abc"] == ["SUCCEEDED", "FAILED", "REJECTED"]
    assert "X-Amz" in lab.server.asked[0]
    told = [request.body for request in lab.service.asked("update")]
    assert "download-retried" in caplog.text
    assert "X-Amz" not in caplog.text + str(told)
