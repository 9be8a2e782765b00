"""What a bundle holds, and how its packages were laid."""

import csv
import hashlib
import os
import subprocess
import sys
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest

from fota.bundle import contents_cpython as bundles
from fota_operator.errors import BadInput
from fota_operator.images.bundle import BundlePlan, build_bundle
from fota_operator.images.bundle_file import packed, unpacked
from fota_operator.images.image import BUNDLE_KIND, Image, read_image
from fota_operator.images.wheels import Dependencies
from tests.labs.wheel_lab import HERE, machine_code, wheel

pytestmark = pytest.mark.slow

HERE_TARGET = f"cp311-manylinux_2_40_{HERE}"


def files_in(out: Path) -> dict[str, bytes]:
    return unpacked(out.read_bytes())[1]


def test_a_bundle_holds_the_program_and_its_packages(
    build: Callable[..., Image], wheels: Path, program: Path, out: Path
) -> None:
    wheel(wheels, "pump", "2.0", needs=["valve>=1"])
    wheel(wheels, "valve", "1.5", files={"valve/__init__.py": b"", "valve/data.bin": b"\0"})
    build("pump")
    files = files_in(out)
    assert files["app/__main__.py"] == (program / "__main__.py").read_bytes()
    assert files["lib/pump.py"] == b"VERSION = '2.0'\n"
    assert {"lib/valve/__init__.py", "lib/valve/data.bin", "lib/valve-1.5.dist-info/METADATA"} <= set(files)


def test_what_was_built_is_what_is_read(build: Callable[..., Image], out: Path) -> None:
    built = build()
    assert read_image(out) == built
    assert (built.kind, built.version) == (BUNDLE_KIND, "1.2.3")


def test_the_unpacked_bundle_runs_with_nothing_but_its_own_packages(
    build: Callable[..., Image], wheels: Path, program: Path, out: Path, tmp_path: Path
) -> None:
    wheel(wheels, "pump", "2.0")
    (program / "__main__.py").write_text("import pump\nprint('pump', pump.VERSION)\n")
    build("pump")
    zipfile.ZipFile(out).extractall(tmp_path / "tree")
    start = "import runpy, sys; sys.path[:0] = sys.argv[1:3]; runpy.run_module('__main__', alter_sys=True)"
    start = start.replace("'__main__'", "'main_of_bundle'")
    (tmp_path / "tree/app/__main__.py").rename(tmp_path / "tree/app/main_of_bundle.py")
    words = [sys.executable, "-I", "-S", "-c", start, str(tmp_path / "tree/app"), str(tmp_path / "tree/lib")]
    done = subprocess.run(words, capture_output=True, text=True)
    assert done.stdout == "pump 2.0\n", done.stderr


def test_a_bundle_without_machine_code_needs_a_python_and_no_platform(build: Callable[..., Image]) -> None:
    needs = build().needs
    assert needs is not None
    assert (needs.runtime, needs.boot) == ("cp311-any", 1)


def test_a_bundle_with_machine_code_needs_its_target(build: Callable[..., Image], wheels: Path) -> None:
    tag = f"cp311-cp311-linux_{HERE}"
    wheel(wheels, "pump", tag=tag, files={"pump.cpython-311.so": machine_code()})
    needs = build("pump", target=HERE_TARGET).needs
    assert needs is not None
    assert (needs.runtime, needs.boot) == (HERE_TARGET, 1)
    assert needs.tree_bytes > len(machine_code())


def test_machine_code_of_the_program_itself_is_packed(build: Callable[..., Image], program: Path, out: Path) -> None:
    (program / "fast.so").write_bytes(machine_code())
    (program / "fast.so").chmod(0o755)
    built = build(target=HERE_TARGET)
    listed = {member.path: member.mode for member in unpacked(out.read_bytes())[0].files}
    assert listed["app/fast.so"] == 0o755
    assert listed["app/__main__.py"] == 0o644
    assert built.needs is not None
    assert built.needs.runtime == HERE_TARGET


def test_the_record_of_a_package_lists_what_is_there_and_no_path_of_this_machine(
    build: Callable[..., Image], wheels: Path, out: Path, tmp_path: Path
) -> None:
    wheel(
        wheels,
        "pump",
        files={
            "pump/__init__.py": b"",
            "pump/__pycache__/__init__.cpython-311.pyc": b"\0",
            "pump-1.0.data/scripts/pump-python": b"#!python\nprint(1)\n",
            "pump-1.0.data/scripts/pump-native": b"\x00native",
            "pump-1.0.data/data/share/pump.txt": b"text",
            "pump-1.0.data/headers/pump.h": b"int x;",
            "pump-1.0.data/platlib/pump_more.py": b"",
            "pump-1.0.dist-info/entry_points.txt": b"[console_scripts]\npump = pump:main\n",
        },
        executable=["pump-1.0.data/scripts/pump-native"],
    )
    build("pump")
    contents, files = unpacked(out.read_bytes())
    rows = csv.reader(files["lib/pump-1.0.dist-info/RECORD"].decode().splitlines())
    own = {path.removeprefix("lib/") for path in files if path.startswith("lib/") and "pump" in path}
    assert {row[0] for row in rows} == own
    assert {"pump/__init__.py", "bin/pump-native", "share/pump.txt", "pump_more.py"} <= own
    assert not [path for path in files if "pump-python" in path or path.endswith((".pyc", ".h"))]
    assert {one.path: one.mode for one in contents.files}["lib/bin/pump-native"] == 0o755
    assert not [path for path, content in files.items() if str(tmp_path).encode() in content]


