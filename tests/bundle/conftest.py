"""The fixtures of this folder."""

import pytest

from tests.labs.bundles import bundle
from tests.labs.tree_bench import FILES, TreeBench


@pytest.fixture
def bench(tmp_path):
    return TreeBench(tmp_path / "home")


@pytest.fixture
def made(bench):
    return bench.put(bundle(FILES, modes={"app/pump/run": 0o755})).unpack()
