import base64
import json
import os
import subprocess
import sys
import zipfile
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import pytest

from fota.boards import esp32 as ota
from fota_operator.errors import BadInput, NotFound, OperatorError
from fota_operator.images.image import ESP32_KIND, Image, build_image, read_image
from fota_operator.images.micropython import build_micropython_image
from fota_testing.flash.esp32 import firmware


def linked(path: Path, **fields: object) -> Path:
    path.write_text(json.dumps(fields))
    return path


def test_a_built_image_starts(image_file: Path) -> None:
    done = subprocess.run([sys.executable, str(image_file)], capture_output=True, text=True)
    assert done.stdout.startswith("program ")


def test_a_built_image_says_its_version(image_file: Path) -> None:
    assert read_image(image_file).version == "1.2.3"


def test_the_same_files_give_the_same_bytes_whenever_they_were_written(program: Path, tmp_path: Path) -> None:
    (program / "b.py").write_text("B = 1\n")
    (program / "a.py").write_text("A = 1\n")
    first = build_image(program, "1", tmp_path / "first.pyz").content
    (program / "b.py").unlink()
    (program / "b.py").write_text("B = 1\n")
    (program / "b.py").chmod(0o755)
    os.utime(program / "a.py", (0, 0))
    assert build_image(program, "1", tmp_path / "second.pyz").content == first


def test_the_members_of_an_image_are_sorted_and_without_times(program: Path, tmp_path: Path) -> None:
    for name in ("z.py", "m.py", "a.py", "k.py"):
        (program / name).write_text("")
    build_image(program, "1", tmp_path / "image.pyz")
    members = zipfile.ZipFile(tmp_path / "image.pyz").infolist()
    assert [member.filename for member in members] == sorted(member.filename for member in members)
    assert {member.date_time for member in members} == {(1980, 1, 1, 0, 0, 0)}


def test_byte_code_stays_out_of_an_image(program: Path, tmp_path: Path) -> None:
    (program / "__pycache__").mkdir()
    (program / "__pycache__" / "m.cpython-311.pyc").write_bytes(b"x")
    (program / "old.pyc").write_bytes(b"x")
    build_image(program, "1", tmp_path / "image.pyz")
    names = zipfile.ZipFile(tmp_path / "image.pyz").namelist()
    assert names == ["__main__.py", "fota-image.json"]


def test_what_was_built_is_what_is_read(program: Path, tmp_path: Path) -> None:
    built = build_image(program, "7", tmp_path / "image.pyz")
    assert read_image(tmp_path / "image.pyz") == built


def no_main(folder: Path) -> None:
    (folder / "__main__.py").unlink()


def own_facts(folder: Path) -> None:
    (folder / "fota-image.json").write_text("{}")


@pytest.mark.parametrize(("spoil", "names"), [(no_main, "__main__.py"), (own_facts, "fota-image.json")])
def test_a_folder_that_makes_no_image_is_refused_by_name(
    program: Path, tmp_path: Path, spoil: Callable[[Path], None], names: str
) -> None:
    spoil(program)
    with pytest.raises(BadInput, match=names):
        build_image(program, "1", tmp_path / "image.pyz")
    assert not (tmp_path / "image.pyz").exists()


@pytest.mark.parametrize("version", ["", "a b", "x" * 65, "1\n", "-1", "ü"])
def test_a_version_that_is_none_is_refused(program: Path, tmp_path: Path, version: str) -> None:
    with pytest.raises(BadInput, match="version"):
        build_image(program, version, tmp_path / "image.pyz")


def test_an_image_is_not_built_into_its_own_folder(program: Path) -> None:
    with pytest.raises(BadInput, match="inside"):
        build_image(program, "1", program / "image.pyz")


def test_a_place_that_cannot_be_written_is_named(program: Path, tmp_path: Path) -> None:
    with pytest.raises(OperatorError, match=r"none.*No such file"):
        build_image(program, "1", tmp_path / "none" / "image.pyz")


def test_a_folder_that_cannot_be_read_is_not_left_out(program: Path, tmp_path: Path) -> None:
    folder = os.open(program, os.O_RDONLY)
    for _ in range(20):  # Longer than a path may be.
        os.mkdir("d" * 250, dir_fd=folder)
        inner = os.open("d" * 250, os.O_RDONLY, dir_fd=folder)
        os.close(folder)
        folder = inner
    os.close(folder)
    with pytest.raises(OperatorError, match="cannot read"):
        build_image(program, "1", tmp_path / "image.pyz")


def pipe(folder: Path) -> None:
    os.mkfifo(folder / "odd")


def link_to_a_folder(folder: Path) -> None:
    (folder / "odd").symlink_to(folder.parent)


def name_that_is_no_text(folder: Path) -> None:
    (folder / os.fsdecode(b"odd-\xff")).write_text("")


def folder_whose_name_is_no_text(folder: Path) -> None:
    (folder / os.fsdecode(b"odd-\xff")).mkdir()
    (folder / os.fsdecode(b"odd-\xff") / "a.py").write_text("")


@pytest.mark.parametrize("harm", [pipe, link_to_a_folder, name_that_is_no_text, folder_whose_name_is_no_text])
@pytest.mark.parametrize("build", [build_image, build_micropython_image])
def test_what_an_image_cannot_hold_is_named_not_left_out(
    program: Path, tmp_path: Path, build: Callable[..., Image], harm: Callable[[Path], None]
) -> None:
    (program / "main.py").write_text("")
    harm(program)
    with pytest.raises(BadInput, match="odd"):
        build(program, "1", tmp_path / "image")


