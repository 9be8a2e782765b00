"""The seeded bugs of the power-cut sweep are described correctly, and one that does not fit fails the command.

`make powercut-mutants` tries each of them. Here a sample of bugs that are found soon is tried; one that does not fit
is passed over.
"""

import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from sweeps.mutants import __main__ as command
from sweeps.mutants.catalogue import MUTANTS, named
from sweeps.mutants.report import json_line, page
from sweeps.mutants.trying import Tried, snapshot, tried
from sweeps.seeding.bugs import Bug, at, bug, misfits
from sweeps.seeding.verbs import at_end, at_start, drop

ROOT = Path(__file__).parents[3]

FITS = bug("fits", "Nothing is wrong.", at("durable", at_end("pass")))
DOES_NOT_FIT = bug("odd", "What is not there is left out.", at("durable", drop("no_such_thing()")))

SAMPLE = {
    "newest-is-lowest": "I3",
    "attempt-not-saved": "I3",
    "succeeded-by-the-journal": "I6",
    "unsigned-accepted": "I11",
    "tree-of-the-former-image-stays": "I21",
}
"""One bug of each part of the catalogue, and the check that finds it first."""
SOON_S = 120.0

KILLED = Tried("fits", "I3", "", "I3", 1.0)
CLEAN = Tried("the source as it is", "", "", "", 1.0)
BROKEN = Tried("the source as it is", "", "", "broke", 1.0)


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch) -> Callable[..., int]:
    """The command, with some bugs and options; every bug is found."""

    def status(bugs: tuple[Bug, ...], *options: str, unchanged: Tried = CLEAN) -> int:
        monkeypatch.setattr(sys, "argv", ["mutants", *options])
        monkeypatch.setattr(command, "MUTANTS", bugs)
        monkeypatch.setattr(command, "tried", lambda one, **_: KILLED if one.changes else unchanged)
        monkeypatch.setattr(command, "snapshot", lambda folder: folder)
        return command.main()

    return status


@pytest.mark.parametrize("seeded", MUTANTS, ids=lambda seeded: seeded.name)
def test_a_bug_is_described_in_a_sentence(seeded: Bug) -> None:
    assert seeded.wrong[0].isupper()
    assert seeded.wrong.endswith(".")
    assert "|" not in seeded.wrong


def test_there_are_at_least_ninety_bugs() -> None:
    assert len(MUTANTS) >= 90


def test_no_two_bugs_have_the_same_name() -> None:
    names = [seeded.name for seeded in MUTANTS]
    assert sorted(set(names)) == sorted(names)


def test_no_two_bugs_are_the_same_change() -> None:
    assert len({seeded.changes for seeded in MUTANTS}) == len(MUTANTS)


@pytest.mark.slow
@pytest.mark.slow
@pytest.mark.parametrize("name", SAMPLE)
def test_a_bug_of_a_sample_is_found(name: str, tmp_path: Path) -> None:
    seeded = named(name)
    if not misfits([seeded]):
        assert tried(seeded, code=snapshot(tmp_path), budget_s=SOON_S, seed=1).check == SAMPLE[name]


@pytest.mark.slow
def test_a_bug_that_changes_nothing_is_not_found(tmp_path: Path) -> None:
    found = tried(FITS, code=snapshot(tmp_path), budget_s=2.0, seed=1)
    assert (found.check, found.message) == ("", "")


def test_a_bug_that_is_broken_itself_is_not_found(tmp_path: Path) -> None:
    broken = bug("broken", "What it uses is not there any more.", at("boot:choose", at_start("no_such_name")))
    found = tried(broken, code=snapshot(tmp_path), budget_s=SOON_S, seed=1)
    assert (found.check, found.message[:45]) == ("", "the bug itself is broken: crash: NameError: n")


def test_a_bug_that_no_check_named_counts_as_alive() -> None:
    found = [Tried("a", "I3", "healthy/3:lost", "I3: more", 1.0), Tried("b", "", "", "the sweep itself broke", 1.0)]
    assert json_line(found, 1, 2.04) == '{"mutants": 3, "killed": 1, "misfits": 1, "seconds": 2.0}'


@pytest.mark.parametrize(
    ("check", "message", "is_clean"),
    [("", "", True), ("I3", "I3: more", False), ("", "the sweep itself came to no end", False)],
)
def test_a_source_that_could_not_be_swept_to_the_end_is_not_clean(check: str, message: str, is_clean: bool) -> None:
    assert Tried("the source as it is", check, "", message, 1.0).is_clean is is_clean


def test_the_command_fails_if_the_source_as_it_is_was_not_swept_to_the_end(
    run: Callable[..., int], capsys: pytest.CaptureFixture[str]
) -> None:
    assert run((FITS,), unchanged=BROKEN) == 1
    assert "worth nothing: in the source as it is there is broke" in capsys.readouterr().out


def test_the_command_fails_if_a_bug_does_not_fit_and_tries_the_others(
    run: Callable[..., int], capsys: pytest.CaptureFixture[str]
) -> None:
    assert run((FITS, DOES_NOT_FIT)) == 1
    told = capsys.readouterr().out
    assert "does not fit: odd: durable: 'no_such_thing()' was found 0 times" in told
    assert '"mutants": 2, "killed": 1, "misfits": 1' in told


@pytest.mark.parametrize(("bugs", "status"), [((FITS,), 0), ((FITS, DOES_NOT_FIT), 1)])
def test_the_command_can_ask_for_no_more_than_whether_each_bug_fits(
    bugs: tuple[Bug, ...], status: int, run: Callable[..., int], capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(bugs, "--fit-only", unchanged=BROKEN) == status
    assert "worth nothing" not in capsys.readouterr().out


def test_the_page_lists_every_bug() -> None:
    rows = (ROOT / "docs/power-cuts-mutants.md").read_text().splitlines()
    wanted = page(MUTANTS, []).splitlines()
    assert [line.rpartition("| ")[0].rpartition("| ")[0] for line in rows if line.startswith("| `")] == [
        line.rpartition("| ")[0].rpartition("| ")[0] for line in wanted if line.startswith("| `")
    ]
