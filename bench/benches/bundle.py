"""The time from a job with a large bundle to the confirmed image, what checking its tree adds to each boot, and room.

It is compared with what a user would do by hand: fetch an archive, unpack it, compile it, flush it. The peer neither
verifies nor restarts nor reports.
"""

import shutil
import subprocess
import time
from pathlib import Path

from bench import peers
from bench.figures import Outcome, Row
from bench.marks import await_mark
from bench.place import ROOT
from bench.processes import running, with_programs
from bench.stage import MIB, Stage
from fota.bundle import folders_cpython as folders
from fota.bundle.trees_cpython import Tree
from fota_operator.demo.device import provision
from fota_operator.images.bundle import BundlePlan, build_bundle
from fota_operator.images.image import Image
from fota_operator.jobs.start import StartRequest, start_job

NAME = "bundle"
AIM = "figures"
_WITHIN_S = 240.0
_SLOT_BYTES = 96 * MIB
_NOISE_FILE_BYTES = MIB


def measure(stage: Stage) -> Outcome:
    """A device that gets bundle after bundle; then the peer; then the check of the tree alone."""
    rounds, size_bytes = stage.pick(5, 1), stage.pick(66_000_000, 1_000_000)
    folder = stage.new_folder("bundle")
    images = [_image(folder, version, size_bytes) for version in ("1", "2")]
    ours = _ours(stage, folder, images, rounds)
    beside = tuple(_peer(stage, folder, number) for number in range(rounds))
    tree = Tree(str(folder / "home"), 0)
    size_mib = (images[0].size_bytes / MIB,)
    return Outcome(
        NAME,
        "curl -o f && python -m zipfile -e f tree && python -m compileall tree && sync",
        AIM,
        (
            Row("from the job to confirmed and reported", "s", ours, beside),
            Row("checking the tree at a boot, read from memory", "s", _checks(tree, rounds, from_disk=False)),
            Row("checking the tree at a boot, read from the disk", "s", _checks(tree, rounds, from_disk=True)),
            Row("the bundle", "MiB", size_mib),
            Row("room of its slot", "MiB", (folders.taken_bytes(tree.image_path) / MIB,)),
            Row("room of its tree, with byte code", "MiB", (folders.taken_bytes(tree.path) / MIB,)),
        ),
    )


def _image(folder: Path, version: str, size_bytes: int) -> Image:
    """The firmware of `restart` with all packages of a device, and noise up to the size."""
    source = folder / f"source-{version}"
    (packages,) = Path(peers.python_with_ours()).parent.parent.glob("lib/python3*/site-packages")
    shutil.copytree(packages, source, ignore=shutil.ignore_patterns("__pycache__", "*.dist-info"))
    shutil.copy(ROOT / "bench/firmware/__main__.py", source)
    (source / "bench").mkdir()
    shutil.copytree(ROOT / "bench/programs", source / "bench/programs", ignore=shutil.ignore_patterns("__pycache__"))
    left_bytes = size_bytes - sum(path.stat().st_size for path in source.rglob("*") if path.is_file())
    (source / "noise").mkdir()
    for number in range(max(0, left_bytes) // _NOISE_FILE_BYTES):
        (source / f"noise/{number}.bin").write_bytes(_noise())
    return build_bundle(source, version, folder / f"{version}.bundle", BundlePlan())


def _noise() -> bytes:
    with Path("/dev/urandom").open("rb") as file:
        return file.read(_NOISE_FILE_BYTES)


def _ours(stage: Stage, folder: Path, images: "list[Image]", rounds: int) -> tuple[float, ...]:
    """Seconds of each round; a first one is run but not counted, and the last image is in slot 0."""
    local, thing, python = stage.local_aws(), stage.new_things("bundle")[0], peers.python_with_ours()
    home, log = folder / "home", folder / "log"
    provision(home, folder / "1.bundle", slot_size_bytes=_SLOT_BYTES, python=python)
    command = [python, "-m", "fota_boot.command", "--home", str(home), "--", str(thing)]
    took_s = []
    with running(command, log, with_programs({"SSL_CERT_FILE": str(local.ca_bundle)})) as process:
        await_mark(log, "connected", 1, process, _WITHIN_S)
        for number in range(1, rounds + 2):
            request = StartRequest(thing.name, images[number % 2], local.bucket, local.role)
            began_s = time.monotonic()
            start_job(local.cloud(), request)
            marks = await_mark(log, "SUCCEEDED", number, process, _WITHIN_S)
            took_s.append([mark.at_s for mark in marks if mark.name == "SUCCEEDED"][-1] - began_s)
    return tuple(took_s[1:])


def _peer(stage: Stage, folder: Path, number: int) -> float:
    nginx = stage.nginx()
    served, tree = nginx.files / "bundle", folder / f"tree-{number}"
    if not served.exists():
        shutil.copy(folder / "1.bundle", served)
    script = (
        '"$0" -sS --cacert "$5" -o "$1" "$2" && "$3" -m zipfile -e "$1" "$4" && "$3" -m compileall -q "$4" && sync'
    )
    words = [peers.curl(), f"{tree}.zip", nginx.url(served.name), peers.python_with_ours(), str(tree), str(nginx.ca)]
    began_s = time.monotonic()
    subprocess.run(["sh", "-c", script, *words], check=True, timeout=_WITHIN_S)
    took_s = time.monotonic() - began_s
    shutil.rmtree(tree)
    return took_s


def _checks(tree: Tree, rounds: int, *, from_disk: bool) -> tuple[float, ...]:
    took_s = []
    for _ in range(rounds):
        began_s = time.monotonic()
        if not tree.is_whole(from_disk=from_disk):
            raise OSError(f"{tree.path} is not whole")
        took_s.append(time.monotonic() - began_s)
    return tuple(took_s)
