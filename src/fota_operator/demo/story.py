"""The scenes of the demo, and how they are played: a real AWS server, a real device, real jobs.

Prints nothing: a `Narrator` is told what happens.
"""

import os
import shutil
import signal
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from fota.home import Home
from fota_operator.cloud import Cloud, explaining
from fota_operator.demo.device import DeviceProcess, provision
from fota_operator.errors import TimedOut
from fota_operator.image import Image, build_image, read_image
from fota_operator.local import LocalAws
from fota_operator.progress import ExecutionStatus, JobStatus, watch_job
from fota_operator.rollout import StartedJob, StartRequest, start_job
from fota_operator.things import add_things

THING = "demo-gateway"
DEADLINE_S = 12
"""How long a new image of the demo has to be confirmed in."""

_SCENE_TIMEOUT_S = 90.0
_BALLAST_BYTES = 96 << 20
_SLOT_SIZE_BYTES = 128 << 20
_GATEWAY = Path(__file__).parent / "gateway"


@dataclass(frozen=True)
class Scene:
    """One image that is offered to the device, and what must come of it."""

    version: str
    title: str
    fault: str = ""
    """What is wrong with the firmware: "crash" or "hang"; with its object in S3: "damage"; or what happens to the
    device in mid-download: "kill". "again" offers the firmware that crashed once more."""
    status: str = "SUCCEEDED"
    reason: str = ""
    cause: str = ""
    boots: int = 0
    """How often the device starts an image during the scene."""
    runs_then: str = ""
    """The firmware that runs afterwards."""


SCENES = (
    Scene("2", "Firmware 2 is good", boots=1, runs_then="2"),
    Scene("3", "Firmware 3 crashes at import", "crash", "FAILED", "rolled-back", "crashed", boots=2, runs_then="2"),
    Scene("4", "Firmware 4 never connects", "hang", "FAILED", "rolled-back", "deadline", boots=2, runs_then="2"),
    Scene(
        "5", "Firmware 5 is damaged in S3 after its job was made", "damage", "FAILED", "hash-mismatch", runs_then="2"
    ),
    Scene("3", "Firmware 3, which crashed, is offered again", "again", "REJECTED", "known-bad", runs_then="2"),
    Scene("6", "Firmware 6 is large; the device is killed in mid-download", "kill", boots=2, runs_then="6"),
)


@dataclass(frozen=True)
class Outcome:
    """What came of a scene."""

    scene: Scene
    status: str
    reason: str
    cause: str
    boots: int
    runs_then: str
    seconds: float

    @property
    def as_it_must_be(self) -> bool:
        """Whether the job, the device and the number of boots are what the scene says."""
        scene = self.scene
        return (self.status, self.reason, self.cause, self.boots, self.runs_then) == (
            scene.status,
            scene.reason,
            scene.cause,
            scene.boots,
            scene.runs_then,
        )


class Narrator(Protocol):
    """Is told the story as it happens."""

    def scene(self, title: str) -> None:
        """A new scene begins."""

    def operator(self, text: str) -> None:
        """The operator does something."""

    def device(self, line: str) -> None:
        """The device said something."""

    def job(self, execution: ExecutionStatus) -> None:
        """The job execution has another status or other details than before."""


def play(narrator: Narrator, scenes: tuple[Scene, ...] = SCENES) -> Iterator[Outcome]:
    """Play the scenes; gives the outcome of each as it ends. Leaves no process and no file.

    *Raises* OperatorError when the stage itself cannot be set.
    """
    with ExitStack() as stage:
        folder = Path(stage.enter_context(tempfile.TemporaryDirectory(prefix="fota-demo-")))
        narrator.scene("A local AWS starts, and a device with firmware 1 from the factory")
        local, cloud = stage.enter_context(_local_aws(folder / "aws"))
        narrator.operator(f"AWS IoT, S3, IAM and STS at {local.status().gateway_url} (MiniStack)")
        narrator.operator("its listener for devices binds every interface of this machine until the demo ends")
        added = add_things(cloud, [THING], folder / "things", local.thing_options())[0]
        provision(folder / "home", _image(folder, "1", "")[1], slot_size_bytes=_SLOT_SIZE_BYTES)
        device = stage.enter_context(
            DeviceProcess(
                folder / "home",
                [str(added.folder)],
                environment={"SSL_CERT_FILE": str(local.status().ca_bundle)},
                options=["--deadline", str(DEADLINE_S)],
                on_line=narrator.device,
            )
        )
        device.wait_for("firmware 1 is connected")
        for scene in scenes:
            narrator.scene(scene.title)
            yield _play(scene, folder, local, cloud, device, narrator)


