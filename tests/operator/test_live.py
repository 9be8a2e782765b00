import io

import pytest
from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn

from fota_operator.cli.live import Bars, Lines
from fota_operator.progress import ExecutionStatus, JobStatus


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
