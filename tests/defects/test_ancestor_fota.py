"""The ancestor's defects in the update itself, each as the test that would have caught it.

The numbers are those of docs/ancestor-defects.md.
"""

import logging
import re
from pathlib import Path

import pytest

import fota as fota_package
from aws.iot import fota
from aws.iot import iot as iot_module
from aws.iot.job_progress import EVERY_MS
from aws.iot.jobs import Job
from fota import image
from fota.boards.provisioning import create_slots
from fota.errors import BadDocument, DownloadTimeout, HashMismatch, ImageTooLarge, NoSuchSlot, Unreachable
from fota_testing.jobs import faults
from tests.labs.device_lab import BUFFER_BYTES, FACTORY, JOB, DeviceLab

IMAGE = bytes(range(BUFFER_BYTES)) * 10
WRONG_MD5 = "0" * 32


def test_defect_01_a_wrong_md5_is_never_activated(lab: DeviceLab) -> None:
    lab.publish(IMAGE, bc_crc=WRONG_MD5, bc_sha256=None)
    lab.live()
    assert (lab.status(), lab.reason(), lab.boots) == ("FAILED", "hash-mismatch", 0)
    with pytest.raises(HashMismatch):
        fota.update(lab.direct_document(IMAGE, bc_crc=WRONG_MD5), device=lab.device)


def test_defect_02_a_second_update_in_one_run_is_written_from_the_first_byte(lab: DeviceLab) -> None:
    fota.update(lab.direct_document(IMAGE), device=lab.device)
    fota.update(lab.direct_document(b"the second"), device=lab.device)
    assert lab.slots.content(1) == b"the second"


def test_defect_03_no_byte_past_the_promised_size_is_written(lab: DeviceLab) -> None:
    lab.publish(IMAGE, bc_size=100)
    lab.live()
    assert lab.reason() == "body-too-long"
    assert lab.slots.written_bytes[1] <= 100


@pytest.mark.parametrize("status", [301, 403, 404, 500])
def test_defect_04_the_page_of_an_http_error_is_not_written(lab: DeviceLab, status: int) -> None:
    lab.server.status = status
    lab.publish(IMAGE)
    lab.live()
    assert lab.reason() == "http-status"
    assert lab.slots.written_bytes[1] == 0


@pytest.mark.parametrize("scheme", ["http", "ftp", "file"])
def test_defect_06_only_https_is_downloaded_from(lab: DeviceLab, scheme: str) -> None:
    lab.publish(IMAGE, bc_url=f"{scheme}://images.example/image")
    lab.live()
    assert (lab.status(), lab.server.asked) == ("REJECTED", [])


def test_defect_07_no_authority_is_built_into_the_device() -> None:
    packages = [Path(fota_package.__file__).parent, Path(iot_module.__file__).parent]
    sources = [path for package in packages for path in package.rglob("*.py")]
    assert len(sources) > 20
    assert not [path for path in sources if re.search(r"MII[A-Za-z0-9+/]{30}|Baltimore", path.read_text())]


@pytest.mark.parametrize("slot", [True, -1, "1", 1.0, None, 2, 255, 2**40])
def test_defect_08_a_slot_number_is_checked_for_type_and_range(lab: DeviceLab, slot: object) -> None:
    document = lab.direct_document(IMAGE) | {"bc_idx": slot}
    with pytest.raises((BadDocument, NoSuchSlot), match="bc_idx"):
        fota.update(document, device=lab.device)
    assert lab.erases == 0


@pytest.mark.parametrize("asked", ["any", 1, 2])
def test_defect_09_the_slot_that_is_written_is_the_slot_that_is_booted(asked: object) -> None:
    lab = DeviceLab(slots=3)
    lab.publish(IMAGE, bc_idx=asked)
    lab.wake()
    assert lab.slots.erases[lab.device.running_slot] == 1
    assert lab.running_image == IMAGE


@pytest.mark.parametrize("size", [10_001, 2**31 - 1])
def test_defect_12_a_size_over_the_slot_erases_nothing(lab: DeviceLab, size: int) -> None:
    lab.publish(IMAGE, bc_size=size)
    lab.live()
    assert (lab.status(), lab.reason(), lab.erases) == ("REJECTED", "image-too-large", 0)


@pytest.mark.parametrize("md5", ["", "12", "g" * 32, "0" * 31, "0" * 33, 7])
def test_defect_13_an_md5_that_is_none_is_refused_before_anything_is_written(lab: DeviceLab, md5: object) -> None:
    lab.publish(IMAGE, bc_crc=md5)
    lab.live()
    assert (lab.status(), lab.reason(), lab.erases) == ("REJECTED", "bad-document", 0)


def test_defect_14_a_slot_whose_update_failed_proves_nothing_any_more(lab: DeviceLab) -> None:
    lab.slots.put(1, b"older image")
    lab.publish(IMAGE, bc_crc=WRONG_MD5)
    lab.live()
    assert not image.proves_itself(lab.slots, 1, memoryview(bytearray(BUFFER_BYTES)))


def test_defect_15_silence_ends_a_download_after_a_bounded_number_of_tries(lab: DeviceLab) -> None:
    lab.server.failure = DownloadTimeout("silence")
    lab.publish(IMAGE)
    lab.wake()
    assert (lab.status(), lab.reason()) == ("FAILED", "download-timeout")
    # Half an hour, with waits of up to a minute; in this lab a silence takes no time itself.
    assert 1 < len(lab.server.asked) < 400


