"""Downloads in virtual time, from a server in memory, in goes that may take a bounded part each."""

from fota.errors import DownloadTimeout, Unreachable
from fota.progress import Progress
from fota.transfer.checkpoint import Checkpoint
from fota.transfer.download import Download, Source
from fota.transfer.limits import Limits
from fota_testing.clock import FakeClock

CONTENT = bytes(range(251)) * 4178
SIZE_BYTES = len(CONTENT)
BUFFER_BYTES = 4096


class Server:
    """As fast as memory, unless a read costs time; it fails when it is told to, and writes down what was asked."""

    def __init__(self, clock, content=CONTENT, read_ms=0):
        self.clock = clock
        self.content = content
        self.read_ms = read_ms
        self.on_silence = lambda: None
        self.ranges = []
        self.timeouts_ms = []
        self.closed = 0
        self.is_silent_from = None
        self.fails = False
        self.ignores_ranges = False

    def get(self, url, headers, timeout_ms):
        wanted = headers.get("Range")
        self.ranges.append(wanted)
        self.timeouts_ms.append(timeout_ms)
        if self.fails:
            raise Unreachable("told to")
        if self.ignores_ranges:
            wanted = None
        first, _, last = (wanted or "bytes=0-")[6:].partition("-")
        return Answer(self, wanted is not None, int(first), int(last) + 1 if last else len(self.content), timeout_ms)


class Answer:
    def __init__(self, server, is_part, first, end, timeout_ms):
        self.status = 206 if is_part else 200
        self.etag = '"e"'
        self.content_range = f"bytes {first}-{end - 1}/{len(server.content)}"
        self.length_bytes = end - first
        self._server, self._at, self._end, self._timeout_ms = server, first, end, timeout_ms

    def readinto(self, buffer):
        server = self._server
        server.clock.advance_ms(server.read_ms)
        if server.is_silent_from is not None and self._at >= server.is_silent_from:
            for _ in range(self._timeout_ms // 1_000):
                server.clock.advance_ms(1_000)
                server.on_silence()
            raise DownloadTimeout("silence")
        count = min(len(buffer), self._end - self._at)
        buffer[:count] = server.content[self._at : self._at + count]
        self._at += count
        return count

    def close(self):
        self._server.closed += 1


class Taken(Progress):
    """Writes down when bytes were passed on, and when the program was told that it waits."""

    def __init__(self, clock):
        self.clock = clock
        self.came = [(0, clock.now_ms())]
        self.waited_ms = [clock.now_ms()]

    def downloading(self, done_bytes, total_bytes):
        self.came.append((done_bytes, self.clock.now_ms()))

    def waiting(self):
        self.waited_ms.append(self.clock.now_ms())

    def longest_silence_ms(self):
        return max(b - a for a, b in zip(self.waited_ms, self.waited_ms[1:], strict=False))

    def most_bytes_in(self, window_ms):
        """The bytes of the window that has most of them."""
        pieces = [(at_ms, now - before) for (before, _), (now, at_ms) in zip(self.came, self.came[1:], strict=False)]
        most = last = in_window = 0
        for from_ms, count in pieces:
            while last < len(pieces) and pieces[last][0] < from_ms + window_ms:
                in_window += pieces[last][1]
                last += 1
            most = max(most, in_window)
            in_window -= count
        return most


class Sink:
    def __init__(self):
        self.content = bytearray()

    def write(self, chunk):
        self.content += chunk

    def restart(self):
        self.content.clear()

    def stalled(self):
        pass


class Lab:
    def __init__(self, content=CONTENT, read_ms=0):
        self.clock = FakeClock()
        self.server = Server(self.clock, content, read_ms)
        self.sink = Sink()
        self.took = Taken(self.clock)
        self.counted_bytes = 0
        self.reached = Checkpoint()

    def go(self, bounds, *, buffer_bytes=BUFFER_BYTES, **limits):
        """One go of the download, from where the one before it came to; whether all came."""
        began_ms = self.clock.now_ms()
        download = Download(
            Source("https://host/key"),
            len(self.server.content),
            client=self.server,
            clock=self.clock,
            limits=Limits(**limits),
            start=self.reached,
            bounds=bounds,
            count=self._count,
        )
        try:
            return download.run(self.sink, memoryview(bytearray(buffer_bytes)), self.took)
        finally:
            self.reached = download.reached(0)
            self.lasted_ms = self.clock.now_ms() - began_ms

    def _count(self, count_bytes):
        self.counted_bytes += count_bytes
