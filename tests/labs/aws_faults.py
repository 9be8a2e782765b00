"""A proxy between boto3 and the local AWS, by real sockets and TLS, that does to a request what it is told to.

It knows requests by the names of botocore's models ("iot.CreateJob"), and writes down each that came.
Leaves to others: what the faults shall show.
"""

from __future__ import annotations

import re
import ssl
import threading
from collections import defaultdict
from collections.abc import Callable, Iterator
from functools import cache
from http.client import HTTPResponse, HTTPSConnection
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from urllib.parse import parse_qs, urlsplit

import botocore.session

from fota_operator.local.aws import LocalAws

_PATIENCE_S = 20.0
_HOP_BY_HOP = {"connection", "expect", "keep-alive", "transfer-encoding"}
_HELD_LONGEST_S = 120.0
_METHODS = ("GET", "HEAD", "PUT", "POST", "PATCH", "DELETE")


class Exchange(BaseHTTPRequestHandler):
    """One request, and what may be done with it. A fault is a function of it."""

    protocol_version = "HTTP/1.1"
    timeout = _PATIENCE_S
    disable_nagle_algorithm = True
    proxy: Proxy

    def setup(self) -> None:
        """A client keeps its connection, and has one of its own to the local AWS, until a fault ends them."""
        super().setup()
        self._upstream = self.proxy.connect()

    def finish(self) -> None:
        """The client has gone, or a fault was played."""
        self._upstream.close()
        super().finish()

    def forward(self, body: bytes | None = None) -> tuple[int, list[tuple[str, str]], bytes]:
        """Let the local AWS act on it; what it answers."""
        self._send(self.body() if body is None else body)
        answer: HTTPResponse = self._upstream.getresponse()
        return answer.status, answer.getheaders(), answer.read()

    def body(self) -> bytes:
        """What came with it."""
        if not hasattr(self, "_body"):
            chunked = self.headers.get("Transfer-Encoding") == "chunked"
            self._body = b"".join(self._chunks()) if chunked else self.rfile.read(self._length)
        return self._body

    def _chunks(self) -> Iterator[bytes]:
        while length := int(self.rfile.readline(), 16):
            yield self.rfile.read(length)
            self.rfile.readline()
        self.rfile.readline()

    @property
    def _length(self) -> int:
        return int(self.headers.get("Content-Length") or 0)

    def answer(self, status: int, headers: list[tuple[str, str]], body: bytes) -> None:
        """Answer the client."""
        self.send_response_only(status)
        for name, value in headers:
            if name.lower() not in _HOP_BY_HOP | {"content-length"}:
                self.send_header(name, value)
        length = next((value for name, value in headers if name.lower() == "content-length"), str(len(body)))
        self.send_header("Content-Length", length if self.command == "HEAD" else str(len(body)))
        self.end_headers()
        self.wfile.write(body)
        self.close_connection = False

    def pass_on(self) -> None:
        """No fault: forward and answer."""
        self.answer(*self.forward())

    def pass_half_on(self) -> None:
        """Give the local AWS half of what comes, then nothing, as when a line breaks."""
        whole = self.body()
        self._send(whole[: len(whole) // 2], len(whole))

    def _send(self, body: bytes, length: int | None = None) -> None:
        upstream = self._upstream
        upstream.putrequest(self.command, self.path, skip_host=True, skip_accept_encoding=True)
        for name, value in self.headers.items():
            if name.lower() not in _HOP_BY_HOP | {"content-length"}:
                upstream.putheader(name, value)
        upstream.putheader("Content-Length", str(len(body) if length is None else length))
        upstream.endheaders()
        upstream.send(body)

    def serve(self) -> None:
        """Do with it what is to be done."""
        self.close_connection = True
        self.__dict__.pop("_body", None)
        name = operation(self)
        fault = self.proxy.next_fault(name)
        try:
            fault(self)
        except OSError:
            # Either side went away in the middle: a test that kills a process wants that.
            return

    def log_message(self, *_: object) -> None:
        """Say nothing."""


Fault = Callable[[Exchange], None]


def passed_on(exchange: Exchange) -> None:
    """No fault."""
    exchange.pass_on()


def answer_lost(exchange: Exchange) -> None:
    """It takes effect, and nobody hears of it."""
    exchange.forward()


def request_lost(exchange: Exchange) -> None:
    """It never arrives."""
    exchange.body()


def cut_in_the_middle(exchange: Exchange) -> None:
    """Half of it arrives."""
    exchange.pass_half_on()


def hung_up(exchange: Exchange) -> None:
    """Nobody listens to the end."""


def refused(code: str, status: int = 400) -> Fault:
    """AWS does not act on it, and says so."""

    def refuse(exchange: Exchange) -> None:
        exchange.body()
        headers = [("x-amzn-ErrorType", code), ("Content-Type", "application/json")]
        exchange.answer(status, headers, b'{"message": "refused by the test"}')

    return refuse


throttled = refused("ThrottlingException")


class Held:
    """A fault that keeps a request until it is let go. `effect` says whether it has taken effect by then.

    With `then_pass` it goes on as if nothing had been; without, nobody hears of it again.
    """

    def __init__(self, *, effect: bool, then_pass: bool = False) -> None:
        self.reached = threading.Event()
        self.let_go = threading.Event()
        self._effect = effect
        self._then_pass = then_pass

    def __call__(self, exchange: Exchange) -> None:
        answer = exchange.forward() if self._effect else None
        exchange.body()
        self.reached.set()
        self.let_go.wait(_HELD_LONGEST_S)
        if self._then_pass:
            exchange.answer(*(answer or exchange.forward()))


class Proxy:
    """Use it as a context manager. `calls` are the names of all requests that came, in order."""

    def __init__(self, local: LocalAws) -> None:
        gateway = urlsplit(local.status().gateway_url or "")
        self._upstream = (gateway.hostname or "", gateway.port or 0)
        self._trust = ssl.create_default_context(cafile=str(local.ca_bundle))
        self._turn = threading.Lock()
        self._faults: dict[str, list[Fault]] = defaultdict(list)
        self.calls: list[str] = []
        self.afterwards: Callable[[str], Fault] = lambda _: passed_on
        """What is done with a request that no fault was told for, by its name."""
        served = {f"do_{method}": Exchange.serve for method in _METHODS}
        handler = type("ExchangeHere", (Exchange,), {"proxy": self, **served})
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
        self._server.daemon_threads = True
        own = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        own.load_cert_chain(local.folder / "server.pem", local.folder / "server.key")
        self._server.socket = own.wrap_socket(self._server.socket, server_side=True, do_handshake_on_connect=False)
        self._thread = threading.Thread(
            target=self._server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True
        )

    @property
    def url(self) -> str:
        """Where boto3 finds it."""
        return f"https://localhost:{self._server.server_address[1]}"

    def on(self, name: str, *faults: Fault) -> None:
        """Do this with the next requests of that name, one fault each."""
        with self._turn:
            self._faults[name].extend(faults)

    def next_fault(self, name: str) -> Fault:
        """What is to be done with a request that came now."""
        with self._turn:
            self.calls.append(name)
            if self._faults[name]:
                return self._faults[name].pop(0)
        return self.afterwards(name)

    def connect(self) -> HTTPSConnection:
        """A connection to the local AWS."""
        host, port = self._upstream
        return HTTPSConnection(host, port, timeout=_PATIENCE_S, context=self._trust)

    def __enter__(self) -> Proxy:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join(_PATIENCE_S)


def operation(exchange: Exchange) -> str:
    """The name of the operation that a request asks for, by botocore's models; "?" for one of none of them."""
    scope = re.search(r"Credential=[^/]+/\d+/[^/]+/([\w-]+)/aws4_request", exchange.headers.get("Authorization", ""))
    service = scope[1] if scope else "?"
    if service in ("iam", "sts"):
        return f"{service}.{parse_qs(exchange.body().decode()).get('Action', ['?'])[0]}"
    if target := exchange.headers.get("X-Amz-Target"):
        return f"{service}.{target.rpartition('.')[2]}"
    path, _, query = exchange.path.partition("?")
    asked = {name for name in re.split(r"[&=]", query) if name} | {name.lower() for name in exchange.headers}
    fitting = [
        (len(wanted), len(literal), name)
        for method, pattern, wanted, literal, name in _routes(service)
        if method == exchange.command and wanted <= asked and pattern.fullmatch(path)
    ]
    return f"{service}.{max(fitting)[2]}" if fitting else f"{service}.?"


Route = tuple[str, "re.Pattern[str]", set[str], str, str]


@cache
def _routes(service: str) -> list[Route]:
    return list(_routes_of(service)) if service in ("iot", "s3", "iot-jobs-data") else []


def _routes_of(service: str) -> Iterator[Route]:
    model = botocore.session.get_session().get_service_model(service)
    for name in model.operation_names:
        of_operation = model.operation_model(name)
        http, shape = of_operation.http, of_operation.input_shape
        path, _, query = http["requestUri"].partition("?")
        # The models of S3 leave the bucket to the host; here it leads the path.
        prefix = "/[^/]+" if service == "s3" and not path.startswith("/{Bucket}") else ""
        pattern = re.sub(r"\\\{\w+\\\+\\\}", ".+", re.sub(r"\\\{\w+\\\}", "[^/]+", re.escape(path)))
        literal = re.sub(r"\{\w+\+?\}", "", path) + query
        wanted = {word for word in re.split(r"[&=]", query) if word and not word.startswith("{")}
        for member in [] if shape is None else [shape.members[one] for one in shape.required_members]:
            if member.serialization.get("location") in ("header", "querystring"):
                wanted.add(member.serialization["name"])
        yield http["method"], re.compile(prefix + (pattern if pattern != "/" else "/?")), wanted, literal, name
