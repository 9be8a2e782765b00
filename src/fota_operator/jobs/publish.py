"""Publishes firmware for a job: checks it as devices do, stores and verifies it, and names it in a job document.

Leaves to others: who gets it (`start`, `rollouts`), the object in S3 (`image_store`), the text (`document`).
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from fota.trust import manifest as manifests
from fota.trust.envelope import Envelope
from fota.trust.keyring import Keyring
from fota.trust.manifest import Manifest
from fota_operator.account.roles import presign_role_arn
from fota_operator.cloud import Cloud
from fota_operator.errors import BadInput
from fota_operator.images.image import Image
from fota_operator.jobs.document import NamedPatch, NamedPatches, build_document
from fota_operator.jobs.image_store import (
    StoredImage,
    bucket_region,
    key_of,
    object_url,
    patch_key,
    pinned,
    require_versions,
    store_image,
    store_patch,
)
from fota_operator.jobs.limits import MAX_PLACEHOLDERS
from fota_operator.patches.offers import ALWAYS, NEVER, LeftOut, PatchOffer, PatchOffers
from fota_operator.trust.release import refusal, require_taken

# S3: https://docs.aws.amazon.com/AmazonS3/latest/userguide/versioning-workflows.html
_LONGEST_VERSION = "x" * 1024
_VERSION_BEFORE_VERSIONS = "null"
"""S3's version id for an object that was uploaded before its bucket kept versions."""
_VERSION_TO_COME = "VERSION-OF-THE-UPLOAD"


@dataclass(frozen=True)
class Firmware:
    """An image; with an `envelope` it is a release, and the devices' `keyring` decides whether it may be published.

    `slot` None means the image's own slot, or, if it has none, the slot that is spare on the device.
    `insist`: devices on which it was rolled back try it again, instead of refusing it as `known-bad`.
    """

    image: Image
    envelope: Envelope | None = None
    keyring: Keyring | None = None
    slot: int | None = None
    insist: bool = False


@dataclass(frozen=True)
class Publication:
    """Firmware that passed every check: everything that AWS will be given, except the version of the object."""

    firmware: Firmware
    bucket: str
    role_arn: str
    object_url: str
    is_aws: bool
    progress: tuple[int, int] | None = None
    """How many reports of progress a device sends at most, and the percentage of devices that send any."""
    patches: PatchOffers | None = None
    """What is offered beside the image."""

    @property
    def key(self) -> str:
        """The name of the object in the bucket."""
        return key_of(self.firmware.image)

    def key_of_patch(self, patch: PatchOffer) -> str:
        """The name of a patch in the bucket."""
        return patch_key(patch.from_sha256, self.firmware.image.sha256)

    def document(self, version_id: str = _VERSION_TO_COME, patch_version_ids: Sequence[str] = ()) -> str:
        """The job document; for a release it names that version of the object, which is unknown before the upload.

        So it does of each patch, in their order. *Raises* BadInput if it is too long.
        """
        firmware = self.firmware
        return build_document(
            firmware.image,
            self._url(self.key, version_id),
            _slot(firmware),
            firmware.envelope,
            insist=firmware.insist,
            progress=self.progress,
            patches=None if self.patches is None else self._named(self.patches, patch_version_ids, version_id),
        )

    def _named(self, patches: PatchOffers, version_ids: Sequence[str], otherwise: str) -> NamedPatches:
        ids = version_ids or [otherwise] * len(patches.offers)
        named = [
            NamedPatch(one.from_sha256, self._url(self.key_of_patch(one), version_id), one.size_bytes, one.sha256)
            for one, version_id in zip(patches.offers, ids, strict=True)
        ]
        return NamedPatches(named, patches.whole)

    def _url(self, key: str, version_id: str) -> str:
        # Every object of a publication is in one bucket, under the key that its URL ends with.
        url = self.object_url.removesuffix(self.key) + key
        return url if self.firmware.envelope is None else pinned(url, version_id, is_aws=self.is_aws)

    def with_patches(self, patches: PatchOffers) -> "Publication":
        """The same, with patches: as many as the job document has room for, the first ones.

        *Raises* BadInput if no device could take it.
        """
        offers, left_out = list(patches.offers[: MAX_PLACEHOLDERS - 1]), list(patches.left_out)
        left_out += [_no_room(one) for one in patches.offers[MAX_PLACEHOLDERS - 1 :]]
        while offers:
            offered = replace(self, patches=replace(patches, offers=tuple(offers), left_out=tuple(left_out)))
            if offered.fits():
                return offered
            left_out.append(_no_room(offers.pop()))
        size_bytes = self.firmware.image.size_bytes
        if patches.whole != ALWAYS and (patches.whole == NEVER or size_bytes > int(patches.whole)):
            raise BadInput(
                f"no patch can be offered, and devices may not fetch the whole image of {size_bytes:,} bytes",
                'offer patches that can be made, or allow the whole image with `whole = "always"`',
            )
        return replace(self, patches=PatchOffers((), tuple(left_out)))

    def fits(self) -> bool:
        """Whether the document has room in a job, however long the names of versions are."""
        try:
            self.document(_LONGEST_VERSION)
        except BadInput:
            return False
        return True

    def with_progress(self, reports: int, share: int) -> "Publication":
        """The same, with that many reports of progress; the job document says it. *Raises* BadInput if too long."""
        limited = replace(self, progress=(reports, share))
        limited.document(_LONGEST_VERSION)
        return limited


