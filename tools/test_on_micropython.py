"""Runs every test that needs the interpreter of the microcontrollers, and ends with one line of JSON.

passed, failed      tests; a test that was not run counts as neither
smallest_heap_kib   of this port of 64 bits, in which a whole update passes, with the library in ROM; null if it was
                    not measured
cuts, violations    power cuts on littlefs, and what was found broken afterwards (10 at most of each sweep)

The line before it gives the smallest heap with the library in files. Leaves to the tests: what they check.
"""

import json
import os
import re
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
PATTERNS = (
    "micropython",
    "device/test_*_micropython.py",
    "trust/test_*_micropython.py",
    "iot/test_mqtt_micropython*.py",
    "structure/test_micropython.py",
)
_SWEPT = re.compile(r"^(\d+) cuts, (\d+) violations$", re.MULTILINE)


class Tally:
    """A plugin of pytest: counts the results that it gets."""

    def __init__(self) -> None:
        self._passed: set[str] = set()
        self._failed: set[str] = set()
        self._measured: dict[str, object] = {}
        self._cuts = 0
        self._violations = 0

    def pytest_collectreport(self, report: pytest.CollectReport) -> None:
        """What cannot be collected has failed."""
        if report.failed:
            self._failed.add(report.nodeid)

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Called for the beginning, the call and the end of each test."""
        if report.failed:
            self._failed.add(report.nodeid)
        if report.when != "call":
            return
        if report.passed:
            self._passed.add(report.nodeid)
        self._measured.update(report.user_properties)
        for cuts, violations in _SWEPT.findall(report.capstdout):
            self._cuts += int(cuts)
            self._violations += int(violations)

    def lines(self) -> str:
        """All of it, the last line as JSON."""
        in_files_kib = self._measured.get("smallest_heap_kib_files")
        figures = {**self._tests(), **self._heap(), **self._power()}
        return f"smallest heap with the library in files: {in_files_kib} KiB\n" + json.dumps(figures)

    def of_32_bits(self) -> dict[str, object]:
        """The same, with both heaps and the stack."""
        others = {name: self._measured.get(name) for name in ("smallest_heap_kib_files", "stack_bytes")}
        return {**self._tests(), **self._heap(), **others, **self._power()}

    def _tests(self) -> dict[str, object]:
        return {"passed": len(self._passed - self._failed), "failed": len(self._failed)}

    def _heap(self) -> dict[str, object]:
        return {"smallest_heap_kib": self._measured.get("smallest_heap_kib_rom")}

    def _power(self) -> dict[str, object]:
        return {"cuts": self._cuts, "violations": self._violations}


def main() -> int:
    """The command. Exit status: that of pytest."""
    os.chdir(ROOT)
    os.environ["FOTA_MEASURE_HEAP"] = "1"
    paths = sorted(path for pattern in PATTERNS for path in (ROOT / "tests").glob(pattern))
    tally = Tally()
    status = pytest.main(["-rs", *map(str, paths)], plugins=[tally])
    sys.stdout.write(tally.lines() + "\n")
    return status


if __name__ == "__main__":
    sys.exit(main())
