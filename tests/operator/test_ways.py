"""Which way the image came: what devices say is counted, and what no device says is not believed."""

import io

import pytest

from fota_operator.cli.dashboard import Dashboard
from fota_operator.cli.output import new_console
from fota_operator.jobs.progress import ExecutionStatus, JobStatus
from fota_operator.jobs.ways import CountedWay, SaidWay, counted_ways, way_in, way_in_words, ways_in_words, ways_of
from fota_operator.rollouts.decide.status import RolloutStatus

PATCH = {"way": "patch", "patch_bytes": "4096"}
NO_ROOM = {"way": "whole", "why": "no-room"}


@pytest.mark.parametrize(
    ("details", "said"),
    [
        (PATCH, SaidWay("patch", None, 4096)),
        ({"way": "compressed", "patch_bytes": "9"}, SaidWay("compressed", None, 9)),
        (NO_ROOM, SaidWay("whole", "no-room")),
        ({"way": "whole", "why": "nonsense", "patch_bytes": "3"}, SaidWay("whole")),
        ({"way": "patch", "why": "no-room", "patch_bytes": "-1"}, SaidWay("patch")),
        ({"way": "patch", "patch_bytes": "9" * 4301}, SaidWay("patch")),
        ({"way": "pigeon"}, None),
        ({}, None),
    ],
)
def test_what_a_device_says_is_read_and_nonsense_is_not(details: dict[str, str], said: SaidWay | None) -> None:
    assert way_in(details) == said


def job(*details: dict[str, str]) -> JobStatus:
    ones = [ExecutionStatus(f"t-{number}", "SUCCEEDED", 1, said) for number, said in enumerate(details)]
    return JobStatus("fota-1", "COMPLETED", tuple(ones))


def test_devices_are_counted_by_their_way_and_why_the_most_frequent_first() -> None:
    ways = ways_of(job(NO_ROOM, PATCH, {**PATCH, "patch_bytes": "5000"}, {}, {"step": "x"}).executions)
    assert ways is not None
    assert (ways.looked_at, ways.succeeded) == (4, 5)
    assert ways.kinds == (
        CountedWay("patch", None, 2, "t-1", 5000),
        CountedWay("whole", "no-room", 1, "t-0"),
    )
    assert ways_in_words(ways) == (
        "2 by a patch of at most 5,000 bytes, 1 by the whole image (no room for the patch, such as t-0); "
        "4 of 5 were looked at"
    )


def test_where_no_device_says_a_way_there_is_none() -> None:
    assert ways_of(job({}, {"step": "x"}).executions) is None


def test_a_way_that_failed_is_not_counted() -> None:
    failed = ExecutionStatus("t", "FAILED", 1, PATCH)
    assert ways_of((failed,)) is None


@pytest.mark.parametrize(
    ("said", "words"),
    [
        (SaidWay("patch", None, 4096), "a patch of 4,096 bytes"),
        (SaidWay("whole", "patch-failed"), "the whole image: the patch could not be applied"),
        (SaidWay("whole"), "the whole image"),
    ],
)
def test_one_way_in_words(said: SaidWay, words: str) -> None:
    assert way_in_words(said) == words


def test_the_status_of_a_rollout_shows_the_ways() -> None:
    ways = counted_ways([("t-1", SaidWay("patch", None, 4096))], 1, 3)
    status = RolloutStatus("pump", "running", "", "pump", "1.0", 3, (), ways=ways)
    console = new_console(io.StringIO(), width_of_file=80)
    with console.capture() as shown:
        console.print(Dashboard(status))
    assert "The image came: 1 by a patch of at most 4,096 bytes; 1 of 3 were looked at" in shown.get()
