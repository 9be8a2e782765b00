"""What the benches of one run share: a folder, how much to do, a file server, a local AWS. Each is made when needed.

Leaves to others: the peers (`peers`), and what is measured (`benches`).
"""

import os
import sys
import zipfile
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import TypeVar

from bench.nginx import Nginx, serving
from bench.place import PLACE, folder_of_run
from fota_operator.demo.device import provision
from fota_operator.local.aws import LocalAws
from fota_operator.things.things import add_things

MIB = 1 << 20
_CHUNK_BYTES = MIB

T = TypeVar("T")


class Stage:
    """One run. Use `open_stage`."""

    def __init__(self, folder: Path, closing: ExitStack, *, tiny: bool, say: Callable[[str], None]) -> None:
        self.folder = folder
        self.tiny = tiny
        """Whether every bench does only enough to show that it works."""
        self.say = say
        self._closing = closing
        self._nginx: Nginx | None = None
        self._local: LocalAws | None = None
        self._count = 0

    def pick(self, full: T, tiny: T) -> T:
        """The full amount, or in a tiny run the tiny one."""
        return tiny if self.tiny else full

    def nginx(self) -> Nginx:
        """The server of files."""
        if self._nginx is None:
            self._nginx = self._closing.enter_context(serving(self.folder / "nginx"))
        return self._nginx

    def local_aws(self) -> LocalAws:
        """The local AWS."""
        if self._local is None:
            self._local = LocalAws(self.folder / "aws")
            self._closing.callback(self._local.down)
            self._local.up()
        return self._local

    def new_folder(self, name: str) -> Path:
        """An empty folder."""
        self._count += 1
        folder = self.folder / f"{self._count}-{name}"
        folder.mkdir()
        return folder

    def object_of(self, size_bytes: int) -> Path:
        """A file of noise that the server of files serves; made once."""
        path = self.nginx().files / f"noise-{size_bytes}"
        if not path.exists():
            with path.open("wb") as file:
                for offset in range(0, size_bytes, _CHUNK_BYTES):
                    file.write(os.urandom(min(_CHUNK_BYTES, size_bytes - offset)))
        return path

    def new_home(self, slot_size_bytes: int) -> Path:
        """A home with a factory image in slot 0."""
        folder = self.new_folder("device")
        factory = folder / "factory.img"
        with zipfile.ZipFile(factory, "w") as archive:
            # An image, but nobody starts it.
            archive.writestr("__main__.py", "")
        provision(folder / "home", factory, slot_size_bytes=slot_size_bytes)
        return folder / "home"

    def new_things(self, name: str, count: int = 1) -> list[Path]:
        """Make new things in the local AWS at every call; returns the folder of each."""
        local, folder = self.local_aws(), self.new_folder("things")
        names = [f"{name}-{self._count}-{number}" for number in range(count)]
        return [thing.folder for thing in add_things(local.cloud(), names, folder, local.thing_options())]


@contextmanager
def open_stage(
    *, tiny: bool = False, place: Path = PLACE, say: Callable[[str], None] | None = None
) -> Iterator[Stage]:
    """A stage that leaves nothing behind except what was installed."""
    with folder_of_run(place) as folder, ExitStack() as closing:
        yield Stage(folder, closing, tiny=tiny, say=say or _say)


def settle_disk() -> None:
    """Write everything that waits to be written, so that it does not disturb the next measurement."""
    os.sync()


def _say(text: str) -> None:
    sys.stderr.write(f"bench: {text}\n")
    sys.stderr.flush()
