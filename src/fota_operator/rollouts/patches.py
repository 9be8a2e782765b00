"""The patches of a rollout: from what its things run, as far as they say it, and how many bytes that saves.

A sample of the things is asked: the first ones of the rollout, whose order nobody chose. Changes nothing in AWS.
Leaves to others: making the patches (`patches.making`), and storing them (`jobs.publish`).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from fota_operator.cloud import Cloud
from fota_operator.errors import BadInput, CloudRefused
from fota_operator.fleet.one_by_one import ShadowReader
from fota_operator.fleet.said_state import SaidState
from fota_operator.images.image import Image
from fota_operator.jobs.patch_sources import OlderImageFiles, known_patches, source_of
from fota_operator.patches.making import OnPatch, PatchBounds, make_offers
from fota_operator.patches.offers import ALWAYS, NEVER, LeftOut, PatchOffers, PatchSource
from fota_operator.rate_limiter import WallClock
from fota_operator.rollouts.aws.plan_store import find_plan, stored_names
from fota_operator.rollouts.plan.patches import PlannedPatches

MAX_ASKED = 1000
"""Ten seconds of requests: a sample of a thousand tells the share of a version to within three percent."""
_MAX_PLANS = 200
"""How many former rollouts are looked through for the image of a version."""
_DIGEST_CHARACTERS = 64


@dataclass(frozen=True)
class FieldVersion:
    """An image that things run: its SHA-256, the version that they call it, and how many of those asked run it."""

    sha256: str
    version: str | None
    things: int


@dataclass(frozen=True)
class FieldVersions:
    """What the first things of a rollout run, the most frequent first.

    `unknown`: for how many of them it is not known.
    """

    asked: int = 0
    versions: tuple[FieldVersion, ...] = ()
    unknown: int = 0


@dataclass(frozen=True)
class VersionBytes:
    """What travels to things of one version: the bytes for each of them, and the way that they take.

    `title` None: it is not known what they run. `way`: "patch", "compressed" or "whole"; "none": there is no way.
    """

    title: str | None
    things: int
    bytes_each: int
    way: str


@dataclass(frozen=True)
class PatchSavings:
    """The bytes over the air with patches and without, by what the things run; estimated from those `asked`."""

    asked: int
    versions: tuple[VersionBytes, ...]
    bytes_with: int
    bytes_without: int


def field_versions(cloud: Cloud, things: Sequence[str], product: str, clock: WallClock) -> FieldVersions:
    """What the first MAX_ASKED of these things run, a request for each. *Raises* CloudRefused, CloudUnreachable."""
    first = things[:MAX_ASKED]
    reader = ShadowReader(cloud, clock)
    try:
        said = [one for one in reader.read(first) if isinstance(one, SaidState)]
    finally:
        reader.close()
    counted: Counter[str] = Counter()
    names: dict[str, str | None] = {}
    for one in said:
        if one.sha256 is not None and one.product in (None, product):
            counted[one.sha256] += 1
            names[one.sha256] = names.get(one.sha256) or one.version
    ordered = sorted(counted.items(), key=lambda found: (-found[1], found[0]))
    found = tuple(FieldVersion(sha256, names[sha256], count) for sha256, count in ordered)
    return FieldVersions(len(first), found, len(first) - counted.total())


def field_if_allowed(cloud: Cloud, things: Sequence[str], product: str, clock: WallClock) -> FieldVersions:
    """The same; nothing is known if AWS refuses to tell. *Raises* CloudUnreachable."""
    try:
        return field_versions(cloud, things, product, clock)
    except CloudRefused:
        return FieldVersions(len(things[:MAX_ASKED]), (), len(things[:MAX_ASKED]))


@dataclass(frozen=True)
class PatchMaker:
    """Makes what a plan asks for, from the bucket and from files."""

    cloud: Cloud
    bucket: str
    product: str
    files: OlderImageFiles = OlderImageFiles()  # noqa: RUF009 (it is frozen)
    on_patch: OnPatch = lambda _: None

    def make(self, image: Image, asked: PlannedPatches, field: FieldVersions) -> PatchOffers:
        """The patches, those from what most things run first. *Blocks* for ten minutes at most."""
        sources, absent = self._sources(asked, field)
        offered = make_offers(
            image,
            [one for one in sources if one.sha256 != image.sha256],
            bounds=PatchBounds(count=asked.count),
            known=known_patches(self.cloud, self.bucket, image),
            on_patch=self.on_patch,
            whole=asked.whole,
        )
        return PatchOffers(offered.offers, (*offered.left_out, *absent), offered.whole)

    def _sources(self, asked: PlannedPatches, field: FieldVersions) -> tuple[list[PatchSource], list[LeftOut]]:
        if asked.sources is None:
            return [self._source(one.sha256, one.version, one.things) for one in field.versions], []
        found: dict[str, PatchSource] = {}
        absent = []
        published = self._published([one for one in asked.sources if not _is_known(one, field, self.files)])
        for named in asked.sources:
            images = list(_images_of(named, field, self.files)) or published.get(named, [])
            if not images:
                absent.append(LeftOut(named, "no image of that version is known: name its file", 0))
                self.on_patch(f"no patch from {named}: no image of that version is known: name its file")
            for sha256 in images:
                running = next((one for one in field.versions if one.sha256 == sha256), None)
                version = None if sha256 == named else named
                if running is None:
                    found.setdefault(sha256, self._source(sha256, version, 0))
                else:
                    found[sha256] = self._source(sha256, running.version or version, running.things)
        ordered = sorted(found.values(), key=lambda one: (-(one.things or 0), one.title))
        return ordered, absent

    def _source(self, sha256: str, version: str | None, things: int) -> PatchSource:
        return source_of(self.cloud, self.bucket, sha256, files=self.files, version=version, things=things)

    def _published(self, versions: Iterable[str]) -> dict[str, list[str]]:
        """The images of versions that former rollouts of the product offered, by the version."""
        wanted = set(versions)
        found: dict[str, list[str]] = {}
        if not wanted:
            return found
        for name in stored_names(self.cloud, self.bucket)[:_MAX_PLANS]:
            try:
                stored = find_plan(self.cloud, name, self.bucket)
            except BadInput:
                # A plan of another version of this program must not end the rollout of today.
                continue
            if stored is not None and stored.product == self.product and stored.version in wanted:
                found.setdefault(stored.version, []).append(stored.plan.release)
        return found


def savings(image: Image, offered: PatchOffers, field: FieldVersions, things: int) -> PatchSavings:
    """The bytes over the air to that many things, of which the field is a sample. Pure.

    It is counted as if every device knows patches and has room for them.
    """
    sizes = {one.from_sha256: one.size_bytes for one in offered.offers}

    def row(title: str | None, count: int, sha256: str) -> VersionBytes:
        if sha256 in sizes:
            return VersionBytes(title, count, sizes[sha256], "patch")
        return VersionBytes(title, count, *_without_patch(image, offered))

    rows = [row(one.version or one.sha256[:12], one.things, one.sha256) for one in field.versions]
    if field.unknown:
        rows.append(row(None, field.unknown, ""))
    fetched = sum(one.things * one.bytes_each for one in rows)
    estimated = fetched * things // field.asked if field.asked else 0
    return PatchSavings(field.asked, tuple(rows), estimated, things * image.size_bytes)


def _without_patch(image: Image, offered: PatchOffers) -> tuple[int, str]:
    """What a device fetches that no patch fits: how many bytes, and how."""
    if offered.compressed is not None:
        return offered.compressed.size_bytes, "compressed"
    if offered.whole == ALWAYS or (offered.whole != NEVER and image.size_bytes <= int(offered.whole)):
        return image.size_bytes, "whole"
    return 0, "none"


def _images_of(named: str, field: FieldVersions, files: OlderImageFiles) -> Iterable[str]:
    if len(named) == _DIGEST_CHARACTERS and not named.strip("0123456789abcdef"):
        return [named]
    running = [one.sha256 for one in field.versions if one.version == named]
    return dict.fromkeys([*running, *(sha256 for sha256, version in files.versions.items() if version == named)])


def _is_known(named: str, field: FieldVersions, files: OlderImageFiles) -> bool:
    return any(True for _ in _images_of(named, field, files))
