"""Whole devices: real `fota-boot` processes on CPython, boards that are MicroPython processes.

Each is a thing of the broker, in a folder of its own, with its factory image; both are switched on as contexts.
"""

import random
import shutil
from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Protocol

from fota.boards.files import FilesBoard
from fota.boards.provisioning import provision
from fota.storage import SlotReader
from fota_operator.demo import device as processes
from fota_operator.images.image import Image, build_image
from fota_operator.images.micropython import build_micropython_image
from fota_operator.things.folder import ThingConf, write_thing_folder
from peers import halves
from peers.brokers import THING, Broker
from sweeps.seeding.verbs import Patch, after, patched
from tests.labs.board import Board

SLOT_BYTES = 4 << 20
BALLAST_BYTES = 2_000_000
CRASHES = (after("import json", "raise ValueError('a bad release')"),)
"""Patches of a program that ends when it is started."""

_EXAMPLES = halves.ROOT / "examples"
_DEADLINE_S = 20


class Running(Protocol):
    """A device that is switched on."""

    lines: list[str]
    """All that it said so far, over all its boots."""

    def wait_for(self, words: str) -> str:
        """The first line with these words. *Raises* when none comes in time."""


class Device:
    """What both kinds share. `image` builds its firmware, `on` switches it on."""

    half = ""
    _program = Path()
    _connected = ""
    """A statement of the program that runs once it is connected."""

    def __init__(self, broker: Broker, folder: Path) -> None:
        self.folder, self.home, self._broker = folder, folder / "home", broker
        self.things = folder / "things" / THING
        factory = self._built(self.source("1"), "1")[1]
        self._provision(factory)
        ca = (broker.folder / "ca.pem").read_bytes()
        write_thing_folder(
            self.things,
            ThingConf(f"localhost:{broker.port}", THING, "", "", "cacert.pem"),
            private_key_pem=(broker.folder / "device.key").read_bytes(),
            certificate_pem=(broker.folder / "device.pem").read_bytes(),
            cacert_pem=ca,
        )

    def image(self, version: str, patches: Sequence[Patch] = ()) -> Image:
        """The example's program, which says its version when it is connected; some megabytes of it are ballast."""
        source = self.source(version, patches)
        (source / "ballast.bin").write_bytes(random.Random(6).randbytes(BALLAST_BYTES))
        return self._built(source, version)[0]

    def on(self) -> AbstractContextManager[Running]:
        """Switch it on."""
        raise NotImplementedError

    def proven_bytes(self) -> int:
        """How much of the download under way its journal names."""
        entry = FilesBoard(str(self.home)).journal.load()
        return 0 if entry is None else entry.checkpoint.offset_bytes

    def source(self, version: str, patches: Sequence[Patch] = ()) -> Path:
        """A folder with the program."""
        source = self.folder / f"source-{version}"
        source.mkdir(parents=True)
        says_it = after(self._connected, f"print('firmware {version} is connected')")
        text = patched((_EXAMPLES / self._program).read_text(), (says_it, *patches))
        (source / self._program.name).write_text(text)
        return source

    def _built(self, source: Path, version: str) -> tuple[Image, Path]:
        raise NotImplementedError

    def _provision(self, factory: Path) -> None:
        raise NotImplementedError


class Gateway(Device):
    """`fota-boot` on CPython, with the example of a gateway, which keeps its connection during a download."""

    half = halves.CPYTHON
    _program = Path("gateway/__main__.py")
    _connected = "thing.mqtt.connect()"
    environment: Mapping[str, str] = {}

    def on(self) -> AbstractContextManager[Running]:
        """Switch it on."""
        environment = {"SSL_CERT_FILE": str(self._broker.folder / "ca.pem"), **self.environment}
        options = ("--deadline", str(_DEADLINE_S), "--attempts", "2")
        return processes.DeviceProcess(self.home, [str(self.things)], environment=environment, options=options)

    def _built(self, source: Path, version: str) -> tuple[Image, Path]:
        out = source.with_suffix(".pyz")
        return build_image(source, version, out), out

    def _provision(self, factory: Path) -> None:
        processes.provision(self.home, factory, slot_size_bytes=SLOT_BYTES)


class MicroPythonBoard(Device):
    """A board, with the example for the ESP32, which closes its connection during a download."""

    half = halves.MICROPYTHON
    _program = Path("esp32/main.py")
    _connected = "_ = jobs.Jobs(_)"

    def on(self) -> AbstractContextManager[Running]:
        """Switch it on. *Raises* NotHere."""
        halves.require_micropython()
        shutil.copytree(self.things, self.home / "thing", dirs_exist_ok=True)
        shutil.copy(self._broker.folder / "ca.pem", self.home / "ca.pem")
        return Board(self.home, halves.library(), deadline_s=_DEADLINE_S)

    def _built(self, source: Path, version: str) -> tuple[Image, Path]:
        out = source.with_suffix(".lfs")
        return build_micropython_image(source, version, out), out

    def _provision(self, factory: Path) -> None:
        reader = SlotReader(str(factory))
        size_bytes = factory.stat().st_size
        provision(str(self.home), reader, image_size_bytes=size_bytes, slot_count=2, slot_size_bytes=SLOT_BYTES)
        reader.close()


DEVICES: tuple[type[Device], ...] = (Gateway, MicroPythonBoard)
