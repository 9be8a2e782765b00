"""Bytes of a URL, in order, each exactly once.

Resumes after a broken connection and stops at the promised size. Knows nothing of slots or manifests: it feeds a
sink and has no other effect.
"""

from fota import http
from fota.backoff import Backoff
from fota.errors import (
    BadHttpAnswer,
    BadHttpStatus,
    BodyTooLong,
    BodyTooShort,
    DownloadFailed,
    DownloadTimeout,
    Unreachable,
)
from fota.log import log, without_query

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Protocol

    from fota.http import Answer, Client
    from fota.progress import Progress

    class Clock(Protocol):
        """Time, handed in."""

        def now_ms(self) -> int:
            """Milliseconds, never going back."""

        def sleep_ms(self, duration_ms: int) -> None:
            """Block for that long."""

    class Sink(Protocol):
        """What takes the bytes."""

        def write(self, chunk: "memoryview") -> None:
            """Take the next bytes."""

        def restart(self) -> None:
            """Forget all bytes; the next one is the first."""


class Limits:
    """How long and how often a download is tried. Every bound of this module stands here."""

    def __init__(
        self,
        *,
        total_ms: int = 3_600_000,
        silence_ms: int = 30_000,
        fruitless_tries: int = 5,
        fruitful_bytes: int = 1024,
        first_delay_ms: int = 500,
        most_delay_ms: int = 30_000,
    ) -> None:
        self.total_ms = total_ms
        """A download that takes longer is given up."""
        self.silence_ms = silence_ms
        """A server that says nothing for as long is given up for this try."""
        self.fruitless_tries = fruitless_tries
        """So many tries in a row that bring nothing new end the download."""
        self.fruitful_bytes = fruitful_bytes
        """A try is fruitful if it came at least so much further than any before (or to the end)."""
        self.first_delay_ms = first_delay_ms
        self.most_delay_ms = most_delay_ms


class Download:
    """One download. Use it once."""

    def __init__(
        self, url: str, size_bytes: int, *, client: "Client", clock: "Clock", limits: "Limits | None" = None
    ) -> None:
        self._url = url
        self._size_bytes = size_bytes
        self._client = client
        self._clock = clock
        self._limits = limits or Limits()
        self._deadline_ms = 0
        self._offset_bytes = 0
        self._furthest_bytes = 0
        self._etag: "str | None" = None

    def run(self, sink: "Sink", buffer: "memoryview", progress: "Progress") -> None:
        """Feed the bytes to `sink`, through `buffer`, until all have come.

        *Blocks* until then or until a limit is reached. Goes on at the byte it had reached when a connection
        breaks, and from the beginning when the server says that the object is another one by now.
        *Raises* DownloadFailed, and whatever the sink raises.
        """
        limits = self._limits
        self._deadline_ms = self._clock.now_ms() + limits.total_ms
        backoff = Backoff(limits.first_delay_ms, limits.most_delay_ms)
        fruitless = 0
        log("download-started", url=without_query(self._url), size_bytes=self._size_bytes)
        while True:
            try:
                self._try_once(sink, buffer, progress)
                return
            except DownloadFailed as error:
                problem = error
            if self._offset_bytes >= self._furthest_bytes + limits.fruitful_bytes:
                self._furthest_bytes = self._offset_bytes
                fruitless = 0
                backoff.reset()
            else:
                fruitless += 1
            if fruitless >= limits.fruitless_tries or not _may_pass(problem):
                raise problem
            self._pause(backoff.next_ms(), problem, progress)

    def _pause(self, delay_ms: int, problem: DownloadFailed, progress: "Progress") -> None:
        if self._clock.now_ms() + delay_ms >= self._deadline_ms:
            raise DownloadTimeout(f"not finished within {self._limits.total_ms} ms", cause=problem)
        log(
            "download-retried",
            url=without_query(self._url),
            offset_bytes=self._offset_bytes,
            problem=problem.reason,
            delay_ms=delay_ms,
        )
        progress.retrying(problem.reason, delay_ms)
        self._clock.sleep_ms(delay_ms)

    def _try_once(self, sink: "Sink", buffer: "memoryview", progress: "Progress") -> None:
        """One request, from the offset reached so far to the end."""
        headers = http.range_headers(self._offset_bytes, self._etag)
        answer = self._client.get(self._url, headers, self._limits.silence_ms)
        try:
            self._accept(answer, sink)
            self._etag = answer.etag
            self._copy(answer, sink, buffer, progress)
        finally:
            answer.close()

    def _accept(self, answer: "Answer", sink: "Sink") -> None:
        """Hold the head of the answer against what was asked. *Raises* unless its body is what we lack."""
        if answer.status == 200:
            # S3 answers 200, not 206, when the object is another one by now or when it ignores Range: starting
            # over is then the only honest thing.
            if self._offset_bytes:
                self._offset_bytes = 0
                sink.restart()
            total_bytes = answer.length_bytes
        elif answer.status == 206:
            if not self._offset_bytes:
                raise BadHttpAnswer("status 206, and no range was asked for")
            if None not in (answer.etag, self._etag) and answer.etag != self._etag:
                raise BadHttpAnswer(f"ETag: asked for the rest of {self._etag}, got a range of {answer.etag}")
            first, last, total_bytes = http.parse_content_range(answer.content_range)
            if first != self._offset_bytes or last != total_bytes - 1:
                raise BadHttpAnswer(f"Content-Range: asked for {self._offset_bytes}-, got {answer.content_range!r}")
        else:
            raise BadHttpStatus(f"status {answer.status}, expected 200 or 206", status=answer.status)
        if total_bytes is not None and total_bytes > self._size_bytes:
            raise BodyTooLong(f"{total_bytes} bytes offered, {self._size_bytes} promised")
        if total_bytes is not None and total_bytes < self._size_bytes:
            raise BodyTooShort(f"{total_bytes} bytes offered, {self._size_bytes} promised")

    def _copy(self, answer: "Answer", sink: "Sink", buffer: "memoryview", progress: "Progress") -> None:
        while self._offset_bytes < self._size_bytes:
            if self._clock.now_ms() >= self._deadline_ms:
                raise DownloadTimeout(f"not finished within {self._limits.total_ms} ms")
            room = min(len(buffer), self._size_bytes - self._offset_bytes)
            count = answer.readinto(buffer[:room])
            if count == 0:
                raise BodyTooShort(f"{self._offset_bytes} of {self._size_bytes} bytes came")
            sink.write(buffer[:count])
            self._offset_bytes += count
            progress.downloading(self._offset_bytes, self._size_bytes)
        if answer.length_bytes is None and answer.readinto(buffer[:1]):
            raise BodyTooLong(f"more than the promised {self._size_bytes} bytes")


def _may_pass(problem: DownloadFailed) -> bool:
    """Whether the same request can do better in a while."""
    if isinstance(problem, BadHttpStatus):
        return problem.status >= 500 or problem.status in (408, 429)
    return isinstance(problem, (Unreachable, BodyTooShort, DownloadTimeout))
