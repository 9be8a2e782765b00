import io
from dataclasses import replace
from datetime import datetime, timezone

import pytest
from rich.console import Console

from fota_operator.cli.dashboard import MAX_FAILURES, Dashboard, bar, duration
from fota_operator.jobs.deferrals import DEFERRED_TOO_LONG, CountedDeferrals, DeferralKind
from fota_operator.rollouts.aws.failures import NO_REASON, NOT_ASKED
from fota_operator.rollouts.decide.status import Failures, MissingThing, RolloutStatus, StageStatus
from fota_operator.rollouts.speed import OVER_S, Speed

ROLLED_BACK = Failures("some", "FAILED", "rolled-back", 2, "pump-7", "it never [red]answered")


def stage(number: int = 1, state: str = "running", **counts: int) -> StageStatus:
    return StageStatus(number, f"stage-{number}", state, "", sum(counts.values()), counts, ("j",))


def status(*stages: StageStatus, **others: object) -> RolloutStatus:
    whole = RolloutStatus("pump-1-4-0", "running", "", "pump", "1.4.0", sum(one.things for one in stages), stages)
    return replace(whole, **others)  # type: ignore[arg-type]


def drawn(shown: RolloutStatus, speed: Speed | None = None, *, width: int = 80, encoding: str = "utf-8") -> list[str]:
    screen = io.TextIOWrapper(io.BytesIO(), encoding=encoding, write_through=True)
    Console(file=screen, width=width, highlight=False).print(Dashboard(shown, speed))
    screen.seek(0)
    return [line.rstrip() for line in screen.read().splitlines()]


def speed_of(*looks: tuple[float, RolloutStatus]) -> Speed:
    speed = Speed(iter([at for at, _ in looks]).__next__)
    for _, seen in looks:
        speed.look(seen)
    return speed


WHOLE = status(
    StageStatus(1, "canary", "passed", "all of it", 2, {"SUCCEEDED": 2}, ("a",)),
    StageStatus(2, "some", "running", "3 of 5 succeeded, 5 are needed", 5, {"SUCCEEDED": 3, "FAILED": 2}, ("b",)),
    StageStatus(3, "everything-there-is", "waiting", "", 100_000, {"WAITING": 100_000}),
    next="the gate of stage some is open",
    next_at=datetime(2026, 1, 2, 3, 4, 5, tzinfo=timezone.utc),
    failures=(ROLLED_BACK, Failures("some", "FAILED", "http-status", 1, "pump-8")),
)


def test_a_board_fits_80_columns() -> None:
    lines = drawn(WHOLE, speed_of((0, status()), (60, WHOLE)))
    assert [line for line in lines if len(line) > 80] == []


def putting_off(**counts: int) -> StageStatus:
    kinds = tuple(
        DeferralKind("download", f"a reason that goes on and on, number {n}", 1, f"pump-{n}") for n in (1, 2)
    )
    deferred = CountedDeferrals(2, 3, 9, kinds, datetime(2026, 1, 2, 3, 4, 5, tzinfo=timezone.utc))
    return replace(stage(1, "running", **counts), deferred=deferred)


def test_what_devices_put_off_has_a_part_of_the_bar_and_a_place_in_the_legend() -> None:
    lines = drawn(status(putting_off(SUCCEEDED=5, IN_PROGRESS=4, FAILED=1)))
    assert ("▒" in lines[1], "2 in progress" in lines[2], "2 put off" in lines[2]) == (True, True, True)
    assert "put off" not in drawn(status(stage(1, "running", SUCCEEDED=5, IN_PROGRESS=4)))[2]


def test_what_devices_put_off_is_told_with_reasons_and_until_when_and_fits() -> None:
    lines = drawn(status(putting_off(IN_PROGRESS=9)))
    assert "Stage stage-1: 2 of 9 in progress put it off, 3 of them looked at" in lines
    assert "   1 before the download: a reason that goes on and on, number 1, such as pump-1" in lines
    assert "   the last of them must have begun by 2026-01-02 03:04:05 UTC" in lines
    assert [line for line in lines if len(line) > 80] == []


