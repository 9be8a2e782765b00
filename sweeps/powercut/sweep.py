"""The search: which cases are run, in which order, and what is counted.

First every scenario without a cut, then every cut of every family in every shape and every damage, then cuts within
recoveries, drawn at random from a seed until there are enough. A state is counted once for its bytes; it is recovered
once for all that can still happen to it.
"""

from __future__ import annotations

import random
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from sweeps.powercut import damage, factory, seen
from sweeps.powercut.case import PROVISION, PROVISION_KEYED, Case, cut
from sweeps.powercut.families import FAMILIES
from sweeps.powercut.life import MOST_STEPS, Life, State
from sweeps.powercut.past import Violation
from sweeps.powercut.scenarios import DELETED, MISFORTUNES, Scenario

from fota_testing.posix_disk import Write

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

ALL_STEPS = range(1, MOST_STEPS)
MOST_KEPT = 40
"""So many violations are kept to be shown; all are counted."""

_CUTS_PER_RUN, _CUTS_PER_RECOVERY, _SHAPES_PER_CUT = 6, 8, 4
_TAILS, _WRITES_TORN_AGAIN = 6, 2
_THIRD_CUT_IN = 12
"""Every so many of the second cuts is followed by a third."""


@dataclass
class Counts:
    """What a sweep did."""

    runs: int = 0
    """Lives without any cut."""
    cuts: int = 0
    """First cuts: an operation and a shape, whether or not the state had been seen before."""
    second_cuts: int = 0
    """Cuts of a recovery, and of the recovery from that."""
    recoveries: int = 0
    """Lives from a cut to the end."""
    violations: int = 0
    found: list[tuple[str, str]] = field(default_factory=list)
    """Case and message of the first violations."""

    def add(self, other: Counts) -> None:
        """Sum up, across processes."""
        for name in ("runs", "cuts", "second_cuts", "recoveries", "violations"):
            setattr(self, name, getattr(self, name) + getattr(other, name))
        self.found = (self.found + other.found)[:MOST_KEPT]


