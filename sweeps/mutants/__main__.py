"""`python -m sweeps.mutants`: the command. Exit status: 0 each bug found, 1 one survived or the
source as it is was not swept clean, 2 misused.
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
from sweeps.mutants.mutant import Mutant
from sweeps.mutants.report import json_line, page, row
from sweeps.mutants.trying import Tried, snapshot, tried
from sweeps.options import count

UNCHANGED = Mutant("the source as it is", "Nothing: in this one nothing may be found.", ())

_BUDGET_S = 150.0
"""Processor time is what finds: a machine with more to do needs more."""


def main() -> int:
    """Try the bugs, and say what came of each."""
    options = _parser().parse_args()
    try:
        mutants = tuple(named(name) for name in options.only) or MUTANTS
        for one in mutants:
            # Told before anything is tried: a bug that does not fit any more is one that nobody looks for.
            one.mutated_files()
    except ValueError as error:
        print(f"mutants: {error}", file=sys.stderr)
        return 2
    began = time.monotonic()
    *found, unchanged = _tried([*mutants, UNCHANGED], options)
    if options.page is not None:
        options.page.write_text(page(mutants, found))
    survivors = [one.name for one in found if not one.is_killed]
    if survivors:
        print(f"survived: {', '.join(survivors)}")
    if not unchanged.is_clean:
        print(f"worth nothing: in {UNCHANGED.name} there is {unchanged.message} ({unchanged.case or 'no case'})")
    print(json_line(found, time.monotonic() - began))
    return 0 if unchanged.is_clean and not survivors else 1


def _tried(mutants: Sequence[Mutant], options: argparse.Namespace) -> list[Tried]:
    """Some at a time; each is told of as it ends."""
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
    parser.add_argument("--workers", type=count, default=2, help="so many at a time (2)")
    parser.add_argument("--seconds", type=float, default=_BUDGET_S, help=f"at most, for each bug ({_BUDGET_S:.0f})")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--page", type=Path, help="write the list of the bugs here, and what found each")
    return parser


if __name__ == "__main__":
    sys.exit(main())
