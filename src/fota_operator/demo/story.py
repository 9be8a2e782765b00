"""Plays the scenes of the demo with a local AWS server, a device that is a real process, and real jobs.

Prints nothing: it calls a `Narrator` for everything that happens.
"""

import os
import signal
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Protocol

from fota.boards.files import FilesBoard
from fota_operator.account.roles import presign_role_arn
from fota_operator.cloud import Cloud, explaining
from fota_operator.demo.device import DeviceProcess, provision
from fota_operator.demo.maker import Maker
from fota_operator.demo.scenes import SCENES, SWAPPED_OBJECT, UNSIGNED, Scene, SceneOutcome
from fota_operator.errors import TimedOut
from fota_operator.jobs.create_job import NewJob, create_job
from fota_operator.jobs.document import build_document
from fota_operator.jobs.image_store import object_url
from fota_operator.jobs.progress import ExecutionStatus, JobStatus, watch_job
from fota_operator.jobs.start import StartRequest, new_job_id, start_job, target_arn
from fota_operator.jobs.ways import way_in
from fota_operator.local.aws import LocalAws
from fota_operator.things.things import add_things
from fota_operator.trust.release import Release

THING = "demo-gateway"
DEADLINE_S = 12
"""The time within which a new image of the demo must be confirmed."""

_SCENE_TIMEOUT_S = 90.0
_URL_S = 300
_PATCHED_FROM = "10"
_SLOT_SIZE_BYTES = 128 << 20


class Narrator(Protocol):
    """Its methods are called as the story happens."""

    def scene(self, title: str) -> None:
        """A new scene begins."""

    def operator(self, text: str) -> None:
        """The operator does something."""

    def thief(self, text: str) -> None:
        """Somebody with the operator's AWS credentials does something."""

    def device(self, line: str) -> None:
        """The device said something."""

    def job(self, execution: ExecutionStatus) -> None:
        """The job execution has another status or other details than before."""


def play(narrator: Narrator, scenes: tuple[Scene, ...] = SCENES) -> Iterator[SceneOutcome]:
    """Play the scenes and yield the outcome of each as it ends. Leaves no process and no file.

    *Raises* OperatorError if the local AWS or the device cannot be prepared.
    """
    with ExitStack() as stage:
        folder = Path(stage.enter_context(tempfile.TemporaryDirectory(prefix="fota-demo-")))
        narrator.scene("A local AWS starts, and a device with firmware 1 from the factory")
        local, cloud = stage.enter_context(_local_aws(folder / "aws"))
        narrator.operator(f"AWS IoT, S3, IAM and STS at {local.status().gateway_url} (MiniStack)")
        narrator.operator("only this machine reaches it, and it ends with the demo")
        added = add_things(cloud, [THING], folder / "things", local.thing_options())[0]
        home, maker = folder / "home", Maker(folder)
        provision(
            home,
            maker.image("1")[1],
            slot_size_bytes=_SLOT_SIZE_BYTES,
            # `--force`, since many machines keep temporary files in memory; the home need not outlive the demo.
            options=["--keyring", str(maker.keyring_path), "--force"],
        )
        narrator.operator("the device has a keyring: it takes releases only that the maker's key has signed")
        device = stage.enter_context(
            DeviceProcess(
                home,
                [str(added.folder)],
                environment={"SSL_CERT_FILE": str(local.status().ca_bundle)},
                options=["--deadline", str(DEADLINE_S)],
                on_line=narrator.device,
            )
        )
        device.wait_for("firmware 1 is connected")
        for scene in scenes:
            narrator.scene(scene.title)
            yield _play(scene, home, added.folder / "pump-runs", local, cloud, device, maker, narrator)


@contextmanager
def _local_aws(folder: Path) -> Iterator[tuple[LocalAws, Cloud]]:
    local = LocalAws(folder)
    local.up()
    try:
        yield local, local.cloud()
    finally:
        local.down()


