"""What happens in a run: images and how they behave, jobs, the server of images, and one misfortune at most.

A scenario's name says all of it, so that a case can be run again from its name alone.
"""

from __future__ import annotations

import hashlib
import random
from dataclasses import dataclass, replace

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

    @property
    def insists(self) -> bool:
        """Whether the image is to be tried though it is known to be bad."""
        return ("bc_insist", True) in self.odd_fields

    def document(self) -> dict[str, object]:
        """The job document."""
        content = self.image.content
        return {
            "operation": "fota",
            "bc_idx": "any",
            "bc_crc": hashlib.md5(content).hexdigest(),  # noqa: S324 - the protocol's own checksum
            "bc_size": len(content),
            "bc_url": f"${{aws:iot:s3-presigned-url:{self.image.url}}}",
            "bc_sha256": hashlib.sha256(content).hexdigest(),
        } | dict(self.odd_fields)


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
        # A server that brings no image to its end brings this one no further.
        ends = self.offers[0] if self.server.dead_from_byte else OFFERED_LATE
        return (*self.offers, replace(OFFERED_LATE, status=ends.status, reason=ends.reason))


_GOOD = Offer("job-1", GOOD)
_BAD = Offer("job-1", BAD, "FAILED", "rolled-back")

FAMILIES = (
    Scenario("healthy", (_GOOD,)),
    Scenario("healthy-3-attempts", (_GOOD,), attempts=3),
    Scenario("crashing", (_BAD,)),
    Scenario("crashing-2-attempts", (_BAD,), attempts=2),
    Scenario("hanging", (Offer("job-1", SILENT, "FAILED", "rolled-back"),)),
    Scenario("unhealthy", (Offer("job-1", SICK, "FAILED", "rolled-back"),)),
    Scenario("breaks", (_GOOD,), server=Server(breaks_every_bytes=700)),
    Scenario("breaks-without-ranges", (_GOOD,), server=Server(breaks_every_bytes=1_100, knows_ranges=False)),
    Scenario("dead-server", (Offer("job-1", GOOD, "FAILED", "body-too-short"),), server=Server(dead_from_byte=900)),
    Scenario("connected", (_GOOD,), server=Server(ms_per_chunk=3_000), keeps_connection=True),
    Scenario("two-jobs", (_GOOD, Offer("job-2", BETTER))),
    Scenario("bad-then-good", (_BAD, Offer("job-2", BETTER))),
    Scenario("bad-again", (_BAD, Offer("job-2", BAD, "REJECTED", "known-bad"))),
    Scenario("bad-again-insisting", (_BAD, Offer("job-2", BAD, "FAILED", "rolled-back", (("bc_insist", True),)))),
    Scenario("bad-good-bad", (_BAD, Offer("job-2", BETTER), Offer("job-3", BAD, "REJECTED", "known-bad"))),
    Scenario("good-then-bad", (_GOOD, Offer("job-2", BAD, "FAILED", "rolled-back"))),
    Scenario("refused", (Offer("job-1", GOOD, "REJECTED", "no-such-slot", (("bc_idx", 7),)),)),
    Scenario("runs-already", (Offer("job-1", FACTORY),)),
)


def named(name: str) -> Scenario:
    """The scenario of that name. *Raises* ValueError."""
    family, _, event = name.partition("+")
    for scenario in FAMILIES:
        if scenario.family == family:
            if not event:
                return scenario
            kind, _, number = event.partition("@")
            if kind in MISFORTUNES and number.isdigit():
                return scenario.with_misfortune(kind, int(number))
    raise ValueError(f"{name}: no such scenario; expected one of {', '.join(s.family for s in FAMILIES)}")
