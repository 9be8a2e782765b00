"""A small HTTPS server on this machine that misbehaves as a test asks.

It is published for porters and runs on CPython. Its certificate comes from an `Authority`, its misbehaviours from
`fota_testing.servers.behaviours`. It takes one request for each connection, on a free port, and `close` leaves
nothing behind.
"""

from __future__ import annotations

import contextlib
import functools
import socket
import threading
from typing import TYPE_CHECKING

from fota_testing.servers.authority import Authority
from fota_testing.servers.behaviours import Visit, honest

if TYPE_CHECKING:
    import ssl
    from collections.abc import Callable, Sequence
    from types import TracebackType

    from fota_testing.servers.behaviours import Behaviour

_HOST = "127.0.0.1"
_PATIENCE_S = 10.0
"""No socket of the server waits longer than this, and `close` waits no longer for a thread."""

_MAX_HEAD_BYTES = 65_536


class HttpsServer:
    """Serves one object. Use it as a context manager.

    `script` lists what is done with each request in turn; once it is used up, `afterwards` is done with every one.
    """

    def __init__(
        self,
        content: bytes,
        *,
        script: Sequence[Behaviour] = (),
        afterwards: Behaviour = honest,
        authority: Authority | None = None,
        names: Sequence[str] = ("localhost", _HOST),
    ) -> None:
        self.content = content
        """The object that is served; a test may replace it between requests."""
        self.etag = '"first"'
        """Its entity tag; a test that replaces the content must replace the tag too, or it is wrong."""
        self.script: list[Behaviour] = list(script)
        self.afterwards = afterwards
        self.requests: list[dict[str, str]] = []
        """The headers of each request, names in lower case; the request line is under "" (the empty name)."""
        self.authority: Authority = authority or Authority()
        self.closing: threading.Event = threading.Event()
        self._context = self.authority.server_context(names)
        self._listener = socket.create_server((_HOST, 0))
        self._threads: list[threading.Thread] = []
        self._connections: set[ssl.SSLSocket] = set()
        self._turn = threading.Lock()

    @property
    def port(self) -> int:
        """The port that was free."""
        return int(self._listener.getsockname()[1])

    def url(self, path: str = "/image?X-Amz-Signature=secret", host: str = _HOST) -> str:
        """The URL of the object; every path leads to it. By default it carries a secret, as a presigned URL does."""
        return f"https://{host}:{self.port}{path}"

    def __enter__(self) -> HttpsServer:
        self._start(self._accept)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """End every connection and every thread."""
        self.closing.set()
        with contextlib.suppress(OSError):
            # A close without this would leave a thread in accept.
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        with self._turn:
            for connection in self._connections:
                with contextlib.suppress(OSError):
                    # The method of the plain socket: that of TLS would go on in the clear.
                    socket.socket.shutdown(connection, socket.SHUT_RDWR)
        for thread in self._threads:
            thread.join(_PATIENCE_S)
            if thread.is_alive():
                raise AssertionError("a thread of the test server does not end")

    def _start(self, run: Callable[[], None]) -> None:
        thread = threading.Thread(target=run, daemon=True)
        self._threads.append(thread)
        thread.start()

    def _accept(self) -> None:
        while not self.closing.is_set():
            try:
                plain, _ = self._listener.accept()
            except OSError:
                return
            plain.settimeout(_PATIENCE_S)
            connection = self._context.wrap_socket(plain, server_side=True, do_handshake_on_connect=False)
            with self._turn:
                self._connections.add(connection)
            self._start(functools.partial(self._serve, connection))

    def _serve(self, connection: ssl.SSLSocket) -> None:
        """One connection, from handshake to end. An error is ignored if the client breaks off."""
        with contextlib.suppress(OSError):
            connection.do_handshake()
            self._answer(connection)
        with self._turn:
            self._connections.discard(connection)
        connection.close()

    def _answer(self, connection: ssl.SSLSocket) -> None:
        headers = _request(connection)
        if headers is None:
            return
        with self._turn:
            self.requests.append(headers)
            behaviour = self.script.pop(0) if self.script else self.afterwards
        behaviour(Visit(connection, headers, content=self.content, etag=self.etag, closing=self.closing))


def _request(connection: ssl.SSLSocket) -> dict[str, str] | None:
    """The head of a request; None if none comes."""
    head = b""
    while b"\r\n\r\n" not in head:
        chunk = connection.recv(4096)
        if not chunk or len(head) > _MAX_HEAD_BYTES:
            return None
        head += chunk
    first, *lines = head.split(b"\r\n\r\n")[0].decode("latin-1").split("\r\n")
    headers = {"": first}
    for line in lines:
        name, _, value = line.partition(":")
        headers[name.strip().lower()] = value.strip()
    return headers