def _play(
    scene: Scene,
    home: Path,
    pump_runs: Path,
    local: LocalAws,
    cloud: Cloud,
    device: DeviceProcess,
    maker: Maker,
    narrator: Narrator,
) -> SceneOutcome:
    release = maker.release(scene)
    before = _files_of(home)
    began, boots, said = time.monotonic(), device.boots, len(device.lines)
    if scene.fault == "busy":
        pump_runs.touch()
    job_id = _offer(scene, release, local, cloud, maker, narrator)
    if scene.fault == "kill":
        offset_bytes = _kill_in_mid_download(FilesBoard(str(home)), device)
        narrator.operator(
            f"SIGKILL to the firmware, {offset_bytes} of {release.image.size_bytes} bytes proven on disk"
        )
    ended = _follow(cloud, job_id, pump_runs, narrator)
    way = way_in(ended.details)
    seconds = time.monotonic() - began
    if scene.boots:
        device.wait_for(f"firmware {scene.runs_then} is connected", since=said)
    return SceneOutcome(
        scene=scene,
        status=ended.status,
        reason=ended.reason or "",
        cause=ended.details.get("cause", ""),
        boots=device.boots - boots,
        written_bytes=_written_bytes(before, _files_of(home)),
        runs_then=_running_firmware(device),
        seconds=seconds,
        way="" if way is None else way.way,
        patch_bytes=None if way is None else way.patch_bytes,
    )


def _follow(cloud: Cloud, job_id: str, pump_runs: Path, narrator: Narrator) -> ExecutionStatus:
    """The only execution of a job, once it has ended; when the device has put it off, the pump stops."""
    told: ExecutionStatus | None = None
    last: JobStatus | None = None
    for last in watch_job(cloud, job_id, interval_s=0.2, timeout_s=_SCENE_TIMEOUT_S):
        for execution in last.executions:
            if told is None or (execution.status, execution.details) != (told.status, told.details):
                told = execution
                narrator.job(execution)
        if last.deferred is not None and pump_runs.exists():
            pump_runs.unlink()
            narrator.operator(f"fota status: {last.deferred.count} device puts it off; now the pump stops")
    assert told is not None, "a job for one thing has one execution"
    return told


def _running_firmware(device: DeviceProcess) -> str:
    """The version that runs: the last one that reported its start."""
    started = [line for line in device.lines if line.startswith("firmware ") and line.endswith(" starts")]
    return started[-1].split()[1]


def _offer(scene: Scene, release: Release, local: LocalAws, cloud: Cloud, maker: Maker, narrator: Narrator) -> str:
    """Make the job of a scene and return its id. `fota start` would refuse the thief's job: it is made by hand."""
    image = release.image
    file = f"firmware-{scene.version}.release"
    if not scene.attack:
        request = StartRequest(
            thing=THING,
            image=image,
            bucket=local.bucket,
            role=local.role,
            envelope=release.envelope,
            keyring=maker.keyring,
            patch_from=(str(maker.path_of(_PATCHED_FROM)),) if scene.fault == "patch" else (),
        )
        job = start_job(cloud, request, on_patch=narrator.operator)
        patch = f" --patch firmware-{_PATCHED_FROM}.release" if request.patch_from else ""
        narrator.operator(f"fota start {THING} {file} {local.bucket} {local.role}{patch} -> {job.job_id}")
        return job.job_id
    job_id = new_job_id()
    key = f"loot/{job_id}"
    content = bytearray(image.content)
    if scene.attack == SWAPPED_OBJECT:
        content[len(content) // 2] ^= 1
    with explaining("store the thief's object"):
        cloud.s3.put_object(Bucket=local.bucket, Key=key, Body=bytes(content))
    url = object_url(local.bucket, key, region=cloud.region, partition=cloud.partition)
    document = build_document(image, url, None, None if scene.attack == UNSIGNED else release.envelope)
    create_job(
        cloud,
        NewJob(
            job_id,
            (target_arn(cloud, THING),),
            document,
            f"{scene.attack}, by a thief",
            presigned={"roleArn": presign_role_arn(cloud, local.role), "expiresInSec": _URL_S},
        ),
    )
    narrator.thief(f"aws iot create-job {job_id}: firmware {scene.version}, {scene.attack}")
    return job_id


def _files_of(home: Path) -> dict[str, tuple[int, int]]:
    """Every file of a home: when it was changed, and its size."""
    return {path.name: (path.stat().st_mtime_ns, path.stat().st_size) for path in home.iterdir()}


def _written_bytes(before: dict[str, tuple[int, int]], after: dict[str, tuple[int, int]]) -> int:
    return sum(size_bytes for name, (_, size_bytes) in after.items() if before.get(name) != after[name])


def _kill_in_mid_download(home: FilesBoard, device: DeviceProcess) -> int:
    """Kill the firmware once part of the image is verified on disk; returns how many bytes are."""
    deadline = time.monotonic() + _SCENE_TIMEOUT_S
    while time.monotonic() < deadline:
        entry = home.journal.load()
        if entry is not None and entry.checkpoint.offset_bytes:
            for pid in device.firmware_pids:
                os.kill(pid, signal.SIGKILL)
            return entry.checkpoint.offset_bytes
        time.sleep(0.005)
    raise TimedOut("the download did not begin", "look at what the device said")