@contextmanager
def _local_aws(folder: Path) -> Iterator[tuple[LocalAws, Cloud]]:
    local = LocalAws(folder)
    local.up()
    try:
        yield local, local.cloud()
    finally:
        local.down()


def _play(
    scene: Scene, folder: Path, local: LocalAws, cloud: Cloud, device: DeviceProcess, narrator: Narrator
) -> Outcome:
    image, _ = _image(folder, scene.version, scene.fault)
    request = StartRequest(thing=THING, image=image, bucket=local.bucket, role=local.role)
    began, boots, said = time.monotonic(), device.boots, len(device.lines)
    if scene.fault == "damage":
        # Held still, so that the object is damaged before the device can fetch it.
        with device.frozen():
            job = start_job(cloud, request)
            _damage(cloud, job, image)
        narrator.operator(f"one bit of s3://{job.bucket}/{job.key} is flipped")
    else:
        job = start_job(cloud, request)
    narrator.operator(f"fota start {THING} firmware-{scene.version}.pyz {local.bucket} {local.role} -> {job.job_id}")
    if scene.fault == "kill":
        offset_bytes = _kill_in_mid_download(Home(str(folder / "home")), device)
        narrator.operator(f"SIGKILL to the firmware, {offset_bytes} of {image.size_bytes} bytes proven on disk")
    ended = _follow(cloud, job.job_id, narrator)
    seconds = time.monotonic() - began
    if scene.boots:
        device.wait_for(f"firmware {scene.runs_then} is connected", since=said)
    return Outcome(
        scene=scene,
        status=ended.status,
        reason=ended.reason or "",
        cause=ended.details.get("cause", ""),
        boots=device.boots - boots,
        runs_then=_running_firmware(device),
        seconds=seconds,
    )


def _follow(cloud: Cloud, job_id: str, narrator: Narrator) -> ExecutionStatus:
    """The only execution of a job, once it has ended."""
    told: ExecutionStatus | None = None
    last: JobStatus | None = None
    for last in watch_job(cloud, job_id, interval_s=0.2, timeout_s=_SCENE_TIMEOUT_S):
        for execution in last.executions:
            if told is None or (execution.status, execution.details) != (told.status, told.details):
                told = execution
                narrator.job(execution)
    assert told is not None, "a job for one thing has one execution"
    return told


def _running_firmware(device: DeviceProcess) -> str:
    """The version that said last that it started: it is what runs."""
    started = [line for line in device.lines if line.startswith("firmware ") and line.endswith(" starts")]
    return started[-1].split()[1]


def _image(folder: Path, version: str, fault: str) -> tuple[Image, Path]:
    path = folder / f"firmware-{version}.pyz"
    if path.exists():
        return read_image(path), path
    source = folder / f"firmware-{version}"
    shutil.copytree(_GATEWAY, source, ignore=shutil.ignore_patterns("__pycache__"))
    if fault in ("crash", "hang"):
        (source / "fault.txt").write_text(fault)
    if fault == "kill":
        # Large, so that there is a middle of the download to be killed in; noise, so that it stays large.
        (source / "ballast.bin").write_bytes(os.urandom(_BALLAST_BYTES))
    return build_image(source, version, path), path


def _damage(cloud: Cloud, job: StartedJob, image: Image) -> None:
    damaged = bytearray(image.content)
    damaged[len(damaged) // 2] ^= 1
    with explaining("damage the object"):
        cloud.s3.put_object(Bucket=job.bucket, Key=job.key, Body=bytes(damaged))


def _kill_in_mid_download(home: Home, device: DeviceProcess) -> int:
    """Kill the firmware once part of the image is proven on disk; how many bytes are."""
    deadline = time.monotonic() + _SCENE_TIMEOUT_S
    while time.monotonic() < deadline:
        entry = home.journal.load()
        if entry is not None and entry.proven.offset_bytes:
            for pid in device.firmware_pids:
                os.kill(pid, signal.SIGKILL)
            return entry.proven.offset_bytes
        time.sleep(0.005)
    raise TimedOut("the download did not begin", "look at what the device said")
