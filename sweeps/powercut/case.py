"""One case: a scenario and the power cuts in it. Its text is all that is needed to run it again.

    two-jobs+late@3/37:torn-12/14:lost

is the scenario `two-jobs` with a late answer to the third request, cut at step 37 when the last write had come to its
byte 12, and again at step 14 of the recovery, with nothing kept of what was not synced. What follows a `!` is damage
done to the disk while the power was off: `!record-0=noise`.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from sweeps.powercut import damage, factory, witness
from sweeps.powercut.families import named
from sweeps.powercut.life import Life, State
from sweeps.powercut.past import Violation

if TYPE_CHECKING:
    from fota_testing.posix_disk import Disk

PROVISION, PROVISION_KEYED = "provision", "provision-keyed"
"""Each stands for a scenario: the device is being provisioned, without a keyring or with one."""


@dataclass(frozen=True)
class Case:
    """A scenario, and each cut as a step of the life before it and the shape of what is left."""

    scenario: str
    cuts: tuple[tuple[int, str], ...] = ()

    def __str__(self) -> str:
        return "/".join([self.scenario, *(f"{step}:{shape}" for step, shape in self.cuts)])

    def then(self, step: int, shape: str) -> Case:
        """The same, and one cut more."""
        return replace(self, cuts=(*self.cuts, (step, shape)))


def parse(text: str) -> Case:
    """The case that a text stands for. *Raises* ValueError."""
    scenario, *cuts = text.strip().split("/")
    found = []
    for cut in cuts:
        step, colon, shape = cut.partition(":")
        if not colon or not step.isdigit() or not shape:
            raise ValueError(f"{cut}: expected STEP:SHAPE, such as 37:lost")
        found.append((int(step), shape))
    return Case(scenario, tuple(found))


def cut(state: State, shape: str) -> State:
    """The state that the power comes back to. *Raises* Violation, ValueError for an odd shape."""
    torn, mark, harm = shape.partition("!")
    left = state.disk.after_cut(torn)
    past = witness.after_cut(state.disk, left, state.past)
    if mark:
        left, past = damage.done(left, harm), replace(past, harm=harm)
    return replace(state, disk=left, past=past)


def replay(case: Case) -> list[str]:
    """Run one case, and tell what was done in it, life by life. *Raises* Violation, ValueError."""
    if case.scenario in {PROVISION, PROVISION_KEYED}:
        return _replay_provision(case)
    scenario = named(case.scenario)
    state, told = State(factory.factory_disk(is_keyed=scenario.is_keyed)), [f"-- {scenario.name} --"]
    try:
        for step, shape in case.cuts:
            life = Life(scenario, state, range(step, step + 1))
            _run_up_to(life, step)
            told += [*_numbered(life.names[:step]), f"-- power cut at step {step}, {shape} --"]
            state = cut(dict(life.taken)[step], shape)
        life = Life(scenario, state)
        try:
            life.run()
        finally:
            told += _numbered(life.names)
    except Violation as violation:
        violation.steps = told
        raise
    return [*told, "-- settled --"]


def _numbered(names: list[str]) -> list[str]:
    return [f"{number:4} {name}" for number, name in enumerate(names, 1)]


def _run_up_to(life: Life, step: int) -> None:
    """What goes wrong after the cut has not happened."""
    try:
        life.run()
    except Violation:
        if step not in dict(life.taken):
            raise
    if step not in dict(life.taken):
        raise ValueError(f"step {step}: there are {life.steps} steps before the next cut")


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
