"""The delays between tries."""

from fota.transfer.backoff import Backoff


def _highest() -> float:
    return 0.999_999


def test_each_ceiling_is_twice_the_one_before_up_to_the_most() -> None:
    backoff = Backoff(1_000, 10_000, _highest)

    assert [backoff.next_ms() for _ in range(6)] == [999, 1_999, 3_999, 7_999, 9_999, 9_999]


def test_a_delay_may_be_anything_below_its_ceiling() -> None:
    fractions = iter([0.0, 0.5, 0.25])
    backoff = Backoff(1_000, 10_000, lambda: next(fractions))

    assert [backoff.next_ms() for _ in range(3)] == [0, 1_000, 1_000]


def test_a_reset_starts_over() -> None:
    backoff = Backoff(1_000, 10_000, _highest)
    backoff.next_ms()
    backoff.next_ms()

    backoff.reset()

    assert backoff.next_ms() == 999


def test_two_devices_cut_off_together_do_not_come_back_together() -> None:
    first, second = Backoff(60_000, 60_000), Backoff(60_000, 60_000)

    assert [first.next_ms() for _ in range(20)] != [second.next_ms() for _ in range(20)]


def test_a_ceiling_never_passes_the_most_even_the_first() -> None:
    assert Backoff(5_000, 1_000, _highest).next_ms() == 999
