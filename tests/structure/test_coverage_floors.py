"""The floors under the coverage: each package has one, and falling below it is a failure."""

import pytest
from coverage_floors import is_well, measured, table, with_floors

REPORT = {
    "files": {
        "src/fota/record.py": {"summary": {"num_statements": 30, "covered_lines": 30}},
        "src/fota/slots/files.py": {"summary": {"num_statements": 10, "covered_lines": 5}},
        "src/fota_boot/signals.py": {"summary": {"num_statements": 4, "covered_lines": 1}},
        "src/aws/iot/jobs.py": {"summary": {"num_statements": 8, "covered_lines": 8}},
    }
}
PACKAGES = ("fota", "fota_boot", "aws.iot")
FOUND = {"fota": 87.5, "fota_boot": 25.0, "aws.iot": 100.0}


def test_the_lines_of_a_package_are_those_of_all_its_files_and_of_no_other_package() -> None:
    assert measured(REPORT, PACKAGES) == FOUND


def test_a_package_that_nothing_was_run_of_is_at_zero() -> None:
    assert measured(REPORT, ["fota_operator"]) == {"fota_operator": 0.0}


@pytest.mark.parametrize(
    ("floors", "well"),
    [
        ({"fota": 87, "fota_boot": 25, "aws.iot": 100}, True),
        ({"fota": 88, "fota_boot": 25, "aws.iot": 100}, False),
        ({"fota": 87, "fota_boot": 25}, False),
        ({"fota": 87, "fota_boot": 25, "aws.iot": 100, "gone": 0}, False),
    ],
)
def test_every_package_must_have_a_floor_and_keep_above_it(floors: dict[str, int], well: bool) -> None:
    assert is_well(FOUND, floors) is well


def test_the_table_names_what_is_below() -> None:
    lines = table(FOUND, {"fota": 90, "aws.iot": 99})
    assert lines[0].endswith("BELOW its floor of 90 %")
    assert lines[1].endswith("has no floor")
    assert lines[2].endswith("floor 99 %")


def test_a_floor_is_set_a_point_below_what_was_measured() -> None:
    text = '[tool.coverage-floors]\nfota = 1\nfota_boot = 2\n"aws.iot" = 3\n'
    assert with_floors(text, FOUND) == '[tool.coverage-floors]\nfota = 86\nfota_boot = 24\n"aws.iot" = 99\n'
