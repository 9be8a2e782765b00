"""Patches from the operator's command to the device that applies them, with real processes and a real AWS server."""

import random
from pathlib import Path

import pytest

from fota_operator.errors import TimedOut
from fota_operator.images.image import Image, build_image
from fota_operator.jobs.start import StartRequest, start_job
from fota_operator.poll import PollOptions, poll
from fota_operator.rate_limiter import SystemClock
from fota_operator.rollouts.patches import field_versions
from fota_operator.rollouts.plan.model import Plan, Stage, Targets
from fota_operator.rollouts.plan.patches import PlannedPatches
from fota_operator.rollouts.prepare import prepare
from fota_operator.rollouts.run import RunOptions
from fota_operator.trust.keys import KeyFolder
from tests.labs.process_lab import ProcessLab
from tests.labs.signatures import Signatures

pytestmark = pytest.mark.e2e

_DATA_BYTES = 1 << 20


@pytest.fixture
def signatures(tmp_path: Path) -> Signatures:
    return Signatures(KeyFolder(tmp_path / "keys"))


def with_data(lab: ProcessLab, version: str, *, seed: int = 0) -> tuple[Image, Path]:
    """An image of the program with a megabyte that no compression makes smaller."""
    _, path = lab.build(version)
    source = path.with_suffix("")
    (source / "data.bin").write_bytes(random.Random(seed).randbytes(_DATA_BYTES))
    return build_image(source, version, path), path


def test_a_device_makes_the_new_image_from_a_patch(lab: ProcessLab) -> None:
    (first, first_path), (second, _) = with_data(lab, "2"), with_data(lab, "3")
    with lab.device() as device:
        device.wait_for("firmware 1 is connected")
        lab.end_of(lab.start(first).job_id)
        started = start_job(
            lab.cloud,
            StartRequest(
                thing=lab.thing,
                image=second,
                bucket=lab.local.bucket,
                role=lab.local.role,
                patch_from=(str(first_path),),
                whole="never",
            ),
        )
        ended = lab.end_of(started.job_id)
        device.wait_for("firmware 3 is connected")
    assert started.patches is not None
    (patch,) = started.patches.offers
    assert (ended.status, ended.details["way"]) == ("SUCCEEDED", "patch")
    assert int(ended.details["patch_bytes"]) == patch.size_bytes < second.size_bytes / 100


def test_a_device_that_no_patch_fits_takes_the_whole_image_and_says_why(lab: ProcessLab) -> None:
    (_, other_path), (second, _) = with_data(lab, "2"), with_data(lab, "3")
    with lab.device() as device:
        device.wait_for("firmware 1 is connected")
        request = StartRequest(lab.thing, second, lab.local.bucket, lab.local.role, patch_from=(str(other_path),))
        ended = lab.end_of(start_job(lab.cloud, request).job_id)
        device.wait_for("firmware 3 is connected")
    assert (ended.details["way"], ended.details["why"]) == ("whole", "no-patch-fits")


def test_a_rollout_makes_a_patch_from_what_its_devices_say_that_they_run(
    lab: ProcessLab, signatures: Signatures
) -> None:
    (first, _), (second, _) = with_data(lab, "2"), with_data(lab, "3")
    release, keyring = signatures.release(second, "alice"), signatures.keyring("alice")
    plan = Plan(
        f"{lab.thing}-3", second.sha256, Targets((lab.thing,)), (Stage("all", percent=100.0),),
        bucket=lab.local.bucket, role=lab.local.role, patches=PlannedPatches(),
    )  # fmt: skip
    with lab.device() as device:
        device.wait_for("firmware 1 is connected")
        lab.end_of(lab.start(first).job_id)
        device.wait_for("firmware 2 is connected")
        wait_until_said(lab, first)
        prepared = prepare(lab.cloud, plan, release, keyring)
        status = prepared.run(RunOptions(timeout_s=60.0, interval_s=1.0))
        device.wait_for("firmware 3 is connected")
    assert (status.state, prepared.savings and prepared.savings.versions[0].way) == ("done", "patch")
    assert status.ways is not None
    assert [(one.way, one.count) for one in status.ways.kinds] == [("patch", 1)]


def wait_until_said(lab: ProcessLab, image: Image) -> None:
    """Until the shadow of the device says that it runs this image."""

    def said() -> str | None:
        found = field_versions(lab.cloud, [lab.thing], "", SystemClock()).versions
        return found[0].sha256 if found else None

    options = PollOptions(0.2, 30.0)
    for one in poll(
        said, lambda sha256: sha256 == image.sha256, options, lambda _: TimedOut("the shadow never said it", "")
    ):
        if one == image.sha256:
            return
