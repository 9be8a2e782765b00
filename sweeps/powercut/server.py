"""The server of images, in memory. It meets `fota.transfer.http.Client`, and breaks off where the scenario says."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from fota.errors import Unreachable
from sweeps.powercut.patches import by_url
from sweeps.powercut.scenarios import Server

if TYPE_CHECKING:
    from collections.abc import Callable

    from fota_testing.clock import FakeClock


class Meter(Protocol):
    """Sees what goes over the wire."""

    def asked(self, url: str, first: int) -> None:
        """A request for the bytes from `first` on."""

    def delivered(self, url: str, end: int, count: int) -> None:
        """The last `count` bytes up to `end` have come."""


_CONTENT = by_url()


class ImageServer:
    """Serves every image. Keeps nothing between two requests, so that it survives any power cut."""

    def __init__(self, server: Server, clock: FakeClock, meter: Meter) -> None:
        self._server = server
        self._clock = clock
        self._meter = meter

    def get(self, url: str, headers: dict[str, str], timeout_ms: int) -> ImageAnswer:  # noqa: ARG002 - the protocol's
        """As S3: the range that was asked for if the object is still the same, else all of it."""
        plain_url = url.split("?", 1)[0]
        content = _CONTENT[plain_url]
        etag = _etag(content)
        first = asked = int(headers.get("Range", "bytes=0-")[len("bytes=") :].partition("-")[0])
        self._meter.asked(plain_url, asked)
        if headers.get("If-Range", etag) != etag or not self._server.knows_ranges:
            first = 0
        end = self._end_of_one(content, first, asked)
        return ImageAnswer(
            self._server,
            self._clock,
            content,
            first=first,
            end=end,
            delivered=lambda offset, count: self._meter.delivered(plain_url, offset, count),
        )

    def _end_of_one(self, content: bytes, first: int, asked: int) -> int:
        """Where a connection ends that was asked for the bytes from `asked` on and gives those from `first` on."""
        if self._server.dead_from_byte:
            return self._server.dead_from_byte
        # A server that knows no ranges lets the second try come to its end: it would never finish otherwise.
        if self._server.breaks_every_bytes and (self._server.knows_ranges or not asked):
            return first + self._server.breaks_every_bytes
        return len(content)


class ImageAnswer:
    """See `fota.transfer.http.Answer`."""

    def __init__(
        self,
        server: Server,
        clock: FakeClock,
        content: bytes,
        *,
        first: int,
        end: int,
        delivered: Callable[[int, int], None],
    ) -> None:
        self.status = 206 if first else 200
        self.etag: str | None = _etag(content)
        self.length_bytes: int | None = len(content) - first
        self.content_range = f"bytes {first}-{len(content) - 1}/{len(content)}" if first else None
        self._server = server
        self._clock = clock
        self._delivered = delivered
        self._content = content
        self._offset = first
        self._end = end

    def readinto(self, buffer: memoryview) -> int:
        """Fill the beginning of `buffer`; 0 at the end. *Raises* Unreachable where the connection breaks."""
        self._clock.advance_ms(self._server.ms_per_chunk)
        chunk = self._content[self._offset : min(self._offset + len(buffer), self._end)]
        if not chunk and self._end < len(self._content) and not self._server.dead_from_byte:
            raise Unreachable("the connection broke")
        buffer[: len(chunk)] = chunk
        self._offset += len(chunk)
        self._delivered(self._offset, len(chunk))
        return len(chunk)

    def close(self) -> None:
        """Nothing to end."""


def _etag(content: bytes) -> str:
    return f'"{content[:8].hex()}"'
