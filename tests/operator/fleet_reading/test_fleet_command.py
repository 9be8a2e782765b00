"""`fota fleet` and `fota things list`: what people, spreadsheets and programs read."""

import csv
import io
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.labs.fota_command import FotaCommand
from tests.labs.json_schema import Schema, problems
from tests.labs.strict_fleet import StrictFleet, telling

SCHEMAS = Path(__file__).parents[3] / "docs" / "reference" / "schemas"
ALL: dict[str, Schema] = {path.name: json.loads(path.read_text()) for path in sorted(SCHEMAS.glob("*.json"))}
LISTS = [("fleet",), ("things", "list")]


@pytest.fixture
def small(empty_fleet: StrictFleet) -> StrictFleet:
    for number in (10, 2, 1):
        empty_fleet.add(f"pump-{number}", telling("1.4.0"), connection=(True, 1_790_000_000_000))
    empty_fleet.add("pump-3", telling("1.2.9", state="on-trial"), connection=(False, 1_780_000_000_000))
    empty_fleet.add("pump-4", connection=(False, None))
    empty_fleet.add("pump-5", telling(version={"a": 1}))
    empty_fleet.index_everything()
    empty_fleet.index_status = "ACTIVE"
    return empty_fleet


def test_without_a_filter_the_distribution_comes(strict_fota: FotaCommand, small: StrictFleet) -> None:
    result = strict_fota("fleet")
    lines = [line.split() for line in result.stdout.splitlines()]
    assert result.exit_code == 0
    assert result.stdout.startswith("6 things, by the index of AWS, which may be some seconds behind, ")
    assert ["pump", "1.4.0", "3", "50.0", "%"] in lines
    assert ["pump", "1.2.9", "1", "16.7", "%", "1"] in lines
    assert "Connected 3, offline 3" in result.stdout
    assert [line[-1] for line in lines if line[-1] in ("pump-4", "pump-5")] == ["pump-4", "pump-5"]
    assert result.stderr == ""


@pytest.mark.parametrize("command", LISTS)
def test_the_things_below_a_version_are_listed_and_the_unknown_are_said(
    strict_fota: FotaCommand, small: StrictFleet, command: tuple[str, ...]
) -> None:
    result = strict_fota(*command, "--version", "<1.3.0")
    assert [line.split()[0] for line in result.stdout.splitlines()] == ["THING", "pump-3"]
    assert "offline since 2026-05-28 20:26:40 UTC" in result.stdout
    assert "2 more things may be meant, pump-4 is one" in result.stderr


def test_pump_2_comes_before_pump_10(strict_fota: FotaCommand, small: StrictFleet) -> None:
    shown = [line.split()[0] for line in strict_fota("things", "list").stdout.splitlines()[1:]]
    assert shown == ["pump-1", "pump-2", "pump-3", "pump-4", "pump-5", "pump-10"]


def test_what_is_not_known_is_never_a_version(strict_fota: FotaCommand, small: StrictFleet) -> None:
    rows = {line.split()[0]: line for line in strict_fota("things", "list", "--unknown").stdout.splitlines()[1:]}
    assert set(rows) == {"pump-4", "pump-5"}
    assert all("not known" in row for row in rows.values())
    assert "version: expected 1 to 64 printable characters, got {'a': 1}" in rows["pump-5"]


def test_those_silent_for_a_week_are_listed(strict_fota: FotaCommand, small: StrictFleet) -> None:
    shown = strict_fota("fleet", "--silent", "7d").stdout
    assert [line.split()[0] for line in shown.splitlines()[1:]] == ["pump-3", "pump-4", "pump-5"]


@pytest.mark.parametrize("command", LISTS)
def test_as_json_each_thing_is_as_described(
    strict_fota: FotaCommand, small: StrictFleet, command: tuple[str, ...]
) -> None:
    small.say("pump-1", telling("1.4.0", last_failure={"job": "j", "reason": "rolled-back", "cause": "crashed"}))
    small.settle()
    answered = json.loads(strict_fota(*command, "--silent", "1s", "--json").stdout)
    everything = json.loads(strict_fota("things", "list", "--json").stdout)
    schema = ALL["running-things.json"]
    assert list(problems(everything, schema, ALL.__getitem__)) == []
    assert {one["thing"] for one in answered} == {"pump-3", "pump-4", "pump-5"}
    (first,) = [one for one in everything if one["thing"] == "pump-1"]
    assert first["last_failure"]["cause"] == "crashed"
    (unknown,) = [one for one in everything if one["thing"] == "pump-5"]
    assert (unknown["version"], unknown["uncertain"]["kind"]) == (None, "nonsense")


def test_as_json_the_distribution_is_as_described(strict_fota: FotaCommand, small: StrictFleet) -> None:
    answered = json.loads(strict_fota("fleet", "--json").stdout)
    assert list(problems(answered, ALL["fleet.json"], ALL.__getitem__)) == []
    assert answered["versions"][0] == {"product": "pump", "version": "1.4.0", "things": 3, "on_trial": 0}
    assert {one["kind"]: one["things"] for one in answered["not_known"]} == {"not-told": 1, "nonsense": 1}


