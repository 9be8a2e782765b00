"""Real processes killed in mid-download: the device goes on where it was, and the job succeeds."""

import os
import random
import re
import shutil
import signal
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from fota_operator.demo.device import DeviceProcess
from fota_operator.images.image import Image, build_image
from sweeps.seeding.verbs import before, patched, replace
from tests.labs.process_lab import DEMO_PROGRAM, ProcessLab

pytestmark = pytest.mark.e2e

BALLAST_BYTES = 3 << 20
STOPS_AT_BYTES = 2 << 20
PATIENCE_S = 60.0

_STOPS = f"""
import os, signal
from fota.progress import Progress


class Stops(Progress):
    # A link of a few MiB a second; and this process stands still once, so that it can be killed there.
    def downloading(self, done_bytes, total_bytes):
        time.sleep(0.02)
        once = Path(os.environ["FOTA_HOME"]).parent / "has-stopped"
        if done_bytes >= {STOPS_AT_BYTES} and not once.exists():
            once.touch()
            os.kill(os.getpid(), signal.SIGSTOP)
"""
PROGRAM_THAT_STOPS = (
    before("def main() -> None: ...", _STOPS),
    replace("_1.handle_fota_jobs(_2, policy=_3)", "_1.handle_fota_jobs(_2, progress=Stops())"),
    replace("_1.handle_fota_jobs(_2, force=_3, policy=_4)", "_1.handle_fota_jobs(_2, force=_3, progress=Stops())"),
)


@pytest.fixture
def lab(make_lab: Callable[..., ProcessLab], tmp_path: Path) -> ProcessLab:
    """A device whose firmware stands still in the middle of its first download."""
    program = tmp_path / "program-that-stops"
    shutil.copytree(DEMO_PROGRAM, program, ignore=shutil.ignore_patterns("__pycache__"))
    main = program / "__main__.py"
    main.write_text(patched(main.read_text(), PROGRAM_THAT_STOPS))
    return make_lab(program=program)


def large_image(lab: ProcessLab) -> Image:
    """The next version of the demo's firmware, with as many bytes more as a download takes a while for."""
    source = lab.folder / "large"
    shutil.copytree(DEMO_PROGRAM, source, ignore=shutil.ignore_patterns("__pycache__"))
    (source / "ballast.bin").write_bytes(random.Random(6).randbytes(BALLAST_BYTES))
    return build_image(source, "2", lab.folder / "large.pyz")


def standing(device: DeviceProcess) -> int:
    """The firmware's process, once it stands still. *Raises* AssertionError when it never does."""
    deadline_s = time.monotonic() + PATIENCE_S
    while time.monotonic() < deadline_s:
        for pid in device.firmware_pids:
            if Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == "T":
                return pid
        time.sleep(0.01)
    raise AssertionError("the firmware never stood still:\n" + "\n".join(device.lines[-20:]))


def offsets(device: DeviceProcess) -> list[int]:
    """Where each download of the device began."""
    found = [re.search(r"download-started .*offset_bytes=(\d+)", line) for line in device.lines]
    return [int(match.group(1)) for match in found if match]


def check_little_came_twice(image: Image, offset_bytes: int) -> None:
    """The download went on near the place where it was killed."""
    assert STOPS_AT_BYTES // 2 < offset_bytes <= STOPS_AT_BYTES + (1 << 16)
    received_bytes = STOPS_AT_BYTES + (image.size_bytes - offset_bytes)
    assert received_bytes < 2 * image.size_bytes


def test_a_firmware_that_is_killed_in_mid_download_goes_on_there(lab: ProcessLab) -> None:
    image = large_image(lab)
    with lab.device() as device:
        device.wait_for("firmware 1 is connected")
        job = lab.start(image)
        os.kill(standing(device), signal.SIGKILL)
        device.wait_for("firmware 2 is connected")
        ended = lab.end_of(job.job_id)
    assert ended.status == "SUCCEEDED"
    first, second = offsets(device)
    assert first == 0
    check_little_came_twice(image, second)


def test_a_machine_that_loses_all_its_processes_in_mid_download_goes_on_there(lab: ProcessLab) -> None:
    image = large_image(lab)
    with lab.device() as device:
        device.wait_for("firmware 1 is connected")
        job = lab.start(image)
        firmware = standing(device)
        os.kill(device.pid, signal.SIGKILL)
        os.kill(firmware, signal.SIGKILL)
    with lab.device() as again:
        again.wait_for("firmware 2 is connected")
        ended = lab.end_of(job.job_id)
    assert ended.status == "SUCCEEDED"
    assert offsets(device) == [0]
    check_little_came_twice(image, offsets(again)[0])
