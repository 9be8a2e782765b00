"""Tables and sentences on a terminal of 80 columns: no line is longer, and none is broken inside a word."""

import io

import pytest
from rich.console import Console

from fota_operator.cli.demo import _show
from fota_operator.cli.fitting import table_of, wrapped
from fota_operator.demo.scenes import SCENES, SceneOutcome
from fota_operator.local.aws import LocalAws
from tests.labs.aws_for_tests import local_aws
from tests.labs.fota_command import FotaCommand
from tests.labs.terminal import shown_on_terminal

__all__ = ("local_aws",)

PIECES = (
    ("made", "bucket fota-111122223333-us-east-1, encryption", "it is encrypted"),
    ("changed", "role fota-presign, permissions", "it may read s3://fota-111122223333-us-east-1/fota/*"),
)


def printed(headings: tuple[str, ...], rows: tuple[tuple[str, ...], ...], columns: int) -> list[str]:
    screen = io.StringIO()
    Console(file=screen, width=columns).print(table_of(headings, rows, columns))
    return [line.rstrip() for line in screen.getvalue().splitlines()]


@pytest.mark.parametrize("columns", [200, 100, 80, 60])
def test_no_word_of_a_table_is_broken_and_no_line_is_longer(columns: int) -> None:
    lines = printed(("", "PIECE", ""), PIECES, columns)
    words = {word for line in lines for word in line.split()}
    assert {word for row in PIECES for cell in row for word in cell.split()} <= words
    assert [line for line in lines if len(line) > columns] == []


def test_a_table_that_fits_has_a_line_for_each_row() -> None:
    assert printed(("A", "B"), (("one two", "x"), ("3", "y")), 80) == ["A        B", "one two  x", "3        y"]


def test_a_table_that_hardly_fits_has_cells_of_several_lines() -> None:
    assert printed(("A", "B"), (("one two", "three four"),), 10) == ["A    B", "one  three", "two  four"]


def test_where_no_table_fits_each_row_is_a_paragraph_with_its_headings() -> None:
    assert printed(("A", "B"), (("abcdefgh", "ijklmnop qr"),), 15) == ["abcdefgh  B", "    ijklmnop qr"]


def test_a_word_that_is_longer_than_a_line_stays_whole() -> None:
    assert wrapped("see arn:aws:iot:eu-west-1:111122223333:job/a-b", 20, 2).splitlines() == [
        "see",
        "  arn:aws:iot:eu-west-1:111122223333:job/a-b",
    ]


def test_the_table_at_the_end_of_the_demo_fits_80_columns() -> None:
    outcomes = [
        SceneOutcome(
            *(
                one,
                one.status,
                one.reason,
                one.cause,
                one.boots,
                123_456_789 * (one.status != "REJECTED"),
                one.runs_then,
                12.3,
                one.way,
            ),
            patch_bytes=1234 if one.way else None,
        )
        for one in SCENES
    ]
    screen = io.StringIO()
    _show(Console(file=screen, width=80), outcomes)
    lines = screen.getvalue().splitlines()
    assert [line for line in lines if len(line) > 80] == []
    words = screen.getvalue().split()
    assert "1,234" in words
    assert len([line for line in lines if line.rstrip().endswith(" yes")]) == len(SCENES), "it is still a table"
    assert {word for one in SCENES for word in (*one.status.split(), *one.reason.split(), *one.cause.split())} <= set(
        words
    )


@pytest.mark.e2e
@pytest.mark.parametrize(
    "words",
    [
        "bootstrap --dry-run",
        "doctor",
        "fleet",
        "things list",
        "rollout list",
        "status nobody",
        "bootstrap --key none",
    ],
)
def test_what_a_command_shows_is_not_broken_inside_a_word(local_aws: LocalAws, words: str) -> None:
    environment = local_aws.environment()
    lines = shown_on_terminal(words.split(), environment)
    plain = FotaCommand(environment)(*words.split())
    expected = {word for word in f"{plain.stdout} {plain.stderr}".split() if not any(map(str.isdecimal, word))}
    assert expected - {word for line in lines for word in line.split()} == set()
    assert [line for line in lines if len(line) > 80 and " " in line.strip()] == []
