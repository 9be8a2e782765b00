"""The socket on which the processes of an image speak sd_notify(3) to `fota-boot`.

It works with systemd and without, and needs no privilege. Only what descendants of `fota-boot` send counts, by the
sender's process number that the kernel adds. What a message means is for `heartbeat`.
"""

import os
import secrets
import socket
import struct
from contextlib import suppress

from fota.log import log
from fota_boot.linux import is_descendant

NAME = "notify"
"""The file of the socket in a home, which no other user can enter."""

MAX_BYTES = 4096
"""A longer message counts for nothing, as with systemd."""

_MAX_AT_ONCE = 1_024
"""More messages than a queue of Linux holds: once this number was read, all that waited before has been read."""

_MAX_PATH_BYTES = 107
_CREDENTIALS = struct.Struct("3i")
_DATAGRAM = socket.SOCK_DGRAM | socket.SOCK_CLOEXEC | socket.SOCK_NONBLOCK


class Notices:
    """The socket, from the start of a supervisor to its end."""

    def __init__(self, home: str) -> None:
        """Make it in the home, else with an abstract address. Without one an image runs, and can promise nothing."""
        self._path = os.path.join(os.path.abspath(home), NAME)
        self._socket: socket.socket | None = None
        self.address: str = ""
        """The address for the variable NOTIFY_SOCKET; empty if there is no socket."""
        for address in (self._path, f"@fota-boot-{secrets.token_hex(16)}"):
            try:
                self._socket, self.address = _bound(address), address
                return
            except (OSError, ValueError) as error:
                problem = error
        log("no-heartbeat", problem=problem)

    def readable(self) -> "list[socket.socket]":
        """What `select` can wait for."""
        return [] if self._socket is None else [self._socket]

    def read(self) -> "list[dict[str, str]]":
        """The messages that wait, as their fields, oldest first. Never blocks, and has an end under any flood."""
        found = []
        for _ in range(_MAX_AT_ONCE if self._socket is not None else 0):
            try:
                message = self._next()
            except OSError:
                break
            if message:
                found.append(message)
        return found

    def close(self) -> None:
        """Take the socket away."""
        if self._socket is not None:
            self._socket.close()
        if self.address == self._path:
            with suppress(OSError):
                os.unlink(self._path)

    def _next(self) -> "dict[str, str]":
        """The fields of the next message; none if it does not count. *Raises* BlockingIOError when nothing waits."""
        if self._socket is None:
            return {}
        # There is room for the sender alone: descriptors that came along are closed by Linux.
        content, extra, flags, _ = self._socket.recvmsg(MAX_BYTES, socket.CMSG_SPACE(_CREDENTIALS.size))
        if flags & socket.MSG_TRUNC or not is_descendant(_sender(extra)):
            return {}
        lines = content.decode(errors="replace").splitlines()
        return {name: value for name, is_field, value in (line.partition("=") for line in lines) if is_field}


def _bound(address: str) -> socket.socket:
    """*Raises* OSError, ValueError where Linux does not have it."""
    is_path = not address.startswith("@")
    if len(os.fsencode(address)) > _MAX_PATH_BYTES:
        raise ValueError(f"the address of a socket has at most {_MAX_PATH_BYTES} bytes: {address}")
    made = socket.socket(socket.AF_UNIX, _DATAGRAM)
    try:
        made.setsockopt(socket.SOL_SOCKET, socket.SO_PASSCRED, 1)
        if is_path:
            # A `fota-boot` that was killed has left it there. The home is locked: no other one runs.
            with suppress(FileNotFoundError):
                os.unlink(address)
        made.bind(address if is_path else "\0" + address[1:])
        if is_path:
            os.chmod(address, 0o600)
    except OSError:
        made.close()
        raise
    return made


def _sender(extra: "list[tuple[int, int, bytes]]") -> int:
    """The number of the process that sent a message, as seen here; 0 if it is not known."""
    for level, kind, content in extra:
        if (level, kind) == (socket.SOL_SOCKET, socket.SCM_CREDENTIALS) and len(content) == _CREDENTIALS.size:
            pid: int = _CREDENTIALS.unpack(content)[0]
            return pid
    return 0
