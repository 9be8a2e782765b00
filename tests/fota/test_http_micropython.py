"""One verified, ranged GET without urllib3: on both interpreters, over real TLS, from servers that misbehave."""

import contextlib
import datetime
import errno
import inspect
import json
import random
import socket
import ssl
import threading
import time
from pathlib import Path
from types import SimpleNamespace

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from fota._http_micropython import SslClient
from fota.errors import FotaError, Unreachable, UntrustedServer
from fota_testing import behaviours as server_that
from fota_testing.authority import Authority
from micropython_halves import device, pytestmark, told

__all__ = ["device", "pytestmark"]

CONTENT = random.Random(7).randbytes(20_000)
ETAG = '"first"'
SECRET = "X-Amz-Signature=secret"
HONEST_HEAD = b"HTTP/1.1 200 OK\r\nContent-Length: 3\r\n"


def fetched(trust, url, headers, timeout_ms, buffer_bytes, pause_s=0):
    """What one request comes to, its body read after a pause. Runs on both interpreters."""
    found = {"error": None, "said": "", "body": ""}
    body = bytearray()
    answer = None
    try:
        answer = SslClient(trust).get(url, headers, timeout_ms)
        found["status"], found["length_bytes"] = answer.status, answer.length_bytes
        found["etag"], found["content_range"] = answer.etag, answer.content_range
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


_SCRIPT = """
import json
import time
from fota._http_micropython import SslClient
from fota.errors import FotaError

{fetched}

with open("asked.json") as file:
    for asked in json.load(file):
        print(json.dumps([fetched(*asked)]))
"""


@pytest.fixture(params=["cpython", "micropython"])
def interpreter(request):
    return request.param


@pytest.fixture
def get(interpreter, device, trusted):
    """Makes a request, on one interpreter and on the other; what it came to."""

    def ask(*urls, headers=None, timeout_ms=5_000, buffer_bytes=4096, trust=trusted, pause_s=0):
        asked = [[trust, url, headers or {}, timeout_ms, buffer_bytes, pause_s] for url in urls]
        if interpreter == "cpython":
            answers = [fetched(*one) for one in asked]
        else:
            (device / "asked.json").write_text(json.dumps(asked))
            script = _SCRIPT.replace("{fetched}", inspect.getsource(fetched))
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


# What comes.


@pytest.mark.parametrize("buffer_bytes", [1, 997, 4096, 65_536])
def test_the_bytes_come_in_order_each_once(get, serve, buffer_bytes):
    found = get(serve(CONTENT[:5_001]).url(), buffer_bytes=buffer_bytes)
    assert (found.status, found.length_bytes, found.etag, found.content_range) == (200, 5_001, ETAG, None)
    assert (found.body, found.error) == (CONTENT[:5_001], None)


def test_the_request_says_what_is_asked_for_and_nothing_else(get, serve):
    server = serve(CONTENT)
    found = get(server.url("/a%20key?x=1&y=/2"), headers={"Range": "bytes=5000-", "If-Range": ETAG})
    assert (found.status, found.content_range, found.body) == (206, "bytes 5000-19999/20000", CONTENT[5_000:])
    assert server.requests == [
        {
            "": "GET /a%20key?x=1&y=/2 HTTP/1.1",
            "host": f"127.0.0.1:{server.port}",
            "connection": "close",
            "range": "bytes=5000-",
            "if-range": ETAG,
        }
    ]


def test_a_long_url_and_long_headers_are_sent_whole(get, serve):
    server = serve(CONTENT[:10])
    path = "/" + "x" * 4_000
    assert get(server.url(path), headers={"X-Long": "y" * 30_000}).body == CONTENT[:10]
    assert server.requests[0][""] == f"GET {path} HTTP/1.1"
    assert server.requests[0]["x-long"] == "y" * 30_000


def test_an_answer_whose_end_is_the_end_of_the_connection_is_read_to_there(get, serve):
    found = get(serve(CONTENT, server_that.no_length).url())
    assert (found.length_bytes, found.body, found.error) == (None, CONTENT, None)


def test_nothing_is_read_past_the_length_that_was_announced(get, serve):
    assert get(serve(b"", server_that.raw(HONEST_HEAD + b"\r\nabcdef")).url()).body == b"abc"


@pytest.mark.parametrize("number", [201, 302, 403, 404, 416, 503, 599])
def test_every_status_is_told_and_nobody_is_followed(get, serve, number):
    elsewhere = serve(CONTENT)
    server = serve(CONTENT, server_that.status(number, Location=elsewhere.url()))
    found = get(server.url())
    assert (found.status, found.error) == (number, None)
    assert elsewhere.requests == []


