"""Runs the power-cut sweep until its first violation, in a process of its own whose source has a bug in it.

It prints one line of JSON: the check that failed, the case, and the message; nulls if no check failed.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections.abc import Callable
from pathlib import Path

import fota
from sweeps.powercut.families import FAMILIES, named
from sweeps.powercut.scenarios import Scenario
from sweeps.powercut.sweep import Sweep

_MAX_STATES = 1 << 40
_PLAIN_SHAPES = ("lost", "kept")
_DAMAGED_FIRST = ("healthy", "unsigned-refused")
_NO_RECORD = ("record=zeros",)
_SEALS_LOST_IN = ("healthy", "signed-three-jobs")
_NAMES_AND_CONTENTS = ("names", "contents", "mixed-0")
_TREES_LOST = {
    "bundle": ("slot-1.program=first", "slot-1.more=more"),
    "bundle-to-bundle": ("every-tree=noise",),
}
"""What is destroyed of the trees of a family."""
_NO_SEALS = ("every-seal-and-record=noise",)


class FirstViolation(Sweep):
    """A sweep in another order, to be stopped at the first violation."""

    def run(self) -> None:
        """The cases that find most bugs in the least time come first."""
        self._each(self._base)
        self.first_cuts(named("bundle"), (*_PLAIN_SHAPES, *_NAMES_AND_CONTENTS))
        for name, harms in _TREES_LOST.items():
            self.damages(named(name), harms)
        if not self.is_over():
            self.provisioning()
        for name in _SEALS_LOST_IN:
            self.damages(named(name), _NO_SEALS)
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
        FAMILIES, options.seed, states=_MAX_STATES, deadline_s=time.monotonic() + options.seconds, stops=True
    )
    sweep.run()
    case, message = sweep.counts.found[0] if sweep.counts.found else (None, None)
    check = message.partition(":")[0] if message else None
    print(json.dumps({"check": check, "case": case, "message": message, "states": len(sweep.distinct)}))
    return 0


if __name__ == "__main__":
    sys.exit(main())
