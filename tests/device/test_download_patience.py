"""What passes is waited out: a download is bounded by time, and what came is kept by time too."""

import pytest

from fota.errors import BadHttpStatus, DownloadTimeout, Unreachable, UntrustedServer
from fota.progress import Progress
from fota.transfer.download import Download, Source
from fota.transfer.limits import Limits
from fota_testing.clock import FakeClock

CONTENT = bytes(range(256)) * 40
MINUTE_MS = 60_000


class Server:
    """A server of a given story: until a time it fails in one way, then it answers."""

    def __init__(self, clock, problem, until_ms):
        self.clock = clock
        self.problem = problem
        self.until_ms = clock.now_ms() + until_ms
        self.asked = 0

    def get(self, url, headers, timeout_ms):
        self.asked += 1
        if self.clock.now_ms() < self.until_ms:
            if isinstance(self.problem, int):
                return Answer(self.problem, b"")
            raise self.problem
        offset = int(headers.get("Range", "bytes=0-")[6:-1])
        return Answer(206 if offset else 200, CONTENT[offset:], offset)


class Answer:
    def __init__(self, status, body, offset=0):
        self.status = status
        self.etag = '"e"'
        self.length_bytes = len(body)
        self.content_range = f"bytes {offset}-{len(CONTENT) - 1}/{len(CONTENT)}"
        self.on_silence = None
        self._body = body

    def readinto(self, buffer):
        count = min(len(buffer), len(self._body))
        buffer[:count], self._body = self._body[:count], self._body[count:]
        return count

    def close(self):
        pass


class Sink:
    def __init__(self):
        self.content = b""
        self.stalls = 0

    def write(self, chunk):
        self.content += chunk

    def restart(self):
        self.content = b""

    def stalled(self):
        self.stalls += 1


def downloaded(problem, until_ms, *, renew=None, **limits):
    clock = FakeClock()
    server = Server(clock, problem, until_ms)
    sink = Sink()
    source = Source("https://h/i", renew)
    Download(source, len(CONTENT), server, clock, Limits(**limits)).run(sink, memoryview(bytearray(999)), Progress())
    return sink.content, server.asked


PASSES = {
    "a modem that dials again": (Unreachable("refused"), 20_000),
    "a line that is down for minutes": (Unreachable("no route"), 20 * MINUTE_MS),
    "a server that is busy": (503, 10 * MINUTE_MS),
    "a limit on requests": (429, 10 * MINUTE_MS),
    "a captive portal": (UntrustedServer("not accepted"), 5 * MINUTE_MS),
    "a name that is not found": (Unreachable("no such host"), 15 * MINUTE_MS),
}


@pytest.mark.parametrize("story", PASSES)
def test_what_passes_is_waited_out(story):
    assert downloaded(*PASSES[story])[0] == CONTENT


LASTS = {
    "refused": (Unreachable("refused"), Unreachable),
    "busy": (503, BadHttpStatus),
    "another's certificate": (UntrustedServer("not accepted"), UntrustedServer),
}


@pytest.mark.parametrize("story", LASTS)
def test_what_lasts_ends_with_its_own_reason(story):
    problem, error = LASTS[story]
    with pytest.raises(error):
        downloaded(problem, 10_000 * MINUTE_MS)


def test_a_status_that_cannot_pass_ends_with_the_first_answer():
    with pytest.raises(BadHttpStatus):
        downloaded(404, 1)


def test_a_session_that_has_expired_is_waited_out_where_a_url_can_be_renewed():
    assert downloaded(403, 10 * MINUTE_MS, renew=lambda: "https://h/j")[0] == CONTENT


def test_a_url_that_nobody_can_renew_ends_with_the_first_refusal():
    with pytest.raises(BadHttpStatus):
        downloaded(403, 10 * MINUTE_MS)


def test_no_patience_outlasts_the_time_of_the_download():
    with pytest.raises(DownloadTimeout):
        downloaded(503, 10_000 * MINUTE_MS, total_ms=10 * MINUTE_MS)


@pytest.mark.parametrize(("size_bytes", "least_s"), [(1 << 20, 3_600), (256 << 20, 256 << 10)])
def test_a_slow_link_has_the_time_for_a_large_image(size_bytes, least_s):
    # 256 MiB over a link of one KiB a second and more.
    assert Limits().in_all_ms(size_bytes) >= least_s * 1_000 // 2


def test_a_stall_is_told_to_what_takes_the_bytes():
    clock = FakeClock()
    sink = Sink()
    server = Server(clock, Unreachable("refused"), 20_000)
    Download(Source("https://h/i"), len(CONTENT), server, clock).run(sink, memoryview(bytearray(99)), Progress())
    assert sink.stalls >= 1
