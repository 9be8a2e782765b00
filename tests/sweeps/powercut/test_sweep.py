"""The part of the power-cut sweep that is small enough for every day, and the search itself.

The whole of it is `make powercut`.
"""

import json
import math

import pytest

from sweeps.powercut import __main__ as command
from sweeps.powercut import case, factory, workers
from sweeps.powercut.families import FAMILIES, named
from sweeps.powercut.power_session import PowerSession, State
from sweeps.powercut.scenarios import FAULTS, Scenario
from sweeps.powercut.sweep import Sweep
from sweeps.powercut.workers import shares

SHAPES = ("lost", "kept", "names", "sizes", "mixed-0", "mixed-1", "torn-12", "tail-12", "torn-512")
FEWER_SHAPES = ("lost", "kept", "mixed-0", "torn-12")
IN_FULL = ("healthy", "crashing", "breaks", "signed-healthy")
"""Families that are quick and have most in common with the rest: these meet every fault and every shape."""
AT_EVERY_SAVE = ("healthy",)
"""Not marked as slow."""
ONE_FAULT_IN = 7
"""It has no divisor in common with the number of faults: each fault is played, at one request in seven."""
EACH_FAMILY = pytest.mark.parametrize(
    "scenario",
    [
        pytest.param(scenario, id=scenario.name, marks=() if scenario.name in AT_EVERY_SAVE else pytest.mark.slow)
        for scenario in FAMILIES
    ],
)


def test_every_fault_is_in_the_sample() -> None:
    assert math.gcd(ONE_FAULT_IN, len(FAULTS)) == 1


def sweep_of(*families: Scenario, states: int = 1 << 40) -> Sweep:
    return Sweep(families, seed=1, states=states, deadline_s=math.inf)


@EACH_FAMILY
def test_every_job_ends_as_it_must_whatever_goes_wrong_in_the_cloud(scenario: Scenario) -> None:
    one_in = 1 if scenario.name in IN_FULL else ONE_FAULT_IN
    sweep = sweep_of(scenario)
    sweep.uncut(one_in)
    assert sweep.counts.runs > 50 // one_in
    assert sweep.counts.found == []


@EACH_FAMILY
def test_a_power_cut_at_any_step_costs_neither_the_device_nor_the_truth(scenario: Scenario) -> None:
    sweep = sweep_of(scenario)
    sweep.first_cuts(scenario, SHAPES if scenario.name in IN_FULL else FEWER_SHAPES)
    assert sweep.counts.recoveries > 1
    assert sweep.counts.found == []


@pytest.mark.slow
def test_a_power_cut_within_a_recovery_costs_no_more_than_that() -> None:
    sweep = sweep_of(*FAMILIES, states=600)
    sweep.random_cuts()
    assert sweep.counts.second_cuts > 100
    assert sweep.counts.found == []


@pytest.mark.slow
def test_a_destroyed_copy_costs_neither_the_device_nor_its_peace() -> None:
    sweep = sweep_of(named("healthy"))
    sweep.damages(named("healthy"))
    assert sweep.counts.recoveries > 100
    assert sweep.counts.found == []


@pytest.mark.slow
@pytest.mark.parametrize("family", ["unsigned-refused", "keyring-then-old-key", "signed-runs-already"])
def test_a_destroyed_copy_of_what_is_signed_costs_neither_the_device_nor_its_trust(family: str) -> None:
    sweep = sweep_of(named(family))
    sweep.damages(named(family))
    assert sweep.counts.recoveries > 100
    assert sweep.counts.found == []


@pytest.mark.slow
def test_a_provisioning_that_was_cut_short_can_be_made_again() -> None:
    sweep = sweep_of()
    sweep.provisioning()
    assert sweep.counts.recoveries > 100
    assert sweep.counts.found == []


def test_every_family_is_in_one_share() -> None:
    found = [scenario.name for share in shares(2) for scenario in share]
    assert sorted(found) == sorted(scenario.name for scenario in FAMILIES)


def test_the_same_seed_draws_the_same_cuts() -> None:
    first, second = (sweep_of(named("crashing"), states=50) for _ in range(2))
    first.random_cuts()
    second.random_cuts()
    assert first.distinct == second.distinct


def test_equal_bytes_before_the_same_cloud_are_one_state() -> None:
    scenario = named("healthy")
    session = PowerSession(scenario, State(factory.factory_disk(is_keyed=False)), range(1, 5))
    session.run()
    before_the_list, after_the_list, *_ = (state for _, state in session.taken)
    assert before_the_list.fingerprint() == after_the_list.fingerprint()


def test_the_text_of_a_case_is_the_case() -> None:
    text = "two-jobs+late@3/37:torn-12/14:kept!record-0=noise"
    found = case.parse(text)
    assert (str(found), found.cuts) == (text, ((37, "torn-12"), (14, "kept!record-0=noise")))


def test_a_replay_tells_every_step_and_every_cut(capsys: pytest.CaptureFixture[str]) -> None:
    assert command.main(["--replay", "healthy/8:torn-12/3:lost"]) == 0
    told = capsys.readouterr().out
    assert "   8 fsync journal-0\n-- power cut at step 8, torn-12 --\n   1 " in told
    assert told.count("-- power cut") == 2
    assert told.endswith("-- settled --\nno violation\n")


@pytest.mark.parametrize(
    "text",
    [
        "nothing", "healthy+odd@3", "healthy/lost", "healthy/9:half", "healthy/9999:lost", "provision/9999:lost",
        "provision/1:lost/1:lost", "provision",
    ],
)  # fmt: skip
def test_a_case_that_is_none_is_refused(text: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert command.main(["--replay", text]) == 2
    assert capsys.readouterr().err.startswith("powercut: ")


@pytest.mark.slow
def test_the_last_line_of_the_command_is_what_it_came_to(capsys: pytest.CaptureFixture[str]) -> None:
    assert command.main(["--states", "40", "--seconds", "1", "--workers", "1", "--seed", "7"]) == 0
    summary = json.loads(capsys.readouterr().out.splitlines()[-1])
    assert list(summary) == ["states", "cuts", "second_cuts", "recoveries", "violations", "seconds", "seed"]
    assert summary["states"] >= 40
    assert (summary["violations"], summary["seed"]) == (0, 7)


@pytest.mark.slow
def test_what_several_processes_found_is_counted_once() -> None:
    result = workers.sweep(states=1 << 40, seconds=1, seed=1, workers=2)
    assert 0 < result.states <= result.counts.recoveries
