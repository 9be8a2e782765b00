"""Asks a server for an object with the device library; runs on both interpreters, and prints what it found as JSON.

Settings, as JSON on its command line: `url`, `cacert`, and either `gets`, the headers of requests to make one after
the other with one client, or `size`, to download it as a device does, `times` times.
"""

import hashlib
import json
import sys

from fota import machine
from fota.progress import Progress
from fota.transfer.download import Download, Source
from fota.transfer.http import HttpsClient
from fota.transfer.limits import Limits

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

_TIMEOUT_MS = 5_000


class _Retries(Progress):
    """Counts the tries after the first."""

    def __init__(self) -> None:
        self.count = 0

    def retrying(self, reason: str, delay_ms: int) -> None:
        self.count += 1


class _Sink:
    """Digests the bytes."""

    def __init__(self) -> None:
        self.restarts = -1
        self.restart()

    def write(self, chunk: "memoryview") -> None:
        self.digest.update(chunk)

    def restart(self) -> None:
        self.digest = hashlib.sha256()
        self.restarts += 1

    def stalled(self) -> None:
        """Nothing is saved here."""


def _downloaded(settings: "dict[str, Any]", client: HttpsClient) -> "dict[str, object]":
    sink, retries = _Sink(), _Retries()
    limits = Limits(total_ms=30_000, silence_ms=_TIMEOUT_MS, first_delay_ms=100, most_delay_ms=1_000)
    download = Download(Source(settings["url"]), settings["size"], client, machine, limits)
    download.run(sink, memoryview(bytearray(16_384)), retries)
    digest = "".join(["%02x" % byte for byte in sink.digest.digest()])
    return {"sha256": digest, "restarts": sink.restarts, "retries": retries.count}


def _got(url: str, headers: "dict[str, str]", client: HttpsClient) -> "dict[str, object]":
    """One answer, its body read to the end."""
    answer = client.get(url, headers, _TIMEOUT_MS)
    try:
        buffer = memoryview(bytearray(16_384))
        count_bytes = 0
        while count_bytes != answer.length_bytes:
            more = answer.readinto(buffer)
            if not more:
                break
            count_bytes += more
        return {
            "status": answer.status,
            "etag": answer.etag,
            "content_range": answer.content_range,
            "bytes": count_bytes,
        }
    finally:
        answer.close()


def main(settings: "dict[str, Any]") -> "dict[str, object]":
    """Make the requests, or download."""
    client = HttpsClient(settings["cacert"])
    if "gets" in settings:
        return {"answers": [_got(settings["url"], headers, client) for headers in settings["gets"]]}
    return {"downloads": [_downloaded(settings, client) for _ in range(settings.get("times", 1))]}


print(json.dumps(main(json.loads(sys.argv[1]))))
