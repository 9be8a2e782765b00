"""The published vectors, on both interpreters: what must be made is made, and what must be refused is refused."""

import json
import sys
from pathlib import Path

import pytest

from fota.errors import PatchFailed
from fota_operator.patches.make import apply_patch
from tests.labs.interpreter import installed, only_where_it_runs, told  # noqa: F401 - a fixture
from tests.labs.patch_lab import ON_MICROPYTHON

sys.path.insert(0, str(Path(__file__).parents[2] / "tools"))
import patch_vectors

VECTORS = [json.loads(line) for line in patch_vectors.FILE.read_text(encoding="ascii").splitlines()]


def test_the_file_of_vectors_is_what_the_tool_writes():
    assert patch_vectors.FILE.read_text(encoding="ascii") == patch_vectors.lines()


@pytest.mark.parametrize("vector", VECTORS, ids=[vector["name"] for vector in VECTORS])
def test_a_vector_on_cpython(vector):
    patch, old = bytes.fromhex(vector["patch"]), bytes.fromhex(vector["old"])
    if vector["new"] is None:
        with pytest.raises(PatchFailed):
            apply_patch(patch, old)
    else:
        assert apply_patch(patch, old).hex() == vector["new"]


@only_where_it_runs
def test_the_vectors_on_micropython(installed):  # noqa: F811 - the fixture
    (installed / "vectors.jsonl").write_text(patch_vectors.lines())
    verdicts = told(ON_MICROPYTHON, folder=installed)
    assert [verdict[0] for verdict in verdicts] == [vector["new"] for vector in VECTORS]
    # No more is made than was promised, which in these vectors is at most the old image and a half.
    assert max(verdict[1] for verdict in verdicts) <= 7000
