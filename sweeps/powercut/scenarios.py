"""What a scenario is: images and how they behave, jobs, the server of images, and at most one fault in the cloud.

The name of a scenario is enough to run it again.
"""

from __future__ import annotations

import hashlib
import io
import random
import zipfile
from dataclasses import dataclass, replace
from functools import cache

from fota_testing.jobs import faults as jobs_faults
from sweeps.powercut.bundles import File, packed, unpacked
from sweeps.powercut.signing import HARDWARE, NEW, OLD, Keys, Release

_ZIP_BYTES = 120
"""What a zip archive with one entry of that name has besides the entry's content."""

IMAGE_BYTES = 1_700
"""Three sectors and a part of the fourth."""

BUFFER_BYTES = 600
"""The buffer of the device: a checkpoint is within a sector, which is then written again."""

_COMMON_BYTES = 700
"""What images that are alike have in common: a patch then has more than one buffer, and is shorter than the image."""

_PACKAGE_BYTES = 600
"""A package in a bundle: one sector and a part of another."""

HEALTHY, CRASHING, HANGING, UNHEALTHY = "healthy", "crashing", "hanging", "unhealthy"
CRASHES_LATER = "crashes-later"
"""Well in its trial, and crashing in every start after it was confirmed."""


@dataclass(frozen=True)
class Image:
    """A firmware image, and what a program of these bytes does when it runs."""

    name: str
    behaviour: str
    files: tuple[File, ...] = ()
    """The files of a bundle, sorted by path; empty for a zipapp."""
    like: str = ""
    """The name of an image that begins with the same bytes; empty if none does."""

    @property
    def content(self) -> bytes:
        """Its bytes: the same in every run, so that equal states are equal in every run."""
        return packed(self.files) if self.files else _zipapp(self.name, self.like or self.name)

    @property
    def tree(self) -> dict[str, bytes | None]:
        """What is in the tree of a bundle that was unpacked, by path; empty for a zipapp."""
        return unpacked(self.files)

    @property
    def url(self) -> str:
        """Where the server has it."""
        return f"https://images.example/{self.name}"


@cache
def _zipapp(name: str, like: str) -> bytes:
    """A whole zip archive with noise in its program: such an image proves itself when its seal is lost."""
    body = io.BytesIO()
    noise_bytes = IMAGE_BYTES - _ZIP_BYTES
    own, common = random.Random(name).randbytes(noise_bytes), random.Random(like).randbytes(_COMMON_BYTES)
    with zipfile.ZipFile(body, "w") as archive:
        archive.writestr(zipfile.ZipInfo("__main__.py"), common + own[_COMMON_BYTES:])
    return body.getvalue()


def _bundle(name: str, behaviour: str, *packages: str) -> Image:
    """A bundle of a program and some packages, each of them one file; in sorted order."""
    program = File("app/__main__.py", f"print({name!r})\n".encode())
    return Image(name, behaviour, (program, *(File(path, _noise(name + path)) for path in packages)))


def _noise(name: str) -> bytes:
    return random.Random(name).randbytes(_PACKAGE_BYTES)


FACTORY = Image("factory", HEALTHY)
GOOD, BETTER = Image("good", HEALTHY), Image("better", HEALTHY)
BAD, SILENT, SICK = Image("bad", CRASHING), Image("silent", HANGING), Image("sick", UNHEALTHY)
LATE = Image("late", CRASHES_LATER)
BUNDLE = _bundle("bundle", HEALTHY, "lib/core.so")
NEXT_BUNDLE = _bundle("next-bundle", HEALTHY, "lib/core.so")
BAD_BUNDLE = _bundle("bad-bundle", CRASHING, "lib/pump/old.so")
"""It has a folder and a file that are in no other bundle."""
NEXT = Image("next", HEALTHY, like=FACTORY.name)
IMAGES = (FACTORY, NEXT, GOOD, BETTER, BAD, SILENT, SICK, LATE, BUNDLE, NEXT_BUNDLE, BAD_BUNDLE)
NO_IMAGE = Image("", HEALTHY)
"""The image of a job that brings no image."""


PATCHES_AT = "https://images.example/patches/"


@dataclass(frozen=True)
class Patch:
    """A patch that lies on the server."""

    old: Image
    new: Image
    is_right: bool = True
    """Whether it makes the new image; if not, it makes another one of the same size, and says that it does."""

    @property
    def url(self) -> str:
        """Where the server has it."""
        return f"{PATCHES_AT}{self.old.name}-{self.new.name}{'' if self.is_right else '-damaged'}"


FITS, DAMAGED = Patch(FACTORY, NEXT), Patch(FACTORY, NEXT, is_right=False)


@dataclass(frozen=True)
class Server:
    """How the server of images behaves."""

    breaks_every_bytes: int = 0
    """The connection breaks after this number of bytes of each answer; 0: never."""
    dead_from_byte: int = 0
    """No connection brings this byte or a later one; 0: all come."""
    knows_ranges: bool = True
    ms_per_chunk: int = 400
    """Slow enough that a download has several checkpoints."""


