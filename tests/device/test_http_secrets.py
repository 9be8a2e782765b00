"""A presigned URL is a password: no logger of urllib3 tells its query. And no file gets the keys of a connection."""

import io
import logging
import traceback

import pytest

from aws.iot.credentials import Credentials
from aws.iot.mqtt._tls_cpython import tls_context
from fota.errors import FotaError
from fota.transfer._http_cpython import Urllib3Client
from fota_testing.servers import behaviours as server_that
from tests.labs.pki import new_identity

SECRET = "X-Amz-Signature=secret"
MALFORMED = b"HTTP/1.1 503 Busy\r\nX-One: 1\r\nno colon https://h/i?" + SECRET.encode() + b"\r\nX: y\r\n\r\n"

ANSWERS = {
    "a head that cannot be parsed": server_that.raw(MALFORMED),
    "an address elsewhere": server_that.redirect(f"https://127.0.0.1/other?{SECRET}"),
    "two lengths": server_that.raw(b"HTTP/1.1 200 OK\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n"),
    "no answer": server_that.hang_up,
    "an honest one": server_that.honest,
}


@pytest.fixture
def told():
    """All that any logger tells, with the tracebacks, from the lowest level on."""
    text = io.StringIO()
    handler = logging.StreamHandler(text)
    handler.setFormatter(logging.Formatter("%(name)s %(message)s %(pathname)s"))
    root = logging.getLogger()
    level = root.level
    root.addHandler(handler)
    root.setLevel(logging.DEBUG)
    yield text
    root.removeHandler(handler)
    root.setLevel(level)


@pytest.mark.parametrize("name", ANSWERS)
def test_no_logger_tells_the_query_of_a_url(serve, trusted, told, name):
    url = serve(b"abc", ANSWERS[name]).url(f"/image?{SECRET}")
    try:
        Urllib3Client(trusted).get(url, {}, 2_000).close()
    except FotaError as error:
        told.write("".join(traceback.format_exception(error)))
    assert SECRET not in told.getvalue()
    assert "urllib3.connectionpool Starting new HTTPS connection (1): 127.0.0.1" in told.getvalue()


def test_a_head_that_cannot_be_parsed_is_told_without_the_query(serve, trusted, told):
    Urllib3Client(trusted).get(serve(b"", server_that.raw(MALFORMED)).url(f"/image?{SECRET}"), {}, 2_000).close()
    assert "urllib3.connection Failed to parse headers (url=https://127.0.0.1" in told.getvalue()


def test_every_logger_of_urllib3_is_filtered(trusted):
    Urllib3Client(trusted)
    named = [(name, one) for name, one in logging.root.manager.loggerDict.items() if name.startswith("urllib3.")]
    # Those of what we do not import are not asked.
    loggers = [one for name, one in named if isinstance(one, logging.Logger) and name.count(".") < 3]
    for logger in loggers:
        entry = logger.makeRecord(logger.name, logging.INFO, "", 0, "at %s", (f"https://h/i?{SECRET}",), None)
        assert logger.filter(entry)
        assert entry.getMessage() == "at https://h/i"
    assert len(loggers) >= 5


def test_no_file_gets_the_keys_of_a_connection(serve, trusted, tmp_path, monkeypatch):
    path = tmp_path / "keys"
    monkeypatch.setenv("SSLKEYLOGFILE", str(path))
    Urllib3Client(trusted).get(serve(b"abc").url(), {}, 2_000).close()
    one = new_identity()
    assert tls_context(Credentials(one.clicert, one.pkey)).keylog_filename is None
    assert not path.exists()


def test_a_file_for_keys_that_cannot_be_written_ends_no_download(serve, trusted, monkeypatch):
    monkeypatch.setenv("SSLKEYLOGFILE", "/nonexistent/keys")
    Urllib3Client(trusted).get(serve(b"abc").url(), {}, 2_000).close()
