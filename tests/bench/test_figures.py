"""What is made of figures: ratios, tables, lines of JSON, a block of a page, moments told of."""

import json
from datetime import date

import pytest

from bench.figures import Outcome, Row, json_line, table
from bench.marks import Mark, marks_in, spans
from bench.page import machine_in_words, with_figures

TWICE_AS_FAST = Outcome("install", "curl", "1.5 times", (Row("1 MiB", "s", (1.0, 1.2, 0.9), (2.0, 2.4, 1.8)),))


def test_a_ratio_above_one_means_that_we_are_better() -> None:
    assert Row("time", "s", (1.0,), (2.0,)).ratio == 2
    assert Row("rate", "1/s", (1.0,), (2.0,), more_is_better=True).ratio == 0.5


def test_the_ratio_is_that_of_the_medians() -> None:
    assert Row("time", "s", (1.0, 2.0, 90.0), (4.0, 4.0, 4.0)).ratio == 2


@pytest.mark.parametrize("row", [Row("alone", "s", (1.0,)), Row("nothing", "%", (0.0,), (0.0,))])
def test_without_a_peer_or_with_nothing_to_divide_there_is_no_ratio(row: Row) -> None:
    assert row.ratio is None


def test_the_line_for_programs_has_these_members_and_the_first_row_decides() -> None:
    outcome = Outcome("b", "p", "a", (*TWICE_AS_FAST.rows, Row("other", "MiB", (7.0,))))
    assert json.loads(json_line(outcome)) == {"bench": "b", "ours": 1.0, "peer": 2.0, "ratio": 2.0, "unit": "s"}


def test_the_line_for_programs_says_null_where_there_is_no_peer() -> None:
    found = json.loads(json_line(Outcome("b", "p", "a", (Row("alone", "ms", (1.5,)),))))
    assert (found["ours"], found["peer"], found["ratio"]) == (1.5, None, None)


def test_the_table_tells_medians_and_spread() -> None:
    head, columns, row = table(TWICE_AS_FAST).splitlines()
    assert head == "install, beside curl. Aim: 1.5 times"
    assert columns.split() == ["work", "unit", "ours", "spread", "peer", "spread", "ratio"]
    assert row.split() == ["1", "MiB", "s", "1", "0.9..1.2", "2", "1.8..2.4", "2.00"]


def test_a_single_figure_has_no_spread() -> None:
    assert "-" in table(Outcome("b", "p", "a", (Row("once", "s", (1.0,)),))).splitlines()[2].split()


def test_the_block_of_a_page_is_written_anew_and_the_rest_stays() -> None:
    page = "before\n<!-- figures -->\nold\n<!-- end of figures -->\nafter\n"
    written = with_figures(page, [TWICE_AS_FAST], "make bench", date(2026, 1, 2), "a machine")
    assert written.startswith("before\n<!-- figures -->\nMade with `make bench` on 2026-01-02, on a machine.\n")
    assert "| 1 MiB | s | 1 | 0.9..1.2 | 2 | 1.8..2.4 | 2.00 |\n<!-- end of figures -->\nafter\n" in written
    assert "old" not in written


def test_a_page_without_a_block_is_not_written() -> None:
    with pytest.raises(ValueError, match="figures"):
        with_figures("no block", [], "make bench", date(2026, 1, 2), "a machine")


def test_the_machine_is_described_in_words() -> None:
    assert " cores " in machine_in_words()
    assert "GiB" in machine_in_words()


def test_moments_are_read_from_among_other_lines_and_half_a_line_is_left_out() -> None:
    said = "a log line\nmark started 1.5\nmarked 9\nmark ended 2.25\nmark half 3"
    assert marks_in(said) == [Mark("started", 1.5), Mark("ended", 2.25)]


def test_a_span_goes_from_one_moment_to_the_next_of_the_other_name() -> None:
    marks = [Mark("up", 0.0), Mark("down", 1.0), Mark("up", 5.0), Mark("down", 7.0), Mark("up", 9.0)]
    assert spans(marks, "down", "up") == (4.0, 2.0)
