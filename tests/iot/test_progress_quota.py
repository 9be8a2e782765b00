"""How many reports of progress a job document allows, and which devices send any."""

import hashlib

import pytest

from aws.iot import document as documents
from aws.iot.job_progress import most_reports
from tests.labs.device_lab import BUFFER_BYTES, JOB, DeviceLab

IMAGE = bytes(range(BUFFER_BYTES)) * 150
LAMP = int.from_bytes(hashlib.sha256(b"lamp").digest(), "big") % 100
"""Which share of the devices this one ends: it sends at a greater one."""


def reports(lab: DeviceLab, **fields: object) -> int:
    """How often the service is told progress in one long download."""
    lab.server.ms_per_chunk = 20_000
    lab.publish_document(lab.document(IMAGE, **fields))
    lab.wake(disconnect_mqtt=False)
    return sum("progress" in details for _, details in lab.service.execution(JOB).history)


@pytest.mark.parametrize("most", [0, 1, 3])
def test_no_more_reports_are_sent_than_the_document_allows(lab: DeviceLab, most: int) -> None:
    assert reports(lab, **{"x-progress-reports": most}) == most


@pytest.mark.parametrize("value", [-1, 21, "3", 3.0, True, None, [3], {"most": 3}, 10**30])
@pytest.mark.parametrize("name", ["x-progress-reports", "x-progress-share"])
def test_nonsense_is_ignored(lab: DeviceLab, name: str, value: object) -> None:
    if name == "x-progress-share" and value == 21:
        value = 101
    asked = documents.parse(lab.direct_document(IMAGE) | {name: value})
    assert (asked.progress_reports, asked.progress_share) == (20, 100)


def test_a_device_outside_of_the_share_sends_none(lab: DeviceLab) -> None:
    assert reports(lab, **{"x-progress-share": LAMP}) == 0


def test_a_device_in_the_share_sends_them(lab: DeviceLab) -> None:
    assert reports(lab, **{"x-progress-share": LAMP + 1, "x-progress-reports": 2}) == 2


def test_the_update_is_the_same_without_reports(lab: DeviceLab) -> None:
    lab.publish_document(lab.document(IMAGE, **{"x-progress-reports": 0}))
    lab.live(disconnect_mqtt=False)
    assert lab.status() == "SUCCEEDED"


@pytest.mark.parametrize("share", [1, 10, 50])
def test_the_share_of_a_fleet_is_as_asked(lab: DeviceLab, share: int) -> None:
    asked = documents.parse(lab.direct_document(IMAGE, **{"x-progress-share": share}))
    sending = sum(most_reports(asked, f"pump-{number}") > 0 for number in range(5_000))
    assert abs(sending - 50 * share) < 100
