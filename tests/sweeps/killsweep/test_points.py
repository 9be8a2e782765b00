"""Which points a sweep takes, and in which order."""

import pytest

from sweeps.killsweep import __main__ as command
from sweeps.killsweep.points import (
    BOOT,
    CRASH,
    CUT,
    EIO,
    ELSEWHERE,
    ENOSPC,
    HOME,
    NEW_MAIN,
    OLD_MAIN,
    SOCKET,
    Call,
    Point,
    in_order,
    parse,
    points_of,
)

WRITE = Call(OLD_MAIN, HOME, "pwrite64", 3)


def effects_at(call: Call) -> set[str]:
    return {point.effect for point in points_of([call])}


def test_a_write_into_the_home_can_be_cut_crash_and_fail() -> None:
    assert effects_at(WRITE) == {CUT, CRASH, EIO, ENOSPC}


@pytest.mark.parametrize(
    "call",
    [Call(OLD_MAIN, HOME, "pread64", 1), Call(OLD_MAIN, SOCKET, "write", 1), Call(OLD_MAIN, ELSEWHERE, "read", 1)],
)
def test_only_what_stores_into_the_home_can_fail(call: Call) -> None:
    assert effects_at(call) == {CUT, CRASH}


def test_the_boot_chooser_cannot_outlive_itself() -> None:
    assert CRASH not in effects_at(Call(BOOT, HOME, "fsync", 1))


def test_a_point_is_read_back_as_it_was_written() -> None:
    assert parse(str(Point(ENOSPC, WRITE))) == Point(ENOSPC, WRITE)


@pytest.mark.parametrize("text", ["", "cut", "cut:old-main:home:fsync:x", "cat:old-main:home:fsync:1"])
def test_what_is_no_point_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="expected EFFECT:ROLE:PLACE:CALL:NUMBER"):
        parse(text)


def test_the_first_points_are_spread_over_all_kinds_of_calls() -> None:
    calls = [Call(role, HOME, "openat", number) for role in (OLD_MAIN, NEW_MAIN) for number in range(1, 51)]
    first = in_order(list(points_of([*calls, WRITE])), seed=7)[:8]
    assert len({point.stratum for point in first}) == 8


def test_the_files_of_the_interpreter_come_last_and_nothing_is_left_out() -> None:
    calls = [Call(BOOT, ELSEWHERE, "openat", number) for number in range(1, 30)] + [WRITE]
    ordered = in_order(list(points_of(calls)), seed=7)
    assert [point.call for point in ordered[:4]] == [WRITE] * 4
    assert sorted(map(str, ordered)) == sorted(map(str, points_of(calls)))


@pytest.mark.parametrize("wrong", [["--points", "0"], ["--points", "-5"], ["--workers", "0"], ["--kinds", "flood"]])
def test_the_command_refuses_to_do_nothing(wrong: list[str]) -> None:
    with pytest.raises(SystemExit, match="2"):
        command._parser().parse_args(wrong)
