"""The sweep on several processes: each has families of its own; what they found is put together."""

from __future__ import annotations

import gc
import time
from array import array
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, field

from sweeps.powercut.sweep import Counts, Sweep, shares

_SURPLUS = 1.02
"""Each process finds so many times its share, since a few states are found by two."""

_COLLECT_AFTER = 100_000
"""Allocations between two looks for garbage: the sweep makes little that refers to itself."""


@dataclass(frozen=True)
class Order:
    """What one process is to do."""

    worker: int
    workers: int
    states: int
    seconds: float
    seed: int
    stops: bool


@dataclass
class Result:
    """What a sweep came to."""

    counts: Counts = field(default_factory=Counts)
    states: int = 0
    per_family: dict[str, int] = field(default_factory=dict)
    seconds: float = 0.0
    cpu_seconds: float = 0.0
    """Of all processes: what another machine, or a busy one, is compared by."""


def sweep(*, states: int, seconds: float, seed: int, workers: int, stops: bool = False) -> Result:
    """Sweep until there are so many distinct states, or the time is over."""
    started_s = time.monotonic()
    count = len(shares(workers))
    share = int(states / count * (_SURPLUS if count > 1 else 1))
    orders = [Order(number, count, share, seconds, seed, stops) for number in range(count)]
    result, distinct = Result(), set[int]()
    with ProcessPoolExecutor(max_workers=count) as pool:
        for counts, found, per_family, cpu_seconds in pool.map(_work, orders):
            result.counts.add(counts)
            result.per_family |= per_family
            result.cpu_seconds += cpu_seconds
            distinct.update(found)
    result.states = len(distinct)
    result.seconds = time.monotonic() - started_s
    return result


def _work(order: Order) -> tuple[Counts, array[int], dict[str, int], float]:
    gc.set_threshold(_COLLECT_AFTER, 50, 50)
    one = Sweep(
        shares(order.workers)[order.worker],
        order.seed + order.worker,
        states=order.states,
        deadline_s=time.monotonic() + order.seconds,
        stops=order.stops,
    )
    if order.worker == 0:
        one.provisioning()
    one.run()
    return one.counts, array("Q", one.distinct), one.per_family, time.process_time()
