"""The faults of an update by a patch, with the way that its image must come and what the job is told of it."""

from __future__ import annotations

from dataclasses import replace

from sweeps.faults.row import LASTING_S, Row, lasting
from sweeps.powercut.scenarios import FITS, Image, Offer

AS_PATCH = "patch"
GIVEN_UP, NO_ROOM = "whole patch-failed", "whole no-room"
FAILED = "failed patch-failed"

_BEFORE = ("power-on", "listing", "describing", "claiming", "noting", "looking-up", "download-begin")
"""Before the patch is served."""
_COMING = ("download-begin", "download-first", "download-middle", "checkpoint", "download-late", "download-end")
APPLIED = ("opening", "applying", "proving", "sealing", "installed")
"""All of the patch has come, and the image is made from it."""
_LATER = ("asking-again", "beginning-trial", "restarting", "trial-started", "confirming", "reporting", "clearing")


def offer(job_id: str, image: Image, *, never_whole: bool) -> Offer:
    """A job that offers a patch from the image that a new device runs."""
    odd_fields = (("x-whole", "never"),) if never_whole else ()
    return Offer(job_id, image, patches=(FITS,), odd_fields=odd_fields)


def _row(name: str, about: str, at: tuple[str, ...], *ways: str) -> Row:
    return Row(name, "patches", about, (name,), at=at, ways=ways)


def _damaged() -> list[Row]:
    row = _row("patch-damaged", "the patch has other bytes than its SHA-256 says", _BEFORE, GIVEN_UP)
    failing = replace(
        row,
        name="patch-damaged-never-whole",
        about=f"{row.about}, and the job says `x-whole: never`",
        outcomes=(FAILED,),
        ways=(AS_PATCH,),
        never_whole=True,
    )
    cut = _row("patch-damaged-cut", f"{row.about}, and the power is cut in the whole image", _BEFORE, GIVEN_UP)
    return [*lasting(row, (75, LASTING_S)), *lasting(failing, (75, LASTING_S)), *lasting(cut, (600,))]


def _refused() -> list[Row]:
    row = _row(
        "patch-403", "the server answers 403 to every URL of the patch, and none to the image", _BEFORE, AS_PATCH
    )
    lost = _row("patch-404", "the server has no such patch", _BEFORE, GIVEN_UP)
    return [
        *lasting(row, (75, 600)),
        *lasting(replace(row, ways=(GIVEN_UP,)), (LASTING_S,)),
        *lasting(lost, (75, LASTING_S)),
    ]


def _cut() -> list[Row]:
    row = _row("", "", (*_COMING, "renewing", "renewed", *APPLIED, *_LATER), AS_PATCH)
    return [
        replace(
            row,
            name=f"patch-{kind}",
            about=f"the power is cut in an update by a patch; what was not flushed is {left}",
            kinds=(kind,),
        )
        for kind, left in (("power-cut", "kept"), ("power-cut-lost", "lost"))
    ]


PATCH_ROWS: tuple[Row, ...] = (
    *_damaged(),
    *_refused(),
    _row(
        "patch-url-expires",
        "the connection breaks, and the URL of the patch has expired",
        ("download-first", "download-middle", "checkpoint", "download-late"),
        AS_PATCH,
    ),
    *_cut(),
    *lasting(
        _row(
            "no-room-beside",
            "there is room for the image, and none for a patch beside it",
            ("power-on", "listing", "describing"),
            NO_ROOM,
        ),
        (75, LASTING_S),
    ),
    *lasting(
        _row(
            "patch-disk-full",
            "the disk is full when the patch is written",
            (*_BEFORE, "download-middle", "download-late"),
            NO_ROOM,
        ),
        (75, LASTING_S),
    ),
)