def test_an_answer_that_comes_byte_by_byte_is_read_like_any_other(get, serve):
    def byte_by_byte(visit):
        for byte in HONEST_HEAD + b"ETag: x\r\n\r\nabc":
            visit.send(bytes([byte]))

    found = get(serve(b"", byte_by_byte).url())
    assert (found.status, found.etag, found.body) == (200, "x", b"abc")


def test_an_answer_whose_tls_records_come_in_pieces_is_read_like_any_other(get, serve):
    with torn_in_pieces(serve(CONTENT)) as port:
        assert get(f"https://127.0.0.1:{port}/image").body == CONTENT


def test_names_of_headers_are_read_in_any_case_and_values_without_the_blanks_around_them(get, serve):
    raw = b"HTTP/1.0 200\r\ncOnTeNt-LeNgTh:3\r\nETAG: \t a b \t\r\nX-Empty:\r\n\r\nabc"
    found = get(serve(b"", server_that.raw(raw)).url())
    assert (found.status, found.length_bytes, found.etag, found.body) == (200, 3, "a b", b"abc")


# Breaks and silence.


@pytest.mark.parametrize("count_bytes", [0, 1_100, 5_000, 19_999])
def test_what_came_before_a_break_is_not_lost(get, serve, count_bytes):
    found = get(serve(CONTENT, server_that.drop_after(count_bytes)).url(), buffer_bytes=8_192)
    assert (found.body, found.error) == (CONTENT[:count_bytes], None)


def test_a_connection_that_is_reset_ends_the_body(get, serve):
    found = get(serve(CONTENT, server_that.drop_after(10_000, reset=True)).url())
    assert found.error in (None, "Unreachable")
    assert CONTENT.startswith(found.body)


@pytest.mark.parametrize("pause_s", [0, 0.3], ids=["read as it comes", "read when the reset has come too"])
def test_of_what_came_before_a_reset_next_to_nothing_is_lost(get, serve, pause_s):
    found = get(serve(CONTENT, reset_after(10_000)).url(), buffer_bytes=65_536, pause_s=pause_s)
    assert 10_000 - 512 < len(found.body) <= 10_000


@pytest.mark.parametrize("reset", [False, True])
def test_a_server_that_hangs_up_before_the_head_is_unreachable(get, serve, reset):
    assert get(serve(CONTENT, lambda visit: visit.break_off(reset=reset)).url()).error == "Unreachable"


def test_a_server_that_says_nothing_is_a_timeout(get, serve):
    assert get(serve(CONTENT, server_that.silence).url(), timeout_ms=200).error == "DownloadTimeout"


def test_a_server_that_falls_silent_half_way_is_a_timeout_after_what_came(get, serve):
    found = get(serve(CONTENT, server_that.silence_after(5_000)).url(), timeout_ms=300)
    assert (found.body, found.error) == (CONTENT[:5_000], "DownloadTimeout")


def test_a_head_that_never_ends_has_no_more_time_than_one_that_is_silent(get, serve):
    def head_without_end(visit):
        visit.send(b"HTTP/1.1 200 OK\r\n")
        for _ in range(100):
            visit.pause(0.05)
            visit.send(b"X: y\r\n")

    server = serve(CONTENT, head_without_end)
    assert get(server.url(), timeout_ms=400).error == "DownloadTimeout"


def test_a_body_may_take_as_long_as_it_never_falls_silent(get, serve):
    server = serve(CONTENT[:3_000], server_that.slow(500, 0.15))
    assert get(server.url(), timeout_ms=600).body == CONTENT[:3_000]


def test_a_server_that_takes_the_connection_and_never_speaks_tls_is_a_timeout(get, serve):
    with plain_server(lambda connection: connection.recv(1 << 20) and connection.recv(1)) as port:
        assert get(f"https://127.0.0.1:{port}/image", timeout_ms=300).error == "DownloadTimeout"


def test_a_server_that_does_not_speak_tls_is_unreachable(get, serve):
    with plain_server(lambda connection: connection.sendall(b"SSH-2.0-OpenSSH_9.2\r\n\r\n")) as port:
        assert get(f"https://127.0.0.1:{port}/image").error == "Unreachable"


def test_a_port_where_nobody_listens_is_unreachable(get, silent_port):
    assert get(f"https://127.0.0.1:{silent_port}/image").error == "Unreachable"


def test_a_name_that_nobody_has_is_unreachable(get):
    assert get("https://nobody.invalid/image").error == "Unreachable"


# What is not HTTP, or not ours.

