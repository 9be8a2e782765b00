"""When a promise of signs of life is broken, in virtual time: silence counts, but only while somebody listens."""

import pytest

from fota_boot.heartbeat import MAX_PERIOD_S, MIN_PERIOD_S, Promise


class Listener:
    """A supervisor that looks as often as it must."""

    def __init__(self):
        self.promise = Promise(10)
        self.now_s = 1_000.0
        self.promise.broken_for_s(self.now_s)

    def hears(self, **fields):
        self.promise.told(fields, self.now_s)

    def passes(self, duration_s):
        """Time in which it looks in time; the first answer that is not None."""
        end_s = self.now_s + duration_s
        while self.now_s < end_s:
            self.now_s = min(end_s, self.now_s + (self.promise.look_after_s() or duration_s))
            broken_for_s = self.promise.broken_for_s(self.now_s)
            if broken_for_s is not None:
                return broken_for_s
        return None

    def sleeps(self, duration_s):
        """Time in which nobody looks."""
        self.now_s += duration_s
        return self.promise.broken_for_s(self.now_s)


@pytest.fixture
def listener():
    return Listener()


def test_without_a_promise_silence_means_nothing(listener):
    listener.hears(STATUS="at work", READY="1", FOTA_WAITING="1")
    assert listener.passes(1_000_000) is None
    assert listener.promise.look_after_s() is None


def test_silence_within_the_time_breaks_no_promise_and_after_it_does(listener):
    listener.hears(WATCHDOG="1")
    assert listener.passes(10) is None
    assert listener.passes(2) == pytest.approx(11.25)


def test_each_sign_begins_the_time_again(listener):
    for _ in range(5):
        listener.hears(WATCHDOG="1")
        assert listener.passes(9) is None


@pytest.mark.parametrize("name", ["READY", "STOPPING", "RELOADING", "FOTA_WAITING"])
def test_other_words_of_life_keep_a_promise(listener, name):
    listener.hears(WATCHDOG="1")
    assert listener.passes(9) is None
    listener.hears(**{name: "1"})
    assert listener.passes(9) is None


@pytest.mark.parametrize("fields", [{}, {"STATUS": "at work"}, {"WATCHDOG": "0"}, {"MAINPID": "1"}])
def test_other_messages_keep_none(listener, fields):
    listener.hears(WATCHDOG="1")
    listener.passes(9)
    listener.hears(**fields)
    assert listener.passes(2) is not None


def test_a_program_states_its_own_time(listener):
    listener.hears(WATCHDOG_USEC="2000000", WATCHDOG="1")
    assert listener.passes(2) is None
    assert listener.passes(1) is not None


@pytest.mark.parametrize(
    ("stated", "period_s"),
    [("1", MIN_PERIOD_S), ("9" * 4_000, MAX_PERIOD_S), ("soon", 10), ("-1", 10), ("", 10), ("\u00b2", 10)],
)
def test_an_odd_time_is_bounded_or_left_out(listener, stated, period_s):
    listener.hears(WATCHDOG_USEC=stated)
    assert listener.promise.period_s == period_s


def test_a_time_of_zero_takes_the_promise_back(listener):
    listener.hears(WATCHDOG="1")
    listener.hears(WATCHDOG_USEC="0")
    assert listener.passes(1_000) is None


def test_a_program_that_says_it_is_stuck_has_broken_its_promise(listener):
    listener.hears(WATCHDOG="trigger")
    assert listener.passes(1) == float("inf")


def test_time_in_which_nobody_looked_does_not_count(listener):
    listener.hears(WATCHDOG="1")
    listener.passes(5)
    assert listener.sleeps(100_000) is None
    assert listener.passes(3) is None
    assert listener.passes(3) is not None


def test_a_promise_after_a_long_silence_counts_from_then_on(listener):
    listener.now_s += 100_000
    listener.hears(WATCHDOG="1")
    assert listener.promise.broken_for_s(listener.now_s) is None
    assert listener.passes(9) is None
    assert listener.passes(3) is not None


def test_a_sleep_never_gives_more_than_the_time_again(listener):
    listener.hears(WATCHDOG="1")
    listener.sleeps(100_000)
    listener.sleeps(100_000)
    assert listener.passes(12) is not None
