"""A watchdog that bites after eight seconds can be fed by a progress, in every wait of an update, on both halves."""

import contextlib
import socket
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from aws.iot import topics
from aws.iot.credentials import Credentials
from aws.iot.errors import ConnectFailed, NoAnswer
from aws.iot.exchange import MAX_TRIES, Exchange
from aws.iot.mqtt import rules
from aws.iot.mqtt._client_cpython import PahoConnection
from fota import errors
from fota.digests import Digests
from fota.install import Installer
from fota.progress import Progress
from fota.transfer import _http_cpython, _http_micropython, _wire_cpython
from fota.transfer.download import Source
from fota.waiting import Listening, still_waiting
from fota_testing.clock import FakeClock
from fota_testing.jobs import faults
from fota_testing.jobs.service import JobsService
from fota_testing.memory_slots import MemorySlots
from fota_testing.servers import behaviours as server_that
from tests.labs.image_digests import digests_of
from tests.labs.interpreter import device, only_where_it_runs, told
from tests.labs.pki import new_identity
from tests.labs.servers import authority, serve, trusted

__all__ = ("authority", "device", "serve", "trusted")

BITES_MS = 8_388
"""The longest that the watchdog of an RP2040 can be set to."""


class Watchdog(Progress):
    """Is fed by every call."""

    def __init__(self, clock: FakeClock) -> None:
        self.clock = clock
        self.fed_ms = clock.now_ms()
        self.longest_ms = 0
        self.waits = 0

    def feed(self) -> None:
        """A sign of life."""
        now_ms = self.clock.now_ms()
        self.longest_ms = max(self.longest_ms, now_ms - self.fed_ms)
        self.fed_ms = now_ms

    def waiting(self) -> None:
        self.waits += 1
        self.feed()

    def retrying(self, reason: str, delay_ms: int) -> None:
        self.feed()

    def downloading(self, done_bytes: int, total_bytes: int) -> None:
        self.feed()


class Busy:
    """A server that wants to be left alone, always."""

    status = 503
    etag: str | None = None
    length_bytes: int | None = 0
    content_range: str | None = None
    retry_after = "300"

    def get(self, url: str, headers: dict[str, str], timeout_ms: int) -> "Busy":
        return self

    def readinto(self, buffer: memoryview) -> int:
        return 0

    def close(self) -> None:
        """Nothing."""


def test_no_pause_between_tries_is_longer_than_a_watchdog_bears() -> None:
    clock = FakeClock()
    watchdog = Watchdog(clock)
    installer = Installer(MemorySlots(2, 100), client=Busy(), clock=clock)
    with pytest.raises(errors.BadHttpStatus):
        installer.install(Source("https://h/i"), Digests(9, bytes(16), None), 1, watchdog)
    assert watchdog.longest_ms <= 2_000
    assert watchdog.waits > 500


def test_no_wait_for_an_answer_is_longer_than_a_watchdog_bears() -> None:
    clock = FakeClock()
    service = JobsService(clock, "lamp")
    service.connect()
    service.expect("list", faults.LOST_BEFORE, times=MAX_TRIES)
    watchdog = Watchdog(clock)
    with Listening(watchdog), pytest.raises(NoAnswer):
        Exchange(service, "lamp", clock).ask(topics.jobs_get("lamp"), {})
    assert watchdog.longest_ms <= 2_000


def test_reading_back_a_slot_is_work_and_no_silence() -> None:
    clock = FakeClock()
    watchdog = Watchdog(clock)
    slots = MemorySlots(2, 100)
    writer = slots.writer(1, 90)
    writer.write(memoryview(bytes(90)))
    writer.close()
    slots.seal(1, digests_of(bytes(90)))
    with Listening(watchdog):
        assert Installer(slots, client=Busy(), clock=clock, buffer_bytes=10).holds(1, digests_of(bytes(90)))
    assert watchdog.waits == 9


def test_only_the_outermost_update_listens_and_only_while_it_lasts() -> None:
    outer, inner = Watchdog(FakeClock()), Watchdog(FakeClock())
    with Listening(outer), contextlib.suppress(KeyError):
        with Listening(inner):
            still_waiting()
        still_waiting()
        raise KeyError
    still_waiting()
    assert (outer.waits, inner.waits) == (2, 0)


