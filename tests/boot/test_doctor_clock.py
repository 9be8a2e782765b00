"""The doctor and the clock of a device, compared with that of its endpoint."""

import datetime
from email.utils import format_datetime

import pytest

from fota_boot.doctor.findings import ERROR, OK, WARNING
from fota_boot.doctor.network import examine_clock
from fota_testing.servers import behaviours
from tests.labs.thing_to_examine import folder, identity_of, thing

__all__ = ("folder", "thing")


@pytest.fixture
def clock_beside(thing, serve, authority):
    """What is found of the clock beside a server whose clock is so far ahead."""
    (thing / "cacert.pem").write_text(authority.pem)

    def examine(ahead_s, answer=None):
        there = datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(seconds=ahead_s)
        server = serve(b"", answer or behaviours.status(403, Date=format_datetime(there, usegmt=True)))
        identity = identity_of(thing)
        identity.https_port = server.port
        return examine_clock(identity, within_s=5)

    return examine


@pytest.mark.parametrize(
    ("ahead_s", "level", "side"),
    [
        (0, OK, ""),
        (250, OK, "behind"),
        (400, WARNING, "behind"),
        (-400, WARNING, "ahead of"),
        (90_000, ERROR, "behind"),
    ],
)
def test_the_clock_is_compared_with_that_of_the_endpoint(clock_beside, ahead_s, level, side):
    finding = clock_beside(ahead_s)
    assert (finding.subject, finding.level) == ("clock", level)
    assert side in finding.text


@pytest.mark.parametrize(
    "answer",
    [
        behaviours.status(403),
        behaviours.status(403, Date="some day"),
        behaviours.hang_up,
        behaviours.raw(b"x" * 20_000),
    ],
)
def test_an_endpoint_that_does_not_say_the_time_is_no_fault(clock_beside, answer):
    finding = clock_beside(0, answer)
    assert (finding.level, "not compared" in finding.text) == (OK, True)


def test_the_time_is_believed_of_nobody_who_does_not_prove_who_it_is(thing, serve):
    server = serve(b"", behaviours.status(403, Date="Thu, 01 Jan 2099 00:00:00 GMT"))
    identity = identity_of(thing)
    identity.https_port = server.port
    assert examine_clock(identity, within_s=5).level == OK
    assert server.requests == []
