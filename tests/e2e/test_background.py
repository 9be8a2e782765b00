"""The programs of examples/background: each is updated while it works, is asked, and loses nothing at a power cut."""

import os
import re
import shutil
import signal
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from fota_operator.demo.device import DeviceProcess
from sweeps.seeding.verbs import patched, set_to
from tests.labs.process_lab import REPOSITORY, ProcessLab

pytestmark = pytest.mark.e2e

EXAMPLES = REPOSITORY / "examples/background"
AT_WORK = "the gateway is at work"
WITH_LEAVE = "type('Hours', (), {'__contains__': lambda *_: Path(sys.argv[1], 'leave').exists()})()"
"""The quiet hours begin when somebody puts a file into the folder of the credentials."""
PATIENCE_S = 60.0

MakeLab = Callable[..., ProcessLab]


@pytest.fixture(params=["start", "thread", "asyncio"])
def example(request: pytest.FixtureRequest) -> Path:
    return EXAMPLES / str(request.param)


@pytest.fixture
def asking_lab(make_lab: MakeLab, tmp_path: Path) -> ProcessLab:
    """The example that uses `start_background`, which restarts only with leave from outside."""
    program = tmp_path / "asking"
    shutil.copytree(EXAMPLES / "start", program, ignore=shutil.ignore_patterns("__pycache__"))
    main = program / "__main__.py"
    main.write_text(patched(main.read_text(), [set_to("QUIET_HOURS", WITH_LEAVE)]))
    return make_lab(program=program)


def step_of(lab: ProcessLab, job_id: str) -> str:
    details = lab.cloud.iot.describe_job_execution(jobId=job_id, thingName=lab.thing)["execution"]
    return details.get("statusDetails", {}).get("detailsMap", {}).get("step", "")


def until(condition: Callable[[], bool], device: DeviceProcess) -> None:
    deadline_s = time.monotonic() + PATIENCE_S
    while not condition():
        assert time.monotonic() < deadline_s, "it never came:\n" + "\n".join(device.lines[-20:])
        time.sleep(0.1)


def test_each_example_is_updated_while_it_works(make_lab: MakeLab, example: Path) -> None:
    lab = make_lab(program=example)
    with lab.device() as device:
        device.wait_for(AT_WORK)
        ended = lab.end_of(lab.start(lab.build("2")[0]).job_id)
        assert device.boots == 2
        saved = [line for line in device.lines if "the longest gap was" in line]
    assert (ended.status, ended.details) == ("SUCCEEDED", {"slot": "1"})
    assert re.search(r"gap was (\d+) ms", saved[0])


def test_a_power_cut_while_it_waits_for_leave_costs_no_download_and_no_update(asking_lab: ProcessLab) -> None:
    lab = asking_lab
    image, _ = lab.build("2")
    with lab.device() as device:
        device.wait_for(AT_WORK)
        job = lab.start(image).job_id
        until(lambda: step_of(lab, job) == "waiting-for-restart", device)
        firmware = device.firmware_pids
        os.kill(device.pid, signal.SIGKILL)
        for pid in firmware:
            os.kill(pid, signal.SIGKILL)
    with lab.device() as again:
        again.wait_for(AT_WORK)
        again.wait_for("job-taken")
        until(lambda: step_of(lab, job) == "waiting-for-restart", again)
        assert again.boots == 1
        (lab.credentials / "leave").touch()
        ended = lab.end_of(job)
    assert (ended.status, ended.details) == ("SUCCEEDED", {"slot": "1"})
    downloads = [line for one in (device, again) for line in one.lines if "download-started" in line]
    assert len(downloads) == 1


def test_a_stop_of_the_service_ends_the_program_within_a_moment(make_lab: MakeLab, example: Path) -> None:
    lab = make_lab(program=example)
    with lab.device() as device:
        device.wait_for(AT_WORK)
        began_s = time.monotonic()
        for pid in device.firmware_pids:
            os.kill(pid, signal.SIGTERM)
        until(lambda: any("image-ended" in line for line in device.lines), device)
        assert time.monotonic() - began_s < 10
