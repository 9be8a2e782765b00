"""One GET of a client: the one without urllib3, on either interpreter, or the other. And servers below HTTP."""

import contextlib
import inspect
import json
import random
import socket
import threading
import time
from types import SimpleNamespace

import pytest

from fota.errors import FotaError
from fota.transfer._http_cpython import Urllib3Client
from fota.transfer._http_micropython import SslClient
from tests.labs.interpreter import told

CONTENT = random.Random(7).randbytes(20_000)
HONEST_HEAD = b"HTTP/1.1 200 OK\r\nContent-Length: 3\r\n"


def fetched(trust, url, headers, timeout_ms, buffer_bytes, pause_s=0, *, kind=None):
    """What one request comes to, its body read after a pause. Runs on both interpreters."""
    found: dict[str, object] = {"error": None, "said": "", "body": ""}
    body = bytearray()
    answer = None
    try:
        answer = (kind or SslClient)(trust).get(url, headers, timeout_ms)
        found["status"], found["length_bytes"] = answer.status, answer.length_bytes
        found["etag"], found["content_range"] = answer.etag, answer.content_range
        found["retry_after"], found["date"] = answer.retry_after, answer.date
        buffer = memoryview(bytearray(buffer_bytes))
        time.sleep(pause_s)
        count = answer.readinto(buffer)
        while count:
            body.extend(buffer[:count])
            count = answer.readinto(buffer)
    except FotaError as error:
        found["error"], found["said"] = type(error).__name__, str(error) + repr(error.cause)
    finally:
        if answer is not None:
            answer.close()
            answer.close()
    found["body"] = bytes(body).hex()
    return found


FETCH_SCRIPT = """
import json
import time
from fota.transfer._http_micropython import SslClient
from fota.errors import FotaError

{fetched}

with open("asked.json") as file:
    for asked in json.load(file):
        print(json.dumps([fetched(*asked)]))
"""


@pytest.fixture(params=["cpython", "micropython"])
def interpreter(request):
    return request.param


@pytest.fixture(params=["urllib3", "cpython", "micropython"])
def every_half(request):
    """To be imported as `interpreter`: CPython's own client too."""
    return request.param


@pytest.fixture
def get(interpreter, device, trusted):
    """Makes a request, on one interpreter and on the other; what it came to."""

    def ask(*urls, headers=None, timeout_ms=5_000, buffer_bytes=4096, trust=trusted, pause_s=0):
        asked = [[trust, url, headers or {}, timeout_ms, buffer_bytes, pause_s] for url in urls]
        if interpreter != "micropython":
            kind = Urllib3Client if interpreter == "urllib3" else SslClient
            answers = [fetched(*one, kind=kind) for one in asked]
        else:
            (device / "asked.json").write_text(json.dumps(asked))
            script = FETCH_SCRIPT.replace("{fetched}", inspect.getsource(fetched))
            answers = [answer for (answer,) in told(script, folder=device)]
        found = [SimpleNamespace(**{**answer, "body": bytes.fromhex(answer["body"])}) for answer in answers]
        return found[0] if len(urls) == 1 else found

    return ask


def reset_after(count_bytes):
    """Honest for so many bytes, which have the time to arrive before the connection is reset."""

    def answer(visit):
        start = visit.asked_from or 0
        span = f"bytes {start}-{len(visit.content) - 1}/{len(visit.content)}"
        visit.head(206 if start else 200, {"Content-Range": span, "Content-Length": len(visit.content) - start})
        visit.send(visit.content[start : start + count_bytes])
        visit.pause(0.1)
        visit.break_off(reset=True)

    return answer


@contextlib.contextmanager
def plain_server(serve_one):
    """Takes one connection, without TLS; the port."""
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def run():
            connection, _ = listener.accept()
            connection.settimeout(10)
            with connection, contextlib.suppress(OSError):
                serve_one(connection)

        thread = threading.Thread(target=run, daemon=True)
        thread.start()
        yield listener.getsockname()[1]
        thread.join(10)