def test_no_cell_of_csv_is_a_formula(strict_fota: FotaCommand, empty_fleet: StrictFleet) -> None:
    for number, text in enumerate(["=1+1", "+1", "-1", "@SUM(A1)", "1.4.0"]):
        empty_fleet.add(f"-thing-{number}", telling(text))
    rows = list(csv.DictReader(io.StringIO(strict_fota("things", "list", "--csv").stdout)))
    assert [one["version"] for one in rows] == ["'=1+1", "'+1", "'-1", "'@SUM(A1)", "1.4.0"]
    assert {one["thing"][:2] for one in rows} == {"'-"}


def test_csv_has_the_columns_of_json(strict_fota: FotaCommand, small: StrictFleet) -> None:
    text = strict_fota("fleet", "--csv").stdout
    (row, *_) = csv.DictReader(io.StringIO(text))
    (described,) = [ALL["running-things.json"]["items"]]
    assert list(row) == described["required"]  # type: ignore[index]
    assert (row["connected"], row["free_bytes"], row["uncertain"]) == ("true", "12345678", "")


def test_without_the_index_it_is_said_that_it_is_slower(strict_fota: FotaCommand, small: StrictFleet) -> None:
    small.indexing = {"thingIndexingMode": "OFF"}
    result = strict_fota("fleet")
    assert "is read by itself, which is slower: the index of the fleet is off." in result.stderr
    assert "AWS charges for it" in result.stderr
    assert "6 things, by each shadow" in result.stdout
    assert "Which things are connected is not known" in result.stdout


def test_an_empty_fleet_is_none(strict_fota: FotaCommand, empty_fleet: StrictFleet) -> None:
    assert strict_fota("fleet").stdout.startswith("0 things")
    listed = strict_fota("things", "list")
    assert (listed.exit_code, listed.stdout) == (0, "")
    assert json.loads(strict_fota("things", "list", "--json").stdout) == []


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (
            ("--version", "<nightly"),
            "--version: expected numbers and dots after <, got 'nightly'; write `fota fleet --version RULE`",
        ),
        (("--silent", "soon"), "--silent: expected a time as"),
        (("--group", "a b"), "--group: 'a b' is no name of a thing group"),
        (("--json", "--csv"), "--json and --csv: expected one of them, got both"),
    ],
)
@pytest.mark.parametrize("command", LISTS)
def test_what_cannot_be_meant_is_refused_in_one_line(
    strict_fota: FotaCommand, small: StrictFleet, command: tuple[str, ...], options: tuple[str, ...], said: str
) -> None:
    result = strict_fota(*command, *options)
    assert (result.exit_code, result.stdout) == (2, "")
    assert said in result.stderr
    assert len(result.stderr.splitlines()) == 1


def test_a_list_that_breaks_off_is_no_json(strict_fota: FotaCommand, empty_fleet: StrictFleet) -> None:
    for number in range(300):
        empty_fleet.add(f"pump-{number}", telling())
    empty_fleet.index_everything()
    empty_fleet.index_status = "ACTIVE"
    search, calls = empty_fleet.operations._operations["SearchIndex"], iter(range(9))

    def breaks(params: dict[str, Any]) -> dict[str, Any]:
        if next(calls) == 2:
            empty_fleet.operations.refuse("SearchIndex", "IndexNotReadyException")
            empty_fleet.operations._may_refuse("SearchIndex")
        return search(params)

    empty_fleet.operations._operations["SearchIndex"] = breaks  # type: ignore[index]
    result = strict_fota("things", "list", "--json")
    assert result.exit_code == 1
    assert "being built again" in result.stderr
    assert "--no-index" in result.stderr
    with pytest.raises(ValueError, match="Expecting"):
        json.loads(result.stdout)


@pytest.mark.parametrize(
    ("form", "count"),
    [("csv", 100_000), ("table", 10_000), ("json", 10_000), ("counts", 10_000), ("one-by-one", 10_000)],
)
def test_a_hundred_thousand_things_need_no_more_memory_than_a_few(form: str, count: int) -> None:
    few, many = peak_kib(form, 1_000), peak_kib(form, count)
    assert many < few + 2048


def test_a_plan_for_a_hundred_thousand_things_keeps_their_names_and_little_more() -> None:
    assert peak_kib("plan", 100_000) < peak_kib("plan", 1_000) + 100_000 * 400 / 1024


def peak_kib(form: str, count: int) -> int:
    """The peak of the resident memory of a process that lists so many things."""
    done = subprocess.run(
        [sys.executable, "-m", "tests.labs.fleet_memory", form, str(count)],
        check=True,
        capture_output=True,
        timeout=300,
    )
    shown, peak = done.stderr.split()
    assert int(shown) >= count
    return int(peak)
