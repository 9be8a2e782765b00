"""A small image over a link that is slow, far away, and breaks off every 20 seconds.

The link is the limit, not this machine, so all downloads run at the same time, each over a link of its own.
"""

import sys
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

from bench.benches.install import document_of
from bench.benches.resume import curl_loop
from bench.figures import Outcome, Row
from bench.link import Weather, link_to
from bench.processes import run, run_program
from bench.stage import MIB, Stage

NAME = "poor-link"
AIM = "no slower"
_WEATHER = Weather(bytes_per_s=65_536, one_way_s=0.1, cut_every_s=20.0)
_WITHIN_S = 180.0


def measure(stage: Stage) -> Outcome:
    """Run as many of ours as of the peer, all at the same time."""
    size_bytes, rounds = stage.pick(4 * MIB, 100_000), stage.pick(4, 1)
    weather = stage.pick(_WEATHER, replace(_WEATHER, one_way_s=0.01, cut_every_s=1.0))
    # These are made first: only one thread may use the stage.
    homes = [stage.new_home(size_bytes) for _ in range(rounds)]
    folders = [stage.new_folder("peer") for _ in range(rounds)]
    stage.object_of(size_bytes)
    with ThreadPoolExecutor(2 * rounds) as pool:
        ours = [pool.submit(_ours, stage, size_bytes, weather, home) for home in homes]
        peer = [pool.submit(_curl, stage, size_bytes, weather, folder) for folder in folders]
        found, beside = [one.result() for one in ours], [one.result() for one in peer]
    distance_ms = weather.one_way_s * 2000
    work = f"{size_bytes / MIB:.3g} MiB at 64 KiB/s, {distance_ms:.0f} ms, cut every {weather.cut_every_s:g} s"
    return Outcome(NAME, "curl -C - in a loop", AIM, (Row(work, "s", tuple(found), tuple(beside)),))


def _ours(stage: Stage, size_bytes: int, weather: Weather, home: object) -> float:
    nginx, served = stage.nginx(), stage.object_of(size_bytes)
    with link_to(nginx.port, weather) as link:
        settings = {"home": str(home), "document": document_of(served, nginx.url(served.name, link.port))}
        trust = {"FOTA_CACERT": str(nginx.ca)}
        found = run_program("ours_install", settings, python=sys.executable, within_s=_WITHIN_S, environment=trust)
    return found["seconds"]


def _curl(stage: Stage, size_bytes: int, weather: Weather, folder: object) -> float:
    nginx, served = stage.nginx(), stage.object_of(size_bytes)
    with link_to(nginx.port, weather) as link:
        command = curl_loop(nginx.ca, f"{folder}/f", nginx.url(served.name, link.port))
        return run(["sh", "-c", command], within_s=_WITHIN_S).seconds
