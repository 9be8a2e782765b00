"""Downloads the bytes of a URL, in order, each exactly once.

Resumes after a broken connection and stops at the promised size. Knows nothing of slots or manifests: it feeds a
sink and has no other effect.
"""

from fota import errors
from fota.log import log, without_query
from fota.transfer import http_head
from fota.transfer.backoff import Backoff
from fota.transfer.checkpoint import Checkpoint
from fota.transfer.limits import Limits
from fota.waiting import pause

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Protocol

    from fota.clock import Clock
    from fota.errors import DownloadFailed
    from fota.progress import Progress
    from fota.transfer.bounds import Bounds
    from fota.transfer.http import Answer, Client

    class Sink(Protocol):
        """Takes the bytes of a download."""

        def write(self, chunk: "memoryview") -> None:
            """Take the next bytes."""

        def restart(self) -> None:
            """Forget all bytes; the next one is the first."""

        def stalled(self) -> None:
            """No bytes come for now."""


_FILL_MS = 100
"""A buffer is filled for this long at most, then passed on: a reset on a slow link loses no more than that."""


class Source:
    """The URL of the bytes, which may expire, and a way to get another URL for the same bytes."""

    def __init__(self, url: str, renew: "Callable[[], str] | None" = None) -> None:
        self.url: "str" = url
        self._renew = renew

    def can_renew(self) -> bool:
        """Whether a fresh URL can be asked for."""
        return self._renew is not None

    def renew(self) -> None:
        """Ask for a fresh URL. *Raises* what that call raises; after Unreachable a later try can work."""
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
        start: "Checkpoint | None" = None,
        keep_going: "Callable[[int, int], bool] | None" = None,
        bounds: "Bounds | None" = None,
        count: "Callable[[int], None] | None" = None,
    ) -> None:
        """`start`: how far it had come before a reset; the sink has those bytes.

        `keep_going(done_bytes, size_bytes)` is called after each chunk; the download stops when it returns False.
        It also stops at the end of what `bounds` let it take. `count` is called with all bytes that come.
        """
        start = start or Checkpoint()
        self._source = source
        self._size_bytes = size_bytes
        self._client = client
        self._clock = clock
        self._limits = limits or Limits()
        self._in_all_ms = self._limits.in_all_ms(size_bytes)
        self._keep_going = keep_going
        self._bounds = bounds
        if bounds is not None:
            bounds.begin(clock.now_ms())
        self._count = count
        self._paused_ms = 0
        self._began_ms = clock.now_ms() - start.spent_ms
        self._offset_bytes = start.offset_bytes
        self._furthest_bytes = start.offset_bytes
        self._received_bytes = start.received_bytes
        self._etag: "str | None" = start.etag or None

    def reached(self, check32: int) -> Checkpoint:
        """How far it has come, given `Hasher.check32` of the bytes so far; to be saved once those are on storage."""
        spent_ms = self._now_ms() - self._began_ms
        return Checkpoint(self._offset_bytes, check32, self._etag or "", self._received_bytes, spent_ms)

    def _now_ms(self) -> int:
        """The time that limits are held against: it stands still in the pauses that bounds want."""
        return self._clock.now_ms() - self._paused_ms

    def run(self, sink: "Sink", buffer: "memoryview", progress: "Progress") -> bool:
        """Feed the bytes to `sink`, through `buffer`, until all have come; True then.

        False if `keep_going` stopped it, or the bounds did.
        *Blocks* until then or until a limit is reached. Goes on at the byte it had reached when a connection
        breaks, and from the beginning when the server says that the object is another one by now.
        *Raises* DownloadFailed, and whatever the sink raises.
        """
        limits = self._limits
        backoff = Backoff(limits.first_delay_ms, limits.most_delay_ms)
        fruitless = renewals = 0
        fruitful_ms = self._now_ms()
        url = without_query(self._source.url)
        log("download-started", url=url, offset_bytes=self._offset_bytes, size_bytes=self._size_bytes)
        # True also when all bytes came before a reset: the sink has them, and no request is needed.
        while self._offset_bytes < self._size_bytes:
            try:
                return self._try_once(sink, buffer, progress)
            except errors.DownloadFailed as error:
                problem = error
            if self._offset_bytes >= self._furthest_bytes + limits.fruitful_bytes:
                self._furthest_bytes = self._offset_bytes
                fruitless = renewals = 0
                fruitful_ms = self._now_ms()
                backoff.reset()
            else:
                fruitless += 1
            fruitless_ms = self._now_ms() - fruitful_ms
            is_patient = fruitless_ms < limits.patience_ms
            # S3 answers 403 to a URL that has expired, and to one that a session has signed that has expired.
            if _status(problem) == 403 and self._source.can_renew() and (is_patient or renewals < limits.renewals):
                renewals += 1
                problem = self._renewed() or problem
            elif not _may_pass(problem, fruitless_ms >= limits.distrust_ms):
                raise problem
            if fruitless >= limits.fruitless_tries and not is_patient:
                raise problem
            sink.stalled()
            asked_ms = problem.wait_s * 1_000 if isinstance(problem, errors.BadHttpStatus) else 0
            if not self._pause(min(asked_ms, limits.most_asked_ms) + backoff.next_ms(), problem, progress):
                return False
        return True

    def _is_spent(self, after_ms: int = 0) -> bool:
        """Whether the bounds end it, after that time."""
        return self._bounds is not None and self._bounds.end(self._clock.now_ms() + after_ms)

    def _renewed(self) -> "DownloadFailed | None":
        """Get a fresh URL; returns the error if a later try may work."""
        try:
            self._source.renew()
        except errors.Unreachable as error:
            return error
        return None

    def _pause(self, delay_ms: int, problem: "DownloadFailed", progress: "Progress") -> bool:
        """Wait before the next try; False, without waiting, if the bounds leave no time for one."""
        if self._is_spent(delay_ms):
            return False
        if self._now_ms() + delay_ms >= self._began_ms + self._in_all_ms:
            raise errors.DownloadTimeout(f"not finished within {self._in_all_ms} ms", cause=problem)
        log(
            "download-retried",
            url=without_query(self._source.url),
            offset_bytes=self._offset_bytes,
            problem=problem.reason,
            delay_ms=delay_ms,
        )
        progress.retrying(problem.reason, delay_ms)
        pause(self._clock, delay_ms, progress.waiting)
        return True

    def _try_once(self, sink: "Sink", buffer: "memoryview", progress: "Progress") -> bool:
        """One request, from the offset reached so far to the end; False if it was stopped before."""
        if self._is_spent():
            return False

        def on_silence() -> None:
            sink.stalled()
            progress.waiting()
            if self._is_spent():
                raise errors.DownloadTimeout("the time of this go is over")

        # A client that knows it calls it when it has waited for a second.
        setattr(self._client, "on_silence", on_silence)  # noqa: B010
        timeout_ms, to_bytes, bounds = self._limits.silence_ms, 0, self._bounds
        if bounds is not None:
            timeout_ms = bounds.left_ms(self._clock.now_ms(), timeout_ms)
            to_bytes = bounds.to_bytes(self._offset_bytes, self._size_bytes)
        headers = http_head.range_headers(self._offset_bytes, self._etag, to_bytes)
        answer = self._client.get(self._source.url, headers, timeout_ms)
        try:
            self._accept(answer, sink, to_bytes)
            self._etag = answer.etag
            return self._copy(answer, sink, buffer, progress)
        finally:
            answer.close()

    def _accept(self, answer: "Answer", sink: "Sink", to_bytes: int) -> None:
        """Compare the head of the answer with the request. *Raises* unless its body is the part that is missing."""
        total_bytes = http_head.whole_size(answer, self._offset_bytes, self._etag, to_bytes)
        if answer.status == 200 and self._offset_bytes:
            # S3 answers 200, not 206, when the object is another one by now or when it ignores Range: then the
            # download must start over.
            self._offset_bytes = 0
            sink.restart()
        if total_bytes is not None and total_bytes != self._size_bytes:
            kind = errors.BodyTooLong if total_bytes > self._size_bytes else errors.BodyTooShort
            raise kind(f"{total_bytes} bytes offered, {self._size_bytes} promised")

    def _stay_within_budget(self) -> None:
        limits = self._limits
        if self._now_ms() >= self._began_ms + self._in_all_ms:
            raise errors.DownloadTimeout(f"not finished within {self._in_all_ms} ms")
        most_bytes = limits.times_size * self._size_bytes + limits.spare_bytes
        if self._received_bytes >= most_bytes:
            raise errors.BudgetSpent(f"{self._received_bytes} bytes received for an image of {self._size_bytes}")

    def _copy(self, answer: "Answer", sink: "Sink", buffer: "memoryview", progress: "Progress") -> bool:
        problem, keep_going = None, self._keep_going
        while problem is None and self._offset_bytes < self._size_bytes:
            room = buffer[: min(len(buffer), self._size_bytes - self._offset_bytes)]
            if self._bounds is not None:
                room = room[: self._leave(self._bounds, len(room), progress)]
                if not room:
                    return False
            count, problem = self._filled(answer, room)
            if count:
                # The bytes that came are passed on, after any error.
                self._offset_bytes += count
                sink.write(buffer[:count])
                progress.downloading(self._offset_bytes, self._size_bytes)
                if keep_going is not None and not keep_going(self._offset_bytes, self._size_bytes):
                    return False
        if problem is not None:
            raise problem
        if answer.length_bytes is None and answer.readinto(buffer[:1]):
            raise errors.BodyTooLong(f"more than the promised {self._size_bytes} bytes")
        return True

    def _leave(self, bounds: "Bounds", wanted_bytes: int, progress: "Progress") -> int:
        """Wait until the bounds let some bytes be read; returns how many, 0 if the go is over.

        Nothing is read meanwhile, so that TCP slows down the server.
        """
        while not self._is_spent():
            now_ms = self._clock.now_ms()
            wait_ms = bounds.wait_ms(wanted_bytes, now_ms)
            if not wait_ms:
                return bounds.room_bytes(wanted_bytes)
            pause(self._clock, wait_ms, progress.waiting)
            self._paused_ms += self._clock.now_ms() - now_ms
        return 0

    def _filled(self, answer: "Answer", room: "memoryview") -> "tuple[int, DownloadFailed | None]":
        """Fill the buffer, unless that takes long; returns the number of bytes, and the error that ended it, if any.

        A full buffer is worth the wait: each call that handles the bytes costs time too.
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
                if self._count is not None:
                    self._count(more)
                if self._bounds is not None:
                    self._bounds.took(more, self._clock.now_ms())
        except errors.DownloadFailed as error:
            return count, error
        return count, None


def _may_pass(problem: "DownloadFailed", was_long: bool) -> bool:
    """Whether the same request may work later; a certificate is not distrusted for long."""
    if isinstance(problem, errors.UntrustedServer):
        return not was_long
    if isinstance(problem, (errors.Unreachable, errors.BodyTooShort, errors.DownloadTimeout)):
        return True
    status = _status(problem)
    return status >= 500 or status in (408, 429)


def _status(problem: "DownloadFailed") -> int:
    """The status that the server answered; 0 for any other error."""
    return problem.status if isinstance(problem, errors.BadHttpStatus) else 0