def test_defect_16_one_network_failure_does_not_fail_the_job(lab: DeviceLab) -> None:
    lab.server.breaks_after = 300
    lab.publish(IMAGE)
    lab.live()
    assert lab.status() == "SUCCEEDED"
    assert lab.slots.written_bytes[1] == len(IMAGE)


@pytest.mark.parametrize("auto_reset", [True, False])
def test_defect_17_a_failure_is_reported_at_once_and_without_a_restart(lab: DeviceLab, auto_reset: bool) -> None:
    lab.server.failure = Unreachable("refused")
    lab.publish(IMAGE)
    assert lab.wake(auto_reset=auto_reset) is False
    assert (lab.status(), lab.boots) == ("FAILED", 0)


def test_defect_18_progress_is_told_and_a_cancellation_seen_during_the_download(lab: DeviceLab) -> None:
    lab.server.ms_per_chunk = EVERY_MS
    lab.publish(IMAGE)
    lab.server.at(len(IMAGE) // 2, lab.cancel)
    lab.live(disconnect_mqtt=False)
    assert any("progress" in details for _, details in lab.service.execution(JOB).history)
    assert (lab.status(), lab.boots) == ("CANCELED", 0)
    assert lab.slots.written_bytes[1] < len(IMAGE)


def test_defect_19_a_presigned_url_is_not_logged(
    lab: DeviceLab, caplog: pytest.LogCaptureFixture, capsys: pytest.CaptureFixture[str]
) -> None:
    caplog.set_level(logging.DEBUG)
    lab.publish(IMAGE)
    lab.live()
    assert lab.status() == "SUCCEEDED"
    assert "download-started" in caplog.text
    assert "X-Amz-Signature" in lab.server.asked[0]
    assert "X-Amz-Signature" not in caplog.text + "".join(capsys.readouterr())


@pytest.mark.parametrize("document", [{"bc_idx": 1}, {}, [], "fota", None], ids=repr)
def test_defect_20_a_document_without_an_operation_makes_no_reboot_loop(lab: DeviceLab, document: object) -> None:
    lab.publish_document(document, "odd")
    for _ in range(3):
        assert lab.wake() is False
        lab.reboot()
    assert lab.running_image == FACTORY


def test_defect_21_an_image_is_confirmed_by_its_own_health_check(lab: DeviceLab) -> None:
    lab.publish(IMAGE)
    lab.wake()
    lab.wake(health_check=lambda: False)
    lab.wake()
    assert (lab.running_image, lab.reason(), lab.details()["cause"]) == (FACTORY, "rolled-back", "health-check")


def test_defect_22_a_power_cut_between_confirm_and_report_is_still_a_success(lab: DeviceLab) -> None:
    lab.publish(IMAGE)
    lab.wake()
    fota.confirm(device=lab.device)
    lab.reboot()
    lab.live()
    assert lab.statuses() == ["QUEUED", "IN_PROGRESS", "SUCCEEDED"]


@pytest.mark.parametrize("end", ["CANCELED", "TIMED_OUT", "REMOVED", "deleted"])
def test_defect_23_a_job_that_ends_during_the_trial_leaves_the_image_confirmed(lab: DeviceLab, end: str) -> None:
    lab.publish(IMAGE)
    lab.wake()
    if end == "deleted":
        lab.service.delete(JOB)
    else:
        lab.service.end(JOB, end)
    lab.wake()
    lab.reboot()
    assert lab.running_image == IMAGE


def test_defect_24_a_report_that_was_not_accepted_is_made_again(lab: DeviceLab) -> None:
    lab.service.expect("update", faults.rejected("InternalError"), status=Job.SUCCEEDED, times=6)
    lab.publish(IMAGE)
    lab.live()
    assert lab.status() == "SUCCEEDED"


def test_defect_25_a_confirmed_image_runs_on_without_another_restart(lab: DeviceLab) -> None:
    lab.publish(IMAGE)
    lab.live()
    assert (lab.status(), lab.boots) == ("SUCCEEDED", 1)


def test_defect_26_of_two_jobs_in_progress_neither_fails_by_the_others_restart(lab: DeviceLab) -> None:
    for job, content in (("a", IMAGE), ("b", b"the second")):
        lab.publish(content, job)
        lab.jobs.job(job).update(Job.IN_PROGRESS)
    lab.live()
    assert (lab.status("a"), lab.status("b")) == ("SUCCEEDED", "SUCCEEDED")


def test_defect_27_a_describe_that_failed_needs_no_second_notification(lab: DeviceLab) -> None:
    lab.live(5)
    lab.service.expect("describe", faults.LOST_BEFORE, times=4)
    lab.publish(IMAGE)
    lab.live()
    assert lab.status() == "SUCCEEDED"


def test_defect_51_without_a_readable_record_the_image_that_runs_is_the_one_to_fall_back_on(lab: DeviceLab) -> None:
    lab.update_to(IMAGE)
    assert lab.device.running_slot == 1
    for cell in lab.record_cells:
        cell.write(b"\0" * cell.size_bytes)
    document = lab.direct_document(b"the second")
    fota.update(document, device=lab.device)
    fota.test(document, device=lab.device)
    lab.reboot()
    assert lab.running_image == b"the second"
    lab.reboot()
    assert lab.running_image == IMAGE


def test_defect_52_a_slot_takes_no_byte_more_than_was_announced(tmp_path: Path) -> None:
    slots = create_slots(str(tmp_path), 2, 100)
    with pytest.raises(ImageTooLarge):
        slots.writer(1, 101)
    writer = slots.writer(1, 10)
    with pytest.raises(ImageTooLarge):
        writer.write(memoryview(b"eleven byte"))
    writer.close()
    assert Path(slots.image_path(1)).stat().st_size <= 10
