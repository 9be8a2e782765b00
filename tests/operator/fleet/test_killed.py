"""A run that is killed: a real process, SIGKILL, at each request that changes something, before it and after it."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from fota_operator.rollouts.plan.model import Stage
from fota_operator.trust.keyrings import write_keyring
from fota_operator.trust.release_file import write_release
from tests.labs.aws_faults import Fault, Held, Proxy, passed_on
from tests.labs.fleet import Fleet
from tests.labs.rollout_lab import RolloutLab

pytestmark = pytest.mark.e2e

ROOT = Path(__file__).resolve().parents[3]
# The command, in a process of its own that holds its requests against the models as this one does.
FOTA = "import tests.labs.strict_model; from fota_operator.cli.main import main; main()"
CHANGES = ("s3.PutObject", "iot.CreateJob")
TIMEOUT_S = 120.0
STAGES = ("1", "2", "3")


@contextmanager
def running(lab: RolloutLab, proxy: Proxy, group: str, *options: str) -> Iterator[subprocess.Popen[bytes]]:
    """`fota rollout run`, by way of the proxy; killed at the end, if it is there still."""
    release, keyring = lab.folder / "release", lab.folder / "keyring"
    write_release(release, lab.release)
    write_keyring(keyring, lab.keyring)
    words = ["rollout", "run", "--release", str(release), "--keyring", str(keyring), "--group", group]
    names = ["--name", lab.name, "--bucket", lab.local.bucket, "--role", lab.local.role]
    with (lab.folder / "stderr").open("wb") as said:
        process = subprocess.Popen(
            [sys.executable, "-c", FOTA, *words, *names, "--yes", "--interval", "0.2", *options],
            cwd=ROOT,
            env={**os.environ, **lab.local.environment(), "AWS_ENDPOINT_URL": proxy.url},
            stderr=said,
            stdout=subprocess.DEVNULL,
        )
    try:
        yield process
    finally:
        process.kill()
        process.wait(TIMEOUT_S)


def at(number: int, held: Held, names: tuple[str, ...] = CHANGES) -> Callable[[str], Fault]:
    """What holds the request of that number among those of these names."""
    seen = [0]

    def choose(name: str) -> Fault:
        seen[0] += name in names
        return held if name in names and seen[0] == number else passed_on

    return choose


def kill_when_held(process: subprocess.Popen[bytes], held: Held, fleet: Fleet) -> None:
    """While the things act, wait until the process has come to the request that is held; then kill it."""
    deadline = time.monotonic() + TIMEOUT_S
    while not held.reached.wait(0.1):
        assert process.poll() is None, "the run ended before it was to be killed"
        assert time.monotonic() < deadline, "the run never came there"
        fleet.turn()
    process.kill()
    assert process.wait(TIMEOUT_S) == -signal.SIGKILL
    held.let_go.set()


def finished(lab: RolloutLab, fleet: Fleet, jobs: tuple[str, ...]) -> bool:
    """Whether the rollout is done, by these jobs, and every thing had one of them."""
    of_things = lab.executions()
    return (
        lab.job_ids() == [f"fota-{lab.name}-{job}" for job in jobs]
        and of_things.keys() == set(fleet.names)
        and {len(one) for one in of_things.values()} == {len(one) for one in fleet.offered.values()} == {1}
        and len(lab.documents()) == 1
        and lab.groups_left() == []
    )


AT_A_CHANGE = {
    "after the plan": (1, True),
    "before the image": (2, False),
    "after the image": (2, True),
    "before the canary's job": (3, False),
    "after the canary's job": (3, True),
    "after the job of the next": (4, True),
    "before the job of the last": (5, False),
}


@pytest.mark.parametrize(("number", "effect"), AT_A_CHANGE.values(), ids=AT_A_CHANGE)
def test_killed_at_a_change_and_run_again_it_ends_as_if_nothing_had_been(
    lab: RolloutLab, proxy: Proxy, number: int, effect: bool
) -> None:
    fleet = lab.fleet(30)
    group = lab.group(fleet.names)
    held = Held(effect=effect)
    proxy.afterwards = at(number, held)
    with running(lab, proxy, group) as process:
        kill_when_held(process, held, fleet)
    assert lab.run(lab.plan(group), fleet.turn).state == "done"
    assert finished(lab, fleet, STAGES)


AT_A_JOB = [(1, True), (2, False), (2, True)]


@pytest.mark.parametrize(("number", "effect"), AT_A_JOB)
def test_killed_at_a_job_of_a_large_stage_and_run_again_nothing_is_left_or_lost(
    lab: RolloutLab, proxy: Proxy, number: int, effect: bool
) -> None:
    fleet = lab.fleet(101)
    group = lab.group(fleet.names)
    held = Held(effect=effect)
    proxy.afterwards = at(number, held, ("iot.CreateJob",))
    file = lab.folder / "plan.toml"
    file.write_text('canary = false\n[[stages]]\nname = "all"\npercent = 100\n')
    with running(lab, proxy, group, str(file)) as process:
        kill_when_held(process, held, fleet)
    plan = lab.plan(group, stages=(Stage("all", percent=100.0),))
    assert lab.run(plan, fleet.turn).state == "done"
    assert finished(lab, fleet, ("1", "1_1-2"))


def test_a_run_that_nobody_kills_ends_with_status_0(lab: RolloutLab, proxy: Proxy) -> None:
    fleet = lab.fleet(30)
    deadline = time.monotonic() + TIMEOUT_S
    with running(lab, proxy, lab.group(fleet.names)) as process:
        while process.poll() is None and time.monotonic() < deadline:
            fleet.turn()
        assert process.poll() == 0, (lab.folder / "stderr").read_text()
    assert [call for call in proxy.calls if call in CHANGES] == 2 * ["s3.PutObject"] + 3 * ["iot.CreateJob"]
    assert finished(lab, fleet, STAGES)
