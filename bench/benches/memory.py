"""How much memory an update needs: the peak of resident memory during it, above that of the same device at rest.

At rest, the device is connected and has looked at its jobs one time. It is compared with curl, which only downloads,
and with the AWS IoT Device SDK, which only holds the connection.
"""

import sys

from bench import peers
from bench.benches.install import document_of
from bench.figures import Outcome, Row, samples
from bench.processes import run, run_program
from bench.stage import MIB, Stage

NAME = "memory"
AIM = "grows by at most 4 MiB, whatever the size of the image"
_WITHIN_S = 120.0


def measure(stage: Stage) -> Outcome:
    """Images of three sizes, for growth; the peers in the same rounds."""
    rounds = stage.pick(3, 1)
    sizes = stage.pick((256, 16, 1), (2, 1))
    found = {size: [device_memory(stage, size * MIB) for _ in range(rounds)] for size in sizes}
    largest = found[sizes[0]]
    fetched = tuple(_curl_bytes(stage, sizes[0] * MIB) / MIB for _ in range(rounds))
    sdk = [_awsiotsdk(stage) for _ in range(rounds)]
    both = tuple(one["connected"] / MIB + curl for one, curl in zip(sdk, fetched, strict=True))
    return Outcome(
        NAME,
        "awsiotsdk connected, and curl beside it",
        AIM,
        (
            Row(f"resident at most, installing {sizes[0]} MiB", "MiB", samples(largest, "busy", MIB), both),
            *(
                Row(f"growth, installing {size} MiB (beside: curl)", "MiB", growth(found[size]), fetched)
                for size in sizes
            ),
            Row(
                "connected (beside: awsiotsdk)", "MiB", samples(largest, "idle", MIB), samples(sdk, "connected", MIB)
            ),
            Row(
                "connected (beside: awsiotsdk before)",
                "MiB",
                samples(largest, "idle", MIB),
                samples(sdk, "idle", MIB),
            ),
        ),
    )


def device_memory(stage: Stage, size_bytes: int) -> dict[str, float]:
    """Bytes resident in our device: `idle`, and `busy` while it installs an image of that size."""
    served, home = stage.object_of(size_bytes), stage.new_home(size_bytes)
    nginx, thing = stage.nginx(), stage.new_things("memory")[0]
    settings = {"home": str(home), "thing": str(thing), "document": document_of(served, nginx.url(served.name))}
    trust = {"FOTA_CACERT": str(nginx.ca)}
    return run_program("ours_memory", settings, python=sys.executable, within_s=_WITHIN_S, environment=trust)


def growth(found: list[dict[str, float]]) -> tuple[float, ...]:
    """How much more was resident, in MiB."""
    return tuple((one["busy"] - one["idle"]) / MIB for one in found)


def _curl_bytes(stage: Stage, size_bytes: int) -> int:
    nginx, download = stage.nginx(), stage.new_folder("peer") / "f"
    url = nginx.url(stage.object_of(size_bytes).name)
    command = [peers.curl(), "-sS", "--cacert", str(nginx.ca), "-o", str(download), url]
    return run(command, within_s=_WITHIN_S, watch=True).peak_bytes


def _awsiotsdk(stage: Stage) -> dict[str, float]:
    settings = {"thing": str(stage.new_things("memory")[0])}
    return run_program("awsiotsdk_memory", settings, python=peers.python_with_awsiotsdk(), within_s=_WITHIN_S)
