"""What the sweep with real processes knows of bundles: whether a tree is what its image holds."""

import zipfile
from pathlib import Path

import pytest

from sweeps.killsweep import stage
from sweeps.killsweep.bundle import is_unpacked, make_bundle


@pytest.fixture(scope="module")
def image(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("image") / "new.image"
    make_bundle(stage._FIRMWARE, "2", out)
    return out


@pytest.fixture
def tree(image: Path, tmp_path: Path) -> Path:
    with zipfile.ZipFile(image) as archive:
        archive.extractall(tmp_path / "tree")
    (tmp_path / "tree/fota-bundle.json").unlink()
    return tmp_path / "tree"


def test_a_tree_with_the_files_of_its_image_is_unpacked(image: Path, tree: Path) -> None:
    (tree / "app/__pycache__").mkdir()
    (tree / "app/__pycache__/valve.pyc").write_bytes(b"made here")
    assert is_unpacked(image.read_bytes(), tree)


@pytest.mark.parametrize("name", ["app/valve.py", "app/pump/water.py", "app/more.py"])
def test_a_tree_that_differs_in_a_file_is_not(image: Path, tree: Path, name: str) -> None:
    (tree / name).write_bytes(b"other")
    assert not is_unpacked(image.read_bytes(), tree)


def test_a_tree_without_one_of_its_files_is_not(image: Path, tree: Path) -> None:
    (tree / "app/valve.py").unlink()
    assert not is_unpacked(image.read_bytes(), tree)