@dataclass(frozen=True)
class Published:
    """The object in S3, and the job document that names it. `version_id` None: the job names no version."""

    stored: StoredImage
    document: str
    version_id: str | None
    stored_patches: tuple[StoredImage, ...] = ()


def check_publication(cloud: Cloud, firmware: Firmware, *, bucket: str, role: str) -> Publication:
    """Check the firmware, then the role, the bucket and the length of the document. Changes nothing.

    *Raises* BadInput, DeviceWouldRefuse, NotFound, CloudRefused.
    """
    require_publishable(firmware)
    role_arn = presign_role_arn(cloud, role)
    region = bucket_region(cloud, bucket)
    if firmware.envelope is not None:
        require_versions(cloud, bucket)
    url = object_url(bucket, key_of(firmware.image), region=region, partition=cloud.partition)
    publication = Publication(firmware, bucket, role_arn, url, is_aws=not cloud.is_stand_in)
    publication.document(_LONGEST_VERSION)
    return publication


def ship(cloud: Cloud, publication: Publication) -> Published:
    """Upload image and patches unless they are there, and verify them. *Raises* StoredObjectDiffers, CloudRefused."""
    bucket = publication.bucket
    stored = store_image(cloud, publication.firmware.image, bucket)
    offers = () if publication.patches is None else publication.patches.offers
    patches = tuple(store_patch(cloud, one, bucket, publication.key_of_patch(one)) for one in offers)
    if publication.firmware.envelope is None:
        return Published(stored, publication.document(), None, patches)
    version_id = stored.version_id or _VERSION_BEFORE_VERSIONS
    of_patches = [one.version_id or _VERSION_BEFORE_VERSIONS for one in patches]
    return Published(stored, publication.document(version_id, of_patches), version_id, patches)


def require_publishable(firmware: Firmware) -> None:
    """Check the firmware without asking AWS. *Raises* BadInput, DeviceWouldRefuse."""
    _slot(firmware)
    if firmware.envelope is None:
        if firmware.keyring is not None:
            raise refusal("unsigned", "the image is not signed")
        return
    if firmware.keyring is None:
        raise BadInput("a release is verified before it is sent, and no keyring was given", "name one with `keyring`")
    require_taken(firmware.envelope, firmware.image, firmware.keyring)


def manifest_of(firmware: Firmware) -> Manifest | None:
    """What was signed of firmware that passed the checks; None if it is an image alone."""
    return None if firmware.envelope is None else manifests.parse(firmware.envelope.payload)


def _no_room(patch: PatchOffer) -> LeftOut:
    return LeftOut(patch.title, "the job document has no room for it", patch.things)


def _slot(firmware: Firmware) -> int | None:
    slot, linked_for = firmware.slot, firmware.image.slot
    if slot is not None and slot < 0:
        raise BadInput(f"`slot`: expected 0 or more, got {slot}", "name a slot of the device")
    if slot is not None and linked_for not in (None, slot):
        raise BadInput(
            f"the image is linked for slot {linked_for} and cannot run in slot {slot}",
            f"leave out `slot`, or link it for slot {slot}",
        )
    return linked_for if slot is None else slot