BAD_HEADS = {
    "no word of HTTP": b"SSH-2.0-OpenSSH_9.2\r\n\r\n",
    "nothing": b"\r\n\r\n",
    "another version": b"HTTP/2 200 OK\r\n\r\n",
    "a version that goes on": b"HTTP/1.10 200 OK\r\n\r\n",
    "no status": b"HTTP/1.1\r\n\r\n",
    "a status of two digits": b"HTTP/1.1 20 OK\r\n\r\n",
    "a status of four digits": b"HTTP/1.1 2000 OK\r\n\r\n",
    "a status below 100": b"HTTP/1.1 099 OK\r\n\r\n",
    "a status with a sign": b"HTTP/1.1 +20 OK\r\n\r\n",
    "a header without a colon": HONEST_HEAD + b"nothing\r\n\r\nabc",
    "a header without a name": HONEST_HEAD + b": x\r\n\r\nabc",
    "a blank before the colon": HONEST_HEAD + b"ETag : x\r\n\r\nabc",
    "a header that goes on in the next line": HONEST_HEAD + b"X: y\r\n ETag: x\r\n\r\nabc",
    "half a line's end": HONEST_HEAD + b"X: y\nETag: x\r\n\r\nabc",
    "the other half": HONEST_HEAD + b"X: y\rETag: x\r\n\r\nabc",
    "a zero byte": HONEST_HEAD + b"ETag: x\0\r\n\r\nabc",
    "no ASCII": HONEST_HEAD + b"ETag: \xff\r\n\r\nabc",
    "no ASCII, but UTF-8": HONEST_HEAD + b"ETag: \xc3\xa9\r\n\r\nabc",
    "a head of 65 headers": HONEST_HEAD + b"X: y\r\n" * 64 + b"\r\nabc",
    "a head of one byte too many": (HONEST_HEAD + b"X: ").ljust(8_192 - 4 + 1, b"y") + b"\r\n\r\nabc",
    "an endless header": HONEST_HEAD + b"X: " + b"y" * 100_000,
    "endless headers": HONEST_HEAD + b"X: y\r\n" * 20_000,
    "a head that ends in the middle": HONEST_HEAD,
}
BAD_ANSWERS = {
    "a length with a sign": b"Content-Length: +3",
    "a length in hexadecimal digits": b"Content-Length: 0x3",
    "no length after all": b"Content-Length:",
    "a length of more than 15 digits": b"Content-Length: 1111111111111111",
    "two lengths": b"Content-Length: 3\r\nContent-Length: 4",
    "the same length twice": b"Content-Length: 3\r\nContent-Length: 3",
    "chunks": b"Transfer-Encoding: chunked",
    "chunks of a length": b"Content-Length: 3\r\nTransfer-Encoding: chunked",
    "a coding": b"Content-Encoding: gzip",
    "two codings": b"Content-Encoding: identity\r\nContent-Encoding: gzip",
}


def errors_of(get, server):
    """The error of each answer that the server has in its script."""
    return [found.error for found in get(*[server.url()] * len(server.script))]


def test_what_is_no_head_is_unreachable(get, serve):
    server = serve(b"", *map(server_that.raw, BAD_HEADS.values()))
    assert dict(zip(BAD_HEADS, errors_of(get, server), strict=True)) == dict.fromkeys(BAD_HEADS, "Unreachable")


def test_a_body_that_is_coded_or_of_no_certain_length_is_refused(get, serve):
    raw = [b"HTTP/1.1 200 OK\r\n" + lines + b"\r\n\r\nabc" for lines in BAD_ANSWERS.values()]
    server = serve(b"", *map(server_that.raw, raw))
    assert dict(zip(BAD_ANSWERS, errors_of(get, server), strict=True)) == dict.fromkeys(BAD_ANSWERS, "BadHttpAnswer")


def test_a_head_may_have_64_headers_and_8192_bytes(get, serve):
    most_headers = HONEST_HEAD + b"X: y\r\n" * 63 + b"\r\nabc"
    longest = (HONEST_HEAD + b"X: ").ljust(8_192 - 4, b"y") + b"\r\n\r\nabc"
    server = serve(b"", server_that.raw(most_headers), server_that.raw(longest))
    assert [found.body for found in get(server.url(), server.url())] == [b"abc", b"abc"]


