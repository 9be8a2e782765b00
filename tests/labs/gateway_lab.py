"""The lab of a device whose slots are files of a real folder, as those of a gateway are: for bundles and their trees.

lab.publish(image=packed())       an operator offers a bundle
lab.publish_signed(content, ...)  the same, with a manifest that names runtime, protocol and room
lab.leave(free_bytes)             so much room is left on the disk, whatever is made or removed
lab.written()                     all files of the home, by name, but those that no update may keep from changing
"""

import hashlib
import json
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import vector_parts as parts

from fota import machine
from fota.boards.files import FilesBoard
from fota.boards.provisioning import create_slots
from fota.bundle import folders_cpython as folders
from fota.bundle import tags_cpython
from fota.bundle.trees_cpython import Tree
from fota.digests import Hasher
from fota.slots.files import FileSlots
from fota.trust import keyring as keyrings
from fota_boot import misfits, start_images
from fota_testing.memory_slots import MemorySlots
from tests.labs.bundles import HERE, bundle
from tests.labs.device_lab import JOB, DeviceLab

_FITS = tags_cpython.fits


def packed(text: str = "", **given: Any) -> bytes:
    """A small bundle."""
    files = {"app/__main__.py": f"print({text!r})\n", "lib/core.so": bytes(20_000)}
    return bytes(bundle(files, **given))


class HomeSlots(FileSlots):
    """Slots in files, with what a lab needs to arrange and to look at."""

    home: str

    def put(self, slot: int, content: bytes) -> None:
        """Arrange that the slot holds this image, whole."""
        hasher = Hasher()
        hasher.update(memoryview(content))
        writer = self.writer(slot, len(content))
        writer.write(memoryview(content))
        writer.close()
        start_images.unpack_now(self.home, slot, hasher.digests())
        self.seal(slot, hasher.digests())

    def content(self, slot: int) -> bytes:
        """What the slot holds."""
        path = Path(self.image_path(slot))
        return path.read_bytes() if path.exists() else b""


class GatewayLab(DeviceLab):
    """See the module. With `is_signed` the device takes releases of the first test key only."""

    def __init__(self, folder: Path, monkeypatch: pytest.MonkeyPatch, *, is_signed: bool = False) -> None:
        self.home = folder
        self._monkeypatch = monkeypatch
        monkeypatch.setenv("FOTA_BOOT_PROTOCOL", str(start_images.PROTOCOL))
        ring = keyrings.parse(parts.encoded(parts.keyring())) if is_signed else None
        super().__init__(capacity_bytes=1 << 20, keyring=ring)
        self.releases.image_kinds = machine.IMAGE_KINDS

    def new_slots(self, count: int, capacity_bytes: int) -> MemorySlots:
        """In files; they can do all that this lab asks of those in memory."""
        create_slots(str(self.home), count, capacity_bytes)
        slots = HomeSlots(str(self.home), count, capacity_bytes)
        slots.home = str(self.home)
        return slots  # type: ignore[return-value]

    def publish_signed(self, content: bytes, job: str = JOB, **manifest: object) -> None:
        """Offer a bundle with its manifest, signed by the first key; a field given replaces the right one."""
        self.publish(content, job, envelope=self.envelope(content, **manifest))

    def envelope(self, content: bytes, **manifest: object) -> dict[str, object]:
        """The signed manifest of a bundle for this device."""
        digests = {"md5": hashlib.md5(content).hexdigest(), "sha256": hashlib.sha256(content).hexdigest()}
        kind = {"image": "bundle", "runtime": HERE, "boot": 1, "tree": 100_000, "size": len(content)}
        return parts.envelope(parts.encoded(parts.manifest("", **{**digests, **kind, **manifest})))

    def signed_direct_document(self, content: bytes, **manifest: object) -> dict[str, object]:
        """The signed document as a program gives it to `update`."""
        return self.direct_document(content, envelope=self.envelope(content, **manifest))

    def leave(self, free_bytes: "int | None") -> None:
        """So much room is left on the disk; None: as much as anybody wants."""
        self._monkeypatch.setattr(folders, "free_bytes", lambda _path: free_bytes)

    def written(self) -> dict[str, bytes]:
        """All files of the home."""
        return {
            str(path.relative_to(self.home)): path.read_bytes() for path in self.home.rglob("*") if path.is_file()
        }

    def fallen_back(self) -> list[Any]:
        """What the shadow was told of images that were given up."""
        states = [
            json.loads(content)["state"]
            for topic, content in self.service.published
            if topic.endswith("/shadow/update")
        ]
        return [state["reported"]["fota"]["fell_back"] for state in states]

    def has_whole_tree(self, slot: int) -> bool:
        """Whether the slot's tree is there, whole, and of its image."""
        digests, tree = self.slots.seal_of(slot), Tree(str(self.home), slot)
        return digests is not None and tree.is_of(digests) and bool(tree.is_whole())

    def reboot(self, cause: str = "not-confirmed") -> None:
        """As the base, where an image that does not fit gives way first."""
        misfits.give_way(SimpleNamespace(path=str(self.home), slots=self.slots, records=self.records), self._proves)  # type: ignore[arg-type]
        super().reboot(cause)

    def update_python(self, version: str | None) -> None:
        """The Python of the gateway becomes another one, such as "cp999"; None puts the former one back."""
        fits = _FITS if version is None else lambda runtime: runtime.startswith(version)
        self._monkeypatch.setattr(tags_cpython, "fits", fits)

    def _proves(self, slot: int) -> bool | None:
        return start_images.proves_itself(FilesBoard(str(self.home)), slot)
