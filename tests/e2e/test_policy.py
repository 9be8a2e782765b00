"""The gateway of examples/policy: an update waits for its battery, and its restart for the night."""

import shutil
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from fota_operator.demo.device import DeviceProcess
from sweeps.seeding.verbs import patched, set_to
from tests.labs.process_lab import REPOSITORY, ProcessLab

pytestmark = pytest.mark.e2e

EXAMPLE = REPOSITORY / "examples/policy/gateway"
AT_WORK = "the gateway is at work"
PATIENCE_S = 60.0


def gateway(folder: Path, night: "tuple[str, str]") -> Path:
    """The example, with a battery that a test charges, and another night."""
    program = folder / "gateway"
    shutil.copytree(EXAMPLE, program, ignore=shutil.ignore_patterns("__pycache__"))
    decide = program / "decide.py"
    patches = [
        set_to("BATTERY", repr(str(folder / "capacity"))),
        set_to("NIGHT", repr(night)),
        set_to("AGAIN_S", "1"),
    ]
    decide.write_text(patched(decide.read_text(), patches))
    return program


def details_of(lab: ProcessLab, job_id: str) -> "dict[str, str]":
    described = lab.cloud.iot.describe_job_execution(jobId=job_id, thingName=lab.thing)["execution"]
    return dict(described.get("statusDetails", {}).get("detailsMap", {}))


def until(lab: ProcessLab, job_id: str, device: DeviceProcess, **facts: str) -> "dict[str, str]":
    """The details of the job, once they hold these facts."""
    deadline_s = time.monotonic() + PATIENCE_S
    while not facts.items() <= (details := details_of(lab, job_id)).items():
        assert time.monotonic() < deadline_s, f"{details}:\n" + "\n".join(device.lines[-20:])
        time.sleep(0.1)
    return details


def test_an_update_waits_for_the_battery_and_then_happens(
    make_lab: Callable[..., ProcessLab], tmp_path: Path
) -> None:
    lab = make_lab(program=gateway(tmp_path, ("00:00", "00:00")))
    (tmp_path / "capacity").write_text("20\n")
    with lab.device() as device:
        device.wait_for(AT_WORK)
        job = lab.start(lab.build("2")[0]).job_id
        details = until(lab, job, device, step="deferred", moment="download", reason="battery-low")
        assert abs(int(details["again_at"]) - time.time()) < 30
        assert not [line for line in device.lines if "download-started" in line]
        (tmp_path / "capacity").write_text("80\n")
        ended = lab.end_of(job)
        assert device.boots == 2
    assert (ended.status, ended.details) == ("SUCCEEDED", {"slot": "1"})


def test_an_image_that_is_installed_by_day_waits_for_the_night(
    make_lab: Callable[..., ProcessLab], tmp_path: Path
) -> None:
    six_hours = time.gmtime(time.time() + 6 * 3600)
    lab = make_lab(program=gateway(tmp_path, (f"{six_hours.tm_hour:02}:00", f"{six_hours.tm_hour:02}:01")))
    with lab.device() as device:
        device.wait_for(AT_WORK)
        job = lab.start(lab.build("2")[0]).job_id
        details = until(lab, job, device, step="deferred", moment="restart", reason="outside-window")
        # The zone is one or two hours ahead: the night begins in 3 to 6 hours.
        assert 2 * 3600 < int(details["again_at"]) - time.time() <= 6 * 3600
        assert [line for line in device.lines if "installed" in line]
        assert device.boots == 1
