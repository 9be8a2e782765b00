"""`fota image show`, and the command that builds bundles."""

import json
import os
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from fota_operator.cli.app import app
from fota_operator.images.image import Image, build_image
from fota_operator.images.micropython import build_micropython_image
from fota_testing.flash.esp32 import firmware
from tests.labs.json_schema import Schema, problems
from tests.labs.wheel_lab import wheel

SCHEMAS = Path(__file__).parents[3] / "docs/reference/schemas"


def fota(*words: object) -> Result:
    return CliRunner().invoke(app, [str(word) for word in words])


def no_other(name: str) -> Schema:
    raise KeyError(name)


def shown(path: Path) -> dict[str, object]:
    result = fota("image", "show", path, "--json")
    assert result.exit_code == 0, result.output
    answer: dict[str, object] = json.loads(result.stdout)
    assert list(problems(answer, json.loads((SCHEMAS / "image-description.json").read_text()), no_other)) == []
    return answer


@pytest.mark.slow
@pytest.mark.slow
def test_a_bundle_says_what_it_is_what_it_needs_and_what_is_in_it(
    build: Callable[..., Image], wheels: Path, program: Path, out: Path
) -> None:
    wheel(wheels, "pump", "2.0")
    (program / "model.gz").write_bytes(b"\x1f\x8b" + os.urandom(5000))
    image = build("pump")
    answer = shown(out)
    expected = {
        "kind": "bundle",
        "version": "1.2.3",
        "size_bytes": out.stat().st_size,
        "sha256": image.sha256,
        "runtime": "cp311-any",
        "boot": 1,
        "entry": "__main__",
        "packages": [{"name": "aws-iot-fota", "version": "0.1.0"}, {"name": "pump", "version": "2.0"}],
        "compressed": ["app/model.gz"],
    }
    assert {name: answer[name] for name in expected} == expected
    listed = {one["path"]: one["size_bytes"] for one in answer["files"]}  # type: ignore[attr-defined]
    assert listed == image.files


@pytest.mark.slow
@pytest.mark.slow
def test_people_read_the_same(build: Callable[..., Image], wheels: Path, out: Path) -> None:
    wheel(wheels, "pump", "2.0")
    build("pump")
    lines = fota("image", "show", out).stdout.splitlines()
    assert "runtime      cp311-any" in lines
    assert "package      pump 2.0" in lines
    assert [line for line in lines if line.startswith("files        ")]


def test_a_zipapp_says_which_files_its_archive_compresses(program: Path, tmp_path: Path) -> None:
    build_image(program, "1", tmp_path / "new.pyz")
    with zipfile.ZipFile(tmp_path / "old.pyz", "w", zipfile.ZIP_DEFLATED) as old:
        old.writestr("__main__.py", "print(1)\n" * 100)
        old.writestr(zipfile.ZipInfo("plain.txt"), "1")
    assert (shown(tmp_path / "new.pyz")["kind"], shown(tmp_path / "new.pyz")["compressed"]) == ("zipapp", [])
    assert shown(tmp_path / "old.pyz")["compressed"] == ["__main__.py"]
    assert "any change in it travels whole" in fota("image", "show", tmp_path / "old.pyz").stdout


def test_a_littlefs_shows_the_files_of_all_its_folders(program: Path, tmp_path: Path) -> None:
    (program / "main.py").write_text("print(1)\n")
    (program / "pump/parts").mkdir(parents=True)
    (program / "pump/parts/speed.py").write_text("SPEED = 1\n" * 1000)
    built = build_micropython_image(program, "1", tmp_path / "image")
    answer = shown(tmp_path / "image")
    assert (answer["kind"], answer["version"]) == ("littlefs", "1")
    assert {one["path"]: one["size_bytes"] for one in answer["files"]} == built.files  # type: ignore[attr-defined]


def test_of_a_firmware_the_version_is_known_and_no_file(tmp_path: Path) -> None:
    description = bytes.fromhex("3254cdab") + bytes(12) + b"1.26.0".ljust(32, b"\0") + bytes(176)
    (tmp_path / "app.bin").write_bytes(firmware(description))
    answer = shown(tmp_path / "app.bin")
    assert (answer["kind"], answer["version"], answer["files"], answer["runtime"]) == ("esp32", "1.26.0", [], None)


def test_what_is_no_image_is_not_shown(tmp_path: Path) -> None:
    (tmp_path / "x").write_bytes(b"no image")
    assert fota("image", "show", tmp_path / "x").exit_code == 2


@pytest.mark.slow
@pytest.mark.slow
def test_the_command_builds_a_bundle_and_answers_in_json(
    program: Path, wheels: Path, out: Path, tmp_path: Path
) -> None:
    wheel(wheels, "pump", "2.0", files={"pump.py": b"def run(): ...\n"})
    (tmp_path / "a.txt").write_text("aws-iot-fota\n")
    (tmp_path / "b.txt").write_text("pump\n")
    words = ["image", "build", program, "--version", "1", "--target", "cp311-any", "--entry", "pump:run", "--json"]
    words += ["--requirements", tmp_path / "a.txt", "--requirements", tmp_path / "b.txt", "--find-links", wheels]
    result = fota(*words, "--lock", tmp_path / "lock.txt", "-o", out)
    assert result.exit_code == 0, result.output
    answer = json.loads(result.stdout)
    assert list(problems(answer, json.loads((SCHEMAS / "image.json").read_text()), no_other)) == []
    assert (answer["kind"], shown(out)["entry"]) == ("bundle", "pump:run")
    assert (tmp_path / "lock.txt").exists()


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (["--find-links", "x"], "are for bundles"),
        (["--lock", "x"], "are for bundles"),
        (["--entry", "x"], "are for bundles"),
        (["--without-library"], "are for bundles"),
        (["--micropython", "--target", "cp311-any"], "MicroPython takes no bundle"),
        (["--target", "x"], "--target: expected a CPython"),
        (["--target", "cp311-any"], "set --without-library"),
        (["--target", "cp311-any", "--without-library", "--lock", "x"], "--lock needs --requirements"),
    ],
)
def test_options_that_do_not_go_together_are_refused(program: Path, out: Path, words: list[str], says: str) -> None:
    result = fota("image", "build", program, "--version", "1", "-o", out, *words)
    assert result.exit_code == 2
    assert says in result.stderr
