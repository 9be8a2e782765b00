"""The seeded bugs fit the source as it is, and are told of as they are."""

import ast
import sys
from pathlib import Path

import pytest
from sweeps.mutants import __main__ as command
from sweeps.mutants.catalogue import MUTANTS, named
from sweeps.mutants.mutant import SOURCE, Change, Mutant, OddMutant, mutant
from sweeps.mutants.report import json_line, page
from sweeps.mutants.trying import Tried

ROOT = Path(__file__).parents[2]


def read_all() -> dict[Path, str]:
    """The source, byte for byte."""
    return {path: path.read_text() for path in SOURCE.rglob("*.py")}


@pytest.mark.parametrize("seeded", MUTANTS, ids=lambda seeded: seeded.name)
def test_a_bug_fits_the_source_and_changes_what_the_code_does(seeded: Mutant) -> None:
    for file, text in seeded.mutated_files().items():
        assert ast.dump(ast.parse(text)) != ast.dump(ast.parse((SOURCE / file).read_text()))


@pytest.mark.parametrize("seeded", MUTANTS, ids=lambda seeded: seeded.name)
def test_a_bug_is_described_in_a_sentence(seeded: Mutant) -> None:
    assert seeded.wrong[0].isupper()
    assert seeded.wrong.endswith(".")
    assert "|" not in seeded.wrong


def test_there_are_at_least_forty_bugs() -> None:
    assert len(MUTANTS) >= 40


def test_no_two_bugs_have_the_same_name() -> None:
    names = [seeded.name for seeded in MUTANTS]
    assert sorted(set(names)) == sorted(names)


def test_no_two_bugs_are_the_same_change() -> None:
    assert len({seeded.changes for seeded in MUTANTS}) == len(MUTANTS)


def test_seeding_changes_the_copy_and_not_the_source(tmp_path: Path) -> None:
    before = read_all()
    seeded = named("crc-not-checked")
    seeded.seed(tmp_path)
    assert (tmp_path / "fota/durable.py").read_text() == seeded.mutated_files()["fota/durable.py"]
    assert read_all() == before


def test_a_piece_that_is_not_there_is_refused() -> None:
    with pytest.raises(OddMutant, match="0 times"):
        mutant("odd", "Odd.", "fota/table.py", "no such text", "").mutated_files()


def test_a_piece_that_is_there_twice_is_refused() -> None:
    with pytest.raises(OddMutant, match="2 times"):
        Change("x.py", "a", "b").made_in("a a")


def test_two_changes_of_one_file_are_both_made() -> None:
    changes = (Change("fota/table.py", "ANY =", "EVERY ="), Change("fota/table.py", '"any"', '"every"'))
    text = Mutant("two", "Two.", changes).mutated_files()["fota/table.py"]
    assert 'EVERY = "every"' in text


def test_a_bug_that_no_check_named_counts_as_alive() -> None:
    found = [Tried("a", "I3", "healthy/3:lost", "I3: more", 1.0), Tried("b", "", "", "the sweep itself broke", 1.0)]
    assert json_line(found, 2.04) == '{"mutants": 2, "killed": 1, "seconds": 2.0}'


@pytest.mark.parametrize(
    ("check", "message", "is_clean"),
    [("", "", True), ("I3", "I3: more", False), ("", "the sweep itself came to no end", False)],
)
def test_a_source_that_could_not_be_swept_to_the_end_is_not_clean(check: str, message: str, is_clean: bool) -> None:
    assert Tried("the source as it is", check, "", message, 1.0).is_clean is is_clean


def test_the_command_fails_if_the_source_as_it_is_was_not_swept_to_the_end(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys, "argv", ["mutants", "--only", "crc-not-checked"])
    killed, broken = Tried("a bug", "I3", "", "I3", 1.0), Tried("the source as it is", "", "", "broke", 1.0)
    monkeypatch.setattr(command, "tried", lambda one, **_: killed if one.changes else broken)
    monkeypatch.setattr(command, "snapshot", lambda folder: folder)
    assert command.main() == 1
    assert "worth nothing: in the source as it is there is broke" in capsys.readouterr().out


def test_the_page_lists_every_bug() -> None:
    rows = (ROOT / "docs/power-cuts-mutants.md").read_text().splitlines()
    wanted = page(MUTANTS, []).splitlines()
    assert [line.rpartition("| ")[0].rpartition("| ")[0] for line in rows if line.startswith("| `")] == [
        line.rpartition("| ")[0].rpartition("| ")[0] for line in wanted if line.startswith("| `")
    ]
