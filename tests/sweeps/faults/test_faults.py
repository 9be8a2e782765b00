"""The part of the matrix of faults that is small enough for every day. The whole of it is `make faults`."""

import json
import random
from dataclasses import replace

import pytest

from sweeps.faults import cell, gaps, mutants, playing, rows
from sweeps.faults.__main__ import main
from sweeps.faults.bugs import SEEDED
from sweeps.faults.halves import HALVES
from sweeps.faults.seeded import Seeded
from sweeps.faults.steps import STEPS

SEED = 1
CELLS = 24
SHORT_S = 75
LEAST_CELLS = 1_500


def _some() -> list[cell.Cell]:
    """Some cells of the matrix with a short fault, without those that show a defect that is known."""
    short = [one for one in cell.cells(SEED) if one.row.lasts_s <= SHORT_S and not gaps.is_open(str(one))]
    return random.Random(SEED).sample(short, CELLS)


def test_the_matrix_has_every_fault_at_every_step() -> None:
    matrix = cell.cells(SEED)
    assert len(matrix) >= LEAST_CELLS
    assert {(one.row.family, one.step.name) for one in matrix} == {
        (row.family, step.name)
        for row in rows.ROWS
        for step in STEPS
        if any(half in row.halves and half in step.halves for half in HALVES)
        and (step.name in row.at if row.at else not step.is_patched)
    }


def test_names_of_faults_and_steps_are_unique() -> None:
    for names in ([row.name for row in rows.ROWS], [step.name for step in STEPS]):
        assert sorted(set(names)) == sorted(names)


@pytest.mark.slow
def test_faults_end_as_their_rows_document() -> None:
    results = [playing.play(one, SEED) for one in _some()]
    assert [(one.cell, one.problems) for one in results if one.problems and gaps.gap_of(one) is None] == []


@pytest.mark.parametrize(
    "text",
    [
        "patch-damaged@75s/listing",
        "patch-damaged-never-whole@75s/download-begin",
        "patch-404@75s/claiming",
        "patch-url-expires/download-middle",
        "patch-power-cut/download-middle",
        "patch-power-cut-lost/applying",
        "patch-disk-full@75s/noting",
        "no-room-beside@75s/listing",
    ],
)
def test_an_update_by_a_patch_ends_by_the_way_that_its_row_documents(text: str) -> None:
    results = [playing.play(one, SEED) for one in cell.named(text)]
    assert [(one.cell, one.problems) for one in results] == [(one.cell, []) for one in results]


@pytest.mark.parametrize("ways", [("whole no-room",), ("whole patch-failed",)])
def test_another_way_than_the_row_documents_is_found(ways: tuple[str, ...]) -> None:
    (one,) = cell.named("patch-power-cut/applying/cpython")
    (problem,) = playing.play(replace(one, row=replace(one.row, ways=ways)), SEED).problems
    assert problem.startswith("not documented: way: patch")


def test_a_cell_is_the_same_each_time_it_is_played() -> None:
    (one,) = cell.named("no-route@75s/trial-connecting/cpython")
    assert playing.play(one, SEED).log == playing.play(one, SEED).log


def test_a_cell_is_replayed_by_its_name_with_all_its_steps(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--only", "kicked/trial-listing"]) == 0
    printed = capsys.readouterr().out
    assert "kicked begins" in printed
    assert json.loads(printed.splitlines()[-1]).keys() == {
        "cells",
        "hangs",
        "wrong_reports",
        "good_called_bad",
        "seconds",
    }


def test_a_cell_that_does_not_exist_is_a_misuse(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--only", "earthquake/claiming"]) == 2
    assert "no such cell" in capsys.readouterr().err


@pytest.mark.slow
@pytest.mark.parametrize("one", SEEDED, ids=lambda one: one.bug.name)
def test_a_seeded_bug_is_found(one: Seeded) -> None:
    assert mutants.found_by(one) != []