BAD_URLS = [
    "http://127.0.0.1:{port}/image",
    "HTTPS://127.0.0.1:{port}/image",
    " https://127.0.0.1:{port}/image",
    "https:///image",
    "https://127.0.0.1:{port}",
    "https://127.0.0.1:{port}?image",
    "https://127.0.0.1:{port}#/image",
    "https://127.0.0.1:{port}/image#part",
    "https://127.0.0.1:/image",
    "https://127.0.0.1:0/image",
    "https://127.0.0.1:65536/image",
    "https://127.0.0.1:+{port}/image",
    "https://127.0.0.1:{port}:{port}/image",
    "https://user@127.0.0.1:{port}/image",
    "https://other.example\\@127.0.0.1:{port}/image",
    "https://[::1]:{port}/image",
    "https://[/image",
    "https://./image",
    "https://127.0.0.1 :{port}/image",
    "https://127.0.0.1:{port}/image HTTP/1.1\r\nX: y",
    "https://127.0.0.1:{port}/im\nage",
    "https://127.0.0.1:{port}/im\x00age",
    "https://127.0.0.1:{port}/im\xe4ge",
    "https://h\xf6st:{port}/image",
    "",
    "https://",
]


def test_a_url_that_two_parsers_could_read_differently_is_not_used(get, serve):
    server = serve(CONTENT)
    urls = [url.format(port=server.port) + f"?{SECRET}" * ("/im" in url) for url in BAD_URLS]
    found = get(*urls)
    assert {url: one.error for url, one in zip(urls, found, strict=True)} == dict.fromkeys(urls, "BadHttpAnswer")
    assert "secret" not in "".join(one.said for one in found)
    assert server.requests == []


def test_no_error_tells_the_query_of_a_url(get, serve, silent_port):
    server = serve(
        CONTENT, server_that.hang_up, server_that.silence, server_that.gzipped, server_that.raw(b"\r\n\r\n")
    )
    stranger = serve(CONTENT, authority=Authority("somebody else"))
    urls = [server.url()] * 4 + [stranger.url(), f"https://127.0.0.1:{silent_port}/image?{SECRET}"]
    found = get(*urls, timeout_ms=300)
    assert None not in [one.error for one in found]
    assert "secret" not in "".join(one.said for one in found)


# Who is believed.


def test_a_server_goes_by_its_name_or_its_address(get, serve):
    server = serve(CONTENT[:10])
    assert [found.body for found in get(server.url(), server.url(host="localhost"))] == [CONTENT[:10]] * 2


@pytest.mark.parametrize("name", ["fota testing", "somebody else"])
def test_a_server_whose_certificate_nobody_vouches_for_gets_no_request(get, serve, name):
    server = serve(CONTENT, authority=Authority(name))
    assert get(server.url()).error == "UntrustedServer"
    assert server.requests == []


@pytest.mark.parametrize(
    ("names", "host"), [(["other.example"], "127.0.0.1"), (["127.0.0.1"], "localhost"), (["*"], "localhost")]
)
def test_a_server_that_goes_by_another_name_gets_no_request(get, serve, names, host):
    server = serve(CONTENT, names=names)
    assert get(server.url(host=host)).error == "UntrustedServer"
    assert server.requests == []


class Odd(Authority):
    """Its servers' certificates are valid for other days, or bear a name in the old place, or sign themselves."""

    def __init__(self, *, first_day=-1, last_day=1, alternatives=True, signs_itself=False):
        super().__init__()
        self._days = first_day, last_day
        self._alternatives = alternatives
        self._signs_itself = signs_itself

    def server_context(self, names):
        key = ec.generate_private_key(ec.SECP256R1())
        now = datetime.datetime.now(datetime.timezone.utc)
        common_name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "localhost")])
        issuer = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, self._name)])
        first, last = (now + datetime.timedelta(days=days) for days in self._days)
        builder = x509.CertificateBuilder(
            common_name if self._signs_itself else issuer, common_name, key.public_key(), 1, first, last
        )
        if self._alternatives:
            builder = builder.add_extension(x509.SubjectAlternativeName([x509.DNSName("localhost")]), critical=False)
        certificate = builder.sign(key if self._signs_itself else self._key, hashes.SHA256())
        return context_of(certificate, key)


@pytest.mark.parametrize(
    "odd",
    [{"first_day": -3, "last_day": -1}, {"first_day": 1, "last_day": 3}, {"signs_itself": True}],
    ids=["expired", "not yet valid", "signs itself"],
)
def test_a_certificate_that_is_not_valid_today_or_vouches_for_itself_gets_no_request(get, serve, tmp_path, odd):
    authority = Odd(**odd)
    server = serve(CONTENT, authority=authority)
    assert get(server.url(host="localhost"), trust=file_of(authority, tmp_path)).error == "UntrustedServer"
    assert server.requests == []


