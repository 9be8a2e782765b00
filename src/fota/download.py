"""Bytes of a URL, in order, each exactly once.

Resumes after a broken connection and stops at the promised size. Knows nothing of slots or manifests: it feeds a
sink and has no other effect.
"""

from fota import errors, http_head
from fota.backoff import Backoff
from fota.log import log, without_query
from fota.proven import Proven

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Protocol

    from fota.errors import DownloadFailed
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


_FILL_MS = 100
"""A buffer is waited for that long, then what came of it is passed on: a reset on a slow link loses no more."""


class Limits:
    """How long and how often a download is tried. Every bound of this module stands here."""

    def __init__(
        self,
        total_ms: int = 3_600_000,
        silence_ms: int = 30_000,
        fruitless_tries: int = 5,
        fruitful_bytes: int = 1024,
        first_delay_ms: int = 500,
        most_delay_ms: int = 30_000,
        times_size: int = 4,
        spare_bytes: int = 1 << 20,
        renewals: int = 3,
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
        self.times_size = times_size
        """All bytes received for one image, over all tries and resets, are at most so many times its size,"""
        self.spare_bytes = spare_bytes
        """and so many more."""
        self.renewals = renewals
        """So many fresh URLs in a row that bring nothing new end the download."""


class Source:
    """Where the bytes lie: a URL, which may expire, and how to get another one for the same bytes."""

    def __init__(self, url: str, renew: "Callable[[], str] | None" = None) -> None:
        self.url = url
        self._renew = renew

    def can_renew(self) -> bool:
        """Whether there is anybody to ask."""
        return self._renew is not None

    def renew(self) -> None:
        """Ask for a fresh URL. *Raises* what the asking raises; Unreachable passes."""
        if self._renew is not None:
            self.url = self._renew()


class Download:
    """One download. Use it once."""

    def __init__(
        self,
        source: Source,
        size_bytes: int,
        client: "Client",
        clock: "Clock",
        limits: "Limits | None" = None,
        start: "Proven | None" = None,
    ) -> None:
        """`start`: how far it had come before a reset; the sink has those bytes."""
        start = start or Proven()
        self._source = source
        self._size_bytes = size_bytes
        self._client = client
        self._clock = clock
        self._limits = limits or Limits()
        self._began_ms = clock.now_ms() - start.spent_ms
        self._offset_bytes = start.offset_bytes
        self._furthest_bytes = start.offset_bytes
        self._received_bytes = start.received_bytes
        self._etag: "str | None" = start.etag or None

    def reached(self, crc32: int) -> Proven:
        """How far it has come, given the CRC of the bytes so far; proven once those are on storage."""
        return Proven(
            self._offset_bytes,
            crc32=crc32,
            etag=self._etag or "",
            received_bytes=self._received_bytes,
            spent_ms=self._clock.now_ms() - self._began_ms,
        )

    def run(self, sink: "Sink", buffer: "memoryview", progress: "Progress") -> None:
        """Feed the bytes to `sink`, through `buffer`, until all have come.

        *Blocks* until then or until a limit is reached. Goes on at the byte it had reached when a connection
        breaks, and from the beginning when the server says that the object is another one by now.
        *Raises* DownloadFailed, and whatever the sink raises.
        """
        limits = self._limits
        backoff = Backoff(limits.first_delay_ms, limits.most_delay_ms)
        fruitless = renewals = 0
        url = without_query(self._source.url)
        log("download-started", url=url, offset_bytes=self._offset_bytes, size_bytes=self._size_bytes)
        # Also when all bytes came before a reset: the sink has them, there is nothing to ask for.
        while self._offset_bytes < self._size_bytes:
            try:
                self._try_once(sink, buffer, progress)
                return
            except errors.DownloadFailed as error:
                problem = error
            if self._offset_bytes >= self._furthest_bytes + limits.fruitful_bytes:
                self._furthest_bytes = self._offset_bytes
                fruitless = renewals = 0
                backoff.reset()
            else:
                fruitless += 1
            # S3 says of a URL that is too old: 403.
            if _status(problem) == 403 and self._source.can_renew() and renewals < limits.renewals:
                renewals += 1
                problem = self._renewed() or problem
            elif not _may_pass(problem):
                raise problem
            if fruitless >= limits.fruitless_tries:
                raise problem
            self._pause(backoff.next_ms(), problem, progress)

    def _renewed(self) -> "DownloadFailed | None":
        """Get a fresh URL; what went wrong instead, if that may pass."""
        try:
            self._source.renew()
        except errors.Unreachable as error:
            return error
        return None

    def _pause(self, delay_ms: int, problem: "DownloadFailed", progress: "Progress") -> None:
        if self._clock.now_ms() + delay_ms >= self._began_ms + self._limits.total_ms:
            raise errors.DownloadTimeout(f"not finished within {self._limits.total_ms} ms", cause=problem)
        log(
            "download-retried",
            url=without_query(self._source.url),
            offset_bytes=self._offset_bytes,
            problem=problem.reason,
            delay_ms=delay_ms,
        )
        progress.retrying(problem.reason, delay_ms)
        self._clock.sleep_ms(delay_ms)

    def _try_once(self, sink: "Sink", buffer: "memoryview", progress: "Progress") -> None:
        """One request, from the offset reached so far to the end."""
        headers = http_head.range_headers(self._offset_bytes, self._etag)
        answer = self._client.get(self._source.url, headers, self._limits.silence_ms)
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
                raise errors.BadHttpAnswer("status: expected 200, got 206")
            if None not in (answer.etag, self._etag) and answer.etag != self._etag:
                raise errors.BadHttpAnswer(f"ETag: expected {self._etag}, got {answer.etag}")
            first, last, total_bytes = http_head.parse_content_range(answer.content_range)
            if first != self._offset_bytes or last != total_bytes - 1:
                raise errors.BadHttpAnswer(
                    f"Content-Range: expected {self._offset_bytes}-, got {answer.content_range!r}"
                )
        else:
            raise errors.BadHttpStatus(f"status: expected 200 or 206, got {answer.status}", status=answer.status)
        if total_bytes is not None and total_bytes != self._size_bytes:
            kind = errors.BodyTooLong if total_bytes > self._size_bytes else errors.BodyTooShort
            raise kind(f"{total_bytes} bytes offered, {self._size_bytes} promised")

    def _stay_within_budget(self) -> None:
        limits = self._limits
        if self._clock.now_ms() >= self._began_ms + limits.total_ms:
            raise errors.DownloadTimeout(f"not finished within {limits.total_ms} ms")
        most_bytes = limits.times_size * self._size_bytes + limits.spare_bytes
        if self._received_bytes >= most_bytes:
            raise errors.BudgetSpent(f"{self._received_bytes} bytes received for an image of {self._size_bytes}")

    def _copy(self, answer: "Answer", sink: "Sink", buffer: "memoryview", progress: "Progress") -> None:
        problem = None
        while problem is None and self._offset_bytes < self._size_bytes:
            count, problem = self._filled(answer, buffer[: min(len(buffer), self._size_bytes - self._offset_bytes)])
            if count:
                # Whatever ended it, what came is not lost.
                self._offset_bytes += count
                sink.write(buffer[:count])
                progress.downloading(self._offset_bytes, self._size_bytes)
        if problem is not None:
            raise problem
        if answer.length_bytes is None and answer.readinto(buffer[:1]):
            raise errors.BodyTooLong(f"more than the promised {self._size_bytes} bytes")

    def _filled(self, answer: "Answer", room: "memoryview") -> "tuple[int, DownloadFailed | None]":
        """How many bytes came, all that there is room for unless they take long; and what ended it, if anything did.

        What is done with them costs by the call as much as by the byte.
        """
        count, until_ms = 0, self._clock.now_ms() + _FILL_MS
        try:
            while count < len(room) and (count == 0 or self._clock.now_ms() < until_ms):
                self._stay_within_budget()
                more = answer.readinto(room[count:])
                if more == 0:
                    raise errors.BodyTooShort(f"{self._offset_bytes + count} of {self._size_bytes} bytes came")
                count += more
                self._received_bytes += more
        except errors.DownloadFailed as error:
            return count, error
        return count, None


def _may_pass(problem: "DownloadFailed") -> bool:
    """Whether the same request can do better in a while."""
    if isinstance(problem, (errors.Unreachable, errors.BodyTooShort, errors.DownloadTimeout)):
        return True
    status = _status(problem)
    return status >= 500 or status in (408, 429)


def _status(problem: "DownloadFailed") -> int:
    """What the server answered; 0 if it is something else that went wrong."""
    return problem.status if isinstance(problem, errors.BadHttpStatus) else 0
