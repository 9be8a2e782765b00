"""The time from `reset()` until the image is confirmed and its job reported, over MQTT and with every durable write.

It is compared with a program with paho alone that ends, is started again by a shell, and connects.
"""

from pathlib import Path

from bench import peers
from bench.figures import Outcome, Row
from bench.marks import Mark, await_mark, spans
from bench.place import ROOT
from bench.processes import running, with_programs
from bench.stage import MIB, Stage
from fota_operator.demo.device import provision
from fota_operator.images.image import Image, build_image
from fota_operator.jobs.start import StartRequest, start_job

NAME = "restart"
AIM = "within 1.2"
_WITHIN_S = 60.0
_FIRMWARE = ROOT / "bench" / "firmware"
_PARTS = (
    ("from reset() to the first line of the new image", "restarting", "started"),
    ("imports", "started", "imported"),
    ("connecting", "imported", "connected"),
    ("jobs asked for, image confirmed", "connected", "confirmed"),
    ("report sent and accepted", "confirmed", "SUCCEEDED"),
)


def measure(stage: Stage) -> Outcome:
    """A device that gets job after job; then as many restarts of the peer."""
    rounds = stage.pick(7, 1)
    marks = _ours(stage, rounds, peers.python_with_ours())
    beside = _paho(stage, rounds, peers.python_with_paho())
    parts = (Row(f"  {work}", "s", spans(marks, first, last)) for work, first, last in _PARTS)
    return Outcome(
        NAME,
        "a bare process restart and connect, with paho",
        AIM,
        (
            Row("from reset() to reported", "s", spans(marks, "restarting", "SUCCEEDED"), beside),
            Row("from reset() to connected", "s", spans(marks, "restarting", "connected"), beside),
            *parts,
        ),
    )


def _ours(stage: Stage, rounds: int, python: str) -> list[Mark]:
    """All moments of a device that goes from image to image; a first round is run but not counted."""
    local, folder, thing = stage.local_aws(), stage.new_folder("restart"), stage.new_things("restart")[0]
    images = [_image(folder, version) for version in ("1", "2")]
    provision(folder / "home", folder / "1.pyz", slot_size_bytes=MIB)
    log = folder / "log"
    command = [python, "-m", "fota_boot.command", "--home", str(folder / "home"), "--", str(thing)]
    environment = with_programs({"SSL_CERT_FILE": str(local.ca_bundle)})
    with running(command, log, environment) as process:
        await_mark(log, "connected", 1, process, _WITHIN_S)
        for number in range(1, rounds + 2):
            request = StartRequest(thing.name, images[number % 2], local.bucket, local.role)
            start_job(local.cloud(), request)
            marks = await_mark(log, "SUCCEEDED", number, process, _WITHIN_S)
    ends = [number for number, mark in enumerate(marks) if mark.name == "SUCCEEDED"]
    return marks[ends[0] + 1 :]


def _image(folder: Path, version: str) -> Image:
    return build_image(_FIRMWARE, version, folder / f"{version}.pyz")


def _paho(stage: Stage, rounds: int, python: str) -> tuple[float, ...]:
    thing, log = stage.new_things("restart")[0], stage.new_folder("paho") / "log"
    loop = 'for turn in $(seq "$2"); do "$0" -m bench.programs.paho_restart "$1" || exit; done'
    settings = f'{{"thing": "{thing}"}}'
    with running(["sh", "-c", loop, python, settings, str(rounds + 2)], log, with_programs()) as process:
        marks = await_mark(log, "connected", rounds + 2, process, _WITHIN_S)
    return spans(marks, "restarting", "connected")[1:]
