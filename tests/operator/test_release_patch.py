"""`fota release patch`, as it is typed."""

import json
from pathlib import Path

import pytest

from fota_operator.images.image import build_image
from fota_operator.patches.make import apply_patch
from tests.labs.fota_command import FotaCommand


@pytest.fixture
def images(tmp_path: Path) -> list[Path]:
    """Three versions of an application, the newest one last."""
    made = []
    for number in (1, 2, 3):
        source = tmp_path / f"v{number}"
        source.mkdir()
        (source / "__main__.py").write_text(f"print({number})\n")
        (source / "library.py").write_text("".join(f"WORD_{at} = {at * at}\n" for at in range(2000)))
        made.append(tmp_path / f"pump-{number}.pyz")
        build_image(source, f"1.{number}.0", made[-1])
    return made


def test_patches_are_made_tried_and_shown(elsewhere: FotaCommand, images: list[Path], tmp_path: Path) -> None:
    result = elsewhere("release", "patch", *images, "-o", tmp_path / "out", "--json")
    assert result.exit_code == 0
    made = json.loads(result.stdout)
    assert [one["from_version"] for one in made] == ["1.1.0", "1.2.0"]
    for one, old in zip(made, images[:2], strict=True):
        content = Path(one["path"]).read_bytes()
        assert len(content) == one["patch_bytes"] < one["image_bytes"] / 20
        assert apply_patch(content, old.read_bytes()) == images[2].read_bytes()


def test_the_table_says_what_a_patch_saves(elsewhere: FotaCommand, images: list[Path], tmp_path: Path) -> None:
    result = elsewhere("release", "patch", *images[1:], "-o", tmp_path / "out")
    assert result.exit_code == 0
    assert result.stdout.splitlines()[0].split() == ["FROM", "BYTES", "OF", "THE", "IMAGE", "PATCH"]
    assert " % " in result.stdout.splitlines()[1]


def test_a_patch_that_saves_nothing_is_not_written(elsewhere: FotaCommand, tmp_path: Path) -> None:
    paths = []
    for number in (1, 2):
        source = tmp_path / f"tiny{number}"
        source.mkdir()
        (source / "__main__.py").write_text("#" * number)
        paths.append(tmp_path / f"tiny-{number}.pyz")
        build_image(source, f"{number}", paths[-1])
    # A patch has a head of 88 bytes, and so small an image is no larger than that with all its names.
    paths[1].write_bytes(paths[1].read_bytes())
    result = elsewhere("release", "patch", *paths, "-o", tmp_path / "out", "--json")
    made = json.loads(result.stdout)[0]
    assert (made["path"] is None) == (made["patch_bytes"] >= made["image_bytes"])
    assert bool(list((tmp_path / "out").iterdir())) == (made["path"] is not None)


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        ([2], "expected two files or more"),
        ([2, 2], "the same image"),
        ([0, 0, 2], "the same image as one before it"),
        ([0] * 9 + [2], "name 8 at most"),
    ],
)
def test_what_makes_no_sense_is_refused_before_anything_is_made(
    elsewhere: FotaCommand, images: list[Path], tmp_path: Path, arguments: list[int], complaint: str
) -> None:
    result = elsewhere("release", "patch", *[images[one] for one in arguments], "-o", tmp_path / "out")
    assert result.exit_code != 0
    assert complaint in result.stderr
    assert not (tmp_path / "out").exists()


def test_a_folder_that_cannot_be_made_is_one_line(elsewhere: FotaCommand, images: list[Path]) -> None:
    result = elsewhere("release", "patch", *images, "-o", images[0] / "out")
    assert result.exit_code == 1
    assert "cannot make the folder" in result.stderr
