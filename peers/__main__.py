"""`python -m peers`: the command.

Exit status: 0 all passed, 1 a check failed, 2 misused, 3 none failed, but a peer is not here.
The last line is JSON. Several peers run side by side, each in a process of its own.
"""

import argparse
import json
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor

from bench.processes import ProcessFailed
from fota.errors import FotaError
from fota_operator.errors import OperatorError
from peers.catalogue import PEERS
from peers.programs import PLACE, NotHere

PASSED, FAILED, NOT_HERE = "passed", "failed", "not here"
_SIDE_BY_SIDE = 3
_INTERRUPTED = 130
_COUNTS = ("passed", "failed", "not_here")


def main(arguments: Sequence[str] | None = None) -> int:
    """Run every check, or those of the peers named; print the table and the sum."""
    parser = argparse.ArgumentParser(
        prog="python -m peers",
        description="Hold the library against servers and clients of other people. Prints a table, and JSON.",
        epilog="Exit status: 0 all passed, 1 a check failed, 2 misused, 3 none failed, but a peer is not here.",
    )
    parser.add_argument("names", nargs="*", choices=[[], *PEERS], metavar="PEER", help=f"of {', '.join(PEERS)}")
    names = parser.parse_args(arguments).names or list(PEERS)
    # As Ctrl-C does: no process is left behind.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    began = time.monotonic()
    counts = _alone(names[0]) if len(names) == 1 else _side_by_side(names)
    print(json.dumps({"peers": len(names), **counts, "seconds": round(time.monotonic() - began, 1)}))
    return 1 if counts["failed"] else 3 if counts["not_here"] else 0


def _alone(name: str) -> dict[str, int]:
    """Run the checks of one peer here; how many came to which end."""
    results = []
    for title, result, note in _results(name):
        print(f"{name:<11}{title:<47}{result:<10}{note}", flush=True)
        results.append(result)
    return dict(zip(_COUNTS, (results.count(word) for word in (PASSED, FAILED, NOT_HERE)), strict=True))


def _results(name: str) -> Iterator[tuple[str, str, str]]:
    """Each check with its result and a note."""
    peer = PEERS[name]
    try:
        version = peer.version()
    except NotHere as error:
        yield "all", NOT_HERE, f"not here: {error}"
        return
    try:
        for title, check in peer.checks():
            try:
                check()
            except NotHere as error:
                yield title, NOT_HERE, f"not here: {error}"
            except (ProcessFailed, FotaError, OperatorError, OSError, AssertionError) as error:
                yield title, FAILED, f"{type(error).__name__}: {error}"
            else:
                yield title, PASSED, version
    except (ProcessFailed, OSError, AssertionError) as error:
        yield "all", FAILED, f"{type(error).__name__}: {error}"


def _side_by_side(names: Sequence[str]) -> dict[str, int]:
    """Run each peer in a process; its rows are printed once all of them are there."""
    PLACE.mkdir(exist_ok=True)
    running: list[subprocess.Popen[str]] = []

    def run(name: str) -> dict[str, int]:
        command = [sys.executable, "-m", "peers", name]
        process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        running.append(process)
        said, complained = process.communicate()
        if process.returncode == _INTERRUPTED:
            raise KeyboardInterrupt
        *rows, summary = said.splitlines() or [""]
        try:
            counts = {word: int(json.loads(summary)[word]) for word in _COUNTS}
        except ValueError:
            rows.append(f"{name:<11}{'all':<47}{FAILED:<10}{complained.strip()[-500:]}")
            counts = dict(zip(_COUNTS, (0, 1, 0), strict=True))
        print("\n".join(rows), flush=True)
        return counts

    with ThreadPoolExecutor(_SIDE_BY_SIDE) as pool:
        try:
            found = list(pool.map(run, names))
        except BaseException:
            pool.shutdown(wait=False, cancel_futures=True)
            for process in running:
                process.terminate()
            raise
    return {word: sum(counts[word] for counts in found) for word in _COUNTS}


if __name__ == "__main__":
    try:
        sys.exit(main())
    except KeyboardInterrupt:
        sys.exit(_INTERRUPTED)
