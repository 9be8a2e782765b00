"""The command: `python -m sweeps.faults`, from the root of the repository.

It prints a table for people, then one line of JSON. Exit status: 0 every cell ended as its row documents, 1 some did
not, 2 misused.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections import Counter, defaultdict
from typing import TYPE_CHECKING

from sweeps.faults import cell, gaps, playing, workers
from sweeps.options import count

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator


def main(arguments: list[str] | None = None) -> int:
    """Play the matrix, or the cells that were asked for."""
    options = _parser().parse_args(arguments)
    if options.only is not None:
        return _replay(options.only, options.seed)
    cells = cell.whole_matrix() if options.all else cell.cells(options.seed)
    print(f"{len(cells):,} cells, seed {options.seed}", flush=True)
    began = time.monotonic()
    results = list(_told(workers.played(cells, options.seed, options.workers)))
    return report(results, time.monotonic() - began, is_whole=options.all)


def _told(results: Iterator[cell.Result]) -> Iterator[cell.Result]:
    """Each result, after its name if something is wrong with it: the whole takes long."""
    for result in results:
        if result.problems and gaps.gap_of(result) is None:
            print(f"{result.cell}: {result.problems[0]}", file=sys.stderr, flush=True)
        yield result


def report(results: list[cell.Result], seconds: float, *, is_whole: bool = False) -> int:
    """Print the table, what is wrong, and the line of JSON; returns the exit status."""
    known = {result.cell: gaps.gap_of(result) for result in results}
    print(_table(results))
    wrong = [result for result in results if result.problems and known[result.cell] is None]
    for result in wrong:
        print(f"\n{result.cell}: {'; '.join(result.problems)}\n  python -m sweeps.faults --only '{result.cell}'")
    for sentence, number in Counter(gap.sentence for gap in known.values() if gap is not None).items():
        print(f"\nknown gap, {number} cells: {sentence}")
    mended = [gap for gap in gaps.GAPS if is_whole and gap not in known.values()]
    for gap in mended:
        print(f"\nno gap any more, take it off the list: {gap.sentence}")
    print(json.dumps(summary(results, seconds)))
    return 1 if wrong or mended else 0


def summary(results: Iterable[cell.Result], seconds: float) -> dict[str, float]:
    """What the last line says. Known gaps are no hangs and no wrong reports: `gaps` has none of those."""
    results = list(results)
    return {
        "cells": len(results),
        "hangs": sum(bool(result.hang or result.stopped) for result in results),
        "wrong_reports": sum(bool(result.wrong_reports) for result in results),
        "good_called_bad": sum(bool(result.called_bad) for result in results),
        "seconds": round(seconds, 1),
    }


def _table(results: list[cell.Result]) -> str:
    """A line for each fault: how its cells ended."""
    per_row: dict[str, Counter[str]] = defaultdict(Counter)
    for result in results:
        row, _, _ = result.cell.split("/")
        ended = "hang" if result.hang else result.outcome or "stopped"
        per_row[row][ended] += 1
    lines = [f"{'fault':28}{'cells':>6}  outcomes"]
    for row, ends in per_row.items():
        told = ", ".join(f"{ended} {number}" for ended, number in ends.most_common())
        lines.append(f"{row:28}{ends.total():6}  {told}")
    return "\n".join(lines)


def _replay(text: str, seed: int) -> int:
    try:
        cells = cell.named(text)
    except ValueError as error:
        print(f"faults: {error}", file=sys.stderr)
        return 2
    began = time.monotonic()
    results = []
    for one in cells:
        results.append(playing.play(one, seed))
        print(f"-- {one} --", *results[-1].log, f"-- {results[-1].outcome or 'no outcome'} --", sep="\n")
    return report(results, time.monotonic() - began)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m sweeps.faults", description=__doc__.partition("\n")[0])
    parser.add_argument(
        "--seed", type=count, default=1, help="seed of the random delays, and of what is chosen (default %(default)s)"
    )
    parser.add_argument("--all", action="store_true", help="every duration with both interpreters, not one")
    parser.add_argument("--workers", type=count, default=2, help="processes (default %(default)s)")
    parser.add_argument("--only", metavar="FAULT/STEP", help="play these cells, and print every step of them")
    return parser


if __name__ == "__main__":
    sys.exit(main())
