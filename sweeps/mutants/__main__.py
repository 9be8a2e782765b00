"""`python -m sweeps.mutants`: the command.

Exit status: 0 each bug found; 1 one survived or does not fit, or the unchanged source has a violation; 2 misused.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path

from sweeps.mutants.catalogue import MUTANTS, named
from sweeps.mutants.report import json_line, page, row
from sweeps.mutants.trying import Tried, snapshot, tried
from sweeps.options import count
from sweeps.seeding.bugs import Bug, misfit_report, misfits

UNCHANGED = Bug("the source as it is", "Nothing: in this one nothing may be found.", ())

_BUDGET_S = 150.0
"""Processor time is what finds: a machine with more to do needs more."""


def main() -> int:
    """Try the bugs, and say what came of each."""
    options = _parser().parse_args()
    try:
        mutants = tuple(named(name) for name in options.only) or MUTANTS
    except ValueError as error:
        print(f"mutants: {error}", file=sys.stderr)
        return 2
    # First of all: nobody looks for a bug that does not fit any more.
    odd = misfits(mutants)
    print(misfit_report(odd, len(mutants)), flush=True)
    if options.fit_only:
        return 1 if odd else 0
    began = time.monotonic()
    *found, unchanged = _tried([*(one for one in mutants if one.name not in odd), UNCHANGED], options)
    if options.page is not None:
        options.page.write_text(page(mutants, found))
    survivors = [one.name for one in found if not one.is_killed]
    if survivors:
        print(f"survived: {', '.join(survivors)}")
    if not unchanged.is_clean:
        print(f"worth nothing: in {UNCHANGED.name} there is {unchanged.message} ({unchanged.case or 'no case'})")
    print(json_line(found, len(odd), time.monotonic() - began))
    return 0 if unchanged.is_clean and not survivors and not odd else 1


def _tried(mutants: Sequence[Bug], options: argparse.Namespace) -> list[Tried]:
    """Try some at a time; print each when it ends."""
    found = []
    with tempfile.TemporaryDirectory(prefix="mutants-") as name, ThreadPoolExecutor(options.workers) as pool:
        attempt = partial(tried, code=snapshot(Path(name)), budget_s=options.seconds, seed=options.seed)
        for one in pool.map(attempt, mutants):
            print(row(one), flush=True)
            found.append(one)
    return found


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m sweeps.mutants", description="See that the sweep finds bugs.")
    parser.add_argument("--only", action="append", default=[], metavar="NAME", help="this bug; may be repeated")
    parser.add_argument("--fit-only", action="store_true", help="only see that each bug fits the source as it is")
    parser.add_argument("--workers", type=count, default=2, help="how many at a time (2)")
    parser.add_argument("--seconds", type=float, default=_BUDGET_S, help=f"at most, for each bug ({_BUDGET_S:.0f})")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--page", type=Path, help="write the list of the bugs here, and what found each")
    return parser


if __name__ == "__main__":
    sys.exit(main())
