"""The socket that a service manager listens on, at a path and at an abstract address."""

import contextlib
import secrets
import socket
import tempfile
import time
from pathlib import Path

import pytest


class Notified:
    """The socket that a service manager listens on."""

    def __init__(self, address):
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self._socket.bind("\0" + address[1:] if address.startswith("@") else address)
        self._socket.settimeout(20)
        self.address = address

    def next(self):
        return self._socket.recv(4096).decode()

    def next_after(self):
        """The next message, and how many seconds it let itself be waited for."""
        began_s = time.monotonic()
        return self.next(), time.monotonic() - began_s

    def until(self, message):
        """What came up to a message, that message last."""
        came = [self.next()]
        while came[-1] != message:
            came.append(self.next())
        return came

    def fill_up(self):
        """Leave no room for another message."""
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as sender, contextlib.suppress(BlockingIOError):
            sender.setblocking(False)
            while True:
                sender.sendto(b"", self._socket.getsockname())

    def close(self):
        self._socket.close()


@pytest.fixture(params=["path", "abstract"])
def notified(request):
    # Not in `tmp_path`: the address of a socket may have 107 characters, and the name of a test is long.
    with tempfile.TemporaryDirectory() as folder:
        address = str(Path(folder, "notify")) if request.param == "path" else f"@fota-test-{secrets.token_hex(8)}"
        made = Notified(address)
        yield made
        made.close()
