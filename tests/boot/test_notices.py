"""The socket of an image: whatever is thrown at it, `fota-boot` goes on, judges and stops as before."""

import os
import socket
import struct
from pathlib import Path

import pytest

from fota_boot import notices as notices_module
from fota_boot.heartbeat import Heartbeat
from fota_boot.notices import MAX_BYTES, NAME, Notices
from fota_boot.systemd import Systemd
from tests.labs.beating import BEATS_FOR_S, BY_HAND, PROMISES
from tests.labs.boot_lab import QUICK, WAITS, alive

NOISE = f"""
import os
{BY_HAND}
while True:
    for content in (b"", b"x" * 100_000, os.urandom(3_000), b"=" * 4_096, b"A=1\\n" * 500):
        say(content)
    say(b"STATUS=" + os.urandom(50))
"""
FLOODED = f"flood = subprocess.Popen([sys.executable, '-c', {NOISE!r}])\n"


@pytest.mark.slow
@pytest.mark.slow
def test_a_flood_of_garbage_neither_stops_the_supervisor_nor_condemns_the_image(lab):
    lab.provision(FLOODED + BEATS_FOR_S + "beat_for(3)\ntell('done', flood=flood.poll())\nbeat_for(1000)\n")
    process = lab.start(shortened=QUICK)
    assert lab.wait_for("done")["flood"] is None
    assert lab.stop(process) == 0
    assert lab.started() == ["factory"]


@pytest.mark.slow
@pytest.mark.slow
def test_a_flood_of_garbage_does_not_hide_that_the_image_hangs(lab):
    lab.provision(FLOODED + PROMISES + "time.sleep(1000)\n")
    lab.start(shortened=QUICK)
    first = lab.wait_for("promised")["pid"]
    lab.wait_for_start(2)
    assert not alive(first)


def test_a_socket_that_a_killed_supervisor_left_is_made_again(lab):
    lab.provision(WAITS)
    (lab.home_path / NAME).write_bytes(b"left")
    process = lab.start()
    lab.wait_for_start(1)
    assert (lab.home_path / NAME).is_socket()
    assert (lab.home_path / NAME).stat().st_mode & 0o777 == 0o600
    assert lab.stop(process) == 0
    assert not (lab.home_path / NAME).exists()


def test_a_home_that_takes_no_socket_has_one_without_a_path(lab):
    lab.provision(PROMISES + "tell('address', address=os.environ['NOTIFY_SOCKET'])\ntime.sleep(1000)\n")
    (lab.home_path / NAME).mkdir()
    lab.start(shortened=QUICK)
    assert lab.wait_for("address")["address"].startswith("@fota-boot-")
    lab.wait_for_start(2)


def test_a_path_that_is_too_long_for_a_socket_is_not_taken(tmp_path):
    home = tmp_path / ("d" * 100)
    home.mkdir()
    notices = Notices(str(home))
    assert notices.address.startswith("@")
    notices.close()


def test_without_a_socket_nothing_is_promised_and_nothing_is_judged(tmp_path, monkeypatch):
    def refuse(_address):
        raise OSError("no socket")

    monkeypatch.setattr(notices_module, "_bound", refuse)
    heartbeat = Heartbeat(str(tmp_path), 1, Systemd(), ready_deadline_s=100)
    heartbeat.begin(0)
    assert heartbeat.environment() == {}
    assert heartbeat.readable() == []
    assert heartbeat.is_kept()
    assert heartbeat.at_most(None) is None
    heartbeat.close()


@pytest.fixture
def notices(tmp_path, monkeypatch):
    """One that takes this process for a descendant."""
    monkeypatch.setattr(notices_module, "is_descendant", lambda pid: pid == os.getpid())
    made = Notices(str(tmp_path))
    yield made
    made.close()


@pytest.fixture
def sender(notices):
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as made:
        made.connect(notices.address)
        yield made


def test_a_message_is_its_fields(notices, sender):
    sender.send(b"READY=1\nSTATUS=a=b\nno field\n\n")
    assert notices.read() == [{"READY": "1", "STATUS": "a=b"}]
    assert notices.read() == []


@pytest.mark.parametrize(
    "content",
    [b"", b"\n", b"x", b"x" * 100_000, b"WATCHDOG=1\n" + b"x" * MAX_BYTES],
    ids=["empty", "line", "word", "huge", "cut"],
)
def test_what_is_no_message_is_left_out_and_the_next_one_is_read(notices, sender, content):
    sender.send(content)
    sender.send(b"WATCHDOG=1")
    assert notices.read() == [{"WATCHDOG": "1"}]


def test_what_is_no_text_is_no_error(notices, sender):
    sender.send(b"STATUS=\xff\x00\xfe\nWATCHDOG=1")
    assert notices.read()[0]["WATCHDOG"] == "1"


def open_files():
    return len(list(Path("/proc/self/fd").iterdir()))


def test_descriptors_that_come_along_are_closed_and_their_message_counts(notices, sender):
    reader, writer = os.pipe()
    sender.sendmsg([b"WATCHDOG=1"], [(socket.SOL_SOCKET, socket.SCM_RIGHTS, struct.pack("i", writer))])
    os.close(writer)
    before = open_files()
    assert notices.read() == [{"WATCHDOG": "1"}]
    assert open_files() == before
    # As sd_notify_barrier(3) waits for it.
    assert os.read(reader, 1) == b""
    os.close(reader)


def test_nobody_but_descendants_is_listened_to(tmp_path):
    notices = Notices(str(tmp_path))
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as sender:
        sender.connect(notices.address)
        sender.send(b"WATCHDOG=1")
        # This process is no descendant of itself.
        assert notices.read() == []
    notices.close()