def test_who_puts_it_off_is_no_failure() -> None:
    assert not any("did not take it" in line for line in drawn(status(putting_off(IN_PROGRESS=9))))


def test_a_time_out_while_it_was_put_off_says_what_to_do() -> None:
    lines = drawn(
        status(stage(1, "failed", TIMED_OUT=1), failures=(Failures("some", "TIMED_OUT", DEFERRED_TOO_LONG, 1, "p"),))
    )
    assert any("the device put the update off for longer than the job allows" in line for line in lines)
    assert "--timeout-minutes" in " ".join(lines)


def test_a_board_fits_where_there_is_hardly_room() -> None:
    assert [line for line in drawn(WHOLE, width=50) if len(line) > 50] == []


def test_each_stage_has_a_line_with_state_bar_and_count() -> None:
    lines = drawn(status(stage(1, "passed", SUCCEEDED=2), stage(2, "running", SUCCEEDED=1, QUEUED=3)))
    assert [line.split()[:3] for line in lines[1:3]] == [["1", "stage-1", "passed"], ["2", "stage-2", "running"]]
    assert [line.split()[-1] for line in lines[1:3]] == ["2/2", "1/4"]


def test_bars_of_all_stages_begin_and_end_in_the_same_columns() -> None:
    first, second = drawn(status(stage(1, SUCCEEDED=2), stage(2, WAITING=100)))[1:3]
    assert (first.index("█"), first.rindex("█")) == (second.index("·"), second.rindex("·"))


@pytest.mark.parametrize(
    ("counts", "cells"),
    [
        ({"SUCCEEDED": 1, "FAILED": 1}, "#####xxxxx"),
        ({"SUCCEEDED": 999, "FAILED": 1}, "#########x"),
        ({"SUCCEEDED": 1, "FAILED": 1, "IN_PROGRESS": 1, "QUEUED": 1, "CANCELED": 1, "WAITING": 9_995}, "#x=-/....."),
        ({"FAILED": 1, "REJECTED": 1, "TIMED_OUT": 1}, "xxxxxxxxxx"),
        ({"WAITING": 0}, "          "),
    ],
)
def test_a_bar_shows_whatever_there_is_of(counts: dict[str, int], cells: str) -> None:
    assert bar(stage(1, "running", **counts), 10, ascii_only=True).plain == cells


def test_a_terminal_without_unicode_gets_ascii() -> None:
    assert "".join(drawn(status(stage(SUCCEEDED=1, FAILED=1, IN_PROGRESS=1)), encoding="ascii")).isascii()


def test_the_legend_counts_what_the_bars_show() -> None:
    counted = status(stage(1, SUCCEEDED=2), stage(2, SUCCEEDED=1, REJECTED=1, TIMED_OUT=1))
    assert "   █ 3 succeeded  x 2 failed" in drawn(counted)


def test_failures_are_grouped_by_reason_with_an_example_the_message_and_what_to_do() -> None:
    lines = drawn(status(stage(FAILED=2), failures=(ROLLED_BACK,)))
    at = lines.index("FAILED rolled-back: 2 things of stage some, such as pump-7")
    assert lines[at + 1] == "   it says: it never [red]answered"
    assert lines[at + 2].startswith("   the new image was tried and given up")
    assert lines[at + 3].startswith("   to do: ")


@pytest.mark.parametrize(("reason", "words"), [(NO_REASON, "gave no reason"), (NOT_ASKED, "fota explain THING")])
def test_failures_without_a_reason_say_so(reason: str, words: str) -> None:
    failures = Failures("some", "FAILED", reason, 1, "pump-7")
    assert words in " ".join(drawn(status(stage(FAILED=1), failures=(failures,))))


