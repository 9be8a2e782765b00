"""What goes of a download take, and what a device counts of it, printed line by line: run by both interpreters.

Itself in the portable subset, as `portable_scenario.py`. Prints results and never judges them.
"""

from fota import journal
from fota.digests import Digests
from fota.fetched import counted
from fota.journal import Entry, Journal
from fota.pace import NOTHING_YET, of_numbers
from fota.progress import Progress
from fota.transfer.bounds import Bounds
from fota.transfer.download import Download, Source
from fota_testing.clock import FakeClock
from fota_testing.flash.cells import MemoryCell


def tell(*words):
    print(*words)


class Answer:
    """The part that was asked for, of an object of zeros."""

    def __init__(self, size_bytes, asked):
        first, _, last = (asked or "bytes=0-")[6:].partition("-")
        end = int(last) + 1 if last else size_bytes
        self.status = 200 if asked is None else 206
        self.length_bytes = end - int(first)
        self.etag = '"tag"'
        self.content_range = "bytes %s-%d/%d" % (first, end - 1, size_bytes)  # noqa: UP031
        self._left_bytes = self.length_bytes

    def readinto(self, buffer):
        count = min(len(buffer), self._left_bytes)
        self._left_bytes -= count
        return count

    def close(self):
        pass


class Client:
    def __init__(self, size_bytes):
        self.size_bytes, self.asked = size_bytes, []

    def get(self, _url, headers, timeout_ms):
        self.asked.append((headers.get("Range"), timeout_ms))
        return Answer(self.size_bytes, headers.get("Range"))


class Sink:
    def write(self, chunk):
        tell("chunk", len(chunk))

    def restart(self):
        tell("restart")

    def stalled(self):
        tell("stalled")


def goes():
    for rate in (None, 1, 3, 100, 65_536, 10_000_000):
        for most_bytes in (None, 0, 1, 2_500, 8_999, 9_000):
            for for_s in (None, 0, 7, 100_000):
                clock, client, bounds = FakeClock(), Client(9_000), Bounds(rate, most_bytes, for_s)
                source = Source("https://host/key")
                download = Download(source, 9_000, client=client, clock=clock, bounds=bounds, count=tell)
                is_whole = download.run(Sink(), memoryview(bytearray(700)), Progress())
                reached = download.reached(0)
                tell("go", rate, most_bytes, for_s, is_whole, bounds.is_spent, client.asked, sum(clock.sleeps))
                tell("reached", reached.offset_bytes, reached.received_bytes, reached.spent_ms)


def bounds():
    odds: tuple[object, ...] = (-1, 0, True, 1.5, "1", 1 << 70)
    for odd in odds:
        for name in ("max_bytes_per_s", "max_bytes", "for_s"):
            try:
                tell("bounds", getattr(Bounds(**{name: odd}), name))  # type: ignore[arg-type]
            except ValueError as error:
                tell("refused", error)


def accounts():
    account: tuple[int, ...] = NOTHING_YET
    for now_s in (None, 1_700_000_000, 1_700_050_000, 1_700_086_400, 1_702_592_000, 1_600_000_000, None):
        account = counted(account, now_s, 1 << 20)
        tell("account", account)
    tell("most", counted(account, None, 1 << 60))
    cells = (MemoryCell(), MemoryCell())
    kept = Journal(cells[0], cells[1])
    kept.accounts["fetched"] = account
    kept.save(Entry("job-1", 7, Digests(5, b"m" * 16, None)))
    kept.clear()
    tell("kept", Journal(cells[0], cells[1]).accounts["fetched"], journal.decode(b"{}"))
    odds: tuple[object, ...] = (
        None,
        [],
        [1, 2, 3],
        [1, 2, 3, 1 << 40],
        [1, 2, 3, -1],
        [1, 2, 3, "4"],
        [1, 2, 3, 4.0],
    )
    for odd in odds:
        tell("absurd", of_numbers(odd))


for chapter in (goes, bounds, accounts):
    tell("chapter", chapter.__name__)
    chapter()
