"""`fota image build`: images."""

from pathlib import Path
from typing import Annotated

import typer

from fota_operator.cli.jobs import Json
from fota_operator.cli.output import answer, answer_json, reporting_errors, talk
from fota_operator.errors import BadInput

app = typer.Typer(no_args_is_help=True, help="Build images.")


@app.callback()
def image() -> None:
    """Build images."""


@app.command()
@reporting_errors()
def build(
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="The program; it holds __main__.py, or main.py.")],
    out: Annotated[Path, typer.Option("--out", "-o", metavar="FILE", help="The image to write.")],
    version: Annotated[str, typer.Option(help="What the image calls itself, as 1.4.0.")],
    micropython: Annotated[
        bool, typer.Option("--micropython", help="For MicroPython: a littlefs; the folder holds main.py.")
    ] = False,
    mpy: Annotated[
        bool, typer.Option("--mpy", help="With --micropython: compile every .py, so that devices need not.")
    ] = False,
    as_json: Json = False,
) -> None:
    """Pack a folder into an image with its version inside: a zipapp, or a littlefs for MicroPython."""
    from fota_operator.images.image import build_image
    from fota_operator.images.micropython import build_micropython_image

    if mpy and not micropython:
        raise BadInput("--mpy is for images of MicroPython", "add --micropython, or leave it out")
    if micropython:
        built = build_micropython_image(folder, version, out, compile_sources=mpy)
    else:
        built = build_image(folder, version, out)
    if as_json:
        facts = {"md5": built.md5, "sha256": built.sha256, "size_bytes": built.size_bytes, "kind": built.kind}
        answer_json({"path": str(out), "version": version, **facts})
    else:
        talk(f"{built.size_bytes} bytes, SHA-256 {built.sha256}")
        answer(str(out))
