"""Writes the homes of boards in `kept`: what real MicroPython leaves on its storage, against a real AWS server.

`python tests/homes/make_board_homes.py --into FOLDER` writes them to a folder, as archives like those of
`tools/make_homes.py`: `home/`, without the key of its thing, and `image`, the image of the job. Job ids are drawn at
random, so no two runs give the same bytes. Those under version control are never written anew.
"""

import argparse
import sys
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path

if __name__ == "__main__":
    sys.path[:0] = [str(Path(__file__).parents[2]), str(Path(__file__).parents[2] / "tools")]

from make_homes import packed

from fota_operator.images.image import Image
from fota_operator.local.aws import LocalAws
from sweeps.seeding.verbs import Patch, before, replace
from tests.labs.board import Board, compile_library
from tests.labs.board_lab import BoardLab

BALLAST = "ballast.bin"
BALLAST_BYTES = 3 << 18
"""So much that progress is put on record twice. It is zeros, which an archive needs no room for."""

FIRST_LOOK = "awsfota.handle_fota_jobs(myjobs, force=True)"
LOOK = "awsfota.handle_fota_jobs(myjobs)"
STOPS: Sequence[Patch] = (
    before(
        "thing.mqtt.connect()",
        """
import os
from fota.progress import Progress

home = machine.setting("FOTA_HOME")

class Stops(Progress):
    # Once in the life of the board: then its power is cut.
    def downloading(self, done_bytes, total_bytes):
        machine.sleep_ms(10)
        if done_bytes > 600000 and "has-stopped" not in os.listdir(home):
            open(home + "/has-stopped", "w").close()
            print("stands still")
            while True:
                machine.sleep_ms(1000)
""",
    ),
    replace(
        "awsfota.handle_fota_jobs(myjobs, force=True)",
        "awsfota.handle_fota_jobs(myjobs, force=True, progress=Stops())",
    ),
    replace(LOOK, "awsfota.handle_fota_jobs(myjobs, progress=Stops())"),
)
WAITS: Sequence[Patch] = (
    before(
        LOOK,
        """
while awsfota.handle_fota_jobs(myjobs, auto_reset=False):
    print("waits for a restart")
    machine.sleep_ms(1000)
""",
    ),
)


class BallastLab(BoardLab):
    """The lab, whose images have a ballast of zeros."""

    def second_image(self) -> Image:
        return self.image("2", ballast_bytes=BALLAST_BYTES)

    def _build(self, version: str, patches: Sequence[Patch], ballast_bytes: int) -> Path:
        source = super()._build(version, patches, 0)
        if ballast_bytes:
            (source / BALLAST).write_bytes(bytes(ballast_bytes))
        return source


def confirmed(lab: BallastLab, board: Board, image: Image) -> None:
    """One update was confirmed, and reported."""
    lab.end_of(lab.start(image))


def half_done(lab: BallastLab, board: Board, image: Image) -> None:
    """The power went in the middle of the download."""
    lab.start(image)
    board.wait_for("stands still")


def awaiting_trial(lab: BallastLab, board: Board, image: Image) -> None:
    """The new image is in its slot, and due; the power went before the restart."""
    lab.start(image)
    board.wait_for("waits for a restart")


STORIES: dict[str, tuple[Callable[[BallastLab, Board, Image], None], Sequence[Patch]]] = {
    "board-confirmed": (confirmed, ()),
    "board-half-done": (half_done, STOPS),
    "board-awaiting-trial": (awaiting_trial, WAITS),
}


def made(name: str, local: LocalAws, folder: Path) -> bytes:
    """The archive of that name; what happens to the board happens below the folder."""
    story, patches = STORIES[name]
    lab = BallastLab(local, folder, compile_library(folder / "library"), factory_patches=patches)
    image = lab.second_image()
    with lab.board() as board:
        board.wait_for("firmware 1 is connected")
        story(lab, board, image)
    files = {f"home/{path.name}": path.read_bytes() for path in lab.home.iterdir() if path.is_file()}
    del files["home/ca.pem"]
    return packed({**files, "image": image.content})


def main() -> int:
    """The command."""
    parser = argparse.ArgumentParser(description="Make the homes of boards that the tests keep.")
    parser.add_argument("--into", type=Path, required=True, help="the folder to write them to")
    into = parser.parse_args().into
    with tempfile.TemporaryDirectory() as scratch:
        local = LocalAws(Path(scratch) / "aws")
        local.up()
        try:
            for name in STORIES:
                folder = Path(scratch) / name
                folder.mkdir()
                (into / f"{name}.tar.gz").write_bytes(made(name, local, folder))
        finally:
            local.down()
    return 0


if __name__ == "__main__":
    sys.exit(main())
