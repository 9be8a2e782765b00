"""One case: a scenario and the power cuts in it. Its text is enough to run it again.

    two-jobs+late@3/37:torn-12/14:lost

is the scenario `two-jobs` with a late answer to the third request, cut at step 37 when the last write had come to its
byte 12, and again at step 14 of the recovery, where every write that was not flushed is lost. The text after a `!` is
damage that was done to the disk while the power was off: `!record-0=noise`.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from sweeps.powercut import damage, factory, leftover
from sweeps.powercut.families import named
from sweeps.powercut.history import Violation
from sweeps.powercut.power_session import PowerSession, State

if TYPE_CHECKING:
    from fota_testing.posix.disk import Disk

PROVISION, PROVISION_KEYED = "provision", "provision-keyed"
"""In place of the name of a scenario: the device is being provisioned, without a keyring or with one."""


@dataclass(frozen=True)
class Case:
    """A scenario and its cuts: the step of the power session that each ends, and the shape of what is left."""

    scenario: str
    cuts: tuple[tuple[int, str], ...] = ()

    def __str__(self) -> str:
        return "/".join([self.scenario, *(f"{step}:{shape}" for step, shape in self.cuts)])

    def then(self, step: int, shape: str) -> Case:
        """The same case with one more cut."""
        return replace(self, cuts=(*self.cuts, (step, shape)))


def parse(text: str) -> Case:
    """Read the text of a case. *Raises* ValueError."""
    scenario, *cuts = text.strip().split("/")
    found = []
    for cut in cuts:
        step, colon, shape = cut.partition(":")
        if not colon or not step.isdigit() or not shape:
            raise ValueError(f"{cut}: expected STEP:SHAPE, such as 37:lost")
        found.append((int(step), shape))
    return Case(scenario, tuple(found))


def cut(state: State, shape: str) -> State:
    """The state of the device when the power comes back. *Raises* Violation; ValueError for an unknown shape."""
    torn, mark, harm = shape.partition("!")
    left = state.disk.after_cut(torn)
    history = leftover.after_cut(state.disk, left, state.history)
    if mark:
        left, history = damage.done(left, harm), replace(history, harm=harm)
    return replace(state, disk=left, history=history)


def replay(case: Case) -> list[str]:
    """Run one case; returns the steps of each power session. *Raises* Violation, ValueError."""
    if case.scenario in {PROVISION, PROVISION_KEYED}:
        return _replay_provision(case)
    scenario = named(case.scenario)
    state, told = State(factory.factory_disk(is_keyed=scenario.is_keyed)), [f"-- {scenario.name} --"]
    try:
        for step, shape in case.cuts:
            session = PowerSession(scenario, state, range(step, step + 1))
            _run_up_to(session, step)
            told += [*_numbered(session.names[:step]), f"-- power cut at step {step}, {shape} --"]
            state = cut(dict(session.taken)[step], shape)
        session = PowerSession(scenario, state)
        try:
            session.run()
        finally:
            told += _numbered(session.names)
    except Violation as violation:
        violation.steps = told
        raise
    return [*told, "-- settled --"]


def _numbered(names: list[str]) -> list[str]:
    return [f"{number:4} {name}" for number, name in enumerate(names, 1)]


def _run_up_to(session: PowerSession, step: int) -> None:
    """Run a power session until the power is cut; a violation after that step has not happened."""
    try:
        session.run()
    except Violation:
        if step not in dict(session.taken):
            raise
    if step not in dict(session.taken):
        raise ValueError(f"step {step}: there are {session.steps} steps before the next cut")


def _replay_provision(case: Case) -> list[str]:
    if len(case.cuts) != 1:
        raise ValueError(f"{case}: expected one cut, since a provisioning is cut once, got {len(case.cuts)}")
    ((step, shape),) = case.cuts
    is_keyed = case.scenario == PROVISION_KEYED
    taken: dict[int, Disk] = dict(factory.states(is_keyed=is_keyed))
    if step not in taken:
        raise ValueError(f"step {step}: a provisioning has {len(taken)} steps")
    factory.recover(taken[step].after_cut(shape), was_finished=step == max(taken), is_keyed=is_keyed)
    return [f"-- power cut at step {step}, {shape} --", "-- settled --"]
