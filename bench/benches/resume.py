"""How much is downloaded again when a download breaks off a hundred times.

It counts what the link carried to the client beyond the image, since that is what costs. This includes the TLS
handshakes, the framing, and the last TLS record of each connection, which is useless without its end. Another row
counts the bytes of the image itself that reached the program twice.
"""

import random
import shlex
import sys

from bench import peers
from bench.benches.install import document_of
from bench.figures import Outcome, Row
from bench.link import Weather, link_to
from bench.processes import ProcessFailed, run, run_program
from bench.stage import MIB, Stage

NAME = "resume"
AIM = "under 1 % fetched again"
_WITHIN_S = 120.0
_SEED = 7


def measure(stage: Stage) -> Outcome:
    """Both in turn, with the same cuts."""
    size_bytes, cuts, rounds = stage.pick(64, 1) * MIB, stage.pick(100, 5), stage.pick(3, 1)
    ours, peer = [], []
    for number in range(rounds):
        places = cut_places(size_bytes, cuts, random.Random(_SEED + number))
        ours.append(_ours(stage, size_bytes, places))
        peer.append(_curl(stage, size_bytes, places))
    work = f"{size_bytes // MIB} MiB, {cuts} cuts"

    def shares(column: int) -> tuple[tuple[float, ...], tuple[float, ...]]:
        mine, theirs = (tuple(100 * (one[column] / size_bytes - 1) for one in found) for found in (ours, peer))
        return mine, theirs

    return Outcome(
        NAME,
        "curl -C - in a loop",
        AIM,
        (
            Row(f"{work}: carried beyond the image", "%", *shares(0)),
            Row(f"{work}: came twice to the program", "%", *shares(1)),
        ),
    )


def cut_places(size_bytes: int, cuts: int, dice: random.Random) -> tuple[int, ...]:
    """The number of bytes after which each connection breaks: all before the end of the image, and no two alike."""
    shares = [dice.uniform(0.6, 1.4) for _ in range(cuts)]
    all_but_the_last_bytes = size_bytes * cuts / (cuts + 1)
    return tuple(int(share / sum(shares) * all_but_the_last_bytes) for share in shares)


def _ours(stage: Stage, size_bytes: int, places: tuple[int, ...]) -> tuple[float, float]:
    """The bytes that the link carried, and the bytes of the body that arrived."""
    nginx, served, home = stage.nginx(), stage.object_of(size_bytes), stage.new_home(size_bytes)
    with link_to(nginx.port, Weather(cut_after_bytes=places)) as link:
        document = document_of(served, nginx.url(served.name, link.port))
        settings = {"home": str(home), "ca": str(nginx.ca), "document": document}
        found = run_program("ours_resume", settings, python=sys.executable, within_s=_WITHIN_S)
    _require_cuts(link.cuts, places)
    return link.carried_bytes, found["body_bytes"]


def _curl(stage: Stage, size_bytes: int, places: tuple[int, ...]) -> tuple[float, float]:
    nginx, served, download = stage.nginx(), stage.object_of(size_bytes), stage.new_folder("peer") / "f"
    with link_to(nginx.port, Weather(cut_after_bytes=places)) as link:
        command = curl_loop(nginx.ca, download, nginx.url(served.name, link.port))
        said = run(["sh", "-c", command], within_s=_WITHIN_S).output
    _require_cuts(link.cuts, places)
    return link.carried_bytes, sum(map(int, said.split()))


def curl_loop(ca: object, download: object, url: str) -> str:
    """`curl -C -` until it succeeds, as a shell command; prints how many bytes each try brought."""
    fetch = [peers.curl(), "-s", "-C", "-", "-w", "%{size_download}\n", "--cacert", str(ca), "-o", str(download), url]
    return f"until {shlex.join(fetch)}; do :; done"


def _require_cuts(cuts: int, places: tuple[int, ...]) -> None:
    if cuts != len(places):
        raise ProcessFailed(f"{cuts} cuts happened, {len(places)} were meant to")
