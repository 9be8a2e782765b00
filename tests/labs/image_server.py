"""A server of images in memory: meets `fota.transfer.http.Client`, and misbehaves on demand."""

from collections.abc import Callable

from fota.errors import Unreachable
from fota_testing.clock import FakeClock


class ImageServer:
    """Serves what was put on it. Counts its requests; every URL it is asked for is kept."""

    def __init__(self, clock: FakeClock) -> None:
        self.asked: list[str] = []
        self.status = 200
        self.failure: Exception | None = None
        """Raised instead of an answer."""
        self.ms_per_chunk = 0
        """How long each read takes."""
        self.breaks_after: int | None = None
        """The connection of the next answer breaks after so many bytes."""
        self._clock = clock
        self._images: dict[str, bytes] = {}
        self._at: list[tuple[int, Callable[[], object]]] = []

    def put(self, url: str, image: bytes) -> None:
        self._images[url] = image

    def at(self, offset: int, action: Callable[[], object]) -> None:
        """Call `action` once the download has come so far."""
        self._at.append((offset, action))

    def get(self, url: str, headers: dict[str, str], timeout_ms: int) -> "ImageAnswer":
        self.asked.append(url)
        if self.failure is not None:
            raise self.failure
        image = self._images.get(url.split("?", 1)[0])
        if image is None:
            return ImageAnswer(self, 404, b"<Error/>")
        asked = headers.get("Range")
        start, _, last = (asked or "bytes=0-")[len("bytes=") :].partition("-")
        status = 206 if asked is not None and self.status == 200 else self.status
        return ImageAnswer(self, status, image, int(start), int(last) + 1 if last else len(image))

    def pass_chunk(self, offset: int) -> None:
        self._clock.advance_ms(self.ms_per_chunk)
        due = [entry for entry in self._at if entry[0] <= offset]
        self._at = [entry for entry in self._at if entry not in due]
        for _, action in due:
            action()
        if self.breaks_after is not None and offset >= self.breaks_after:
            self.breaks_after = None
            raise Unreachable("the connection broke")


class ImageAnswer:
    """One answer; its body in small pieces."""

    def __init__(
        self, server: ImageServer, status: int, image: bytes, first: int = 0, end: "int | None" = None
    ) -> None:
        end = len(image) if end is None else end
        self.status = status
        self.etag: str | None = '"etag"'
        self.length_bytes: int | None = end - first
        self.content_range = f"bytes {first}-{end - 1}/{len(image)}" if status == 206 else None
        self._server = server
        self._image = image[:end]
        self._offset = first

    def readinto(self, buffer: memoryview) -> int:
        self._server.pass_chunk(self._offset)
        chunk = self._image[self._offset : self._offset + len(buffer)]
        buffer[: len(chunk)] = chunk
        self._offset += len(chunk)
        return len(chunk)

    def close(self) -> None:
        """Nothing to end."""