def test_a_link_to_a_file_outside_is_that_file_if_it_is_allowed(program: Path, tmp_path: Path) -> None:
    (tmp_path / "shared.py").write_text("SHARED = 1\n")
    (program / "shared.py").symlink_to(tmp_path / "shared.py")
    build_image(program, "1", tmp_path / "image.pyz", allow=["shared.py"])
    assert zipfile.ZipFile(tmp_path / "image.pyz").read("shared.py") == b"SHARED = 1\n"


def test_a_folder_that_is_not_there_is_refused(tmp_path: Path) -> None:
    with pytest.raises(NotFound, match="no folder"):
        build_image(tmp_path / "none", "1", tmp_path / "image.pyz")


def test_the_json_of_the_ancestors_linker_is_an_image_for_its_slot(tmp_path: Path) -> None:
    path = linked(tmp_path / "fw.json", bcbin=base64.b64encode(b"bytecode").decode(), bc_idx=1, more=[])
    image = read_image(path)
    assert (image.content, image.slot, image.size_bytes) == (b"bytecode", 1, 8)


@pytest.mark.parametrize(
    ("fields", "names"),
    [
        ({"bc_idx": 1}, "bcbin"),
        ({"bcbin": "AAAA"}, "bc_idx"),
        ({"bcbin": "AAAA", "bc_idx": True}, "bc_idx"),
        ({"bcbin": "AAAA", "bc_idx": "1"}, "bc_idx"),
        ({"bcbin": "AAAA", "bc_idx": -1}, "bc_idx"),
        ({"bcbin": "AAAA-", "bc_idx": 1}, "bcbin"),
        ({"bcbin": 7, "bc_idx": 1}, "bcbin"),
        ({"bcbin": "\u00e9", "bc_idx": 1}, "bcbin: not base64"),
        ({"bcbin": "", "bc_idx": 1}, "0 bytes"),
    ],
)
def test_defect_58_the_contents_of_the_firmware_file_are_checked(
    tmp_path: Path, fields: dict[str, object], names: str
) -> None:
    with pytest.raises(BadInput, match=names):
        read_image(linked(tmp_path / "fw.json", **fields))


@pytest.mark.parametrize(
    "content",
    [b"", b"#!/bin/sh\n", b"{broken", b'{"bcbin":' + b"[" * 100_000, b"[1]", b"PK\x03\x04 and no more"],
    ids=["empty", "script", "broken", "deep", "list", "cut"],
)
def test_a_file_that_is_no_image_is_refused(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "file"
    path.write_bytes(content)
    with pytest.raises(BadInput, match="file"):
        read_image(path)


def test_an_image_with_a_damaged_member_is_refused(program: Path, tmp_path: Path) -> None:
    (program / "data.bin").write_bytes(os.urandom(4096))
    path = tmp_path / "image.pyz"
    content = bytearray(build_image(program, "1", path).content)
    content[content.index(b"data.bin") + 2000] ^= 1
    path.write_bytes(content)
    with pytest.raises(BadInput, match="damaged"):
        read_image(path)


def test_every_byte_of_an_image_may_be_damaged_and_is_refused_or_read(program: Path, tmp_path: Path) -> None:
    path = tmp_path / "image.pyz"
    whole = build_image(program, "1", path).content
    for position in range(len(whole)):
        for changed in (0xFF, whole[position] ^ 1):
            path.write_bytes(whole[:position] + bytes([changed]) + whole[position + 1 :])
            with suppress(BadInput):
                read_image(path)


def test_facts_nested_deeper_than_python_goes_tell_no_version(tmp_path: Path) -> None:
    path = tmp_path / "x.zip"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("__main__.py", "")
        archive.writestr("fota-image.json", "[" * 4096)
    assert read_image(path).version is None


def test_a_zip_that_cannot_start_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "x.zip"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("module.py", "")
    with pytest.raises(BadInput, match="__main__"):
        read_image(path)


def test_a_file_that_is_not_there_is_refused_in_one_line(tmp_path: Path) -> None:
    with pytest.raises(OperatorError, match="cannot read") as caught:
        read_image(tmp_path / "none")
    assert "\n" not in str(caught.value)


def test_a_firmware_of_an_esp32_is_an_image_and_tells_its_version(tmp_path: Path) -> None:
    description = bytes.fromhex("3254cdab") + bytes(12) + b"1.26.0-fota".ljust(32, b"\0") + bytes(176)
    (tmp_path / "app.bin").write_bytes(firmware(description))
    (tmp_path / "old.bin").write_bytes(firmware(b"without a description"))
    image, old = read_image(tmp_path / "app.bin"), read_image(tmp_path / "old.bin")
    assert (image.kind, image.version, image.slot) == (ESP32_KIND, "1.26.0-fota", None)
    assert (old.kind, old.version) == (ESP32_KIND, None)


@pytest.mark.parametrize("harm", ["a bit", "an end", "a tail"])
def test_a_firmware_of_an_esp32_that_is_not_whole_is_refused(tmp_path: Path, harm: str) -> None:
    content = firmware(b"firmware" * 40)
    damaged = {"a bit": content[:60] + b"!" + content[61:], "an end": content[:-1], "a tail": content + b"\xff"}
    (tmp_path / "app.bin").write_bytes(damaged[harm])
    with pytest.raises(BadInput, match="SHA-256"):
        read_image(tmp_path / "app.bin")


def test_the_kind_is_what_a_board_with_ota_partitions_takes() -> None:
    assert (ESP32_KIND,) == ota.IMAGE_KINDS
