"""Images for MicroPython, built here, mounted and run by the real interpreter."""

import hashlib
import json
import os
import subprocess
from pathlib import Path
from typing import Any

import pytest

from fota import _machine_micropython, machine
from fota_operator.images.image import LITTLEFS_KIND, ZIPAPP_KIND, read_image
from fota_operator.images.littlefs import BLOCK_BYTES, MAX_INLINE_BYTES, packed
from fota_operator.images.micropython import build_micropython_image
from tests.labs import interpreter
from tests.labs.micropython_program import image_file, source

__all__ = ("image_file", "source")

on_micropython = interpreter.only_where_it_runs


_MOUNT = """
import os, sys, vfs
BLOCK_BYTES = 4096
class Flash:
    def __init__(self, path):
        self.file = open(path, "rb")
        self.blocks = self.file.seek(0, 2) // BLOCK_BYTES
    def readblocks(self, block, buffer, offset=0):
        self.file.seek(block * BLOCK_BYTES + offset)
        self.file.readinto(buffer)
    def writeblocks(self, block, buffer, offset=0):
        raise OSError(30)
    def ioctl(self, request, argument):
        return {4: self.blocks, 5: BLOCK_BYTES}.get(request, 0)
vfs.mount(vfs.VfsLfs2(Flash(sys.argv[1])), "/app", readonly=True)
sys.path.insert(0, "/app")
"""

_DIGESTS = """
import hashlib, json
found = {}
def look(folder):
    for entry in os.ilistdir(folder):
        path = folder + "/" + entry[0]
        if entry[1] == 0x4000:
            look(path)
        else:
            with open(path, "rb") as file:
                found[path[5:]] = hashlib.sha256(file.read()).digest().hex()
look("/app")
print(json.dumps(found))
"""


def run_there(script: str, image_file: Path, folder: Path) -> subprocess.CompletedProcess[str]:
    """How a script ended that finds the image mounted."""
    path = folder / "script.py"
    path.write_text(_MOUNT + script)
    command = [str(interpreter.COMMAND), str(path), str(image_file)]
    return subprocess.run(command, capture_output=True, text=True, timeout=60, cwd=folder)


@on_micropython
@pytest.mark.parametrize("compile_sources", [False, True])
def test_the_main_of_a_built_image_runs(
    source: Path, image_file: Path, tmp_path: Path, compile_sources: bool
) -> None:
    build_micropython_image(source, "1", image_file, compile_sources=compile_sources)
    done = run_there("import main", image_file, tmp_path)
    assert (done.stdout, done.stderr) == ("pump at 21\n", "")


@on_micropython
def test_files_of_every_size_are_read_there_as_they_were(source: Path, image_file: Path, tmp_path: Path) -> None:
    edges = (1, MAX_INLINE_BYTES, 512, BLOCK_BYTES, 2 * BLOCK_BYTES - 4, 100_000)
    for size in {0, *(edge + more for edge in edges for more in (-1, 0, 1))}:
        (source / f"{size}.bin").write_bytes(os.urandom(size))
    build_micropython_image(source, "1.2.3", image_file)
    expected = {path.relative_to(source).as_posix(): path.read_bytes() for path in source.rglob("*.*")}
    expected["fota-image.json"] = b'{"version": "1.2.3"}\n'
    found = json.loads(run_there(_DIGESTS, image_file, tmp_path).stdout)
    assert found == {name: hashlib.sha256(content).hexdigest() for name, content in expected.items()}


@on_micropython
def test_a_folder_of_many_files_is_all_there(source: Path, image_file: Path, tmp_path: Path) -> None:
    for number in range(200):
        (source / f"m{number}.py").write_text(f"N = {number}\n" * 9)
    build_micropython_image(source, "1", image_file)
    assert len(json.loads(run_there(_DIGESTS, image_file, tmp_path).stdout)) == 203


