import io
from dataclasses import replace

import pytest
from rich.console import Console
from rich.live import Live
from rich.progress import BarColumn, Progress, TextColumn

from fota_operator.cli.bars import OrderedProgress
from fota_operator.cli.live import Bars, Lines, RolloutDashboard, RolloutLines
from fota_operator.jobs.deferrals import CountedDeferrals, DeferralKind
from fota_operator.jobs.progress import ExecutionStatus, JobStatus
from fota_operator.rollouts.decide.status import Failures, RolloutStatus, StageStatus


def job(status: str, **details: str) -> JobStatus:
    return JobStatus("j", "IN_PROGRESS", (ExecutionStatus("pump", status, 1, details),))


def progress_on(screen: io.StringIO) -> Progress:
    columns = (TextColumn("{task.description}"), BarColumn(), TextColumn("{task.percentage} {task.fields[words]}"))
    return Progress(*columns, console=Console(file=screen, force_terminal=True, width=120), auto_refresh=False)


@pytest.mark.parametrize(
    ("status", "details", "shown"),
    [
        ("QUEUED", {}, "0.0 QUEUED"),
        ("IN_PROGRESS", {"step": "download", "progress": "40 %"}, "40.0 IN_PROGRESS progress 40 %, step download"),
        (
            "IN_PROGRESS",
            {"step": "deferred", "moment": "restart", "reason": "night"},
            "0.0 IN_PROGRESS night put off before the restart",
        ),
        ("SUCCEEDED", {"slot": "1"}, "100.0 SUCCEEDED slot 1"),
        ("FAILED", {"reason": "http-status", "message": "answered 403"}, "100.0 FAILED http-status answered 403"),
    ],
)
def test_a_bar_shows_how_far_a_device_is(status: str, details: dict[str, str], shown: str) -> None:
    screen = io.StringIO()
    with progress_on(screen) as progress:
        bars = Bars(progress)
        bars.show(job("QUEUED"))
        bars.show(job(status, **details))
    assert shown in screen.getvalue()


def test_a_thing_has_one_bar_however_often_it_is_shown() -> None:
    with progress_on(io.StringIO()) as progress:
        bars = Bars(progress)
        for _ in range(3):
            bars.show(job("QUEUED"))
        assert [task.description for task in progress.tasks] == ["pump"]


def test_lines_say_only_what_has_changed(capsys: pytest.CaptureFixture[str]) -> None:
    lines = Lines()
    for status in ("QUEUED", "QUEUED", "IN_PROGRESS"):
        lines.show(job(status))
    assert capsys.readouterr().err.splitlines() == ["pump: QUEUED", "pump: IN_PROGRESS"]


TRIED_AGAIN = JobStatus(
    "j",
    "IN_PROGRESS",
    (ExecutionStatus("pump", "FAILED", 1, {"reason": "no-space"}), ExecutionStatus("pump", "QUEUED", 2)),
)


def test_each_try_of_a_thing_has_a_line_of_its_own(capsys: pytest.CaptureFixture[str]) -> None:
    lines = Lines()
    lines.show(TRIED_AGAIN)
    lines.show(TRIED_AGAIN)
    assert capsys.readouterr().err.splitlines() == ["pump: FAILED no-space", "pump, try 2: QUEUED"]


def test_each_try_of_a_thing_has_a_bar_of_its_own() -> None:
    with progress_on(io.StringIO()) as progress:
        bars = Bars(progress)
        bars.show(TRIED_AGAIN)
        bars.show(TRIED_AGAIN)
        told = [(task.description, task.completed) for task in progress.tasks]
    assert told == [("pump", 100), ("pump, try 2", 0)]


SOME = JobStatus(
    "j",
    "IN_PROGRESS",
    tuple(ExecutionStatus(f"pump-{n}", status, 1) for n, status in ((1, "QUEUED"), (10, "FAILED"), (2, "FAILED"))),
)


def test_lines_of_a_job_name_what_failed_first_and_in_the_order_of_people(capsys: pytest.CaptureFixture[str]) -> None:
    Lines().show(SOME)
    assert capsys.readouterr().err.splitlines() == ["pump-2: FAILED", "pump-10: FAILED", "pump-1: QUEUED"]


def test_bars_of_a_job_are_in_that_order_too_and_fit_the_screen() -> None:
    screen = io.StringIO()
    columns = (TextColumn("{task.description}"), TextColumn("{task.fields[words]}"))
    console = Console(file=screen, force_terminal=True, width=80, height=4)
    with OrderedProgress(*columns, console=console, auto_refresh=False) as progress:
        Bars(progress).show(SOME)
        told = list(progress.get_renderables())
    assert [task.description for task in sorted(progress.tasks, key=lambda task: task.fields["place"])] == [
        "pump-2",
        "pump-10",
        "pump-1",
    ]
    assert (len(told), str(told[1])) == (2, "and 1 more")


def rollout(state: str, next_: str = "", failures: tuple[Failures, ...] = (), **counts: int) -> RolloutStatus:
    stage = StageStatus(1, "canary", state, "", sum(counts.values()), counts, ("j",))
    return RolloutStatus("pump-1", state, next_, "pump", "1.4.0", 2, (stage,), failures)


def test_lines_of_a_rollout_say_only_what_has_changed(capsys: pytest.CaptureFixture[str]) -> None:
    lines = RolloutLines()
    failure = Failures("canary", "FAILED", "no-space", 1, "pump")
    for seen in (
        rollout("running", "the gate", QUEUED=2),
        rollout("running", "the gate", QUEUED=2),
        rollout("running", "the gate", QUEUED=1, FAILED=1, failures=(failure,)),
        rollout("halted", "mend it", SUCCEEDED=1, FAILED=1, failures=(failure,)),
    ):
        lines.show(seen)
    assert capsys.readouterr().err.splitlines() == [
        "stage 1 canary (2 things) running: 2 queued",
        "pump-1 running; next: the gate",
        "stage 1 canary (2 things) running: 1 failed, 1 queued",
        "FAILED no-space: 1 thing of stage canary, such as pump",
        "stage 1 canary (2 things) halted: 1 succeeded, 1 failed",
        "pump-1 halted; next: mend it",
    ]


def test_lines_of_a_rollout_say_why_things_put_it_off(capsys: pytest.CaptureFixture[str]) -> None:
    lines, seen = RolloutLines(), rollout("running", IN_PROGRESS=2)
    deferred = CountedDeferrals(1, 2, 2, (DeferralKind("restart", "night", 1, "pump-1"),))
    putting_off = replace(seen, stages=(replace(seen.stages[0], deferred=deferred),))
    for status in (seen, putting_off, putting_off):
        lines.show(status)
    assert capsys.readouterr().err.splitlines() == [
        "stage 1 canary (2 things) running: 2 in progress",
        "pump-1 running",
        "stage 1 canary (2 things) running: 1 in progress, 1 put off",
        "stage 1 canary: 1 of 2 in progress put it off",
        "stage 1 canary: 1 before the restart: night, such as pump-1",
    ]


def test_a_terminal_gets_a_board_that_is_drawn_anew() -> None:
    screen = io.StringIO()
    console = Console(file=screen, force_terminal=True, width=80)
    with Live(console=console, auto_refresh=False) as live:
        board = RolloutDashboard(live)
        board.show(rollout("running", QUEUED=2))
        board.show(rollout("running", SUCCEEDED=1, QUEUED=1))
    assert "0/2" in screen.getvalue()
    assert "1/2" in screen.getvalue()
