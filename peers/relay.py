"""A relay of TCP in front of a peer's server: counts its connections, acts in mid-transfer, cuts connections.

It knows nothing of TLS: the device and the server speak to each other.
"""

import contextlib
import socket
import threading
from collections.abc import Callable, Iterator

_PIECE_BYTES = 4096
_QUIET_S = 20.0


class Relay:
    """Between a device and the server of a port. `port` is its own."""

    def __init__(self, to_port: int) -> None:
        self.connections = 0
        self.cut_after_bytes: int | None = None
        """Each connection is cut when it has brought this much of the server's."""
        self._to_port = to_port
        self._lock = threading.Lock()
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]
        self._sockets: list[socket.socket] = []
        self._brought_bytes = 0
        self._act: Callable[[], None] | None = None
        self._act_at_bytes = 0
        self.problem: BaseException | None = None
        """What `act` raised."""

    @contextlib.contextmanager
    def running(self) -> Iterator["Relay"]:
        """Relay while the block runs; no connection is left behind."""
        thread = threading.Thread(target=self._accept, daemon=True)
        thread.start()
        try:
            yield self
        finally:
            # Wakes the thread that waits in accept.
            with contextlib.suppress(OSError):
                self._listener.shutdown(socket.SHUT_RDWR)
            self._listener.close()
            self.cut()
            thread.join(_QUIET_S)

    def act_at(self, count_bytes: int, act: Callable[[], None]) -> None:
        """Call `act` once, when the server has sent that much from now on."""
        self._brought_bytes, self._act_at_bytes, self._act = 0, count_bytes, act

    def cut(self) -> None:
        """End every connection that is there now."""
        for one in list(self._sockets):
            _end(one)

    def _accept(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                device, _ = self._listener.accept()
                self.connections += 1
                try:
                    server = socket.create_connection(("127.0.0.1", self._to_port), 5.0)
                except OSError:
                    _end(device)
                    continue
                self._sockets += [device, server]
                for source, sink, counts in ((device, server, False), (server, device, True)):
                    threading.Thread(target=self._pump, args=(source, sink, counts), daemon=True).start()

    def _pump(self, source: socket.socket, sink: socket.socket, counts: bool) -> None:
        count_bytes = 0
        with contextlib.suppress(OSError):
            # The other direction may have ended both sockets already.
            source.settimeout(_QUIET_S)
            while piece := source.recv(_PIECE_BYTES):
                sink.sendall(piece)
                count_bytes += len(piece) * counts
                self._brought_bytes += len(piece) * counts
                if counts and self.cut_after_bytes is not None and count_bytes >= self.cut_after_bytes:
                    break
                if counts:
                    self._act_if_due()
        _end(source)
        _end(sink)

    def _act_if_due(self) -> None:
        with self._lock:
            if self._brought_bytes < self._act_at_bytes:
                return
            act, self._act = self._act, None
        if act is not None:
            try:
                act()
            except BaseException as error:  # noqa: BLE001  # it belongs to the check, in another thread
                self.problem = error


def _end(one: socket.socket) -> None:
    with contextlib.suppress(OSError):
        one.shutdown(socket.SHUT_RDWR)
    one.close()
