"""Images that are compressed on purpose, and what is said of files that defeat patches."""

import zipfile
from pathlib import Path

import pytest

from fota_operator.images.image import build_image, read_image
from fota_operator.patches.make import make_patch
from tests.labs.fota_command import FotaCommand


@pytest.fixture
def large(program: Path) -> Path:
    (program / "library.py").write_text("".join(f"WORD_{at} = {at * at}\n" for at in range(2000)))
    return program


def test_a_deflated_image_is_smaller_and_starts_from_the_same_files(large: Path, tmp_path: Path) -> None:
    stored = build_image(large, "1.0", tmp_path / "stored.pyz")
    deflated = build_image(large, "1.0", tmp_path / "deflated.pyz", deflated=True)
    assert deflated.size_bytes < stored.size_bytes / 2
    assert deflated.compressed == tuple(deflated.files)
    assert stored.compressed == ()
    assert read_image(tmp_path / "deflated.pyz").version == "1.0"
    with zipfile.ZipFile(tmp_path / "deflated.pyz") as archive:
        assert archive.read("library.py") == (large / "library.py").read_bytes()


def test_a_patch_between_stored_images_is_far_smaller(large: Path, tmp_path: Path) -> None:
    sizes = {}
    for deflated in (False, True):
        old = build_image(large, "1.0", tmp_path / "old.pyz", deflated=deflated)
        text = (large / "library.py").read_text()
        (large / "library.py").write_text(text.replace("WORD_7 ", "WORD_SEVEN "))
        new = build_image(large, "1.1", tmp_path / "new.pyz", deflated=deflated)
        (large / "library.py").write_text(text)
        sizes[deflated] = make_patch(old.content, new.content).size_bytes
    assert sizes[False] * 10 < sizes[True]


def test_the_command_names_what_defeats_patches_with_its_size(
    elsewhere: FotaCommand, large: Path, tmp_path: Path
) -> None:
    (large / "model.gz").write_bytes(b"\x1f\x8b" + bytes(5000))
    told = elsewhere("image", "build", large, "-o", tmp_path / "a.pyz", "--version", "1.0")
    assert told.exit_code == 0
    assert "compressed: model.gz, 5,002 bytes: any change in it travels whole" in told.stderr
    assert "compressed in all: 1 file, 5,002 bytes, which no patch makes smaller" in told.stderr
    deflated = elsewhere("image", "build", large, "-o", tmp_path / "b.pyz", "--version", "1.0", "--deflated")
    assert "compressed: library.py, " in deflated.stderr
    assert (tmp_path / "b.pyz").stat().st_size < (tmp_path / "a.pyz").stat().st_size


def test_only_zipapps_can_be_deflated(elsewhere: FotaCommand, large: Path, tmp_path: Path) -> None:
    refused = elsewhere(
        "image", "build", large, "-o", tmp_path / "a", "--version", "1.0", "--deflated", "--micropython"
    )
    assert (refused.exit_code, "--deflated is for zipapps" in refused.stderr) == (2, True)