# Real sockets.


@pytest.fixture
def often(monkeypatch: pytest.MonkeyPatch) -> None:
    """What is told each second is told each twentieth of one."""
    monkeypatch.setattr(_http_micropython, "_SILENCE_MS", 50)
    monkeypatch.setattr(_wire_cpython, "_SILENCE_S", 0.05)
    monkeypatch.setattr(rules, "TURN_MS", 50)


@pytest.fixture
def mute() -> Iterator[int]:
    """A port where connections are taken and nothing is ever said."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        yield listener.getsockname()[1]


CLIENTS = {"urllib3": _http_cpython.Urllib3Client, "without urllib3": _http_micropython.SslClient}


@pytest.fixture(params=CLIENTS)
def client(request: pytest.FixtureRequest, trusted: str, often: None) -> object:
    return CLIENTS[request.param](trusted)


def waits_of(client: object, url: str) -> int:
    """How often a client told that it waits, in half a second without a word."""
    waits: list[int] = []
    client.on_silence = lambda: waits.append(1)  # type: ignore[attr-defined]

    def read() -> None:
        answer = client.get(url, {}, 500)  # type: ignore[attr-defined]
        try:
            answer.readinto(memoryview(bytearray(9)))
        finally:
            answer.close()

    with pytest.raises(errors.DownloadTimeout):
        read()
    return len(waits)


def test_a_handshake_that_is_not_answered_is_a_wait(client: object, mute: int) -> None:
    assert waits_of(client, f"https://127.0.0.1:{mute}/image") >= 5


@pytest.mark.slow
@pytest.mark.slow
@pytest.mark.parametrize("silent", [server_that.silence, server_that.silence_after(0)], ids=["head", "body"])
def test_an_answer_that_does_not_come_is_a_wait(client: object, serve: Callable[..., object], silent: object) -> None:
    server = serve(b"image", silent)
    assert waits_of(client, server.url()) >= 5  # type: ignore[attr-defined]


def test_a_broker_that_does_not_answer_is_a_wait(often: None, mute: int) -> None:
    one = new_identity()
    connection = PahoConnection(f"127.0.0.1:{mute}", "lamp", Credentials(one.clicert, one.pkey))
    watchdog = Watchdog(FakeClock())
    with Listening(watchdog), pytest.raises(ConnectFailed):
        connection.connect(timeout_ms=500)
    assert watchdog.waits >= 5


SCRIPT = """
import json
from aws.iot import topics
from aws.iot.credentials import Credentials
from aws.iot.errors import ConnectFailed
from aws.iot.exchange import MAX_TRIES, Exchange
from aws.iot.mqtt import rules
from aws.iot.mqtt._client_micropython import SocketConnection
from fota.errors import DownloadTimeout
from fota.progress import Progress
from fota.transfer import _http_micropython
from fota.waiting import Listening

rules.TURN_MS = _http_micropython._SILENCE_MS = 50
waits = []

class Told(Progress):
    def waiting(self):
        waits.append(1)

connection = SocketConnection("127.0.0.1:PORT", "lamp", Credentials("a.crt", "a.key", "a.crt"))
with Listening(Told()):
    try:
        connection.connect(timeout_ms=500)
    except ConnectFailed:
        print(json.dumps(["mqtt", len(waits)]))
client = _http_micropython.SslClient("a.crt")
client.on_silence = Told().waiting
waits.clear()
try:
    client.get("https://127.0.0.1:PORT/image", {}, 500)
except DownloadTimeout:
    print(json.dumps(["https", len(waits)]))
"""


@only_where_it_runs
def test_on_micropython_the_same_is_a_wait(device: Path, mute: int) -> None:
    one = new_identity()
    (device / "a.crt").write_text(one.clicert)
    (device / "a.key").write_text(one.pkey)
    found = told(SCRIPT.replace("PORT", str(mute)), folder=device)
    assert [name for name, _ in found] == ["mqtt", "https"]
    assert all(waits >= 5 for _, waits in found)
