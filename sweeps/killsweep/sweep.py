"""Tries many points with several workers, each at a bench of its own."""

import threading
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor

from sweeps.killsweep.attempt import Attempt, attempt
from sweeps.killsweep.points import Point
from sweeps.killsweep.stage import Bench

MAX_VIOLATIONS = 20
"""A sweep ends after this number: it has shown that something is wrong, and each stuck device costs a minute."""


class Sweep:
    """Takes points until enough of them were hit, or too many violations were found.

    A point may be missed: how often a thread reads its socket is not the same in every run. Another is taken then.
    """

    def __init__(
        self, points: Iterable[Point], wanted: int, home_names: set[str], on_attempt: Callable[[Attempt], None]
    ) -> None:
        self.attempts: list[Attempt] = []
        self._points: Iterator[Point] = iter(points)
        self._wanted = wanted
        self._home_names = home_names
        self._on_attempt = on_attempt
        self._lock = threading.Lock()
        self._under_way = 0
        self._is_over = False

    @property
    def hits(self) -> int:
        """The points that were reached."""
        return sum(bool(one.hit) for one in self.attempts)

    @property
    def violations(self) -> int:
        """The points after which something was wrong."""
        return sum(one.violation is not None for one in self.attempts)

    def run(self, benches: Sequence[Bench]) -> None:
        """*Blocks* until done. *Raises* what a worker raised."""
        with ThreadPoolExecutor(len(benches)) as pool:
            try:
                for finished in [pool.submit(self._work, bench) for bench in benches]:
                    finished.result()
            finally:
                # Also when we are interrupted: then each worker ends with the point it is at.
                self._is_over = True

    def _work(self, bench: Bench) -> None:
        try:
            while (point := self._next()) is not None:
                done = attempt(bench, point, self._home_names)
                with self._lock:
                    self._under_way -= 1
                    self.attempts.append(done)
                    self._on_attempt(done)
        except BaseException:
            self._is_over = True
            raise

    def _next(self) -> Point | None:
        with self._lock:
            is_enough = self.hits + self._under_way >= self._wanted
            if self._is_over or is_enough or self.violations >= MAX_VIOLATIONS:
                return None
            point = next(self._points, None)
            self._under_way += point is not None
            return point
