"""Findings of the doctor: one line each, and the worst of them."""

import pytest

from fota_boot.doctor.findings import ERROR, OK, WARNING, Finding, worst


def test_a_finding_is_one_line_whatever_it_quotes():
    assert Finding("slot 0", ERROR, "two\nlines", "mend\nit").as_line() == "error   slot 0: two lines; mend it"


def test_the_worst_of_no_findings_is_ok():
    assert [worst([]), worst([Finding("a", WARNING, "b"), Finding("a", OK, "b")])] == [OK, WARNING]


def test_there_is_no_other_level():
    with pytest.raises(ValueError, match="ok, warning, error"):
        Finding("slot 0", "bad", "text")
