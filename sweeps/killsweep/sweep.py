"""Many points, by several workers at once, each at a bench of its own."""

import threading
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor

from sweeps.killsweep.attempt import Attempt, attempt
from sweeps.killsweep.points import Point
from sweeps.killsweep.stage import Bench


class Sweep:
    """Takes points until enough of them were hit.

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
        self._broken = False

    @property
    def hits(self) -> int:
        """The points that were reached."""
        return sum(bool(one.hit) for one in self.attempts)

    def run(self, benches: Sequence[Bench]) -> None:
        """*Blocks* until done. *Raises* what a worker raised."""
        with ThreadPoolExecutor(len(benches)) as pool:
            for finished in [pool.submit(self._work, bench) for bench in benches]:
                finished.result()

    def _work(self, bench: Bench) -> None:
        try:
            while (point := self._next()) is not None:
                done = attempt(bench, point, self._home_names)
                with self._lock:
                    self._under_way -= 1
                    self.attempts.append(done)
                    self._on_attempt(done)
        except BaseException:
            self._broken = True
            raise

    def _next(self) -> Point | None:
        with self._lock:
            if self._broken or self.hits + self._under_way >= self._wanted:
                return None
            point = next(self._points, None)
            self._under_way += point is not None
            return point