@dataclass(frozen=True)
class Offer:
    """A job, and how it must end when no power cut comes in between."""

    job_id: str
    image: Image
    status: str = "SUCCEEDED"
    reason: str = ""
    odd_fields: tuple[tuple[str, object], ...] = ()
    release: Release | None = None
    """The release that the maker has signed; None for an image that nobody signed."""
    patches: tuple[Patch, ...] = ()
    """The patches that it offers."""
    keys: Keys | None = None
    """The keyring that it brings, instead of an image."""
    depends_on: str = ""
    """The job that must have succeeded before this one can end with `status` and `reason`."""
    otherwise: tuple[str, str] = ("SUCCEEDED", "")
    """Status and reason if that job did not succeed."""
    waits: bool = False
    """Whether the job is made only when the device is at rest, after as many healthy boots as change anything."""

    @property
    def insists(self) -> bool:
        """Whether the image is to be tried though it is known to be bad."""
        return ("bc_insist", True) in self.odd_fields

    def document(self) -> dict[str, object]:
        """The job document."""
        if self.keys is not None:
            return {"operation": "fota-keyring", "envelope": self.keys.envelope()}
        content = self.image.content
        more: dict[str, object] = {} if self.release is None else {"envelope": self.release.envelope(content)}
        if self.patches:
            # Imported late: it makes patches to images of this module.
            from sweeps.powercut.patches import entries  # noqa: PLC0415

            more["x-patches"] = entries(self.patches)
        return (
            {
                "operation": "fota",
                "bc_idx": "any",
                "bc_crc": hashlib.md5(content).hexdigest(),  # noqa: S324 - the protocol's own checksum
                "bc_size": len(content),
                "bc_url": f"${{aws:iot:s3-presigned-url:{self.image.url}}}",
                "bc_sha256": hashlib.sha256(content).hexdigest(),
            }
            | more
            | dict(self.odd_fields)
        )


REQUEST_FAULTS = {
    "lost-before": jobs_faults.LOST_BEFORE,
    "lost-after": jobs_faults.LOST_AFTER,
    "twice": jobs_faults.TWICE,
    "late": jobs_faults.late(11_000),
    "dropped": jobs_faults.DROPPED,
    "throttled": jobs_faults.rejected("RequestThrottled"),
    "broken": jobs_faults.rejected("InternalError"),
    "garbage": jobs_faults.garbage(),
}
"""Faults of one request or its answer."""

ENDINGS = {"cancelled": "CANCELED", "timed-out": "TIMED_OUT", "removed": "REMOVED"}
"""How the service may end the first job, just before a request."""

DELETED, OFFERED = "deleted", "offered"
"""Just before a request, the first job is deleted, or another job is made."""

OUTAGES = {"silent": jobs_faults.LOST_BEFORE, "deaf": jobs_faults.LOST_AFTER}
"""Faults of a request and many after it: more than the library tries in one go."""

OUTAGE_REQUESTS = 15

FAULTS = (*REQUEST_FAULTS, *ENDINGS, *OUTAGES, DELETED, OFFERED)

OFFERED_LATE = Offer("job-late", BETTER)
_SIGNED_LATE = Offer(
    OFFERED_LATE.job_id,
    SILENT,
    "REJECTED",
    "wrong-hardware",
    release=Release(90, 9, (OLD, NEW), f"not-{HARDWARE}"),
)
"""A device refuses this at any time and with any keyring."""


@dataclass(frozen=True)
class Fault:
    """One thing that goes wrong in the cloud, at the request with this number, counted from 1."""

    kind: str
    at_request: int


@dataclass(frozen=True)
class Scenario:
    """A story that is played, without its power cuts."""

    family: str
    offers: tuple[Offer, ...]
    attempts: int = 1
    server: Server = Server()
    keeps_connection: bool = False
    is_keyed: bool = False
    """Whether the device was provisioned with a keyring."""
    puts_off: int = 0
    """How often the program's policy says later at each moment, in each boot, before it says now; 0: it has none.

    Then it lets half of the image come, and after a pause the rest.
    """
    fault: Fault | None = None

    @property
    def name(self) -> str:
        """The name by which `named` finds it."""
        fault = self.fault
        return self.family if fault is None else f"{self.family}+{fault.kind}@{fault.at_request}"

    def with_fault(self, kind: str, at_request: int) -> Scenario:
        """The same scenario with a fault."""
        return replace(self, fault=Fault(kind, at_request))

    @property
    def takes_long(self) -> bool:
        """Whether a power session takes as long as three others: signatures are made, or a bundle is unpacked."""
        return self.is_keyed or any(offer.image.files for offer in self.offers)

    @property
    def may_end_early(self) -> bool:
        """Whether the service may end a job by itself, or forget it."""
        return self.fault is not None and self.fault.kind in {*ENDINGS, DELETED}

    def all_offers(self) -> tuple[Offer, ...]:
        """Every job that may reach the device."""
        if self.fault is None or self.fault.kind != OFFERED:
            return self.offers
        if self.is_keyed:
            return (*self.offers, _SIGNED_LATE)
        # A server that completes no image does not complete this one.
        ends = self.offers[0] if self.server.dead_from_byte else OFFERED_LATE
        return (*self.offers, replace(OFFERED_LATE, status=ends.status, reason=ends.reason))
