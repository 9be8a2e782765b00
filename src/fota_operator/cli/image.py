"""`fota image build` and `fota image show`: images."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from fota_operator.cli.options import Json
from fota_operator.cli.output import answer, answer_json, reporting_errors, talk
from fota_operator.errors import BadInput

if TYPE_CHECKING:
    from fota_operator.images.bundle import BundlePlan
    from fota_operator.images.image import Image

_MAX_LISTED = 40

app: typer.Typer = typer.Typer(no_args_is_help=True, help="Build images, and look at what they hold.")


@app.callback()
def image() -> None:
    """Build images, and look at what they hold."""


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
    requirements: Annotated[
        list[Path] | None,
        typer.Option(
            metavar="FILE",
            help="Build a bundle: pack also the packages that this file of requirements names. May be repeated.",
        ),
    ] = None,
    target: Annotated[
        str | None,
        typer.Option(
            metavar="PYTHON-PLATFORM",
            help="Build a bundle for this Python and platform, such as cp311-manylinux_2_31_aarch64. "
            "[default: those of this machine]",
        ),
    ] = None,
    find_links: Annotated[
        list[Path] | None,
        typer.Option(metavar="DIR", help="Take wheels from this folder too. May be repeated."),
    ] = None,
    lock: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE",
            help="Take just the wheels that this file names, by their hashes; if there is no such file, write it.",
        ),
    ] = None,
    entry: Annotated[
        str | None,
        typer.Option(metavar="MODULE[:FUNCTION]", help="What a bundle starts. [default: __main__, the file in DIR]"),
    ] = None,
    without_library: Annotated[
        bool,
        typer.Option(
            "--without-library",
            help="Build a bundle without aws-iot-fota in it: it can confirm no update and get no other one.",
        ),
    ] = False,
    deflated: Annotated[
        bool,
        typer.Option(
            "--deflated",
            help="Compress the files of a zipapp: it takes less of a disk, and no patch to it is small.",
        ),
    ] = False,
    allow: Annotated[
        list[str] | None,
        typer.Option(
            metavar="PATH", help="Pack this file or folder of DIR though it is refused otherwise. May be repeated."
        ),
    ] = None,
    as_json: Json = False,
) -> None:
    """Pack a folder into an image with its version inside: a zipapp, a bundle, or a littlefs for MicroPython.

    Secrets, history, virtual environments, links that leave the folder and sources that do not compile are refused;
    in a zipapp also machine code. A bundle holds the packages of its --requirements too, as wheels that pip chooses
    and downloads for the --target.
    """
    from fota_operator.images.image import build_image
    from fota_operator.images.micropython import build_micropython_image

    plan = _bundle_plan(requirements, target, find_links, lock, entry, without_library)
    if mpy and not micropython:
        raise BadInput("--mpy is for images of MicroPython", "add --micropython, or leave it out")
    if deflated and (micropython or plan):
        raise BadInput("--deflated is for zipapps: other images are always stored", "leave it out")
    if micropython and plan:
        raise BadInput("MicroPython takes no bundle", "leave out --micropython, or the options of bundles")
    if micropython:
        built = build_micropython_image(folder, version, out, compile_sources=mpy, allow=allow or ())
    elif plan:
        from fota_operator.images.bundle import build_bundle

        built = build_bundle(folder, version, out, plan, allow=allow or ())
    else:
        built = build_image(folder, version, out, allow=allow or (), deflated=deflated)
    if as_json:
        _answer_built(out, version, built)
    else:
        _tell_built(out, built)


def _bundle_plan(
    requirements: list[Path] | None,
    target: str | None,
    find_links: list[Path] | None,
    lock: Path | None,
    entry: str | None,
    without_library: bool,
) -> "BundlePlan | None":
    """How a bundle is to be built; None if none is asked for."""
    if requirements is None and target is None:
        if find_links or lock or entry or without_library:
            raise BadInput(
                "--find-links, --lock, --entry and --without-library are for bundles",
                "add --requirements or --target",
            )
        return None
    from fota.bundle.contents_cpython import MAIN
    from fota_operator.images.bundle import BundlePlan
    from fota_operator.images.wheels import Dependencies

    dependencies = Dependencies(tuple(requirements or ()), tuple(find_links or ()), lock)
    return BundlePlan(target, entry or MAIN, dependencies, without_library)


def _answer_built(out: Path, version: str, built: "Image") -> None:
    facts = {"md5": built.md5, "sha256": built.sha256, "size_bytes": built.size_bytes, "kind": built.kind}
    files = [{"path": path, "size_bytes": size_bytes} for path, size_bytes in built.files.items()]
    answer_json({"path": str(out), "version": version, **facts, "compressed": built.compressed, "files": files})


def _tell_built(out: Path, built: "Image") -> None:
    for line in _listed(built.files):
        talk(line)
    if built.needs:
        talk(f"for {built.needs.runtime}; unpacked {built.needs.tree_bytes:,} bytes")
    if built.compressed:
        total = sum(built.files[path] for path in built.compressed)
        for path in built.compressed[:_MAX_LISTED]:
            talk(f"compressed: {path}, {built.files[path]:,} bytes: any change in it travels whole")
        count = f"{len(built.compressed)} file{'' if len(built.compressed) == 1 else 's'}"
        talk(f"compressed in all: {count}, {total:,} bytes, which no patch makes smaller")
    talk(f"{built.size_bytes} bytes, SHA-256 {built.sha256}")
    answer(str(out))


def _listed(files: Mapping[str, int]) -> Iterator[str]:
    """A line for each file with its size; of many files, for the largest ones."""
    shown = sorted(files, key=lambda path: (-files[path], path))[:_MAX_LISTED]
    for path in sorted(shown):
        yield f"{files[path]:12,}  {path}"
    if len(files) > len(shown):
        yield f"and {len(files) - len(shown)} smaller files, which --json lists"


@app.command()
@reporting_errors()
def show(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="Image file, made by `fota image build`.")],
    as_json: Json = False,
) -> None:
    """Show what an image is, what it needs of a device, and what is in it."""
    from fota_operator.images.description import describe_image

    found = describe_image(file)
    facts: dict[str, object] = {
        "kind": found.image.kind,
        "version": found.image.version,
        "size_bytes": found.image.size_bytes,
        "sha256": found.image.sha256,
        "md5": found.image.md5,
        "slot": "any" if found.image.slot is None else found.image.slot,
        "runtime": found.image.needs.runtime if found.image.needs else None,
        "boot": found.image.needs.boot if found.image.needs else None,
        "tree_bytes": found.image.needs.tree_bytes if found.image.needs else None,
        "entry": found.entry,
    }
    if as_json:
        packages = [package._asdict() for package in found.packages]
        files = [{"path": path, "size_bytes": size_bytes} for path, size_bytes in found.files.items()]
        lists = {"packages": packages, "compressed": found.compressed, "files": files}
        answer_json({"path": str(file), **facts, **lists})
        return
    for name, value in facts.items():
        answer(f"{name:<12} {'-' if value is None else value}")
    if found.files:
        answer(f"{'files':<12} {len(found.files)}, {sum(found.files.values())} bytes")
    for package in found.packages:
        answer(f"{'package':<12} {package.name} {package.version}")
    for path in found.compressed:
        answer(f"{'compressed':<12} {path}: any change in it travels whole")
