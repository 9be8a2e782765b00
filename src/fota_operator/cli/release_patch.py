"""`fota release patch`: patches between releases, and what they save."""

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from fota_operator.cli.options import Json
from fota_operator.cli.output import answer_json, answer_table, reporting_errors, talk
from fota_operator.errors import BadInput

if TYPE_CHECKING:
    from fota_operator.patches.release_patches import MadePatch

_LARGE_BYTES = 2**22
_TOLD_EVERY_PERCENT = 10


@reporting_errors()
def patch(
    files: Annotated[
        list[Path],
        typer.Argument(metavar="RELEASE...", help="Releases or images: the older ones, and the new one at the end."),
    ],
    out: Annotated[
        Path, typer.Option("--out", "-o", metavar="DIR", help="Folder in which the patches are written.")
    ] = Path("patches"),
    timeout: Annotated[
        float,
        typer.Option(
            metavar="SECONDS", min=0.1, help="A part of the image that takes longer to compare travels whole."
        ),
    ] = 60.0,
    as_json: Json = False,
) -> None:
    """Make patches from older releases to a new one, try them, and show how much smaller they are.

    This sends nothing: `fota start --patch` and `fota rollout run --patch` offer patches to devices.
    """
    from fota_operator.files import make_folder, write_whole
    from fota_operator.patches.release_patches import make_patches

    *olds, new = files
    if not olds:
        raise BadInput(
            "RELEASE...: expected two files or more, got one", "name an older release, and then the new one"
        )
    made = make_patches(olds, new, pair_timeout_s=timeout, on_done=_telling)
    make_folder(out)
    results = []
    for one in made:
        path = out / one.file_name
        if one.is_worth_it:
            write_whole(path, one.patch.content)
        for slow in one.patch.slow:
            talk(f"{one.source}: {slow} took more than {timeout:g} s to compare, and travels whole")
        results.append((one, str(path) if one.is_worth_it else None))
    if as_json:
        answer_json([_as_json(one, path) for one, path in results])
        return
    rows = [
        (str(one.source), f"{one.patch.size_bytes:,}", f"{one.percent:.1f} %", path or "not written: no smaller")
        for one, path in results
    ]
    answer_table(("FROM", "BYTES", "OF THE IMAGE", "PATCH"), rows)


def _as_json(one: "MadePatch", path: str | None) -> dict[str, object]:
    return {
        "from": str(one.source),
        "from_version": one.version,
        "from_sha256": one.patch.old_sha256,
        "sha256": one.patch.sha256,
        "patch_bytes": one.patch.size_bytes,
        "image_bytes": one.patch.new_bytes,
        "path": path,
        "slow": list(one.patch.slow),
    }


def _telling(source: Path) -> Callable[[int, int], None]:
    """Says how far the comparison has come, every ten percent of a large image."""
    told = 0

    def tell(done_bytes: int, all_bytes: int) -> None:
        nonlocal told
        percent = 100 * done_bytes // all_bytes
        if all_bytes >= _LARGE_BYTES and percent >= told + _TOLD_EVERY_PERCENT:
            told = percent
            talk(f"{source}: {percent} % compared")

    return tell
