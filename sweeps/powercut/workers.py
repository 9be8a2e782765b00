"""The sweep in several processes: each gets its share of the families, and their results are added up."""

from __future__ import annotations

import gc
import multiprocessing
import time
from array import array
from collections.abc import MutableSequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, field

from sweeps.powercut.counts import Counts
from sweeps.powercut.families import FAMILIES
from sweeps.powercut.scenarios import Scenario
from sweeps.powercut.sweep import Sweep

_SURPLUS = 1.02
"""Each process finds this much more than its share, since a few states are found by two."""

_found_by: MutableSequence[int] = []
"""How many states each process has found, shared by all."""

_COLLECT_AFTER = 100_000
"""Allocations between two looks for garbage: the sweep makes little that refers to itself."""


@dataclass(frozen=True)
class Order:
    """What one process is to do."""

    worker: int
    workers: int
    states: int
    """Its share; the processes stop when they have found the shares of all."""
    seconds: float
    seed: int
    stops: bool


@dataclass
class Result:
    """The result of a sweep."""

    counts: Counts = field(default_factory=Counts)
    states: int = 0
    per_family: dict[str, int] = field(default_factory=dict)
    seconds: float = 0.0
    cpu_seconds: float = 0.0
    """Of all processes: use this to compare with another machine, or a busy one."""


def sweep(*, states: int, seconds: float, seed: int, workers: int, stops: bool = False) -> Result:
    """Sweep until there are `states` distinct states, or the time is over."""
    started_s = time.monotonic()
    count = len(shares(workers))
    share = int(states / count * (_SURPLUS if count > 1 else 1))
    orders = [Order(number, count, share, seconds, seed, stops) for number in range(count)]
    result, distinct = Result(), set[int]()
    # Shared, so that a process whose families have few states goes on until there are enough in all.
    found_by = multiprocessing.Array("Q", count, lock=False)
    with ProcessPoolExecutor(max_workers=count, initializer=_share, initargs=(found_by,)) as pool:
        for counts, found, per_family, cpu_seconds in pool.map(_work, orders):
            result.counts.add(counts)
            result.per_family |= per_family
            result.cpu_seconds += cpu_seconds
            distinct.update(found)
    result.states = len(distinct)
    result.seconds = time.monotonic() - started_s
    return result


def shares(workers: int) -> list[list[Scenario]]:
    """The families for each process. Those that begin with the same image stay together: they share many states."""
    groups: dict[tuple[bool, str], list[Scenario]] = {}
    for scenario in FAMILIES:
        groups.setdefault((scenario.is_keyed, scenario.offers[0].image.name), []).append(scenario)
    found: list[list[Scenario]] = [[] for _ in range(workers)]
    for group in sorted(groups.values(), key=_cost, reverse=True):
        min(found, key=_cost).extend(group)
    return [share for share in found if share]


def _cost(families: list[Scenario]) -> int:
    """How much there is to do, roughly."""
    return sum(3 if scenario.takes_long else 1 for scenario in families)


def _share(found_by: MutableSequence[int]) -> None:
    global _found_by
    _found_by = found_by


def _work(order: Order) -> tuple[Counts, array[int], dict[str, int], float]:
    gc.set_threshold(_COLLECT_AFTER, 50, 50)

    def are_enough(found: int) -> bool:
        _found_by[order.worker] = found
        return sum(_found_by) >= order.states * order.workers

    one = Sweep(
        shares(order.workers)[order.worker],
        order.seed + order.worker,
        states=order.states,
        deadline_s=time.monotonic() + order.seconds,
        stops=order.stops,
        are_enough=are_enough,
    )
    if order.worker == 0:
        one.provisioning()
    one.run()
    return one.counts, array("Q", one.distinct), one.per_family, time.process_time()
