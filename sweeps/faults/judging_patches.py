"""Judges an update that offers a patch: how the image came, what the job is told of it, and how much was fetched.

Leaves to others: how a job ends (`judging`).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from sweeps.faults import patch_rows, voiding
from sweeps.powercut import patches, seen
from sweeps.powercut.scenarios import BUFFER_BYTES, FITS, IMAGE_BYTES, Image, Offer

if TYPE_CHECKING:
    from sweeps.faults.broker import Broker
    from sweeps.faults.cell import Cell, Result
    from sweeps.faults.life import Life
    from sweeps.faults.objects import Objects

GOOD_JOB = "job-1"
_PATCH_BYTES = len(patches.content(FITS))
_AGAIN_BYTES = BUFFER_BYTES + IMAGE_BYTES // 4
"""What a cut may cost: what came since the last checkpoint, and what was on its way."""


class PatchJudge:
    """What it needs is made by `playing.Playing`."""

    cell: Cell
    result: Result
    broker: Broker
    objects: Objects
    life: Life
    _image: Image

    def _offer(self, job_id: str) -> Offer:
        """The job of this cell, for its image."""
        row = self.cell.row
        if row.is_keyed:
            return voiding.mistaken(job_id, self._image)
        if row.ways:
            return patch_rows.offer(job_id, self._image, never_whole=row.never_whole)
        return Offer(job_id, self._image)

    def _judge_way(self) -> None:
        """When the first job is over; nothing if it offers no patch."""
        if not self.cell.row.ways:
            return
        details = self.broker.execution(GOOD_JOB).details
        way = f"{details.get('way')} {details.get('why', '')}".strip()
        if way not in self.cell.row.ways:
            self.result.undocumented = f"way: {way}; documented: {', '.join(self.cell.row.ways)}"
        size = str(_PATCH_BYTES) if way == patch_rows.AS_PATCH else None
        if details.get("patch_bytes") != size:
            self.result.wrong_reports.append(f"{way}, and patch_bytes is {details.get('patch_bytes')}")
        self._judge_fetched(way)
        assert self.life.door.model is not None
        if self.life.door.model.content(f"{seen.HOME}/{patches.FILE}") is not None:
            self.result.undocumented = f"{patches.FILE} is left over"

    def _judge_fetched(self, way: str) -> None:
        """A cut costs what came since the last checkpoint; a patch that has come or was given up comes no more."""
        is_patch = way == patch_rows.AS_PATCH
        has_come = self.cell.step.name in patch_rows.APPLIED
        patch_bytes = _PATCH_BYTES + (_AGAIN_BYTES if is_patch and not has_come else 0)
        image_bytes = 0 if is_patch else IMAGE_BYTES + _AGAIN_BYTES
        for url, most_bytes in ((FITS.url, patch_bytes), (self._image.url, image_bytes)):
            if self.objects.served[url] > most_bytes:
                self.result.undocumented = f"{self.objects.served[url]} bytes of {url} came, expected {most_bytes}"
