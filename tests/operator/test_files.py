"""Files of the operator: whole or not there, on the disk, and an error for each place that takes none."""

import os
from pathlib import Path

import pytest

from fota_operator.errors import OperatorError
from fota_operator.files import write_new, write_whole


def names(folder: Path) -> list[str]:
    return [path.name for path in folder.iterdir()]


@pytest.mark.parametrize("name", [".", "..", "file/image", "x" * 300])
def test_a_place_that_takes_no_file_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    monkeypatch.chdir(tmp_path)
    Path("file").write_bytes(b"")
    with pytest.raises(OperatorError, match="cannot write"):
        write_whole(Path(name), b"new")
    assert names(tmp_path) == ["file"]


class Interrupted(BaseException):
    """As of Ctrl-C."""


def test_what_is_interrupted_leaves_the_file_of_before_and_nothing_beside(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "image").write_bytes(b"old")

    def interrupt(_descriptor: int) -> None:
        raise Interrupted

    monkeypatch.setattr(os, "fsync", interrupt)  # No other way in at that moment.
    with pytest.raises(Interrupted):
        write_whole(tmp_path / "image", b"new")
    assert (names(tmp_path), (tmp_path / "image").read_bytes()) == (["image"], b"old")


def test_a_name_as_long_as_the_disk_takes_is_written(tmp_path: Path) -> None:
    write_whole(tmp_path / ("x" * 255), b"new")
    assert names(tmp_path) == ["x" * 255]


def test_what_another_writes_at_the_same_time_is_not_written_into(tmp_path: Path) -> None:
    (tmp_path / ".image.part").write_bytes(b"another's")
    write_whole(tmp_path / "image", b"new")
    assert (tmp_path / ".image.part").read_bytes() == b"another's"


def test_a_new_file_is_on_the_disk_with_its_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    flushed, fsync = [], os.fsync

    def noting(descriptor: int) -> None:
        flushed.append(str(Path(f"/proc/self/fd/{descriptor}").readlink()))
        fsync(descriptor)

    monkeypatch.setattr(os, "fsync", noting)  # What a disk keeps, no test can see but by pulling its plug.
    write_new(tmp_path / "key", b"key", mode=0o600)
    assert flushed == [str(tmp_path / "key"), str(tmp_path)]