def test_each_file_is_listed_with_its_digest_and_stored_as_it_is(build: Callable[..., Image], out: Path) -> None:
    build()
    with zipfile.ZipFile(out) as archive:
        members = archive.infolist()
        assert {member.compress_type for member in members} == {zipfile.ZIP_STORED}
        listed = bundles.parse(archive.read(members[0]))
        assert members[0].filename == bundles.LIST_NAME
        assert [member.filename for member in members[1:]] == [one.path for one in listed.files]
        for one in listed.files:
            assert hashlib.sha256(archive.read(one.path)).hexdigest() == one.sha256


def test_the_version_is_where_a_program_looks_for_it(build: Callable[..., Image], out: Path) -> None:
    build()
    assert files_in(out)["app/fota-image.json"] == b'{"version": "1.2.3"}\n'


def test_a_program_that_holds_the_library_itself_needs_no_wheel_of_it(program: Path, out: Path) -> None:
    for name in ("fota/__init__.py", "aws/iot/fota.py"):
        (program / name).parent.mkdir(parents=True)
        (program / name).write_text("")
    built = build_bundle(program, "1", out, BundlePlan("cp311-any"))
    assert "app/fota/__init__.py" in built.files


@pytest.mark.parametrize(
    "entry", ["__main__", "pump", "pump.tool", "station:run", "pump:start", "pump.tool:Tool.run"]
)
def test_an_entry_that_is_there_is_taken(
    build: Callable[..., Image], wheels: Path, program: Path, entry: str
) -> None:
    tool = b"class Tool: ...\n"
    wheel(
        wheels,
        "pump",
        files={"pump/__init__.py": b"from x import start\n", "pump/__main__.py": b"", "pump/tool.py": tool},
    )
    (program / "station.py").write_text("def run(): ...\n")
    assert build("pump", entry=entry).needs


@pytest.mark.parametrize("entry", ["pumpe", "pump", "station:walk", "station.run", "station:", "a/b", "", "a:b:c"])
def test_an_entry_that_is_not_there_is_refused(
    build: Callable[..., Image], program: Path, out: Path, entry: str
) -> None:
    (program / "pump").mkdir()
    (program / "pump/__init__.py").write_text("")
    (program / "station.py").write_text("def run(): ...\nif run is None: walk()\n")
    with pytest.raises(BadInput, match="entry"):
        build(entry=entry)
    assert not out.exists()


def test_the_folder_itself_is_read_as_for_a_zipapp(build: Callable[..., Image], program: Path) -> None:
    (program / ".env").write_text("A=1\n")
    with pytest.raises(BadInput, match="secrets"):
        build()
    assert "app/.env" in build(allow=[".env"]).files


def changed(content: bytes, at: bytes) -> bytes:
    position = content.index(at)
    return content[:position] + bytes([content[position] ^ 1]) + content[position + 1 :]


@pytest.mark.parametrize(
    ("harm", "says"),
    [
        (lambda content: changed(content, b"print('program"), "CRC|not the file"),
        (lambda content: changed(content, b'"boot":1'), "list|whole"),
        (lambda content: content[:-30], "whole"),
        (lambda content: content + b"tail", "packed in another way"),
        (lambda content: content[:60], "whole"),
    ],
)
def test_a_bundle_that_is_not_whole_is_refused(
    build: Callable[..., Image], out: Path, harm: Callable[[bytes], bytes], says: str
) -> None:
    build()
    out.write_bytes(harm(out.read_bytes()))
    with pytest.raises(BadInput, match=says):
        read_image(out)


def test_a_file_that_was_exchanged_in_a_whole_archive_is_found(build: Callable[..., Image], out: Path) -> None:
    build()
    listed, files = unpacked(out.read_bytes())
    size_bytes = len(files["app/__main__.py"])
    out.write_bytes(packed(listed, {**files, "app/__main__.py": b"#" * size_bytes}))
    with pytest.raises(BadInput, match=r"app/__main__.py is not the file that its list has"):
        read_image(out)


def test_a_compressed_file_is_told(build: Callable[..., Image], program: Path) -> None:
    (program / "model.gz").write_bytes(b"\x1f\x8b" + os.urandom(5000))
    (program / "model.bin").write_bytes(bytes(5000))
    assert build().compressed == ("app/model.gz",)


def test_without_requirements_there_is_nothing_to_lock(program: Path, out: Path, tmp_path: Path) -> None:
    plan = BundlePlan("cp311-any", dependencies=Dependencies(lock=tmp_path / "lock.txt"))
    with pytest.raises(BadInput, match="`lock` needs `requirements`"):
        build_bundle(program, "1", out, plan)
