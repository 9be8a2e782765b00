"""Seeds bugs into this process: the matrix of faults must find each.

`python -m sweeps.faults.mutants` is the command. Exit status: 0 each bug found; 1 one survived or does not fit;
2 misused.
"""

from __future__ import annotations

import argparse
import json
import sys
import time

from sweeps.faults import cell, playing
from sweeps.faults.bugs import SEEDED
from sweeps.faults.seeded import Seeded
from sweeps.seeding.bugs import misfit_report, misfits
from sweeps.seeding.in_process import seeded


def problems(texts: tuple[str, ...]) -> list[str]:
    """What is wrong with these cells."""
    found = []
    for text in texts:
        for one in cell.named(text):
            result = playing.play(one)
            if result.problems:
                found.append(f"{one}: {result.problems[0]}")
    return found


def found_by(one: Seeded) -> list[str]:
    """The problems that cells have with the bug alone. *Raises* DoesNotFit."""
    without = problems(one.cells)
    with seeded(one.bug):
        return [text for text in problems(one.cells) if text not in without]


def main(arguments: list[str] | None = None) -> int:
    """Try the bugs, and say what came of each."""
    parser = argparse.ArgumentParser(prog="python -m sweeps.faults.mutants", description=__doc__.partition("\n")[0])
    parser.add_argument("--fit-only", action="store_true", help="only see that each bug fits the source as it is")
    options = parser.parse_args(arguments)
    odd = misfits([one.bug for one in SEEDED])
    print(misfit_report(odd, len(SEEDED)), flush=True)
    if options.fit_only:
        return 1 if odd else 0
    began_s = time.monotonic()
    survivors = []
    for one in SEEDED:
        if one.bug.name in odd:
            continue
        found = found_by(one)
        print(f"{one.bug.name:<32}{one.kind:<60}{(found or ['survived'])[0]}", flush=True)
        if not found:
            survivors.append(one.bug.name)
    counts = {"mutants": len(SEEDED), "killed": len(SEEDED) - len(survivors) - len(odd), "misfits": len(odd)}
    print(json.dumps({**counts, "seconds": round(time.monotonic() - began_s, 1)}))
    return 1 if survivors or odd else 0


if __name__ == "__main__":
    sys.exit(main())
