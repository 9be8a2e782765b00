"""Which servers a download believes, and that no log and no error tells the query of its URL."""

import logging
import traceback

import pytest

from fota.errors import DownloadFailed, UntrustedServer
from fota_testing.servers import behaviours as server_that
from fota_testing.servers.authority import Authority
from tests.labs.download_lab import CONTENT, FAILURES, Lab, lab

__all__ = ("lab",)

# Who is believed.


def test_a_server_whose_certificate_nobody_vouches_for_gets_no_request(lab, serve):
    server = serve(CONTENT, authority=Authority("somebody else"))
    with pytest.raises(UntrustedServer):
        lab.download(server.url())
    assert server.requests == []
    assert lab.clock.sleeps == []


@pytest.mark.parametrize(
    ("names", "host"), [(["other.example"], "127.0.0.1"), (["127.0.0.1"], "localhost"), (["*"], "localhost")]
)
def test_a_server_that_goes_by_another_name_gets_no_request(lab, serve, names, host):
    server = serve(CONTENT, names=names)
    with pytest.raises(UntrustedServer):
        lab.download(server.url(host=host))
    assert server.requests == []


def test_the_system_does_not_trust_the_authority_of_a_test(serve):
    server = serve(CONTENT)
    with pytest.raises(UntrustedServer):
        Lab(None).download(server.url())


# What is never told.


SECRET_FAILURES = {
    name: FAILURES[name][0] for name in ("status 403", "status 503", "long body", "gzip", "no word", "no HTTP")
}


@pytest.mark.parametrize("name", [*SECRET_FAILURES, "honest", "untrusted", "refused", "silent", "not a URL"])
def test_the_query_of_a_url_reaches_no_log_and_no_error(lab, serve, silent_port, caplog, name):
    caplog.set_level(logging.DEBUG)
    server = serve(CONTENT, afterwards=SECRET_FAILURES.get(name, server_that.honest))
    url = server.url()
    if name == "untrusted":
        url = serve(CONTENT, authority=Authority("somebody else")).url()
    elif name == "refused":
        url = f"https://127.0.0.1:{silent_port}/image?X-Amz-Signature=secret"
    elif name == "silent":
        server.afterwards = server_that.silence
    elif name == "not a URL":
        url = "https://[/image?X-Amz-Signature=secret"
    told = ""
    try:
        lab.download(url, silence_ms=100, fruitless_tries=2)
    except DownloadFailed as error:
        told = "".join(traceback.format_exception(error)) + repr(error) + repr(error.cause)
    assert "download-started" in caplog.text
    assert "secret" not in caplog.text + told
    assert bool(told) == (name != "honest")
