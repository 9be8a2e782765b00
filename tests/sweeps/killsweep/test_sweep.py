"""A sample of the sweep with real processes, and proof that it can find a violation."""

from pathlib import Path

import pytest

from fota_operator.local.aws import LocalAws
from sweeps.killsweep.attempt import attempt, record_calls
from sweeps.killsweep.judge import BRICK
from sweeps.killsweep.points import (
    BOOT,
    CUT,
    EIO,
    HOME,
    NEW_NETWORK,
    OLD_MAIN,
    OLD_NETWORK,
    SOCKET,
    Call,
    Point,
    in_order,
    points_of,
)
from sweeps.killsweep.report import told_violation
from sweeps.killsweep.stage import BUNDLE, Stage, set_up
from sweeps.killsweep.strace import StraceMissing, require_strace
from sweeps.killsweep.sweep import Sweep

pytestmark = pytest.mark.e2e

SAMPLE_POINTS, BUNDLE_POINTS = 20, 10
SEED = 3


@pytest.fixture
def stage(local_aws: LocalAws, tmp_path: Path) -> Stage:
    require_to_trace()
    return set_up(tmp_path, local_aws)


@pytest.fixture
def bundle_stage(local_aws: LocalAws, tmp_path: Path) -> Stage:
    require_to_trace()
    return set_up(tmp_path, local_aws, BUNDLE)


def require_to_trace() -> None:
    try:
        require_strace()
    except StraceMissing as missing:
        pytest.skip(str(missing))


def test_no_point_of_a_sample_costs_the_device_or_the_truth(stage: Stage) -> None:
    require_well(stage, SAMPLE_POINTS)


@pytest.mark.slow
def test_no_point_of_an_update_that_unpacks_a_bundle_costs_the_device_or_the_truth(bundle_stage: Stage) -> None:
    require_well(bundle_stage, BUNDLE_POINTS)


def require_well(stage: Stage, points: int) -> None:
    benches = [stage.bench("first"), stage.bench("second")]
    calls, home_names = record_calls(benches[0])
    sweep = Sweep(in_order(list(points_of(calls)), SEED), points, home_names, lambda _done: None)
    sweep.run(benches)
    assert sweep.hits == points
    assert [told_violation(one) for one in sweep.attempts if one.violation] == []


@pytest.mark.parametrize(
    ("point", "told"),
    [
        (Point(CUT, Call(BOOT, HOME, "fsync", 1)), "/record-"),
        (Point(CUT, Call(OLD_NETWORK, SOCKET, "connect", 1)), "connect("),
        (Point(EIO, Call(OLD_MAIN, HOME, "pwrite64", 2)), "(INJECTED)"),
    ],
    ids=str,
)
def test_a_point_is_hit_where_it_says(stage: Stage, point: Point, told: str) -> None:
    home_names = {path.name for path in (stage.folder / "factory").iterdir()}
    done = attempt(stage.bench("bench"), point, home_names)
    assert told in done.hit
    assert done.violation is None


@pytest.mark.slow
@pytest.mark.parametrize(
    "call",
    [
        Call(OLD_MAIN, HOME, "mkdir", 3),
        Call(OLD_MAIN, HOME, "rename", 1),
        Call(NEW_NETWORK, SOCKET, "connect", 1),
    ],
    ids=str,
)
def test_a_cut_while_a_bundle_is_unpacked_or_connects_is_made_where_it_says(bundle_stage: Stage, call: Call) -> None:
    bench = bundle_stage.bench("bench")
    _, home_names = record_calls(bench)
    done = attempt(bench, Point(CUT, call), home_names)
    assert done.hit.startswith(f"{call.name}(")
    assert done.violation is None


def test_a_device_that_does_not_come_back_is_found(stage: Stage) -> None:
    bench = stage.bench("bench")
    (stage.folder / "factory/slot-0.img").write_bytes(b"not what was sealed")
    done = attempt(bench, Point(CUT, Call(BOOT, HOME, "pread64", 1)), {"record-0"})
    assert done.violation == BRICK
