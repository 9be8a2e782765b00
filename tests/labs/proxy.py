"""A real HTTP proxy that knows CONNECT, and fails as it is told to.

proxy.leads(target, port)   `host:port`, as it is asked for, is this port of this machine
proxy.asked                 what it was asked for, one head each
proxy.answer                what it says instead of connecting: bytes, sent again and again if `endless`
proxy.pause_s               how long it waits before each time
"""

import socket
import socketserver
import threading
import time

import pytest


class Proxy:
    """Everything is closed at the end of the test."""

    def __init__(self):
        self.asked = []
        self.passed_bytes = 0
        self.answer = None
        self.endless = False
        self.pause_s = 0.0
        self._targets = {}
        proxy = self

        class Visit(socketserver.BaseRequestHandler):
            def handle(self):
                proxy._serve(self.request)

        class Server(socketserver.ThreadingTCPServer):
            daemon_threads = True
            block_on_close = False

        self._server = Server(("127.0.0.1", 0), Visit)
        self.port = self._server.server_address[1]
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.01,))
        self._thread.start()

    @property
    def url(self):
        return f"http://127.0.0.1:{self.port}"

    def leads(self, target, port):
        self._targets[target] = port

    def close(self):
        self.endless = False
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    def _serve(self, visitor):
        head = b""
        while not head.endswith(b"\r\n\r\n"):
            octets = visitor.recv(65_536)
            if not octets:
                return
            head += octets
        self.asked.append(head.decode())
        if self.answer is not None:
            self._misbehave(visitor)
            return
        port = self._targets.get(self.asked[-1].split(" ")[1])
        if port is None:
            visitor.sendall(b"HTTP/1.1 403 Forbidden\r\nX-Why: no\r\n\r\n")
            return
        with socket.create_connection(("127.0.0.1", port)) as there:
            visitor.sendall(b"HTTP/1.1 200 Connection established\r\nVia: a test\r\n\r\n")
            back = threading.Thread(target=self._pass, args=(there, visitor), daemon=True)
            back.start()
            self._pass(visitor, there)
            back.join(5)

    def _pass(self, one, other):
        try:
            while octets := one.recv(65_536):
                self.passed_bytes += len(octets)
                other.sendall(octets)
            other.shutdown(socket.SHUT_WR)
        except OSError:
            return

    def _misbehave(self, visitor):
        try:
            visitor.sendall(self.answer)
            while self.endless:
                time.sleep(self.pause_s)
                visitor.sendall(self.answer)
            visitor.recv(1)
        except OSError:
            return


@pytest.fixture
def proxy(monkeypatch):
    """A proxy, and HTTPS_PROXY names it."""
    made = Proxy()
    for name in ("https_proxy", "no_proxy", "NO_PROXY"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HTTPS_PROXY", made.url)
    yield made
    made.close()
