"""The power-cut sweep, until its first violation: run in a process of its own, whose source has a bug in it.

Prints one line of JSON: the check that found something, the case, and what it said; nulls if none did.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections.abc import Callable
from pathlib import Path

from sweeps.powercut.families import FAMILIES, named
from sweeps.powercut.scenarios import Scenario
from sweeps.powercut.sweep import Sweep

import fota

_MOST_STATES = 1 << 40
_PLAIN_SHAPES = ("lost", "kept")
_DAMAGED_FIRST = ("healthy", "unsigned-refused")
_NO_RECORD = ("record=zeros",)


class FirstViolation(Sweep):
    """A sweep in another order, to be stopped at the first violation."""

    def run(self) -> None:
        """What finds most with least comes first."""
        self._each(self._base)
        if not self.is_over():
            self.provisioning()
        self._each(lambda family: self.first_cuts(family, _PLAIN_SHAPES))
        self.double_tears(named("healthy"))
        self._each(lambda family: self.damages(family, _NO_RECORD))
        for name in _DAMAGED_FIRST:
            self.damages(named(name))
        self._each(self.late_damages)
        if not self.is_over():
            self.uncut()
        self._each(self.double_tears)
        self._each(self.damages)
        self._each(self.first_cuts)
        if not self.is_over():
            super().run()

    def _each(self, step: Callable[[Scenario], object]) -> None:
        for family in FAMILIES:
            if not self.is_over():
                step(family)


def main() -> int:
    """Sweep; 2 if the source is another one than expected."""
    parser = argparse.ArgumentParser(prog="python -m sweeps.mutants.probe")
    parser.add_argument("--source", type=Path, required=True, help="where the code under test must come from")
    parser.add_argument("--seconds", type=float, required=True)
    parser.add_argument("--seed", type=int, required=True)
    options = parser.parse_args()
    if not Path(fota.__file__).is_relative_to(options.source):
        print(f"probe: {fota.__file__} is not below {options.source}", file=sys.stderr)
        return 2
    sweep = FirstViolation(
        FAMILIES, options.seed, states=_MOST_STATES, deadline_s=time.monotonic() + options.seconds, stops=True
    )
    sweep.run()
    case, message = sweep.counts.found[0] if sweep.counts.found else (None, None)
    check = message.partition(":")[0] if message else None
    print(json.dumps({"check": check, "case": case, "message": message, "states": len(sweep.distinct)}))
    return 0


if __name__ == "__main__":
    sys.exit(main())
