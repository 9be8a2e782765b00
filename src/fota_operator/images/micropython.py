"""Builds images for MicroPython: packs a folder into a file system that the device mounts for reading.

Leaves to others: the file system (`littlefs`), the compiler (`mpy_cross`), reading images (`image`).
"""

from collections.abc import Sequence
from pathlib import Path, PurePosixPath

from fota_operator.errors import BadInput
from fota_operator.images.image import LITTLEFS_KIND, MICROPYTHON_MAINS, Image, write_image
from fota_operator.images.littlefs import packed
from fota_operator.images.mpy_cross import compiled
from fota_operator.images.program_folder import program_files


def build_micropython_image(
    source: Path, version: str, out: Path, *, compile_sources: bool = False, allow: Sequence[str] = ()
) -> Image:
    """Pack the folder `source`, which holds `main.py`, into a littlefs at `out`.

    With `compile_sources` every `.py` becomes a `.mpy`, which a device imports faster and with less memory.
    The same files give the same bytes, as long as they are packed by the same versions of littlefs and mpy-cross.
    Refused, unless `allow` names it: what `build_image` refuses, but for machine code.
    *Raises* BadInput for what is refused, NotFound, OperatorError for what cannot be read, compiled or written.
    """
    contents = program_files(source, version, out, MICROPYTHON_MAINS, allow=allow, is_zipapp=False)
    if compile_sources:
        contents = _all_compiled(contents)
    return write_image(out, packed(contents), contents, version=version, kind=LITTLEFS_KIND)


def _all_compiled(contents: dict[str, bytes]) -> dict[str, bytes]:
    made = {}
    for name, content in contents.items():
        path = PurePosixPath(name)
        if path.suffix != ".py":
            made[name] = content
            continue
        target = str(path.with_suffix(".mpy"))
        if target in contents:
            raise BadInput(f"{name} would become {target}, which is there already", "remove one of the two")
        made[target] = compiled(name, content)
    return made
