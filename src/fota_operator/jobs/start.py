"""Starts the job that brings an image to a thing.

Everything is checked before anything is made, and what was made is taken back if the job is refused.
Leaves to others: the status of the job (`progress`).
"""

import secrets
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime, timezone

from fota.trust.envelope import Envelope
from fota.trust.keyring import Keyring
from fota_operator.cloud import Cloud
from fota_operator.errors import BadInput, CloudRefused, NotFound
from fota_operator.images.image import Image
from fota_operator.jobs.create_job import NewJob, create_job
from fota_operator.jobs.image_store import remove_image
from fota_operator.jobs.limits import MAX_DURATION_S, MAX_TIMEOUT_MINUTES, MIN_DURATION_S
from fota_operator.jobs.patch_sources import known_patches, read_files, source_of, split_words
from fota_operator.jobs.publish import Firmware, Publication, check_publication, manifest_of, ship
from fota_operator.jobs.timeouts import require_beyond
from fota_operator.nearest import or_nearest, thing_names
from fota_operator.patches.making import DEFAULT_BOUNDS, OnPatch, make_offers
from fota_operator.patches.offers import ALWAYS, PatchOffers
from fota_operator.things.things import thing_arn
from fota_operator.trust.urgency import require_agreed


@dataclass(frozen=True)
class StartRequest:
    """Which image goes to which thing, through which bucket and role (a name or an ARN).

    `duration_s` is how long a presigned URL is good for; each time a device reads its job, AWS IoT makes a fresh one.
    `slot` None means the image's own slot, or else the spare slot of the device. `timeout_minutes` is how long an
    execution may be IN_PROGRESS; None means no limit.
    `insist`: a device on which the image was rolled back tries it again, instead of refusing it as `known-bad`.
    With an `envelope` the image is a release, and the device's `keyring` decides whether it may be sent.
    `urgency` and `within_s` must be those of the release; None is not compared.
    `patch_from`: older releases or images, as paths or as SHA-256 of images in the bucket, from which patches are
    offered. `whole`: whether the device may fetch the whole image then, see `patches.offers.PatchOffers`.
    """

    thing: str
    image: Image
    bucket: str
    role: str
    duration_s: int = MAX_DURATION_S
    slot: int | None = None
    timeout_minutes: int | None = None
    envelope: Envelope | None = None
    keyring: Keyring | None = None
    insist: bool = False
    urgency: str | None = None
    within_s: int | None = None
    patch_from: tuple[str, ...] = ()
    whole: str | int = ALWAYS


@dataclass(frozen=True)
class StartedJob:
    """A job that was made, or with `dry_run` would be.

    `reused`: the image was in the bucket before. `version_id`: the version of the object that the job of a release
    names; before the upload nobody knows it. `within_s`: a device may put the release off for that number of seconds,
    0 not at all; None: as long as it likes, also what is not signed. `patches`: what is offered beside the image.
    """

    job_id: str
    thing: str
    bucket: str
    key: str
    document: str
    version_id: str | None
    reused: bool
    dry_run: bool
    within_s: int | None = None
    patches: PatchOffers | None = None


def start_job(
    cloud: Cloud, request: StartRequest, *, dry_run: bool = False, on_patch: OnPatch = lambda _: None
) -> StartedJob:
    """Check, upload, verify, make the job. With `dry_run`, only check.

    *Raises* BadInput, DeviceWouldRefuse, NotFound, StoredObjectDiffers, CloudRefused; then nothing new is left
    behind. After CloudUnreachable it is not known whether there is a job; an image may be left in the bucket.
    """
    _require_range("duration_s", request.duration_s, MIN_DURATION_S, MAX_DURATION_S)
    require_timeout(request.timeout_minutes)
    firmware = Firmware(request.image, request.envelope, request.keyring, request.slot, request.insist)
    publication = check_publication(cloud, firmware, bucket=request.bucket, role=request.role)
    within_s = _agreed_within_s(request, firmware)
    target = target_arn(cloud, request.thing)
    publication = _with_patches(cloud, publication, request, on_patch)
    started = StartedJob(
        job_id=new_job_id(),
        thing=request.thing,
        bucket=request.bucket,
        key=publication.key,
        document=publication.document(),
        version_id=None,
        reused=False,
        dry_run=dry_run,
        within_s=within_s,
        patches=publication.patches,
    )
    if dry_run:
        return started
    published = ship(cloud, publication)
    job = NewJob(
        started.job_id,
        (target,),
        published.document,
        _description(request),
        request.timeout_minutes,
        presigned={"roleArn": publication.role_arn, "expiresInSec": request.duration_s},
    )
    try:
        create_job(cloud, job)
    except CloudRefused:
        for stored in (published.stored, *published.stored_patches):
            remove_image(cloud, stored)
        raise
    return replace(
        started, document=published.document, version_id=published.version_id, reused=published.stored.reused
    )


def _with_patches(
    cloud: Cloud, publication: Publication, request: StartRequest, on_patch: Callable[[str], object]
) -> Publication:
    if not request.patch_from:
        if request.whole != ALWAYS:
            raise BadInput(
                "`whole` is for jobs that offer patches", "name older releases with `patch`, or leave it out"
            )
        return publication
    paths, digests = split_words(request.patch_from)
    files = read_files(paths)
    sources = [source_of(cloud, request.bucket, one, files=files) for one in (*files.paths, *digests)]
    offers = make_offers(
        request.image,
        sources,
        bounds=DEFAULT_BOUNDS,
        known=known_patches(cloud, request.bucket, request.image),
        on_patch=on_patch,
        whole=request.whole,
    )
    return publication.with_patches(offers)


def _description(request: StartRequest) -> str:
    return f"firmware {request.image.version or request.image.sha256[:12]}"


def _agreed_within_s(request: StartRequest, firmware: Firmware) -> int | None:
    """For how long a device may put it off. *Raises* BadInput if that is not agreed, or too long for the job."""
    manifest = manifest_of(firmware)
    require_agreed(manifest, request.urgency, request.within_s, asked_by="the command")
    within_s = None if manifest is None else manifest.within_s
    require_beyond(request.timeout_minutes, within_s, "`timeout_minutes`")
    return within_s


def target_arn(cloud: Cloud, thing: str) -> str:
    """The ARN of a thing that is to get a job. *Raises* BadInput, NotFound."""
    target = thing_arn(cloud, thing)
    if target is None:
        raise NotFound(
            f"there is no thing {thing} in {cloud.region}",
            or_nearest(
                f"register it with `fota things add {thing}`, or look at the region",
                thing,
                lambda: thing_names(cloud),
            ),
        )
    return target


def require_timeout(timeout_minutes: int | None) -> None:
    """*Raises* BadInput unless AWS IoT takes it."""
    if timeout_minutes is not None:
        _require_range("timeout_minutes", timeout_minutes, 1, MAX_TIMEOUT_MINUTES)


def new_job_id() -> str:
    """An id for a job: the current second, so that lists sort, and 64 random bits, so that no two ids collide."""
    return f"fota-{datetime.now(timezone.utc):%Y%m%dT%H%M%S}-{secrets.token_hex(8)}"


def _require_range(field: str, value: int, minimum: int, maximum: int) -> None:
    if not minimum <= value <= maximum:
        raise BadInput(f"`{field}`: expected {minimum} to {maximum}, got {value}", "choose one in that range")
