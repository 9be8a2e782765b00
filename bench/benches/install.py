"""Installs an image over HTTPS into a slot: verifies MD5 and SHA-256, flushes, reads back and verifies again.

Our time is that of the call, in a program that runs already, as on a device; the peer's is that of the whole shell
command. The bench `start` measures what starting Python costs.
"""

import hashlib
import shlex
import sys
from pathlib import Path

from bench import peers
from bench.figures import Outcome, Row
from bench.processes import run, run_program
from bench.stage import MIB, Stage, settle_disk

NAME = "install"
AIM = "at least 1.5 times as fast"
_WITHIN_S = 120.0


def measure(stage: Stage) -> Outcome:
    """Both in turn, with the same object; the peer also flushed, as ours is."""
    size_bytes, rounds = stage.pick(256, 1) * MIB, stage.pick(5, 1)
    served = stage.object_of(size_bytes)
    home, download = stage.new_home(size_bytes), stage.new_folder("peer") / "f"
    ours, plain, flushed = [], [], []
    for _ in range(rounds):
        plain.append(_peer(stage, served, download, flush=False))
        ours.append(_ours(stage, served, home))
        flushed.append(_peer(stage, served, download, flush=True))
    work = f"{size_bytes // MIB} MiB"
    return Outcome(
        NAME,
        "curl -o f && md5sum f && sha256sum f",
        AIM,
        (
            Row(work, "s", tuple(ours), tuple(plain)),
            Row(f"{work}; the peer too flushes", "s", tuple(ours), tuple(flushed)),
        ),
    )


def document_of(served: Path, url: str) -> dict[str, object]:
    """The job document for an object."""
    content = served.read_bytes()
    return {
        "operation": "fota",
        "bc_idx": "any",
        "bc_crc": hashlib.md5(content, usedforsecurity=False).hexdigest(),
        "bc_size": len(content),
        "bc_url": url,
        "bc_sha256": hashlib.sha256(content).hexdigest(),
    }


def break_seal(home: Path) -> None:
    """Break the seal of the spare slot, so that its content cannot be verified."""
    for seal in home.glob("slot-1.seal-*"):
        seal.write_bytes(bytes(seal.stat().st_size))


def _ours(stage: Stage, served: Path, home: Path) -> float:
    # The slot holds the image of the round before, as on a device; with its seal it would not be fetched again.
    break_seal(home)
    nginx = stage.nginx()
    settle_disk()
    settings = {"home": str(home), "document": document_of(served, nginx.url(served.name))}
    trust = {"FOTA_CACERT": str(nginx.ca)}
    return run_program("ours_install", settings, python=sys.executable, within_s=_WITHIN_S, environment=trust)[
        "seconds"
    ]


def _peer(stage: Stage, served: Path, download: Path, *, flush: bool) -> float:
    nginx, file = stage.nginx(), shlex.quote(str(download))
    fetch = shlex.join([peers.curl(), "-sS", "--cacert", str(nginx.ca), "-o", str(download), nginx.url(served.name)])
    prove = f"md5sum {file} && sha256sum {file}"
    settle_disk()
    return run(
        ["sh", "-c", " && ".join([fetch, *([f"sync {file}"] if flush else []), prove])], within_s=_WITHIN_S
    ).seconds
