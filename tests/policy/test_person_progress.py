"""The files that a screen reads: they are fresh, whole, readable, say how far an update is, and go with it."""

import os
import stat
from pathlib import Path

import pytest

from fota.policy import RESTART
from fota.policy.ask_person_cpython import FRESH_S, AskPerson
from tests.labs.person_screen import Screen, offered, screen

__all__ = ("screen",)


def test_the_question_of_an_earlier_run_is_removed(screen: Screen) -> None:
    screen.asked()
    screen.ask.progress.proving(1)
    AskPerson(str(screen.folder))
    assert (screen.read("offer"), screen.read("progress")) == (None, None)


def test_an_open_question_is_touched_but_not_written_again(screen: Screen) -> None:
    screen.asked()
    path = screen.folder / "offer.json"
    first = path.stat().st_ino
    for _ in range(20):
        os.utime(path, (1, 1))
        screen.now_s += FRESH_S / 2
        screen.asked(waited_s=int(screen.now_s))
        assert path.stat().st_mtime > 1
    assert path.stat().st_ino == first


def test_a_question_that_somebody_deleted_is_asked_again(screen: Screen) -> None:
    screen.asked()
    (screen.folder / "offer.json").unlink()
    screen.now_s += FRESH_S
    screen.asked()
    assert screen.read("offer") is not None


def test_every_user_may_read_the_question_whatever_the_umask_and_nothing_is_written_through_a_link(
    screen: Screen, tmp_path: Path
) -> None:
    precious = tmp_path / "precious"
    precious.write_text("kept")
    screen.folder.mkdir()
    for name in ("offer.json", "offer.json.new"):
        (screen.folder / name).symlink_to(precious)
    former = os.umask(0o077)
    try:
        screen.asked()
    finally:
        os.umask(former)
    assert precious.read_text() == "kept"
    assert stat.S_IMODE((screen.folder / "offer.json").lstat().st_mode) == 0o644


def test_a_folder_that_cannot_be_made_does_not_stop_the_program_and_nobody_is_asked(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    ask = AskPerson(str(tmp_path / "file"))
    with pytest.raises(OSError, match="Not a directory"):
        ask(offered())
    (tmp_path / "offer.json").mkdir()
    ask = AskPerson(str(tmp_path))
    with pytest.raises(OSError, match="directory"):
        ask(offered())


def test_the_progress_says_how_far_the_update_is_and_is_written_once_in_a_second(screen: Screen) -> None:
    screen.asked()
    progress, written = screen.ask.progress, []
    progress.taken("job-1")
    for done in range(0, 1000, 10):
        progress.downloading(done, 1000)
        screen.now_s += 0.1
        written.append((screen.read("progress") or {})["done_bytes"])
    assert 9 <= len(set(written)) <= 11
    progress.downloading(1000, 1000)
    assert screen.read("progress") == {
        "job": "job-1",
        "state": "downloading",
        "done_bytes": 1000,
        "total_bytes": 1000,
    }
    progress.retrying("unreachable", 2_500)
    assert screen.read("progress") == {"job": "job-1", "state": "retrying", "problem": "unreachable", "delay_s": 2}
    states = []
    for step in (lambda: progress.proving(1), lambda: progress.installed(1), progress.restarting):
        step()
        states.append((screen.read("progress") or {})["state"])
    assert states == ["verifying", "installed", "restarting"]


def test_a_long_wait_keeps_the_progress_fresh(screen: Screen) -> None:
    screen.ask.progress.retrying("unreachable", 600_000)
    path = screen.folder / "progress.json"
    os.utime(path, (1, 1))
    screen.now_s += FRESH_S / 2
    screen.ask.progress.waiting()
    assert path.stat().st_mtime > 1


def test_nothing_is_left_when_the_update_is_over(screen: Screen) -> None:
    screen.answer("yes job-1/download\n")
    screen.asked()
    screen.ask.progress.proving(1)
    screen.asked(moment=RESTART)
    screen.ask.progress.ended("job-1", "CANCELED", "")
    assert list(screen.folder.iterdir()) == []
