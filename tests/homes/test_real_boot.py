"""Kept homes under a real `fota-boot`, with a real AWS server: the old images run, report, and are replaced."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from home_afterwards import HOME, NEXT
from home_stories import SECOND, job_of
from make_homes import kept

from fota_operator.images.image import image_from
from fota_operator.local.aws import LocalAws
from tests.labs.process_lab import ProcessLab

pytestmark = pytest.mark.e2e

MakeLab = Callable[[str], ProcessLab]


@pytest.fixture
def make_lab(local_aws: LocalAws, tmp_path: Path) -> MakeLab:
    def make(name: str) -> ProcessLab:
        lab = ProcessLab(local_aws, tmp_path)
        shutil.rmtree(lab.home)
        lab.home.mkdir(mode=0o700)
        for member, content in kept(name).items():
            if member.startswith(HOME):
                (lab.home / member[len(HOME) :]).write_bytes(content)
        return lab

    return make


def restore_job(lab: ProcessLab, name: str) -> str:
    """Create the job that the home has begun, anew; its id."""
    (job,) = json.loads(kept(name)["cloud.json"])["jobs"]
    arn = f"arn:aws:iot:{lab.cloud.region}:{lab.cloud.account_id}:thing/{lab.thing}"
    document = json.dumps(job["document"]).replace("${aws:iot:s3-presigned-url:", "").replace('}"', '"')
    lab.cloud.iot.create_job(jobId=job["job"], targets=[arn], document=document)
    return job_of(name)


def test_a_home_that_was_updated_runs_its_image_and_is_updated_again(make_lab: MakeLab) -> None:
    lab = make_lab("confirmed")
    with lab.device() as device:
        device.wait_for("firmware 2 is connected")
        ended = lab.end_of(lab.start(image_from(NEXT, version="4")).job_id)
        device.wait_for("firmware 4 is connected")
    assert (ended.status, ended.details) == ("SUCCEEDED", {"slot": "0"})


def test_a_home_that_awaits_its_trial_confirms_it_and_is_updated_again(make_lab: MakeLab) -> None:
    lab = make_lab("awaiting-trial")
    job = restore_job(lab, "awaiting-trial")
    with lab.device() as device:
        device.wait_for("firmware 2 is connected")
        ended = lab.end_of(job)
        again = lab.end_of(lab.start(image_from(NEXT, version="4")).job_id)
        device.wait_for("firmware 4 is connected")
        assert not [line for line in device.lines if "firmware 1" in line]
    assert (ended.status, ended.details) == ("SUCCEEDED", {"slot": "1"})
    assert (again.status, again.details) == ("SUCCEEDED", {"slot": "0"})


def test_a_home_that_was_rolled_back_reports_that_and_refuses_the_image(make_lab: MakeLab) -> None:
    lab = make_lab("rolled-back")
    job = restore_job(lab, "rolled-back")
    with lab.device() as device:
        device.wait_for("firmware 1 is connected")
        ended = lab.end_of(job)
        refused = lab.end_of(lab.start(image_from(SECOND, version="2")).job_id)
        again = lab.end_of(lab.start(image_from(NEXT, version="4")).job_id)
        device.wait_for("firmware 4 is connected")
    assert (ended.status, ended.reason, ended.details["cause"]) == ("FAILED", "rolled-back", "crashed")
    assert (refused.status, refused.reason) == ("REJECTED", "known-bad")
    assert (again.status, again.details) == ("SUCCEEDED", {"slot": "1"})
