"""A rate is kept over real HTTPS, by either interpreter: 4 MiB at 64 KiB a second take 64 seconds."""

import concurrent.futures
import functools
import inspect
import json
import time

import pytest

from fota import machine
from fota.progress import Progress
from fota.transfer.bounds import Bounds
from fota.transfer.download import Download, Source
from fota.transfer.http import HttpsClient
from fota_testing.servers import behaviours as server_that
from tests.labs.interpreter import device, told
from tests.labs.interpreter import only_where_it_runs as pytestmark

__all__ = ("device", "pytestmark")

SIZE_BYTES = 4 << 20
RATE = 64 << 10


def gone(trust, url, size_bytes, rate, most_bytes, for_s, buffer_bytes):
    """What one go comes to. Runs on both interpreters."""

    class Sink:
        def __init__(self):
            self.came = [(machine.now_ms(), 0)]

        def write(self, chunk):
            self.came.append((machine.now_ms(), len(chunk)))

        def restart(self):
            raise ValueError("the server starts over")

        def stalled(self):
            pass

    sink, began_ms, bounds = Sink(), machine.now_ms(), Bounds(rate, most_bytes, for_s)
    download = Download(Source(url), size_bytes, client=HttpsClient(trust), clock=machine, bounds=bounds)
    is_whole = download.run(sink, memoryview(bytearray(buffer_bytes)), Progress())
    lasted_ms, first, in_window, busiest = machine.now_ms() - began_ms, 0, 0, 0
    for at_ms, count in sink.came:
        in_window += count
        while sink.came[first][0] <= at_ms - 10_000:
            in_window -= sink.came[first][1]
            first += 1
        busiest = max(busiest, in_window)
    return [is_whole, bounds.is_spent, lasted_ms, busiest, sum(count for _, count in sink.came)]


SCRIPT = f"""
import json
import sys
from fota import machine
from fota.progress import Progress
from fota.transfer.bounds import Bounds
from fota.transfer.download import Download, Source
from fota.transfer.http import HttpsClient

{inspect.getsource(gone)}

with open("asked.json") as file:
    print(json.dumps(gone(*json.load(file))))
"""


@pytest.fixture
def go_on(device, trusted):
    """Makes one go on an interpreter."""

    def make(interpreter, url, size_bytes, rate=None, most_bytes=None, for_s=None):
        if interpreter == "cpython":
            return gone(trusted, url, size_bytes, rate, most_bytes, for_s, 65_536)
        (device / "asked.json").write_text(json.dumps([trusted, url, size_bytes, rate, most_bytes, for_s, 4096]))
        (found,) = told(SCRIPT, folder=device)
        return found

    return make


@pytest.fixture(params=["cpython", "micropython"])
def go(request, go_on):
    """Makes one go, on one interpreter and on the other."""
    return functools.partial(go_on, request.param)


def test_a_second_brings_what_the_rate_allows(go, serve):
    began_s = time.monotonic()
    is_whole, _, lasted_ms, _, _ = go(serve(bytes(60_000)).url(), 60_000, 30_000)
    assert is_whole
    assert 1_500 <= lasted_ms <= (time.monotonic() - began_s) * 1_000


def test_a_go_ends_with_its_bytes(go, serve):
    server = serve(bytes(50_000))
    assert go(server.url(), 50_000, None, 10_001)[::4] == [False, 10_001]
    assert [request.get("range") for request in server.requests] == ["bytes=0-10000"]


@pytest.mark.slow
@pytest.mark.parametrize("silent_from", [None, 0, 20_000])
def test_a_go_ends_with_its_time_when_the_server_says_nothing(go, serve, silent_from):
    says_nothing = server_that.silence if silent_from is None else server_that.silence_after(silent_from)
    server = serve(bytes(50_000), says_nothing)
    is_whole, is_spent, lasted_ms, _, came_bytes = go(server.url(), 50_000, for_s=2)
    assert (is_whole, is_spent, came_bytes) == (False, True, silent_from or 0)
    # A second late at most; and a machine with much else to do takes its time.
    assert 2_000 <= lasted_ms < 6_000


@pytest.mark.slow
def test_four_mib_at_64_kib_a_second_take_64_seconds_on_each_interpreter(go_on, serve):
    def go(interpreter):
        return go_on(interpreter, serve(bytes(SIZE_BYTES)).url(), SIZE_BYTES, RATE)

    interpreters = ("cpython", "micropython")
    # Both in the same minute: they wait for nearly all of it.
    with concurrent.futures.ThreadPoolExecutor() as both:
        for interpreter, found in zip(interpreters, both.map(go, interpreters), strict=True):
            is_whole, is_spent, lasted_ms, busiest, came_bytes = found
            print(f"{interpreter}: {lasted_ms} ms; in the busiest ten seconds {busiest} bytes")
            assert (is_whole, is_spent, came_bytes) == (True, False, SIZE_BYTES)
            assert 64_000 * 0.95 <= lasted_ms <= 64_000 * 1.05
            assert busiest <= 10 * RATE
