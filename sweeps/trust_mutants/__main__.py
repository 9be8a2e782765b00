"""`python -m sweeps.trust_mutants`: the command.

Exit status: 0 each bug noticed, 1 one was not or does not fit, or the source as it is has one too, 2 misused.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from concurrent.futures import ProcessPoolExecutor

from sweeps.options import count
from sweeps.seeding.bugs import misfit_report, misfits
from sweeps.trust_mutants.catalogue import CHECKS, Check, named
from sweeps.trust_mutants.trying import Tried, tried, tried_without_a_bug


def main(arguments: list[str] | None = None) -> int:
    """Take the checks away, and say what came of each."""
    options = _parser().parse_args(arguments)
    try:
        checks = [check for part in options.only for check in named(part)] or list(CHECKS)
    except ValueError as error:
        print(f"trust mutants: {error}", file=sys.stderr)
        return 2
    # First of all: nobody looks for a bug that does not fit any more.
    odd = misfits(check.bug for check in checks)
    print(misfit_report(odd, len(checks)), flush=True)
    if options.fit_only:
        return 1 if odd else 0
    return _summed_up([check for check in checks if check.bug.name not in odd], len(odd), options.workers)


def _summed_up(checks: list[Check], misfitting: int, workers: int) -> int:
    began_s = time.monotonic()
    unchanged = tried_without_a_bug(checks)
    found = _tried(checks, workers)
    survivors = [one for one in found if not one.noticed]
    for one in survivors:
        print(f"survived: {one.name}")
    if unchanged.noticed or unchanged.problem:
        print(f"worth nothing: with {unchanged.name}, {unchanged.noticed or unchanged.problem}")
    counts = {"mutants": len(found) + misfitting, "killed": len(found) - len(survivors), "misfits": misfitting}
    print(json.dumps({**counts, "seconds": round(time.monotonic() - began_s, 1)}))
    return 1 if survivors or misfitting or unchanged.noticed or unchanged.problem else 0


def _tried(checks: list[Check], workers: int) -> list[Tried]:
    """Try some at a time; print each when it ends. A worker finds its bug by name: a patch cannot be sent."""
    found = []
    with ProcessPoolExecutor(workers) as pool:
        for one in pool.map(_tried_by_name, [check.bug.name for check in checks]):
            print(f"{one.seconds:6.1f} s  {one.name}\n{'':10}{one.noticed or one.problem or '-'}", flush=True)
            found.append(one)
    return found


def _tried_by_name(name: str) -> Tried:
    return tried(next(check for check in CHECKS if check.bug.name == name))


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m sweeps.trust_mutants", description="See that every check of what is trusted is tested."
    )
    parser.add_argument(
        "--only", action="append", default=[], metavar="TEXT", help="those with this in their names; may be repeated"
    )
    parser.add_argument("--fit-only", action="store_true", help="only see that each bug fits the source as it is")
    parser.add_argument("--workers", type=count, default=2, help="how many at a time (2)")
    return parser


if __name__ == "__main__":
    sys.exit(main())