class Sweep:
    """One process's share. `distinct` holds the fingerprints of all states that were cut."""

    def __init__(
        self, families: Sequence[Scenario], seed: int, *, states: int, deadline_s: float, stops: bool = False
    ) -> None:
        """With `stops` the first violation ends it."""
        self.counts = Counts()
        self.distinct: set[int] = set()
        self.per_family: dict[str, int] = {scenario.family: 0 for scenario in families}
        self._families = families
        self._dice = random.Random(seed)
        self._states = states
        self._deadline_s = deadline_s
        self._stops = stops
        self._recovered: set[int] = set()
        self._tried: dict[int, int] = {}
        self._requests: dict[str, int] = {}
        self._bases: dict[str, list[tuple[int, State]]] = {}

    def run(self) -> None:
        """All of it, until there are enough states or the time is over."""
        self.uncut()
        for scenario in self._families:
            self.first_cuts(scenario)
        for scenario in self._families:
            self.double_tears(scenario)
        for scenario in self._families:
            self.damages(scenario)
            self.late_damages(scenario)
        self.random_cuts()

    def uncut(self) -> None:
        """Each family, and each with each misfortune at each request, as it goes without a power cut."""
        for family in self._families:
            self._bases[family.name] = self._run(family)
            for scenario in self._variants(family):
                if not self.is_over():
                    self._run(scenario)

    def first_cuts(self, scenario: Scenario, shapes: Iterable[str] = ()) -> None:
        """Cut at each step in each shape (or in the given ones), recover."""
        wanted = set(shapes)
        for step, state in self._base(scenario):
            for shape in state.disk.shapes():
                if (not wanted or shape in wanted) and not self.is_over():
                    self.counts.cuts += 1
                    self._cut(scenario, Case(scenario.name), (step, shape), state)

    def double_tears(self, scenario: Scenario) -> None:
        """Tear each write of a value, and in the recovery the next writes into the same cell: two halves of two."""
        for step, state in self._base(scenario):
            cell = self._written_cell(state)
            for shape in _sampled([s for s in state.disk.shapes() if s.startswith("tail-")], _TAILS) if cell else []:
                if not self.is_over():
                    self.counts.cuts += 1
                    case = Case(scenario.name)
                    taken = self._cut(scenario, case, (step, shape), state, steps_wanted=True)
                    self._tear_again(scenario, case.then(step, shape), cell, taken)

    def _tear_again(self, scenario: Scenario, case: Case, cell: int, base: list[tuple[int, State]]) -> None:
        again = [(step, state) for step, state in base if self._written_cell(state) == cell]
        for step, state in again[:_WRITES_TORN_AGAIN]:
            for shape in state.disk.shapes():
                if shape.startswith("torn-") and not self.is_over():
                    self.counts.second_cuts += 1
                    self._cut(scenario, case, (step, shape), state)

    def _written_cell(self, state: State) -> int:
        """The file that the last pending change writes to, if it is one of the two copies of a value; else 0."""
        last = state.disk.pending[-1] if state.disk.pending else None
        names = [path for path, file in state.disk.names.items() if isinstance(last, Write) and file == last.file]
        is_copy = bool(names) and names[0][len(seen.HOME) + 1 : -2] in seen.PAIRS
        return last.file if is_copy and isinstance(last, Write) else 0

    def damages(self, scenario: Scenario, wanted: Iterable[str] = ()) -> None:
        """Cut at each step with everything kept, and one thing or two (or the given ones) destroyed; recover.

        A life with signatures takes as long as three without: of those every third step.
        """
        for step, state in self._base(scenario)[:: 3 if scenario.is_keyed else 1]:
            for harm in wanted or damage.harms(state.disk.after_cut("kept")):
                if not self.is_over():
                    self.counts.cuts += 1
                    self._cut(scenario, Case(scenario.name), (step, f"kept!{harm}"), state)

    def late_damages(self, scenario: Scenario) -> None:
        """Cut at each step with everything kept, recover, and destroy one copy of what is signed when all is done.

        A cut between the writes of two copies leaves an older one: nothing may come to depend on the newer alone.
        """
        for step, state in self._base(scenario) if scenario.is_keyed else []:
            if self.is_over():
                return
            self.counts.cuts += 1
            taken = self._cut(scenario, Case(scenario.name), (step, "kept"), state, steps_wanted=True)
            for last, left in taken[-1:]:
                for harm in damage.harms_to_one_copy(left.disk.after_cut("kept")):
                    self.counts.second_cuts += 1
                    self._cut(scenario, Case(scenario.name).then(step, "kept"), (last, f"kept!{harm}"), left)

    def provisioning(self) -> None:
        """Cut a provisioning, without a keyring and with one, at each step in each shape."""
        for name in (PROVISION, PROVISION_KEYED):
            is_keyed = name == PROVISION_KEYED
            taken = factory.states(is_keyed=is_keyed)
            for step, disk in taken:
                for shape in disk.shapes():
                    self.counts.cuts += 1
                    left = disk.after_cut(shape)
                    self.distinct.add(State(left).fingerprint())
                    try:
                        self.counts.recoveries += 1
                        factory.recover(left, was_finished=step == taken[-1][0], is_keyed=is_keyed)
                    except Violation as violation:
                        self._found(Case(name, ((step, shape),)), violation)

    def random_cuts(self) -> None:
        """Scenarios, steps and shapes at random; of every recovery, cuts at random; of some of those, a third."""
        variants = [(scenario, list(self._variants(scenario))) for scenario in self._families]
        while not self.is_over():
            scenario, misfortunes = self._dice.choice(variants)
            if misfortunes and self._dice.random() < 0.7:
                scenario = self._dice.choice(misfortunes)
                base = self._run(scenario)
            else:
                base = self._base(scenario)
            for step, state in self._dice.sample(base, min(_CUTS_PER_RUN, len(base))):
                for shape in self._untried(state, 1):
                    self.counts.cuts += 1
                    taken = self._cut(scenario, Case(scenario.name), (step, shape), state, steps_wanted=True)
                    self._second_cuts(scenario, Case(scenario.name).then(step, shape), taken)

    def _second_cuts(self, scenario: Scenario, case: Case, base: list[tuple[int, State]]) -> None:
        """Cut a recovery at some steps, in some shapes; and now and then the recovery from that."""
        for step, state in self._dice.sample(base, min(_CUTS_PER_RECOVERY, len(base))):
            for shape in self._untried(state, _SHAPES_PER_CUT):
                self.counts.second_cuts += 1
                third = len(case.cuts) < 2 and self._dice.random() * _THIRD_CUT_IN < 1
                taken = self._cut(scenario, case, (step, shape), state, steps_wanted=third)
                if third:
                    self._second_cuts(scenario, case.then(step, shape), taken)

    def _untried(self, state: State, count: int) -> Iterator[str]:
        """Some shapes of what is pending that were not drawn before, for the same bytes before the same cloud."""
        key = state.fingerprint()
        shapes = state.disk.shapes()
        # The order is the state's own, so that it is the same whenever the state comes again.
        random.Random(key).shuffle(shapes)
        for shape in shapes[self._tried.get(key, 0) :][:count]:
            if self.is_over():
                return
            self._tried[key] = self._tried.get(key, 0) + 1
            yield shape

    def is_over(self) -> bool:
        """Whether there are enough states, the time is over, or a violation is to end it and was found."""
        has_failed = self._stops and self.counts.violations > 0
        return has_failed or len(self.distinct) >= self._states or time.monotonic() >= self._deadline_s

    def _base(self, scenario: Scenario) -> list[tuple[int, State]]:
        if scenario.name not in self._bases:
            self._bases[scenario.name] = self._run(scenario)
        return self._bases[scenario.name]

    def _variants(self, family: Scenario) -> Iterable[Scenario]:
        """With each misfortune at each request that the family makes, and at two more."""
        for at_request in range(1, self._requests.get(family.name, 0) + 3):
            for kind in MISFORTUNES:
                yield family.with_misfortune(kind, at_request)

    def _run(self, scenario: Scenario) -> list[tuple[int, State]]:
        """Without a cut; the state at each step."""
        self.counts.runs += 1
        life = Life(scenario, State(factory.factory_disk(is_keyed=scenario.is_keyed)), ALL_STEPS)
        try:
            self._requests.setdefault(scenario.name, life.run().cloud.requests)
        except Violation as violation:
            self._found(Case(scenario.name), violation)
        return life.taken

    def _cut(
        self,
        scenario: Scenario,
        case: Case,
        at: tuple[int, str],
        state: State,
        *,
        steps_wanted: bool = False,
    ) -> list[tuple[int, State]]:
        """The power fails; recover. The states on the way, if they are wanted.

        What was recovered before is not again, unless they are.
        """
        case = case.then(*at)
        try:
            left = cut(state, at[1])
            self._count(left, scenario)
            if not steps_wanted and self._is_known(left, scenario):
                return []
            life = Life(scenario, left, ALL_STEPS if steps_wanted else None)
            self.counts.recoveries += 1
            life.run()
            return life.taken
        except Violation as violation:
            self._found(case, violation)
            return []

    def _count(self, left: State, scenario: Scenario) -> None:
        before = len(self.distinct)
        self.distinct.add(left.fingerprint())
        self.per_family[scenario.family] += len(self.distinct) - before

    def _is_known(self, left: State, scenario: Scenario) -> bool:
        """Whether a recovery from there, with the same to come, was run before."""
        event = scenario.misfortune
        is_to_come = event is not None and (event.at_request > left.cloud.requests or event.kind == DELETED)
        key = hash((left.fingerprint(), scenario.family, event if is_to_come else event and event.kind, left.past))
        known = key in self._recovered
        self._recovered.add(key)
        return known

    def _found(self, case: Case, violation: Violation) -> None:
        self.counts.violations += 1
        if len(self.counts.found) < MOST_KEPT:
            self.counts.found.append((str(case), str(violation)))


def _sampled(shapes: list[str], count: int) -> list[str]:
    """Evenly spread."""
    return shapes[:: max(1, len(shapes) // count)]


def _work(families: list[Scenario]) -> int:
    """How much there is to do, roughly: a life with signatures takes as long as three without."""
    return sum(3 if scenario.is_keyed else 1 for scenario in families)


def shares(workers: int) -> list[list[Scenario]]:
    """The families for each process. Those that begin with the same image share many states: they stay together."""
    groups: dict[tuple[bool, str], list[Scenario]] = {}
    for scenario in FAMILIES:
        groups.setdefault((scenario.is_keyed, scenario.offers[0].image.name), []).append(scenario)
    found: list[list[Scenario]] = [[] for _ in range(workers)]
    for group in sorted(groups.values(), key=_work, reverse=True):
        min(found, key=_work).extend(group)
    return [share for share in found if share]
