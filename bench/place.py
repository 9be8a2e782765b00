"""The folder where the benches put things: `.bench` in the checkout, which git ignores and which may be deleted.

What was installed stays there for the next time; what a run makes is in a folder that is removed with the run.
"""

import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
PLACE = ROOT / ".bench"


def made(place: Path = PLACE) -> Path:
    """The folder, made if it is not there."""
    place.mkdir(exist_ok=True)
    (place / ".gitignore").write_text("*\n")
    return place


@contextmanager
def folder_of_run(place: Path = PLACE) -> Iterator[Path]:
    """An empty folder that ends with the block."""
    folder = Path(tempfile.mkdtemp(prefix="run-", dir=made(place)))
    try:
        yield folder
    finally:
        shutil.rmtree(folder)