def test_such_a_certificate_is_believed_when_nothing_is_odd_about_it(get, serve, tmp_path):
    authority = Odd()
    url = serve(CONTENT, authority=authority).url(host="localhost")
    assert get(url, trust=file_of(authority, tmp_path)).body == CONTENT


def test_a_server_of_an_old_tls_is_unreachable(get, serve, authority):
    class Old(Authority):
        def server_context(self, names):
            context = authority.server_context(names)
            context.set_ciphers("ALL:@SECLEVEL=0")
            with pytest.warns(DeprecationWarning, match="TLSv1_1"):
                context.minimum_version = ssl.TLSVersion.TLSv1_1
            with pytest.warns(DeprecationWarning, match="TLSv1_1"):
                context.maximum_version = ssl.TLSVersion.TLSv1_1
            return context

    server = serve(CONTENT, authority=Old())
    assert get(server.url()).error == "Unreachable"
    assert server.requests == []


# What is trusted.


@pytest.mark.parametrize("form", ["DER", "two in PEM, between words", "PEM, beside what is none"])
def test_trust_comes_from_a_file_of_either_form(get, serve, authority, tmp_path, form):
    path = tmp_path / "trust"
    if form == "DER":
        path.write_bytes(x509.load_pem_x509_certificate(authority.pem.encode()).public_bytes(Encoding.DER))
    elif form == "PEM, beside what is none":
        path.write_text("-----BEGIN DH PARAMETERS-----\nMAA=\n-----END DH PARAMETERS-----\n" + authority.pem)
    else:
        path.write_text("# one\n" + Authority("somebody else").pem + "\n# another\n" + authority.pem)
    assert get(serve(CONTENT).url(), trust=str(path)).body == CONTENT


@pytest.mark.parametrize("content", [None, b"", b"\n", b"no certificate", b"\x30\x03abc"])
def test_without_certificates_nobody_is_trusted(get, serve, tmp_path, content):
    path = tmp_path / "trust"
    if content is not None:
        path.write_bytes(content)
    server = serve(CONTENT)
    assert get(server.url(), trust=str(path)).error == "UntrustedServer"
    assert server.requests == []


def test_there_are_no_certificates_of_the_systems_to_fall_back_on():
    with pytest.raises(UntrustedServer):
        SslClient()


# On a small heap.


class NoRoom:
    """A context of TLS on a board whose memory is used up."""

    def __init__(self):
        self.plain = None

    def wrap_socket(self, plain, **_options):
        self.plain = plain
        raise OSError(errno.ENOMEM, "no room")


def test_tls_that_has_no_room_to_begin_is_unreachable_and_leaves_no_socket_open(serve, trusted):
    client = SslClient(trusted)
    client._context = context = NoRoom()
    with pytest.raises(Unreachable):
        client.get(serve(CONTENT).url(), {}, 5_000)
    assert context.plain.fileno() == -1


_WHOLE_UPDATE = """
import gc, hashlib, json, sys
from fota._http_micropython import SslClient
from fota.download import Download, Limits, Source
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
    script = _SCRIPT.replace("{fetched}", inspect.getsource(fetched)) + f"asked = {[trusted, url, {}, 200, 100]!r}"
    assert told(script + _DESCRIPTORS, folder=device) == [[0]]


# What the tests arrange.


def sha256(content):
    digest = hashes.Hash(hashes.SHA256())
    digest.update(content)
    return digest.finalize().hex()


def file_of(authority, folder):
    (folder / "odd.pem").write_text(authority.pem)
    return str(folder / "odd.pem")


def context_of(certificate, key):
    """A server's TLS with that certificate."""
    import tempfile

    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "server.pem")
        private = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
        path.write_bytes(private + certificate.public_bytes(Encoding.PEM))
        context.load_cert_chain(path)
    return context


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


@contextlib.contextmanager
def torn_in_pieces(server):
    """Stands before a server and passes its bytes on in pieces of odd sizes, with pauses; the port."""

    def relay(connection):
        with socket.create_connection(("127.0.0.1", server.port)) as behind:
            behind.settimeout(10)
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            up = threading.Thread(target=pass_on, args=(connection, behind, 1 << 16), daemon=True)
            up.start()
            pass_on(behind, connection, 1_003)
            connection.shutdown(socket.SHUT_WR)
            up.join(10)

    with plain_server(relay) as port:
        yield port


def pass_on(source, target, most_bytes):
    with contextlib.suppress(OSError):
        chunk = source.recv(most_bytes)
        while chunk:
            target.sendall(chunk)
            threading.Event().wait(0.002)
            chunk = source.recv(most_bytes)
