"""A sequence number that was signed by mistake, the keyring that voids it, and what a device does with it then."""

from __future__ import annotations

from sweeps.faults.row import UPDATED, Row
from sweeps.powercut.scenarios import BETTER, NO_IMAGE, Image, Offer
from sweeps.powercut.signing import OLD, Keys, Release

REFUSED = "rejected older-release"
KEYRING_JOB, VOID_JOB = "keyring", "void-again"

_MISTAKE, _VOID_TOO, _GOOD = Release(2_000), Release(1_500), Release(11)
_VOIDING = Keys(2, OLD, (OLD,), void=(("seq_mark", 10), ("seq_void", 1_000)))
_AT = (
    *("power-on", "listing", "claiming", "download-middle", "installed", "beginning-trial", "trial-started"),
    *("trial-listing", "health-check", "confirming", "confirmed", "reporting", "telling-state", "clearing", "idle"),
)

KEYRING_OFFER = Offer(KEYRING_JOB, NO_IMAGE, keys=_VOIDING)


def mistaken(job_id: str, image: Image) -> Offer:
    """The release whose number is a mistake."""
    return Offer(job_id, image, release=_MISTAKE)


def afterwards(again_job: str) -> tuple[tuple[Offer, str], ...]:
    """What is offered once the number is void, and how each must end: another void number, and a good one."""
    return (
        (Offer(VOID_JOB, BETTER, release=_VOID_TOO), REFUSED),
        (Offer(again_job, BETTER, release=_GOOD), UPDATED),
    )


VOID_ROWS: tuple[Row, ...] = (
    Row(
        "number-voided",
        "trust",
        "a keyring comes that voids the number of the release; later such a number is offered again, and a good one",
        ("number-voided",),
        outcomes=(UPDATED,),
        at=_AT,
        is_keyed=True,
    ),
)
