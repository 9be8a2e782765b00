"""A person is asked through files: what is shown, whose answer counts and for how long, and what is no answer."""

import os
from pathlib import Path

import pytest

from fota.policy import DOWNLOAD, RESTART, Later, No, Now
from fota.policy.ask_person_cpython import AskPerson
from tests.labs.person_screen import NO_ANSWER, Screen, offered, screen

__all__ = ("screen",)


def test_the_question_says_what_is_offered(screen: Screen) -> None:
    said = screen.ask(offered(within_s=3_600, waited_s=600, time_s=1_800_000_000))
    assert isinstance(said, Later)
    assert (said.reason, said.again_s) == ("no-answer", 5)
    assert screen.read("offer") == {
        "offer": "job-1/download",
        "job": "job-1",
        "moment": "download",
        "release": "pump-2",
        "version": "2.0",
        "size_bytes": 1000,
        "left_bytes": 400,
        "urgency": "when-convenient",
        "due_at": 1_800_003_000,
        "problem": None,
    }


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("yes job-1/download\n", ("Now", None)),
        ("no job-1/download\n", ("No", "declined by a person")),
        ("later job-1/download\n", ("Later", "put off by a person")),
        ("later job-1/download 60\n", ("Later", "put off by a person")),
    ],
)
def test_an_answer_to_this_offer_counts(screen: Screen, line: str, expected: "tuple[str, str | None]") -> None:
    screen.asked()
    screen.answer(line)
    assert screen.asked() == expected


@pytest.mark.parametrize(
    "line",
    [
        "yes job-2/download\n",
        "yes job-1/restart\n",
        "yes job-1\n",
        "yes\n",
        "yes job-1/download",
        "yes job-1/download\r\n",
        "yes  job-1/download\n",
        "yes job-1/download 60\n",
        "Yes job-1/download\n",
        "maybe job-1/download\n",
        "later job-1/download 3600",
        "later job-1/download soon\n",
        "later job-1/download -1\n",
        "later job-1/download 60 s\n",
        "yes job-1/download\nno job-1/download\n",
        "",
        "\n",
        "yes job-1/download" + 256 * " " + "\n",
        "y\u00e9s job-1/download\n",
    ],
)
def test_what_is_not_a_whole_answer_to_this_very_offer_is_none_and_the_question_says_why(
    screen: Screen, line: str
) -> None:
    screen.answer(line)
    assert screen.asked() == NO_ANSWER
    assert isinstance(screen.problem, str)
    screen.answer("yes job-1/download\n")
    assert screen.asked() == ("Now", None)


def test_a_link_a_folder_a_pipe_and_a_second_name_are_no_answers(screen: Screen, tmp_path: Path) -> None:
    whole = tmp_path / "whole"
    whole.write_text("yes job-1/download\n")
    screen.folder.mkdir()
    path = screen.folder / "answer"
    for make in (
        lambda: path.symlink_to(whole),
        lambda: os.link(whole, path),
        lambda: os.mkfifo(path),
        path.mkdir,
    ):
        make()
        assert screen.asked() == NO_ANSWER
        assert isinstance(screen.problem, str)
        path.rmdir() if path.is_dir() and not path.is_symlink() else path.unlink()
    whole.rename(path)
    assert screen.asked() == ("Now", None)


def test_an_answer_that_anybody_could_write_is_none(screen: Screen) -> None:
    screen.answer("yes job-1/download\n").chmod(0o646)
    assert screen.asked() == NO_ANSWER
    (screen.folder / "answer").chmod(0o664)
    assert screen.asked() == ("Now", None)


@pytest.mark.skipif(os.geteuid() != 0, reason="gives a file to another user")
def test_only_the_user_that_is_named_may_answer_besides_root_and_the_program(screen: Screen) -> None:
    os.chown(screen.answer("yes job-1/download\n"), 1001, 1001)
    assert screen.asked() == NO_ANSWER
    assert "belongs to user 1001" in str(screen.problem)
    assert isinstance(AskPerson(str(screen.folder), user=1002)(offered()), Later)
    assert isinstance(AskPerson(str(screen.folder), user=1001)(offered()), Now)


def test_a_yes_to_the_download_is_none_to_the_restart(screen: Screen) -> None:
    screen.answer("yes job-1/download\n")
    assert screen.asked() == ("Now", None)
    assert screen.asked(moment=RESTART, left_bytes=0) == NO_ANSWER
    assert (screen.read("offer") or {})["moment"] == RESTART
    screen.answer("yes job-1/restart\n")
    assert screen.asked(moment=RESTART) == ("Now", None)


def test_a_yes_holds_at_every_look_and_after_a_reset_and_closes_the_question(screen: Screen) -> None:
    screen.asked()
    screen.answer("yes job-1/download\n")
    assert [screen.asked(), screen.asked()] == [("Now", None)] * 2
    assert screen.read("offer") is None
    assert isinstance(AskPerson(str(screen.folder))(offered()), Now)


def test_a_later_holds_for_its_time_then_the_person_is_asked_again(screen: Screen) -> None:
    screen.answer("later job-1/download 60\n")
    assert screen.asked()[1] == "put off by a person"
    assert not (screen.folder / "answer").exists()
    screen.now_s += 59
    assert screen.asked()[1] == "put off by a person"
    screen.now_s += 2
    assert screen.asked() == NO_ANSWER


def test_a_later_without_a_number_is_an_hour_and_none_is_longer_than_a_day(screen: Screen) -> None:
    for line, seconds in (("later job-1/download\n", 3_600), ("later job-1/download 999999999999\n", 86_400)):
        screen.answer(line)
        screen.asked()
        screen.now_s += seconds - 1
        assert screen.asked()[1] == "put off by a person"
        screen.now_s += 2
        assert screen.asked() == NO_ANSWER


def test_a_person_may_think_better_of_a_later(screen: Screen) -> None:
    screen.answer("later job-1/download\n")
    screen.asked()
    screen.answer("yes job-1/download\n")
    assert screen.asked() == ("Now", None)


def test_a_later_to_one_offer_puts_off_no_other(screen: Screen) -> None:
    screen.answer("later job-1/download\n")
    screen.asked()
    assert screen.asked(job_id="job-2") == NO_ANSWER


def test_only_the_moments_that_were_named_are_asked(screen: Screen) -> None:
    only = AskPerson(str(screen.folder), moments=(RESTART,))
    assert isinstance(only(offered()), Now)
    assert screen.read("offer") is None
    assert isinstance(only(offered(moment=RESTART)), Later)


@pytest.mark.parametrize(
    ("arguments", "named"),
    [
        ({"folder": ""}, "folder: expected the name of a folder, got ''"),
        ({"folder": Path("/run")}, "folder: "),
        ({"folder": "a\0b"}, "folder: "),
        ({"moments": ()}, "moments: expected"),
        ({"moments": "restart"}, "moments: "),
        ({"moments": (DOWNLOAD, "boot")}, "moments: "),
        ({"user": "kiosk"}, "user: expected the number of a user, got 'kiosk'"),
        ({"user": -1}, "user: "),
        ({"user": True}, "user: "),
    ],
)
def test_a_wrong_argument_is_refused_by_its_name(arguments: "dict[str, object]", named: str) -> None:
    with pytest.raises(ValueError, match="^" + named):
        AskPerson(**{"folder": "/run/pump", **arguments})  # type: ignore[arg-type]


def test_a_no_is_the_last_word(screen: Screen) -> None:
    screen.answer("no job-1/download\n")
    assert isinstance(screen.ask(offered()), No)
    assert screen.read("offer") is None