def test_of_many_reasons_the_most_frequent_are_drawn_and_the_others_counted() -> None:
    many = tuple(replace(ROLLED_BACK, reason=f"r{count}", count=count) for count in range(1, MAX_FAILURES + 3))
    lines = drawn(status(stage(FAILED=1), failures=many))
    assert next(line.split(":")[0] for line in lines if line.startswith("FAILED")) == f"FAILED r{len(many)}"
    assert lines[-1] == "and 2 more reasons"


def test_without_failures_nothing_is_said_of_them() -> None:
    assert "Why" not in " ".join(drawn(status(stage(SUCCEEDED=1))))


def test_why_a_stage_stands_still_is_said_below_it() -> None:
    halted = replace(stage(1, "failed", FAILED=2), why="2 of 2 failed")
    assert drawn(status(halted))[2] == "   2 of 2 failed"


def test_what_comes_is_said_with_its_moment() -> None:
    at = datetime(2026, 1, 2, 3, 4, 5, tzinfo=timezone.utc)
    assert "Next: soak (2026-01-02 03:04:05 UTC)" in drawn(status(stage(SUCCEEDED=1), next="soak", next_at=at))


@pytest.mark.parametrize(("state", "label"), [("done", "Done"), ("halted", "Halted"), ("running", "Now")])
def test_why_it_stands_so_is_said_unless_a_stage_says_it(state: str, label: str) -> None:
    shown = status(replace(stage(SUCCEEDED=1), why="1 of 2"), state=state, why="its targets are no things")
    assert f"{label}: its targets are no things" in drawn(shown)
    assert not any(line.startswith(label) for line in drawn(replace(shown, why="stage 1, canary: 1 of 2; 1 queued")))


def test_speed_and_time_left_follow_from_the_looks() -> None:
    before, now = status(stage(IN_PROGRESS=40)), status(stage(SUCCEEDED=4, IN_PROGRESS=36))
    lines = drawn(now, speed_of((0, before), (120, now)))
    assert "2 things a minute answer; stage stage-1 takes 18 min more at that rate" in lines


def test_the_time_left_leaves_out_devices_that_may_be_off() -> None:
    before, now = status(stage(QUEUED=40)), status(stage(SUCCEEDED=20, IN_PROGRESS=10, QUEUED=10))
    lines = drawn(now, speed_of((0, before), (120, now)))
    assert "takes 1 min more at that rate, without the 10 that have not taken it up" in " ".join(lines)
    late = status(stage(SUCCEEDED=36, QUEUED=4))
    assert not any("more at that rate" in line for line in drawn(late, speed_of((0, before), (120, late))))


def test_who_has_not_answered_is_named_in_the_order_of_people() -> None:
    missing = (MissingThing("pump-10", "QUEUED"), MissingThing("pump-2", "QUEUED"), MissingThing("b", "IN_PROGRESS"))
    lines = drawn(status(replace(stage(SUCCEEDED=24, QUEUED=2, IN_PROGRESS=1), missing=missing)))
    assert "   not taken up, the device may be off: pump-2, pump-10" in lines
    assert "   in progress: b" in lines


def test_speed_is_not_known_before_anything_came_to_an_end() -> None:
    still = status(stage(IN_PROGRESS=4))
    assert speed_of((0, still), (60, still)).per_minute is None


def test_looks_of_long_ago_do_not_count() -> None:
    none, some, more = (status(stage(QUEUED=100 - done, FAILED=done)) for done in (0, 50, 51))
    assert speed_of((0, none), (60, some), (61 + OVER_S, more)).per_minute is None


@pytest.mark.parametrize(
    ("seconds", "words"),
    [(5, "less than a minute"), (60, "1 min"), (3599, "1 h 0 min"), (5400, "1 h 30 min"), (93_600, "1 d 2 h")],
)
def test_durations_are_told_roughly(seconds: float, words: str) -> None:
    assert duration(seconds) == words
