"""The search: which cases are run, and in which order.

First it runs every scenario without a cut, then every cut of every family in every shape and every damage, then cuts
within recoveries, drawn at random from a seed until there are enough. Equal states are counted once. A state is
recovered once for each different set of things that can still happen to it.
"""

from __future__ import annotations

import random
import time
from typing import TYPE_CHECKING

from fota_testing.posix.changes import Write
from sweeps.powercut import damage, factory, seen
from sweeps.powercut.case import PROVISION, PROVISION_KEYED, Case, cut
from sweeps.powercut.counts import MAX_KEPT, Counts
from sweeps.powercut.history import Violation
from sweeps.powercut.power_session import MAX_STEPS, PowerSession, State
from sweeps.powercut.scenarios import DELETED, FAULTS, Scenario

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

ALL_STEPS = range(1, MAX_STEPS)
_CUTS_PER_RUN, _CUTS_PER_RECOVERY, _SHAPES_PER_CUT = 6, 8, 4
_TAILS, _WRITES_TORN_AGAIN = 6, 2
_THIRD_CUT_IN = 12
"""One in this number of second cuts is followed by a third."""


class Sweep:
    """The share of one process. `distinct` has the fingerprints of all states that were cut."""

    def __init__(
        self,
        families: Sequence[Scenario],
        seed: int,
        *,
        states: int,
        deadline_s: float,
        stops: bool = False,
        are_enough: Callable[[int], bool] | None = None,
    ) -> None:
        """`states` is the share of this process; with `stops` the sweep ends at the first violation.

        `are_enough` takes the number of states found here, and says whether all processes together have enough.
        """
        self.counts = Counts()
        self.distinct: set[int] = set()
        self.per_family: dict[str, int] = {scenario.family: 0 for scenario in families}
        self._families = families
        self._dice = random.Random(seed)
        self._states = states
        self._deadline_s = deadline_s
        self._stops = stops
        self._are_enough = are_enough or (lambda found: found >= states)
        self._is_drawing = False
        self._recovered: set[int] = set()
        self._tried: dict[int, int] = {}
        self._requests: dict[str, int] = {}
        self._bases: dict[str, list[tuple[int, State]]] = {}

    def run(self) -> None:
        """Run until there are enough states or the time is over."""
        self.uncut()
        for cuts in (self.first_cuts, self.double_tears, self.damages, self.late_damages):
            for scenario in self._families:
                if not self.is_over():
                    cuts(scenario)
        self.random_cuts()

    def uncut(self, one_in: int = 1) -> None:
        """Run each family without a power cut, without a fault and with each fault at each request.

        With `one_in` above 1, only one in this number of the faults is played.
        """
        for family in self._families:
            if self.is_over():
                return
            self._bases[family.name] = self._run(family)
            for scenario in [*self._variants(family)][::one_in]:
                if not self.is_over():
                    self._run(scenario)

    def first_cuts(self, scenario: Scenario, shapes: Iterable[str] = ()) -> None:
        """Cut at each step in each shape (or in the given ones), and recover."""
        wanted = set(shapes)
        for step, state in self._base(scenario):
            for shape in state.disk.shapes():
                if (not wanted or shape in wanted) and not self.is_over():
                    self.counts.cuts += 1
                    self._cut(scenario, Case(scenario.name), (step, shape), state)

    def double_tears(self, scenario: Scenario) -> None:
        """Tear each write of a value, and in the recovery the next to the same copy: two torn halves may add up."""
        for step, state in self._base(scenario):
            copy = self._written_copy(state)
            for shape in _sampled([s for s in state.disk.shapes() if s.startswith("tail-")], _TAILS) if copy else []:
                if not self.is_over():
                    self.counts.cuts += 1
                    case = Case(scenario.name)
                    taken = self._cut(scenario, case, (step, shape), state, steps_wanted=True)
                    self._tear_again(scenario, case.then(step, shape), copy, taken)

    def _tear_again(self, scenario: Scenario, case: Case, copy: int, base: list[tuple[int, State]]) -> None:
        again = [(step, state) for step, state in base if self._written_copy(state) == copy]
        for step, state in again[:_WRITES_TORN_AGAIN]:
            for shape in state.disk.shapes():
                if shape.startswith("torn-") and not self.is_over():
                    self.counts.second_cuts += 1
                    self._cut(scenario, case, (step, shape), state)

    def _written_copy(self, state: State) -> int:
        """The number of the file that the last pending write goes to, if that is a copy of a value; else 0."""
        last = state.disk.pending[-1] if state.disk.pending else None
        names = [path for path, file in state.disk.names.items() if isinstance(last, Write) and file == last.file]
        is_copy = bool(names) and names[0][len(seen.HOME) + 1 : -2] in seen.PAIRS
        return last.file if is_copy and isinstance(last, Write) else 0

    def damages(self, scenario: Scenario, wanted: Iterable[str] = ()) -> None:
        """Cut at each step with everything kept, destroy one thing or two (or the given ones), and recover.

        Where a power session takes three times as long, every third step is enough.
        """
        for step, state in self._base(scenario)[:: 3 if scenario.takes_long else 1]:
            for harm in wanted or damage.harms(state.disk.after_cut("kept")):
                if not self.is_over():
                    self.counts.cuts += 1
                    self._cut(scenario, Case(scenario.name), (step, f"kept!{harm}"), state)

    def late_damages(self, scenario: Scenario) -> None:
        """Cut at each step with everything kept, recover, and then destroy one copy of a signed value.

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
            recovered = set[tuple[int, bool]]()
            for step, disk in taken:
                for shape in disk.shapes():
                    self.counts.cuts += 1
                    left = disk.after_cut(shape)
                    was_finished = step == taken[-1][0]
                    state = State(left).fingerprint()
                    self.distinct.add(state)
                    if (state, was_finished) in recovered:
                        continue
                    recovered.add((state, was_finished))
                    try:
                        self.counts.recoveries += 1
                        factory.recover(left, was_finished=was_finished, is_keyed=is_keyed)
                    except Violation as violation:
                        self._found(Case(name, ((step, shape),)), violation)

    def random_cuts(self) -> None:
        """Cut at random, cut each recovery at random, and cut the recovery from some of those."""
        variants = [(scenario, list(self._variants(scenario))) for scenario in self._families]
        while not self.is_over():
            scenario, with_faults = self._dice.choice(variants)
            if with_faults and self._dice.random() < 0.7:
                scenario = self._dice.choice(with_faults)
                base = self._run(scenario)
            else:
                base = self._base(scenario)
            for step, state in self._dice.sample(base, min(_CUTS_PER_RUN, len(base))):
                for shape in self._untried(state, 1):
                    self.counts.cuts += 1
                    taken = self._cut(scenario, Case(scenario.name), (step, shape), state, steps_wanted=True)
                    self._second_cuts(scenario, Case(scenario.name).then(step, shape), taken)

    def _second_cuts(self, scenario: Scenario, case: Case, base: list[tuple[int, State]]) -> None:
        """Cut a recovery at some steps, in some shapes, and sometimes also the recovery from that."""
        for step, state in self._dice.sample(base, min(_CUTS_PER_RECOVERY, len(base))):
            for shape in self._untried(state, _SHAPES_PER_CUT):
                self.counts.second_cuts += 1
                third = len(case.cuts) < 2 and self._dice.random() * _THIRD_CUT_IN < 1
                taken = self._cut(scenario, case, (step, shape), state, steps_wanted=third)
                if third:
                    self._second_cuts(scenario, case.then(step, shape), taken)

    def _untried(self, state: State, count: int) -> Iterator[str]:
        """Some shapes of the pending writes that were not drawn before for an equal state."""
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
        """Whether there are enough states, the time is over, or a violation has ended the sweep."""
        has_failed = self._stops and self.counts.violations > 0
        if has_failed or time.monotonic() >= self._deadline_s:
            return True
        # What is not drawn at random is run first, up to the share; then every process helps until there are enough.
        has_its_share = self._is_drawing or len(self.distinct) >= self._states
        return has_its_share and self._are_enough(len(self.distinct))

    def _base(self, scenario: Scenario) -> list[tuple[int, State]]:
        if scenario.name not in self._bases:
            self._bases[scenario.name] = self._run(scenario)
        return self._bases[scenario.name]

    def _variants(self, family: Scenario) -> Iterable[Scenario]:
        """The family with each fault at each request that it makes, and at two more."""
        for at_request in range(1, self._requests.get(family.name, 0) + 3):
            for kind in FAULTS:
                yield family.with_fault(kind, at_request)

    def _run(self, scenario: Scenario) -> list[tuple[int, State]]:
        """Run a scenario without a cut. Returns the state at each step."""
        self.counts.runs += 1
        session = PowerSession(scenario, State(factory.factory_disk(is_keyed=scenario.is_keyed)), ALL_STEPS)
        try:
            self._requests.setdefault(scenario.name, session.run().cloud.requests)
        except Violation as violation:
            self._found(Case(scenario.name), violation)
        return session.taken

    def _cut(
        self,
        scenario: Scenario,
        case: Case,
        at: tuple[int, str],
        state: State,
        *,
        steps_wanted: bool = False,
    ) -> list[tuple[int, State]]:
        """Cut the power, and recover. Returns the states of the recovery if they are wanted.

        A state that was recovered before is recovered again only if its states are wanted.
        """
        case = case.then(*at)
        try:
            left = cut(state, at[1])
            self._count(left, scenario)
            if not steps_wanted and self._is_known(left, scenario):
                return []
            session = PowerSession(scenario, left, ALL_STEPS if steps_wanted else None)
            self.counts.recoveries += 1
            session.run()
            return session.taken
        except Violation as violation:
            self._found(case, violation)
            return []

    def _count(self, left: State, scenario: Scenario) -> None:
        before = len(self.distinct)
        self.distinct.add(left.fingerprint())
        self.per_family[scenario.family] += len(self.distinct) - before

    def _is_known(self, left: State, scenario: Scenario) -> bool:
        """Whether a recovery from this state, with the same fault still to come, was run before."""
        fault = scenario.fault
        is_to_come = fault is not None and (fault.at_request > left.cloud.requests or fault.kind == DELETED)
        key = hash((left.fingerprint(), scenario.family, fault if is_to_come else fault and fault.kind, left.history))
        known = key in self._recovered
        self._recovered.add(key)
        return known

    def _found(self, case: Case, violation: Violation) -> None:
        self.counts.violations += 1
        if len(self.counts.found) < MAX_KEPT:
            self.counts.found.append((str(case), str(violation)))


def _sampled(shapes: list[str], count: int) -> list[str]:
    """Evenly spread."""
    return shapes[:: max(1, len(shapes) // count)]
