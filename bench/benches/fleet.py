"""A fleet of devices takes one image from the local AWS; all are notified at the same moment.

TLS, files and the library are the real ones; a device is a thread, and a restart is simulated. It is compared with
as many clients with paho alone, which exchange the same messages with AWS IoT Jobs and do nothing else.
"""

import json
import os
import shutil
import sys
import time
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Any

from bench.figures import Outcome, Row
from bench.marks import await_mark
from bench.processes import ProcessFailed, running, with_programs
from bench.stage import MIB, Stage
from fota_operator.account.roles import presign_role_arn
from fota_operator.cloud import explaining
from fota_operator.images.image import Image, build_image
from fota_operator.jobs.document import build_document
from fota_operator.jobs.image_store import key_of, object_url, store_image
from fota_operator.jobs.start import new_job_id
from fota_operator.local.aws import LocalAws

NAME = "fleet"
AIM = "seconds, devices a second, and where the time goes"
_WITHIN_S = 150.0
_PROCESSES = 2
_PARTS = (
    ("told of, asked for, claimed", "offered", "taken"),
    ("downloaded", "taken", "came"),
    ("read back, sealed", "came", "installed"),
    ("asked once more, trial begun", "installed", "restarting"),
    ("restarted, connected", "restarting", "connected"),
    ("confirmed, reported", "connected", "ended"),
)


@dataclass(frozen=True)
class Taken:
    """How a fleet took a job."""

    seconds: float
    """The time from the creation of the job to the last report."""
    parts: dict[str, tuple[float, ...]]
    """How long each device spent in each part."""
    server_s: float
    """Processor time of the local AWS."""
    devices_s: float
    """Processor time of the devices' processes, from before the job on."""


def measure(stage: Stage) -> Outcome:
    """Run ours, then the peer, with the same things, once each in a round."""
    count, rounds, size_bytes = stage.pick(200, 4), stage.pick(2, 1), stage.pick(256, 16) * 1024
    fleet = _Fleet(stage, count, size_bytes)
    ours, paho = [], []
    for _ in range(rounds):
        ours.append(fleet.take("ours_fleet"))
        paho.append(fleet.take("paho_fleet"))
    taken, beside = tuple(one.seconds for one in ours), tuple(one.seconds for one in paho)
    rates = tuple(count / one for one in taken), tuple(count / one for one in beside)
    return Outcome(
        NAME,
        "the same clients with paho, the same words over MQTT and no more",
        AIM,
        (
            Row(f"{count} devices, {size_bytes // 1024} KiB each", "s", taken, beside),
            Row("devices a second", "1/s", *rates, more_is_better=True),
            Row(
                "processor, local AWS", "s", tuple(one.server_s for one in ours), tuple(one.server_s for one in paho)
            ),
            Row(
                "processor, devices", "s", tuple(one.devices_s for one in ours), tuple(one.devices_s for one in paho)
            ),
            *(Row(f"  {work}", "s", tuple(median(one.parts[work]) for one in ours)) for work, _, _ in _PARTS),
        ),
    )


class _Fleet:
    """Things in a group, and an image for them; each job gets new homes."""

    def __init__(self, stage: Stage, count: int, size_bytes: int) -> None:
        self._stage = stage
        self._local: LocalAws = stage.local_aws()
        self._cloud = self._local.cloud()
        self._factory = stage.new_home(MIB)
        self._image = self._published(size_bytes)
        stage.say(f"registering {count} things")
        self._things = stage.new_things("fleet", count)
        self._group = f"fleet-{os.getpid()}"
        with explaining("make a group"):
            self._group_arn = self._cloud.iot.create_thing_group(thingGroupName=self._group)["thingGroupArn"]
            for thing in self._things:
                self._cloud.iot.add_thing_to_thing_group(thingGroupName=self._group, thingName=thing.name)

    def take(self, program: str) -> Taken:
        """One job, taken by all. *Raises* ProcessFailed unless all succeeded."""
        homes = self._stage.new_folder("homes")
        devices = [(str(thing), str(shutil.copytree(self._factory, homes / thing.name))) for thing in self._things]
        self._stage.say(f"{program}: {len(devices)} devices connect")
        with ExitStack() as processes:
            started = []
            for number in range(_PROCESSES):
                settings = json.dumps({"devices": devices[number::_PROCESSES], "within_s": _WITHIN_S})
                command = [sys.executable, "-m", f"bench.programs.{program}", settings]
                log = homes / f"log-{number}"
                trust = with_programs({"FOTA_CACERT": str(self._local.ca_bundle)})
                started.append((log, processes.enter_context(running(command, log, trust))))
            for log, process in started:
                await_mark(log, "ready", 1, process, _WITHIN_S)
            before_s, offered_s = _processor_s(self._server_pid()), self._offer()
            for log, process in started:
                await_mark(log, "done", 1, process, _WITHIN_S)
            server_s = _processor_s(self._server_pid()) - before_s
            found, said = [_said(log) for log, _ in started], "".join(log.read_text() for log, _ in started)
        shutil.rmtree(homes)
        return _judged(found, offered_s, server_s, said)

    def _offer(self) -> float:
        """Make the job; returns when that began."""
        cloud, local = self._cloud, self._local
        url = object_url(local.bucket, key_of(self._image), region=cloud.region, partition=cloud.partition)
        offered_s = time.monotonic()
        with explaining("make the job"):
            cloud.iot.create_job(
                jobId=new_job_id(),
                targets=[self._group_arn],
                document=build_document(self._image, url, None),
                presignedUrlConfig={"roleArn": presign_role_arn(cloud, local.role)},
            )
        return offered_s

    def _published(self, size_bytes: int) -> Image:
        folder = self._stage.new_folder("image")
        source = folder / "source"
        source.mkdir()
        (source / "__main__.py").write_text("raise SystemExit\n")
        # Noise, so that it stays as large.
        (source / "noise").write_bytes(os.urandom(size_bytes))
        image = build_image(source, "1", folder / "image.pyz")
        store_image(self._cloud, image, self._local.bucket)
        return image

    def _server_pid(self) -> int:
        pid = self._local.status().pid
        if pid is None:
            raise ProcessFailed("the local AWS does not run any more")
        return pid


def _said(log: Path) -> dict[str, Any]:
    """What one of the processes found: its last line before the closing mark."""
    return dict(json.loads(log.read_text().splitlines()[-2]))


def _judged(found: list[dict[str, Any]], offered_s: float, server_s: float, said: str) -> Taken:
    devices = [device for one in found for device in one["devices"]]
    late = [device["outcome"] or "nothing" for device in devices if device["outcome"] != "SUCCEEDED"]
    if late:
        raise ProcessFailed(
            f"{len(late)} of {len(devices)} devices did not succeed: {', '.join(sorted(set(late)))}\n{said[:2000]}"
        )
    moments = [{"offered": offered_s, **device["at_s"]} for device in devices]
    parts = {
        work: tuple(one[last] - one[first] for one in moments if first in one and last in one)
        for work, first, last in _PARTS
    }
    return Taken(
        seconds=max(one["ended"] for one in moments) - offered_s,
        parts=parts,
        server_s=server_s,
        devices_s=sum(one["processor_s"] for one in found),
    )


def _processor_s(pid: int) -> float:
    """Processor time of a process so far: https://man7.org/linux/man-pages/man5/proc_pid_stat.5.html"""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
