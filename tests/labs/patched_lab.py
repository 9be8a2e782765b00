"""A device that takes patches: an operator offers an image and patches to it, and all may go wrong on the way."""

import hashlib
import random
from typing import Any

import pytest

from fota.errors import NoSpace, StorageFailed
from fota_operator.patches.make import make_patch
from fota_testing.memory_slots import MemorySlots, MemoryWriter
from tests.labs.device_lab import JOB
from tests.labs.job_resume_lab import ResumeLab


def _image(seed: int, size_bytes: int) -> bytes:
    """Bytes that a patch makes shorter, whatever it starts from."""
    return bytes(random.Random(seed).choices(b"patches!", k=size_bytes))


OLD = _image(5, 3_000)
NEW = OLD[:1_000] + _image(6, 2_200) + OLD[1_200:]
OTHER = _image(7, 2_000)
NOTHING = "0" * 64
PATCH = make_patch(OLD, NEW).content
COMPRESSED = make_patch(b"", NEW).content


class MemoryPatches(MemorySlots):
    """The place for a patch, in memory. See `fota.boards.PatchPlace`."""

    def __init__(self, capacity_bytes: int = 10_000) -> None:
        super().__init__(1, capacity_bytes)
        self.removals = 0
        self.is_stuck = False
        """Whether it refuses to be emptied."""
        self.is_full = False
        """Whether the disk has no room for a patch."""

    def resume(self, slot: int, size_bytes: int, offset_bytes: int) -> MemoryWriter:
        if self.is_full:
            raise NoSpace("the disk is full")
        return super().resume(slot, size_bytes, offset_bytes)

    def remove(self) -> None:
        if self.is_stuck:
            raise StorageFailed("it stays")
        self.removals += bool(self.content(0))
        self._images[0] = b""


class PatchedLab(ResumeLab):
    """Runs OLD. NEW is offered by `publish`, with the patches that the test names; PATCH fits."""

    def __init__(self, *, takes_patches: bool = True, **options: Any) -> None:
        self._place = MemoryPatches() if takes_patches else None
        super().__init__(**options)
        self.slots.put(0, OLD)

    def new_patches(self) -> MemoryPatches | None:
        return self._place

    @property
    def place(self) -> MemoryPatches:
        assert self._place is not None
        return self._place

    def entry_of(self, patch: bytes = PATCH, start: bytes | None = OLD, **changed: object) -> dict[str, object]:
        """An entry of `x-patches` for a patch that lies on the server."""
        url = f"https://images.example/patches/{hashlib.sha256(patch).hexdigest()}"
        self.server.put(url, patch)
        return {
            "from": NOTHING if start is None else hashlib.sha256(start).hexdigest(),
            "url": f"${{aws:iot:s3-presigned-url:{url}}}",
            "size": len(patch),
            "sha256": hashlib.sha256(patch).hexdigest(),
        } | changed

    def offer(
        self, *entries: object, image: bytes = NEW, job: str = JOB, patches: object = ..., whole: object = ...
    ) -> None:
        """Offer an image with these entries of `x-patches`, or with something else in that field, and `x-whole`."""
        document = self.document(image) | {
            "x-patches": list(entries) if patches is ... else patches,
            "x-whole": whole,
        }
        self.publish_document({name: document[name] for name in document if document[name] is not ...}, job)

    def asked(self) -> list[str]:
        """What was asked for, without repetitions: "patch" or "whole"."""
        kinds = ["patch" if "/patches/" in url else "whole" for url in self.server.asked]
        return [kind for kind, before in zip(kinds, [None, *kinds], strict=False) if kind != before]

    def cut_in_the_whole_image(self) -> None:
        """The power fails in mid-download of the whole image; the device is there again."""

        def power_fails() -> None:
            assert "/patches/" not in self.server.asked[-1]
            self.slots.cut_after(0)

        self.server.at(len(PATCH) + 100, power_fails)
        self.wake()

    def way(self, job: str = JOB) -> dict[str, str]:
        """What the last report of the job says about how the image came."""
        details = self.details(job)
        return {name: details[name] for name in ("way", "why", "patch_bytes") if name in details}

    def told_ways(self, job: str = JOB) -> list[tuple[str, str, str | None]]:
        """Status, step and way of each report of the job."""
        history = self.service.execution(job).history
        return [(status, details.get("step", ""), details.get("way")) for status, details in history]


def way_of(patch: bytes, way: str = "patch") -> dict[str, str]:
    return {"way": way, "patch_bytes": str(len(patch))}


@pytest.fixture
def lab() -> PatchedLab:
    """A device that takes patches and runs OLD, with nothing to do."""
    return PatchedLab()
