"""What happens in a run: images and how they behave, jobs, the server of images, and one misfortune at most.

A scenario's name says all of it, so that a case can be run again from its name alone.
"""

from __future__ import annotations

import hashlib
import random
from dataclasses import dataclass, replace

from sweeps.powercut.signing import HARDWARE, NEW, OLD, Keys, Release

from fota_testing import jobs_faults

IMAGE_BYTES = 1_700
"""Four sectors, the last of them in part."""

BUFFER_BYTES = 600
"""The device's: what is proven ends within a sector that is written again."""

HEALTHY, CRASHING, HANGING, UNHEALTHY = "healthy", "crashing", "hanging", "unhealthy"


@dataclass(frozen=True)
class Image:
    """A firmware image, and what a program of these bytes does when it runs."""

    name: str
    behaviour: str

    @property
    def content(self) -> bytes:
        """Its bytes: the same in every run, so that equal states are equal in every run."""
        return random.Random(self.name).randbytes(IMAGE_BYTES)

    @property
    def url(self) -> str:
        """Where the server has it."""
        return f"https://images.example/{self.name}"


FACTORY = Image("factory", HEALTHY)
GOOD, BETTER = Image("good", HEALTHY), Image("better", HEALTHY)
BAD, SILENT, SICK = Image("bad", CRASHING), Image("silent", HANGING), Image("sick", UNHEALTHY)
IMAGES = (FACTORY, GOOD, BETTER, BAD, SILENT, SICK)
NO_IMAGE = Image("", HEALTHY)
"""Of a job that brings none."""


@dataclass(frozen=True)
class Server:
    """How the server of images behaves."""

    breaks_every_bytes: int = 0
    """The connection breaks after so many bytes of each answer; 0: never."""
    dead_from_byte: int = 0
    """No connection brings a byte from there on; 0: all come."""
    knows_ranges: bool = True
    ms_per_chunk: int = 400
    """Slow enough that what has come is put on record time and again."""


@dataclass(frozen=True)
class Offer:
    """A job, and how it must end when no power cut comes in between."""

    job_id: str
    image: Image
    status: str = "SUCCEEDED"
    reason: str = ""
    odd_fields: tuple[tuple[str, object], ...] = ()
    release: Release | None = None
    """What its maker has signed; None for an image that nobody signed."""
    keys: Keys | None = None
    """The keyring that it brings, instead of an image."""
    stands_on: str = ""
    """The job that must have succeeded for it to end so."""
    otherwise: tuple[str, str] = ("SUCCEEDED", "")
    """Status and reason where that job did not succeed."""
    waits: bool = False
    """Whether it is made only once the device has come to rest, and been well in as many boots as change anything."""

    @property
    def insists(self) -> bool:
        """Whether the image is to be tried though it is known to be bad."""
        return ("bc_insist", True) in self.odd_fields

    def document(self) -> dict[str, object]:
        """The job document."""
        if self.keys is not None:
            return {"operation": "fota-keyring", "envelope": self.keys.envelope()}
        content = self.image.content
        signed = {} if self.release is None else {"envelope": self.release.envelope(content)}
        return (
            {
                "operation": "fota",
                "bc_idx": "any",
                "bc_crc": hashlib.md5(content).hexdigest(),  # noqa: S324 - the protocol's own checksum
                "bc_size": len(content),
                "bc_url": f"${{aws:iot:s3-presigned-url:{self.image.url}}}",
                "bc_sha256": hashlib.sha256(content).hexdigest(),
            }
            | signed
            | dict(self.odd_fields)
        )


FAULTS = {
    "lost-before": jobs_faults.LOST_BEFORE,
    "lost-after": jobs_faults.LOST_AFTER,
    "twice": jobs_faults.TWICE,
    "late": jobs_faults.late(11_000),
    "dropped": jobs_faults.DROPPED,
    "throttled": jobs_faults.rejected("RequestThrottled"),
    "broken": jobs_faults.rejected("InternalError"),
    "garbage": jobs_faults.garbage(),
}
"""What may happen to one request or its answer."""

ENDINGS = {"cancelled": "CANCELED", "timed-out": "TIMED_OUT", "removed": "REMOVED"}
"""How the service may end the first job, just before a request."""

DELETED, OFFERED = "deleted", "offered"
"""The first job is deleted; another job is made: just before a request."""

OUTAGES = {"silent": jobs_faults.LOST_BEFORE, "deaf": jobs_faults.LOST_AFTER}
"""What happens to this request and many after it: more than the library tries in one go."""

OUTAGE_REQUESTS = 15

MISFORTUNES = (*FAULTS, *ENDINGS, *OUTAGES, DELETED, OFFERED)

OFFERED_LATE = Offer("job-late", BETTER)
_SIGNED_LATE = Offer(
    OFFERED_LATE.job_id,
    SILENT,
    "REJECTED",
    "wrong-hardware",
    release=Release(90, 9, (OLD, NEW), f"not-{HARDWARE}"),
)
"""Refused whenever it comes, whichever keyring is in force."""


@dataclass(frozen=True)
class Misfortune:
    """One thing that goes wrong in the cloud, at the request of that number, counted from 1."""

    kind: str
    at_request: int


@dataclass(frozen=True)
class Scenario:
    """One run, as it goes without a power cut."""

    family: str
    offers: tuple[Offer, ...]
    attempts: int = 1
    server: Server = Server()
    keeps_connection: bool = False
    is_keyed: bool = False
    """Whether the device was provisioned with a keyring."""
    misfortune: Misfortune | None = None

    @property
    def name(self) -> str:
        """By which `named` finds it."""
        event = self.misfortune
        return self.family if event is None else f"{self.family}+{event.kind}@{event.at_request}"

    def with_misfortune(self, kind: str, at_request: int) -> Scenario:
        """The same, with something going wrong."""
        return replace(self, misfortune=Misfortune(kind, at_request))

    @property
    def may_end_early(self) -> bool:
        """Whether the service may end a job by itself, or forget it."""
        return self.misfortune is not None and self.misfortune.kind in {*ENDINGS, DELETED}

    def all_offers(self) -> tuple[Offer, ...]:
        """Every job that may reach the device."""
        if self.misfortune is None or self.misfortune.kind != OFFERED:
            return self.offers
        if self.is_keyed:
            return (*self.offers, _SIGNED_LATE)
        # A server that brings no image to its end brings this one no further.
        ends = self.offers[0] if self.server.dead_from_byte else OFFERED_LATE
        return (*self.offers, replace(OFFERED_LATE, status=ends.status, reason=ends.reason))
