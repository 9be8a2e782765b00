"""Every bench runs, in its least size; and the budgets for memory, which hold whatever the machine."""

import json
import random
from collections.abc import Iterator
from pathlib import Path

import pytest

from bench.benches.idle import device_idle
from bench.benches.memory import device_memory
from bench.benches.resume import cut_places
from bench.catalogue import BENCHES
from bench.figures import json_line, table
from bench.peers import PeerMissing
from bench.place import PLACE
from bench.stage import MIB, Stage, open_stage

MAX_GROWTH_BYTES = 4 * MIB
MAX_KEPT_BYTES = 1024


@pytest.fixture(scope="module")
def stage() -> Iterator[Stage]:
    """Shared: every bench of one run has the same local AWS."""
    with open_stage(tiny=True, say=lambda _: None) as stage:
        yield stage
        folder = stage.folder
    assert not folder.exists()


@pytest.mark.e2e
@pytest.mark.parametrize("name", BENCHES)
def test_a_bench_runs_and_tells_of_us_and_of_the_peer(stage: Stage, name: str) -> None:
    try:
        outcome = BENCHES[name](stage)
    except PeerMissing as error:
        pytest.skip(str(error))
    assert outcome.bench == name
    assert all(row.ours for row in outcome.rows)
    assert outcome.rows[0].peer
    assert set(json.loads(json_line(outcome))) == {"bench", "ours", "peer", "ratio", "unit"}
    assert len(table(outcome).splitlines()) >= 3


@pytest.mark.e2e
@pytest.mark.parametrize("size_bytes", [MIB, 24 * MIB])
def test_an_update_needs_little_memory_whatever_the_size_of_the_image(stage: Stage, size_bytes: int) -> None:
    try:
        found = device_memory(stage, size_bytes)
    except PeerMissing as error:
        pytest.skip(str(error))
    assert 0 < found["busy"] - found["idle"] <= MAX_GROWTH_BYTES


@pytest.mark.e2e
def test_a_look_at_the_jobs_keeps_no_memory(stage: Stage) -> None:
    assert device_idle(stage, 5000)["kept"] <= MAX_KEPT_BYTES


def test_all_cuts_come_before_the_image_is_through() -> None:
    places = cut_places(64 * MIB, 100, random.Random(1))
    assert len(places) == 100
    assert sum(places) < 64 * MIB
    assert len(set(places)) == 100


def test_what_the_benches_make_is_not_seen_by_git(tmp_path: Path) -> None:
    with open_stage(place=tmp_path / "place") as stage:
        assert stage.folder.is_dir()
    assert (tmp_path / "place/.gitignore").read_text() == "*\n"
    assert sorted(path.name for path in (tmp_path / "place").iterdir()) == [".gitignore"]


def test_the_place_is_in_the_checkout() -> None:
    assert (PLACE.parent / "pyproject.toml").exists()
