"""The client without urllib3 on a small heap: what a download takes of memory, and that no connection stays open."""

import errno
import inspect
import random
import socket

import pytest
from cryptography.hazmat.primitives import hashes

from fota.errors import Unreachable
from fota.transfer._http_micropython import SslClient
from fota_testing.servers import behaviours as server_that
from fota_testing.servers.authority import Authority
from tests.labs.http_micropython_lab import CONTENT, FETCH_SCRIPT, fetched, reset_after
from tests.labs.interpreter import device, told
from tests.labs.interpreter import only_where_it_runs as pytestmark

__all__ = ("device", "pytestmark")


class NoRoom:
    """A context of TLS on a board whose memory is used up."""

    plain: socket.socket

    def wrap_socket(self, plain, **_options):
        self.plain = plain
        raise OSError(errno.ENOMEM, "no room")


def test_tls_that_has_no_room_to_begin_is_unreachable_and_leaves_no_socket_open(serve, trusted):
    client = SslClient(trusted)
    context = NoRoom()
    vars(client)["_context"] = context
    with pytest.raises(Unreachable):
        client.get(serve(CONTENT).url(), {}, 5_000)
    assert context.plain.fileno() == -1


_WHOLE_UPDATE = """
import gc, hashlib, json, sys
from fota.transfer._http_micropython import SslClient
from fota.transfer.download import Download, Source
from fota.transfer.limits import Limits
from fota.progress import Progress
from fota import machine

class Sink:
    def __init__(self):
        self.hash, self.count = hashlib.sha256(), 0
    def write(self, chunk):
        self.hash.update(chunk)
        self.count += len(chunk)
        if self.count % 65536 < len(chunk):
            gc.collect()
            peaks.append(gc.mem_alloc())
    def restart(self):
        self.__init__()
    def stalled(self):
        pass

url, trust, size_bytes = sys.argv[1], sys.argv[2], int(sys.argv[3])
peaks, sink, buffer = [], Sink(), memoryview(bytearray(4096))
machine.emit = lambda event, facts: None
gc.collect()
before = gc.mem_alloc()
limits = Limits(silence_ms=5_000, first_delay_ms=1, most_delay_ms=1)
Download(Source(url), size_bytes, client=SslClient(trust), clock=machine, limits=limits).run(sink, buffer, Progress())
print(json.dumps([sink.hash.digest().hex(), before, peaks]))
"""


def test_a_download_takes_memory_that_does_not_grow_with_the_image(device, serve, trusted):
    content = random.Random(8).randbytes(1 << 20)
    server = serve(content)
    arguments = (server.url(), trusted, str(len(content)))
    ((digest, before, allocated),) = told(_WHOLE_UPDATE, *arguments, folder=device, heap="256k")
    print(f"before {before} bytes; during, after each 64 KiB {min(allocated)} to {max(allocated)}")
    assert digest == sha256(content)
    assert max(allocated) - min(allocated) < 512


@pytest.mark.slow
@pytest.mark.parametrize("how", [server_that.drop_after, reset_after], ids=["end", "reset"])
def test_a_download_goes_on_where_each_connection_broke(device, serve, trusted, how):
    server = serve(CONTENT, afterwards=how(1_600))
    ((digest, _, _),) = told(_WHOLE_UPDATE, server.url(), trusted, str(len(CONTENT)), folder=device)
    assert digest == sha256(CONTENT)


_DESCRIPTORS = """
import os
fetched(*asked)
before = len(os.listdir("/proc/self/fd"))
__import__("gc").disable()
for _ in range(5):
    fetched(*asked)
print(json.dumps([len(os.listdir("/proc/self/fd")) - before]))
"""


@pytest.mark.slow
@pytest.mark.parametrize("name", ["honest", "hung up", "silent", "no HTTP", "untrusted", "refused"])
def test_no_connection_is_left_open(device, serve, trusted, silent_port, name):
    """On MicroPython; on CPython one that is left is a warning, and a warning fails a test."""
    server = serve(CONTENT[:100])
    server.afterwards = {
        "hung up": server_that.hang_up,
        "silent": server_that.silence,
        "no HTTP": server_that.raw(b"\r\n\r\n"),
    }.get(name, server_that.honest)
    url = f"https://127.0.0.1:{silent_port}/image" if name == "refused" else server.url()
    if name == "untrusted":
        url = serve(CONTENT, authority=Authority("somebody else")).url()
    (device / "asked.json").write_text("[]")
    script = (
        FETCH_SCRIPT.replace("{fetched}", inspect.getsource(fetched)) + f"asked = {[trusted, url, {}, 200, 100]!r}"
    )
    assert told(script + _DESCRIPTORS, folder=device) == [[0]]


def sha256(content):
    digest = hashes.Hash(hashes.SHA256())
    digest.update(content)
    return digest.finalize().hex()
