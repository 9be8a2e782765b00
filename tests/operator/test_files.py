"""Files of the operator: whole or not there, on the disk, and an error for each place that takes none."""

import os
from pathlib import Path

import pytest

from fota_operator.errors import OperatorError
from fota_operator.files import write_new, write_whole
from tests.labs.fota_command import FotaCommand


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


FILE_EXPECTED = (
    "release show {}", "rollout plan {}", "image show {}", "keys rotate {} {} --sign a --out o", "keys send t {}",
    "start t {} b r", "release create {} --product p --hardware h --sign a -o o", "release patch {} {}",
    "things add x --csr {}", "release verify {} --keyring {}", "rollout plan --release {} --thing t",
)  # fmt: skip
FOLDER_EXPECTED = ("image build {} -o x --version 1", "keys list --keys {}", "things add --csr-folder {}")


@pytest.mark.parametrize("words", FILE_EXPECTED)
def test_a_directory_in_the_place_of_a_file_is_called_one(tmp_path: Path, words: str) -> None:
    result = FotaCommand({"AWS_REGION": "eu-west-1"})(*words.format(tmp_path, tmp_path).split())
    assert (result.exit_code, f"{tmp_path} is a directory, and a file is expected" in result.stderr) == (2, True)


@pytest.mark.parametrize("words", FOLDER_EXPECTED)
def test_a_file_in_the_place_of_a_directory_is_called_one(tmp_path: Path, words: str) -> None:
    (tmp_path / "f").write_bytes(b"")
    result = FotaCommand({"AWS_REGION": "eu-west-1"})(*words.format(tmp_path / "f").split())
    assert (result.exit_code, f"{tmp_path / 'f'} is a file, and a folder is expected" in result.stderr) == (2, True)


@pytest.mark.parametrize(
    ("words", "told"),
    [
        ("rollout plan {}", "is no text in UTF-8"),
        ("keys rotate {} {} --sign a --out o", "is no text, and so not a keyring"),
        ("keys send t {}", "is no text, and so not a signed keyring"),
        ("things add x --csr {}", "is no signing request as PEM: no line begins one"),
        ("release show {}", "is not a whole release"),
    ],
)
def test_a_binary_file_in_the_place_of_a_text_is_told_in_a_sentence(tmp_path: Path, words: str, told: str) -> None:
    (tmp_path / "f").write_bytes(bytes(range(128, 256)))
    result = FotaCommand({"AWS_REGION": "eu-west-1"})(*words.format(tmp_path / "f", tmp_path / "f").split())
    assert (result.exit_code, told in result.stderr, "codec" in result.stderr) == (2, True, False)
