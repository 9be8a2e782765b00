"""Says how much of each package the tests run, and fails below the floor of any of them.

Reads what `make coverage` has measured; the floors are in `pyproject.toml`, under `tool.coverage-floors`. A package
without a floor fails too. `--set` writes them anew, a point below what was measured: when a test run has shown more.
What runs in processes of their own is not counted, nor is what runs on MicroPython.
"""

import argparse
import json
import math
import re
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

ROOT = Path(__file__).resolve().parent.parent
REPORT = ROOT / ".coverage.json"
PROJECT = ROOT / "pyproject.toml"
_ROOM_POINTS = 1
"""How far below what was measured a floor is set: threads are not counted the same at every run."""


def measured(report: Mapping[str, object], packages: Sequence[str]) -> dict[str, float]:
    """The percentage of the lines of each package that were run. `report`: the JSON of coverage.py."""
    lines = dict.fromkeys(packages, 0)
    run = dict.fromkeys(packages, 0)
    files = report["files"]
    assert isinstance(files, dict)
    for path, found in files.items():
        module = path.removeprefix("src/").replace("/", ".")
        for package in packages:
            if module.startswith(f"{package}."):
                lines[package] += found["summary"]["num_statements"]
                run[package] += found["summary"]["covered_lines"]
    # A package that was not measured at all is at zero.
    return {package: 100 * run[package] / max(1, lines[package]) for package in packages}


def table(found: Mapping[str, float], floors: Mapping[str, int]) -> list[str]:
    """A line for each package."""
    lines = []
    for package, percent in found.items():
        floor = floors.get(package)
        if floor is None:
            verdict = "has no floor"
        else:
            verdict = f"floor {floor} %" if percent >= floor else f"BELOW its floor of {floor} %"
        lines.append(f"{package:15} {percent:5.1f} %  {verdict}")
    return lines


def is_well(found: Mapping[str, float], floors: Mapping[str, int]) -> bool:
    """Whether each package is at its floor or above."""
    return set(found) == set(floors) and all(found[package] >= floors[package] for package in floors)


def with_floors(text: str, found: Mapping[str, float]) -> str:
    """The text of `pyproject.toml`, each floor a point below what was measured."""
    for package, percent in found.items():
        floor = math.floor(percent) - _ROOM_POINTS
        text = re.sub(rf'^("?{re.escape(package)}"? = )\d+$', rf"\g<1>{floor}", text, flags=re.MULTILINE)
    return text


def main(arguments: Sequence[str] | None = None) -> int:
    """The command. Exit status: 0 every package is at its floor or above, 1 some are not."""
    parser = argparse.ArgumentParser(description="Compare what the tests ran of each package with its floor.")
    parser.add_argument("--set", action="store_true", help="write the floors of pyproject.toml anew")
    options = parser.parse_args(arguments)
    text = PROJECT.read_text(encoding="utf-8")
    tool = tomllib.loads(text)["tool"]
    found = measured(json.loads(REPORT.read_text(encoding="utf-8")), tool["coverage"]["run"]["source_pkgs"])
    if options.set:
        PROJECT.write_text(with_floors(text, found), encoding="utf-8")
        tool = tomllib.loads(PROJECT.read_text(encoding="utf-8"))["tool"]
    floors = tool["coverage-floors"]
    sys.stdout.write("\n".join(table(found, floors)) + "\n")
    return 0 if is_well(found, floors) else 1


if __name__ == "__main__":
    sys.exit(main())
