"""A download whose URL expires: a fresh one is asked for, and not without end."""

import pytest

from fota.errors import BadHttpStatus, Unreachable
from fota_testing.servers import behaviours as server_that
from tests.labs.resume_lab import IMAGE, memory_lab, ranges

__all__ = ("memory_lab",)


def paths(server):
    return [request[""].split()[1] for request in server.requests]


EXPIRED = server_that.status(403)
"""As S3 answers."""


def test_an_expired_url_is_replaced_by_a_fresh_one_and_the_download_goes_on(memory_lab, serve):
    server = serve(IMAGE, server_that.drop_after(20_000), EXPIRED)
    memory_lab.install(server, renew=lambda: server.url("/fresh"))
    assert (paths(server)[-1], ranges(server)[-1]) == ("/fresh", "bytes=20000-")
    assert memory_lab.holds_the_image()


def test_a_url_that_expired_during_the_reset_is_replaced_too(memory_lab, serve):
    server = serve(IMAGE)
    memory_lab.cut(server)
    proven_bytes = memory_lab.ledger.kept.offset_bytes
    server.script = [EXPIRED]
    memory_lab.install(server, renew=lambda: server.url("/fresh"))
    assert (paths(server)[-1], ranges(server)[-1]) == ("/fresh", f"bytes={proven_bytes}-")


def test_fresh_urls_that_bring_nothing_come_to_an_end(memory_lab, serve):
    server = serve(IMAGE, afterwards=EXPIRED)
    fresh = iter(range(100))
    with pytest.raises(BadHttpStatus, match="403"):
        memory_lab.install(server, renew=lambda: server.url(f"/fresh-{next(fresh)}"))
    assert paths(server)[1:] == ["/fresh-0", "/fresh-1", "/fresh-2"]


def test_a_fresh_url_that_brought_something_may_expire_again(memory_lab, serve):
    server = serve(IMAGE, *[server_that.drop_after(5_000), EXPIRED] * 9)
    renewed = []

    def renew():
        renewed.append("renewed")
        return server.url("/fresh")

    memory_lab.install(server, renew=renew)
    assert len(renewed) == 9
    assert memory_lab.holds_the_image()


def test_nobody_reachable_to_ask_for_a_fresh_url_is_asked_again(memory_lab, serve):
    server = serve(IMAGE, EXPIRED, EXPIRED)
    answers = iter([Unreachable("nobody"), server.url("/fresh")])

    def renew():
        answer = next(answers)
        if isinstance(answer, Unreachable):
            raise answer
        return answer

    memory_lab.install(server, renew=renew)
    assert paths(server)[-1] == "/fresh"
    assert memory_lab.progress.retries == 2


def test_without_anybody_to_ask_an_expired_url_is_the_end(memory_lab, serve):
    server = serve(IMAGE, afterwards=EXPIRED)
    with pytest.raises(BadHttpStatus, match="403"):
        memory_lab.install(server)
    assert len(server.requests) == 1


@pytest.mark.parametrize("number", [404, 410, 401])
def test_another_refusal_is_no_reason_for_a_fresh_url(memory_lab, serve, number):
    server = serve(IMAGE, afterwards=server_that.status(number))
    with pytest.raises(BadHttpStatus, match=str(number)):
        memory_lab.install(server, renew=lambda: pytest.fail("asked for a fresh URL"))
