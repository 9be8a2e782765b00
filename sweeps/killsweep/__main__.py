"""`python -m sweeps.killsweep`: the command.

Exit status: 0 no violation, 1 a violation or too few points, 2 misused.
"""

import argparse
import os
import signal
import sys
import tempfile
import time
from pathlib import Path

from sweeps.killsweep.attempt import Attempt, attempt, record_calls
from sweeps.killsweep.points import EFFECTS, Point, in_order, parse, points_of
from sweeps.killsweep.report import json_line, table_of_attempts, table_of_calls, table_of_ends, told_violation
from sweeps.killsweep.stage import KINDS, ZIPAPP, Stage, own_local_aws, set_up
from sweeps.killsweep.strace import StraceMissing, require_strace
from sweeps.killsweep.sweep import Sweep
from sweeps.options import count

DEFAULT_POINTS = 1_500
"""Enough for every call that touches the home or a socket, in every way, and some others."""

_TELL_EVERY_S = 15.0


def main() -> int:
    """Sweep, or replay."""
    options = _parser().parse_args()
    # As Ctrl-C does: no process is left behind.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        require_strace()
    except StraceMissing as error:
        print(f"killsweep: {error}", file=sys.stderr)
        return 2
    with tempfile.TemporaryDirectory(prefix="killsweep-") as name:
        folder = Path(name)
        with own_local_aws(folder / "aws") as local:
            stage = set_up(folder, local, options.image)
            return _replay(stage, options.replay) if options.replay else _sweep(stage, options)


def _sweep(stage: Stage, options: argparse.Namespace) -> int:
    began = time.monotonic()
    benches = [stage.bench(f"worker-{number}") for number in range(options.workers)]
    calls, home_names = record_calls(benches[0])
    print("What a whole update does:\n" + table_of_calls(calls), flush=True)
    candidates = [point for point in points_of(calls) if point.effect in options.kinds]
    sweep = Sweep(in_order(candidates, options.seed), options.points, home_names, _Teller(began))
    sweep.run(benches)
    print(f"\nWhat came of it, with seed {options.seed}:\n" + table_of_attempts(sweep.attempts))
    print("\nHow the jobs ended:\n" + table_of_ends(sweep.attempts))
    print(json_line(sweep.attempts, time.monotonic() - began))
    is_enough = sweep.hits >= min(options.points, len(candidates))
    return 0 if is_enough and not sweep.violations else 1


def _replay(stage: Stage, points: list[Point]) -> int:
    bench = stage.bench("worker")
    _, home_names = record_calls(bench)
    attempts = []
    began = time.monotonic()
    for point in points:
        one = attempt(bench, point, home_names)
        attempts.append(one)
        print(f"{point}: {one.violation or 'no violation'}\n  at: {one.hit or '(not reached)'}\n  {one.seen}")
        print("\n".join(f"  | {line}" for line in one.lines))
    print(json_line(attempts, time.monotonic() - began))
    return 1 if any(one.violation or not one.hit for one in attempts) else 0


class _Teller:
    """Prints each violation when it is found, and the progress from time to time."""

    def __init__(self, began: float) -> None:
        self._began = self._told = began
        self._count = 0

    def __call__(self, done: Attempt) -> None:
        self._count += 1
        if done.violation:
            print(told_violation(done), flush=True)
        now = time.monotonic()
        if now - self._told >= _TELL_EVERY_S:
            self._told = now
            seconds = now - self._began
            print(f"{self._count} attempts in {seconds:.0f} s", file=sys.stderr, flush=True)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m sweeps.killsweep",
        description="Kill a real device, or fail its disk, at every file and socket call of an update.",
        epilog="Exit status: 0 no violation, 1 a violation or too few points, 2 misused, or strace is missing.",
    )
    parser.add_argument("--points", type=count, default=DEFAULT_POINTS, metavar="N", help="default %(default)s")
    parser.add_argument("--seed", type=int, default=1, metavar="N", help="which points, and their order")
    parser.add_argument(
        "--image",
        choices=KINDS,
        default=ZIPAPP,
        help="the kind of image that the jobs bring: a bundle is unpacked too (default %(default)s)",
    )
    parser.add_argument(
        "--workers", type=count, default=(os.cpu_count() or 1) + 1, metavar="N", help="default %(default)s"
    )
    parser.add_argument(
        "--kinds",
        type=_kinds,
        default=EFFECTS,
        metavar="KIND,…",
        help=f"what to do, of {', '.join(EFFECTS)} (default all)",
    )
    parser.add_argument(
        "--replay", type=_point, action="append", metavar="POINT", help="do one point and print all that is said"
    )
    return parser


def _point(text: str) -> Point:
    try:
        return parse(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(str(error)) from error


def _kinds(text: str) -> tuple[str, ...]:
    kinds = tuple(text.split(","))
    if not set(kinds) <= set(EFFECTS):
        raise argparse.ArgumentTypeError(f"expected some of {', '.join(EFFECTS)}, got {text!r}")
    return kinds


if __name__ == "__main__":
    try:
        sys.exit(main())
    except KeyboardInterrupt:
        sys.exit(130)