@on_micropython
def test_a_compiled_image_holds_no_source(source: Path, image_file: Path, tmp_path: Path) -> None:
    (source / "notes.txt").write_text("not a source")
    build_micropython_image(source, "1", image_file, compile_sources=True)
    found = json.loads(run_there(_DIGESTS, image_file, tmp_path).stdout)
    assert sorted(found) == ["fota-image.json", "main.mpy", "notes.txt", "pump/speed.mpy"]


@on_micropython
def test_a_traceback_of_byte_code_names_the_source_and_its_line(
    source: Path, image_file: Path, tmp_path: Path
) -> None:
    (source / "pump" / "speed.py").write_text("\n\ndef of(step):\n    raise ValueError(step)\n")
    build_micropython_image(source, "1", image_file, compile_sources=True)
    assert 'File "pump/speed.py", line 4, in of' in run_there("import main", image_file, tmp_path).stdout


@pytest.mark.parametrize("compile_sources", [False, True])
def test_the_same_files_give_the_same_bytes_wherever_and_whenever(
    source: Path, tmp_path: Path, compile_sources: bool
) -> None:
    first = build_micropython_image(source, "1", tmp_path / "first", compile_sources=compile_sources)
    moved = source.rename(tmp_path / "elsewhere")
    os.utime(moved / "main.py", (0, 0))
    (moved / "main.py").chmod(0o755)
    again = build_micropython_image(moved, "1", tmp_path / "second", compile_sources=compile_sources)
    assert again == first


def test_the_order_in_which_files_are_found_does_not_show() -> None:
    contents = {name: name.encode() * 99 for name in ("main.py", "a/b.py", "a/c.py", "z.py")}
    assert packed(dict(reversed(contents.items()))) == packed(contents)


@pytest.mark.parametrize(
    ("contents", "blocks"),
    [
        ({"main.py": 1}, 2),
        ({"main.py": MAX_INLINE_BYTES}, 2),
        ({"main.py": MAX_INLINE_BYTES + 1}, 3),
        ({"main.py": BLOCK_BYTES}, 3),
        ({"main.py": BLOCK_BYTES + 1}, 4),
        ({"main.py": 2 * BLOCK_BYTES - 4}, 4),
        ({"main.py": 2 * BLOCK_BYTES - 3}, 5),
        ({"main.py": 1, "a/b/c.py": 1, "a/d.py": 1}, 6),
    ],
)
def test_an_image_has_the_blocks_that_its_files_need_and_no_more(contents: dict[str, int], blocks: int) -> None:
    image = packed({name: b"x" * size for name, size in contents.items()})
    assert len(image) == blocks * BLOCK_BYTES


def test_what_was_built_is_what_is_read(source: Path, image_file: Path) -> None:
    built = build_micropython_image(source, "1.4.0", image_file)
    assert read_image(image_file) == built
    assert (built.kind, built.version, built.slot) == (LITTLEFS_KIND, "1.4.0", None)


def test_the_kinds_are_those_that_the_interpreters_say_of_themselves() -> None:
    assert (machine.IMAGE_KINDS, _machine_micropython.IMAGE_KINDS) == ((ZIPAPP_KIND, "bundle"), (LITTLEFS_KIND,))


def test_the_command_builds_what_a_release_is_made_of(
    source: Path, image_file: Path, elsewhere: Any, signatures: Any, tmp_path: Path
) -> None:
    options = f"--micropython --mpy --version 7 --json -o {image_file}"
    built = elsewhere("image", "build", source, *options.split())
    assert json.loads(built.stdout)["kind"] == LITTLEFS_KIND
    signatures.signers("a")
    options = f"--product pump --hardware b --sign a --keys {signatures.keys.path} --json -o {tmp_path}/release"
    made = elsewhere("release", "create", image_file, *options.split())
    assert json.loads(made.stdout)["image"] == LITTLEFS_KIND


def test_byte_code_is_not_made_for_a_gateway(source: Path, image_file: Path, elsewhere: Any) -> None:
    done = elsewhere("image", "build", source, "--mpy", "--version", "7", "-o", image_file)
    assert (done.exit_code, image_file.exists()) == (2, False)
    assert "--micropython" in done.stderr
