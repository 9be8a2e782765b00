"""Downloads with virtual pauses between the tries, for the tests of a single download."""

import random

import pytest

from fota.errors import BadHttpAnswer, BadHttpStatus, BodyTooLong, BodyTooShort, Unreachable
from fota.progress import Progress
from fota.transfer.download import Download, Source
from fota.transfer.http import HttpsClient
from fota.transfer.limits import Limits
from fota_testing.clock import FakeClock
from fota_testing.servers import behaviours as server_that

CONTENT = random.Random(2).randbytes(50_000)
SIZE_BYTES = len(CONTENT)
TRIES = 5
NO_PATIENCE = {"patience_ms": 0, "distrust_ms": 0, "slowest_bytes_per_s": 1 << 40}
"""A download that counts its tries alone, and has no more time for more bytes."""


class Sink:
    """Takes bytes; one byte past the size fails the test."""

    def __init__(self, size_bytes):
        self.content = bytearray()
        self.restarts = 0
        self._size_bytes = size_bytes

    def write(self, chunk):
        self.content += chunk
        assert len(self.content) <= self._size_bytes, "a byte past the promised size"

    def restart(self):
        self.content.clear()
        self.restarts += 1

    def stalled(self):
        pass


class Told(Progress):
    def __init__(self):
        self.done = []
        self.retries = []

    def downloading(self, done_bytes, total_bytes):
        self.done.append((done_bytes, total_bytes))

    def retrying(self, reason, delay_ms):
        self.retries.append((reason, delay_ms))


class Lab:
    """Downloads, with virtual pauses between the tries."""

    def __init__(self, trusted):
        self.client = HttpsClient(trusted)
        self.clock = FakeClock()
        self.told = Told()
        self.sink = Sink(0)

    def download(self, url, size_bytes=SIZE_BYTES, buffer_bytes=4096, **limits):
        self.sink = Sink(size_bytes)
        download = Download(
            Source(url),
            size_bytes,
            client=self.client,
            clock=self.clock,
            limits=Limits(**{**NO_PATIENCE, "silence_ms": 2000, **limits}),
        )
        download.run(self.sink, memoryview(bytearray(buffer_bytes)), self.told)
        return bytes(self.sink.content)


@pytest.fixture
def lab(trusted):
    return Lab(trusted)


PERMANENT = [201, 202, 203, 204, 300, 301, 303, 304, 307, 308, 400, 401, 403, 404, 410, 416, 418]
PASSING = [408, 429, 500, 502, 503, 504, 599]

FAILURES = {
    **{f"status {number}": (server_that.status(number), BadHttpStatus, 1) for number in PERMANENT},
    **{f"status {number}": (server_that.status(number), BadHttpStatus, TRIES) for number in PASSING},
    "short body": (server_that.short_body(1), BodyTooShort, TRIES),
    "empty body": (server_that.short_body(SIZE_BYTES), BodyTooShort, TRIES),
    "long body": (server_that.long_body(1), BodyTooLong, 1),
    "long body, unannounced": (server_that.long_body(1, announced=False), BodyTooLong, 1),
    "very long body, unannounced": (server_that.long_body(500_000, announced=False), BodyTooLong, 1),
    "range that nobody asked for": (
        server_that.content_range(f"bytes 0-{SIZE_BYTES - 1}/{SIZE_BYTES}"),
        BadHttpAnswer,
        1,
    ),
    "gzip": (server_that.gzipped, BadHttpAnswer, 1),
    "no word": (server_that.hang_up, Unreachable, TRIES),
    "no HTTP": (server_that.raw(b"SSH-2.0-OpenSSH_9.2\r\n\r\n"), Unreachable, TRIES),
    "endless head": (server_that.raw(b"HTTP/1.1 200 OK\r\nX: " + b"x" * 100_000 + b"\r\n\r\n"), Unreachable, TRIES),
    "broken chunks": (
        server_that.raw(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n"),
        BodyTooShort,
        TRIES,
    ),
}
