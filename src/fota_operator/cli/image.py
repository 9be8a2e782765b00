"""`fota image build`: images."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Annotated

import typer

from fota_operator.cli.options import Json
from fota_operator.cli.output import answer, answer_json, reporting_errors, talk
from fota_operator.errors import BadInput

_MAX_LISTED = 40

app: typer.Typer = typer.Typer(no_args_is_help=True, help="Build images.")


@app.callback()
def image() -> None:
    """Build images."""


@app.command()
@reporting_errors()
def build(
    folder: Annotated[
        Path, typer.Argument(metavar="DIR", help="Folder of the program, with __main__.py or main.py in it.")
    ],
    out: Annotated[Path, typer.Option("--out", "-o", metavar="FILE", help="Image file to write.")],
    version: Annotated[str, typer.Option(help="Version that the image reports of itself, for example 1.4.0.")],
    micropython: Annotated[
        bool,
        typer.Option(
            "--micropython", help="Build an image for MicroPython: a littlefs of a folder with main.py in it."
        ),
    ] = False,
    mpy: Annotated[
        bool,
        typer.Option("--mpy", help="With --micropython: compile every .py file, so that the devices need not do it."),
    ] = False,
    allow: Annotated[
        list[str] | None,
        typer.Option(
            metavar="PATH", help="Pack this file or folder of DIR though it is refused otherwise. May be repeated."
        ),
    ] = None,
    as_json: Json = False,
) -> None:
    """Pack a folder into an image with its version inside: a zipapp, or a littlefs for MicroPython.

    Secrets, history, virtual environments, links that leave the folder and sources that do not compile are refused;
    in a zipapp also machine code.
    """
    from fota_operator.images.image import build_image
    from fota_operator.images.micropython import build_micropython_image

    if mpy and not micropython:
        raise BadInput("--mpy is for images of MicroPython", "add --micropython, or leave it out")
    if micropython:
        built = build_micropython_image(folder, version, out, compile_sources=mpy, allow=allow or ())
    else:
        built = build_image(folder, version, out, allow=allow or ())
    if as_json:
        facts = {"md5": built.md5, "sha256": built.sha256, "size_bytes": built.size_bytes, "kind": built.kind}
        files = [{"path": path, "size_bytes": size_bytes} for path, size_bytes in built.files.items()]
        answer_json({"path": str(out), "version": version, **facts, "files": files})
    else:
        for line in _listed(built.files):
            talk(line)
        talk(f"{built.size_bytes} bytes, SHA-256 {built.sha256}")
        answer(str(out))


def _listed(files: Mapping[str, int]) -> Iterator[str]:
    """A line for each file with its size; of many files, for the largest ones."""
    shown = sorted(files, key=lambda path: (-files[path], path))[:_MAX_LISTED]
    for path in sorted(shown):
        yield f"{files[path]:12,}  {path}"
    if len(files) > len(shown):
        yield f"and {len(files) - len(shown)} smaller files, which --json lists"
