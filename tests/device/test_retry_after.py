"""How long a busy server asks to be left alone, and how far that is obeyed."""

import calendar
import time

import pytest

from fota.errors import BadHttpStatus
from fota.transfer.limits import Limits
from fota.transfer.retry_after import wait_s
from fota_testing.servers import behaviours as server_that
from tests.labs.download_lab import CONTENT, Lab
from tests.labs.http_micropython_lab import every_half as interpreter
from tests.labs.http_micropython_lab import get
from tests.labs.interpreter import device, micropython, only_where_it_runs

__all__ = ("device", "get", "interpreter")

DATE = "Sun, 06 Nov 1994 08:49:37 GMT"

WAITS = {
    "0": 0,
    "120": 120,
    " 7 ": 7,
    "999999999999999": 10**15 - 1,
    "Sun, 06 Nov 1994 08:50:37 GMT": 60,
    "Sunday, 06-Nov-94 08:50:37 GMT": 60,
    "Sun Nov  6 08:50:37 1994": 60,
    "Mon, 07 Nov 1994 08:49:37 GMT": 86_400,
    "Wed, 01 Mar 1995 08:49:37 GMT": 115 * 86_400,
    "Thu, 01 Mar 2012 08:49:37 GMT": 6_325 * 86_400,
    "Sunday, 06-Nov-05 08:49:37 GMT": 4_018 * 86_400,
    "Sun, 06 Nov 1994 08:49:37 GMT": 0,
    "Sun, 06 Nov 1994 08:49:36 GMT": 0,
    "Fri, 06 Nov 1970 08:49:37 GMT": 0,
}
NONSENSE = (
    "",
    " ",
    "soon",
    "-1",
    "+1",
    "1.5",
    "1e3",
    "5, 10",
    "9" * 16,
    "\u0665",
    "Sun, 06 Nov 1994 08:50:37",
    "Sun, 06 Nov 1994 08:50:37 CET",
    "Sun, 06 Nov 1994 08:50 GMT",
    "Sun, 06 nov 1994 08:50:37 GMT",
    "Sun, 06 anF 1994 08:50:37 GMT",
    "Sun, 06 No 1994 08:50:37 GMT",
    "Sun, 32 Nov 1994 08:50:37 GMT",
    "Sun, 06 Nov 1994 24:50:37 GMT",
    "Sun, 06 Nov 1994 08:60:37 GMT",
    "Sun, 06 Nov 1994 08:50:61 GMT",
    "Sun, xx Nov 1994 08:50:37 GMT",
    "2994-11-06T08:50:37Z",
    "06 Nov 1994 08:50:37 GMT",
)


@pytest.mark.parametrize("text", WAITS)
def test_a_number_of_seconds_or_a_point_in_time_is_read(text):
    assert wait_s(text, DATE) == WAITS[text]


@pytest.mark.parametrize("text", NONSENSE)
def test_nonsense_asks_for_nothing(text):
    assert wait_s(text, DATE) == 0


@only_where_it_runs
def test_micropython_reads_the_same(device):
    asked = [*WAITS, *NONSENSE]
    script = f"from fota.transfer.retry_after import wait_s\nprint([wait_s(text, {DATE!r}) for text in {asked!r}])"
    assert micropython(script, folder=device).strip() == str([WAITS.get(text, 0) for text in asked])


@pytest.mark.parametrize("date", [None, "", "today"])
def test_without_a_date_of_the_server_the_clock_of_the_device_counts(date):
    later = time.strftime("%a, %d %b %Y %H:%M:%S GMT", time.gmtime(time.time() + 300))
    assert 295 <= wait_s(later, date) <= 301


def test_points_in_time_are_as_far_apart_as_the_calendar_says():
    for day in range(0, 60_000, 97):
        then = time.gmtime(day * 86_400)
        text = time.strftime("%a, %d %b %Y %H:%M:%S GMT", then)
        assert wait_s(text, "Thu, 01 Jan 1970 00:00:00 GMT") == calendar.timegm(then)


@only_where_it_runs
def test_each_client_hands_on_what_the_server_says(get, serve):
    busy = server_that.status(503, Retry_After="7", Date=DATE)
    found = get(serve(b"", busy).url())
    assert (found.status, found.retry_after, found.date) == (503, "7", DATE)


# How far it is obeyed.


@pytest.fixture
def lab(trusted):
    return Lab(trusted)


def delays_after(lab, serve, *busy, **limits):
    """The delays of a download that meets those answers first."""
    assert lab.download(serve(CONTENT, *busy).url(), **limits) == CONTENT
    return [delay_ms for _, delay_ms in lab.told.retries]


@pytest.mark.parametrize("number", [429, 503])
def test_a_busy_server_is_left_alone_for_as_long_as_it_asks_and_not_much_longer(lab, serve, number):
    delays = delays_after(lab, serve, *[server_that.status(number, Retry_After="90")] * 2)
    first_ms = Limits().first_delay_ms
    assert 90_000 <= delays[0] <= 90_000 + first_ms
    assert 90_000 <= delays[1] <= 90_000 + 2 * first_ms


def test_a_point_in_time_is_waited_for(lab, serve):
    busy = server_that.status(503, Date=DATE, Retry_After="Sun, 06 Nov 1994 08:51:37 GMT")
    assert 120_000 <= delays_after(lab, serve, busy)[0] <= 120_500


@pytest.mark.parametrize("text", ["86400", "999999999999999", "Fri, 31 Dec 9999 23:59:59 GMT"])
def test_no_server_is_left_alone_for_longer_than_ten_minutes(lab, serve, text):
    assert 600_000 <= delays_after(lab, serve, server_that.status(503, Retry_After=text))[0] <= 600_500


def test_a_program_may_set_that_bound(lab, serve):
    busy = server_that.status(503, Retry_After="86400")
    assert 5_000 <= delays_after(lab, serve, busy, most_asked_ms=5_000)[0] <= 5_500


@pytest.mark.parametrize("text", ["0", "soon", "-5", "Sun, 06 Nov 1994 08:49:37 GMT"])
def test_a_server_cannot_shorten_the_delays_that_grow(lab, serve, text):
    delays = delays_after(lab, serve, *[server_that.status(503, Retry_After=text)] * 3, first_delay_ms=64_000)
    assert max(delays) <= 60_000
    assert sum(delays) > 0


@pytest.mark.parametrize("number", [408, 500, 502, 504])
def test_other_statuses_ask_for_no_wait(lab, serve, number):
    assert delays_after(lab, serve, server_that.status(number, Retry_After="90"))[0] <= Limits().first_delay_ms


def test_a_status_that_cannot_pass_is_not_waited_for(lab, serve):
    with pytest.raises(BadHttpStatus):
        lab.download(serve(CONTENT, server_that.status(404, Retry_After="90")).url())
    assert lab.clock.sleeps == []
