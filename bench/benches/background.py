"""A program samples every 100 ms while an image is downloaded, verified and installed in a thread beside it.

The whole stack is at work: a job over MQTT, HTTPS from a server on the same machine as fast as it can, a slot on
disk. Measured is the longest time between two samples. The peer leaves the download to a process of its own.
"""

import json
import shlex
import sys
from pathlib import Path
from uuid import uuid4

from bench import peers
from bench.benches.install import break_seal, document_of
from bench.figures import Outcome, Row, samples
from bench.processes import run_program
from bench.stage import MIB, Stage, settle_disk

NAME = "background"
AIM = "no gap above 200 ms"
_WITHIN_S = 300.0


def measure(stage: Stage) -> Outcome:
    """Both in turn, with the same object."""
    size_bytes, rounds = stage.pick(256, 1) * MIB, stage.pick(5, 1)
    served = stage.object_of(size_bytes)
    home, download = stage.new_home(size_bytes), stage.new_folder("peer") / "f"
    ours, beside = [], []
    for _ in range(rounds):
        beside.append(_peer(stage, served, download))
        ours.append(_ours(stage, served, home))
    work = f"{size_bytes // MIB} MiB"
    return Outcome(
        NAME,
        "curl -o f && md5sum f && sha256sum f in a process of its own",
        AIM,
        (
            Row(f"longest gap, {work}", "ms", samples(ours, "gap", 1e-3), samples(beside, "gap", 1e-3)),
            Row("longest gap, nothing to do", "ms", samples(ours, "gap_at_rest", 1e-3)),
            Row(f"until installed, {work}", "s", samples(ours, "seconds"), samples(beside, "seconds")),
        ),
    )


def _ours(stage: Stage, served: Path, home: Path) -> dict[str, float]:
    # The slot holds the image of the round before; with its seal it would not be fetched again.
    break_seal(home)
    for cell in home.glob("journal*"):
        cell.write_bytes(bytes(cell.stat().st_size))
    local, nginx, thing = stage.local_aws(), stage.nginx(), stage.new_things("background")[0]
    document = json.dumps(document_of(served, nginx.url(served.name)))
    iot = local.cloud().iot
    arn = iot.describe_thing(thingName=thing.name)["thingArn"]
    iot.create_job(jobId=f"background-{uuid4().hex}", targets=[arn], document=document)
    settle_disk()
    settings = {"home": str(home), "thing": str(thing), "samples_at_rest": stage.pick(50, 5)}
    trust = {"FOTA_CACERT": str(nginx.ca)}
    return run_program("ours_background", settings, python=sys.executable, within_s=_WITHIN_S, environment=trust)


def _peer(stage: Stage, served: Path, download: Path) -> dict[str, float]:
    nginx, file = stage.nginx(), shlex.quote(str(download))
    fetch = shlex.join([peers.curl(), "-sS", "--cacert", str(nginx.ca), "-o", str(download), nginx.url(served.name)])
    settings = {"command": f"{fetch} && md5sum {file} && sha256sum {file}"}
    settle_disk()
    return run_program("curl_background", settings, python=sys.executable, within_s=_WITHIN_S)
