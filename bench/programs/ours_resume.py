"""Our device installs an image over a link that breaks off; counts how many bytes of the body arrive."""

from __future__ import annotations

import json
import sys
from typing import TYPE_CHECKING, Any

from fota.digests import Digests
from fota.install import Installer
from fota.progress import Progress
from fota.slots.files import FileSlots
from fota.transfer.download import Source
from fota.transfer.http import HttpsClient

if TYPE_CHECKING:
    from fota.transfer.http import Answer, Client


class ClockWithoutWaits:
    """A clock that never moves: this program counts bytes, and the pauses between tries cost none."""

    def now_ms(self) -> int:
        """Always the same moment."""
        return 0

    def sleep_ms(self, _duration_ms: int) -> None:
        """Do not wait at all."""


class Counting:
    """An HTTPS client that counts the bytes that it returns."""

    def __init__(self, client: Client) -> None:
        self.body_bytes = 0
        self._client = client

    def get(self, url: str, headers: dict[str, str], timeout_ms: int) -> CountedAnswer:
        """As the client does."""
        return CountedAnswer(self, self._client.get(url, headers, timeout_ms))


class CountedAnswer:
    """The client's answer."""

    def __init__(self, counting: Counting, answer: Answer) -> None:
        self._counting = counting
        self._answer = answer
        self.status, self.length_bytes = answer.status, answer.length_bytes
        self.content_range, self.etag = answer.content_range, answer.etag

    def readinto(self, buffer: memoryview) -> int:
        """Read, and count."""
        count = self._answer.readinto(buffer)
        self._counting.body_bytes += count
        return count

    def close(self) -> None:
        """Close it."""
        self._answer.close()


def main(settings: dict[str, Any]) -> dict[str, float]:
    """Install once into the spare slot of a home."""
    client, asked = Counting(HttpsClient(settings["ca"])), settings["document"]
    wanted = Digests(asked["bc_size"], bytes.fromhex(asked["bc_crc"]), bytes.fromhex(asked["bc_sha256"]))
    installer = Installer(FileSlots.open(settings["home"]), client=client, clock=ClockWithoutWaits())
    installer.install(Source(asked["bc_url"]), wanted, 1, Progress())
    return {"body_bytes": client.body_bytes}


if __name__ == "__main__":
    sys.stdout.write(json.dumps(main(json.loads(sys.argv[1]))) + "\n")
